"""The language of what a person reads: Chinese first, with an English twin.

Entry point: :func:`say`. No catalogues and no translation files: both forms stand side by side where
they are used, so neither can be forgotten.
"""

import os

_ENGLISH = "en"


def say(zh: str, en: str) -> str:
    """Choose the Chinese or the English form of a message by ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``.

    Everything but an English locale reads Chinese: servers often run under ``C`` or ``POSIX``.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return en if value.lower().startswith(_ENGLISH) else zh
    return zh
