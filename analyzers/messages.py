"""Messages in the user's language: Chinese, with an English twin.

Entry point: :func:`say`. No catalogues and no translation files: both forms are written side by side where
they are used, so that neither is forgotten.
"""

import os

_ENGLISH = "en"


def say(zh: str, en: str) -> str:
    """Return ``zh`` or ``en`` by ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``.

    English only in an English locale: servers often run under ``C`` or ``POSIX``.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return en if value.lower().startswith(_ENGLISH) else zh
    return zh
