"""Equal-length normalisation: width, case and 繁->简, one character for one character.

Entry point: :func:`normalize`. Every offset into the result is an offset into the original text, which
NFKC and ``str.lower`` cannot promise: both change the length of some strings.
"""

import unicodedata
from functools import cache

from analyzers import lexicon

# Circled and bracketed numbers (①, ⑴) are headings of an outline: NFKC would make bare digits of them.
_KEEP = {"No"}
# Letters and marks of the planes beyond the first are rare and have no widths; CJK there is in the lexicon.
_LAST_CODE_POINT = 0x10000
# Characters that look and mean the same in 公文 and are typed at random: brackets, dashes, dots, quotes.
_VARIANTS = str.maketrans("〔【［﹝〕】］﹞—–－〇○·•・", "[[[[]]]]---零零···")


def _simplest(character: str, simplified: dict[str, str]) -> str:
    """The normal form of one character, or itself where the form would have another length."""
    folded = character
    if unicodedata.category(character) not in _KEEP:
        compatible = unicodedata.normalize("NFKC", character)
        folded = compatible if len(compatible) == 1 else character
    lowered = folded.lower()
    folded = lowered if len(lowered) == 1 else folded
    return simplified.get(folded, folded)


@cache
def _table() -> dict[int, str]:
    """Complete for the first plane: a missing key costs ``str.translate`` an exception per character."""
    simplified = lexicon.traditional()
    table = {}
    for code_point in range(_LAST_CODE_POINT):
        character = chr(code_point)
        simple = _simplest(character, simplified)
        # Applied twice: a folded form may itself be a variant or a traditional character.
        table[code_point] = _simplest(simple, simplified).translate(_VARIANTS)
    table |= {ord(old): new for old, new in simplified.items() if ord(old) >= _LAST_CODE_POINT}
    return table


def normalize(text: str) -> str:
    """Fold width, case, script and bracket shape; the result has the length of ``text``.

    Idempotent. ``〇`` and ``○`` become ``零`` so that 二〇二四 and 二○二四 are one word.
    """
    return text.translate(_table())
