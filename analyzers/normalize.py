"""Equal-length normalisation: width, case, digits and 繁->简, one character for one character.

Entry point: :func:`normalize`. Every offset into the result is an offset into the original text; NFKC and
``str.lower`` do not guarantee that, because they change the length of some strings.
"""

import unicodedata

from analyzers import lexicon

# Circled and bracketed numbers (①, ⑴) are headings of an outline: NFKC would turn them into digits.
_KEEP = {"No"}
# Characters that are used interchangeably in 公文: brackets, dashes, dots.
_VARIANTS = str.maketrans("〔【［﹝〕】］﹞—–－〇○·•・", "[[[[]]]]---零零···")


def _simplest(character: str, simplified: dict[str, str]) -> str:
    """The normal form of one character, or itself if the form would have another length."""
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    folded = character
    if unicodedata.category(character) not in _KEEP:
        compatible = unicodedata.normalize("NFKC", character)
        folded = compatible if len(compatible) == 1 else character
    lowered = folded.lower()
    folded = lowered if len(lowered) == 1 else folded
    return simplified.get(folded, folded)


class _Table(dict[int, str]):
    """The normal form by code point, computed at first use."""

    def __missing__(self, code_point: int) -> str:
        simplified = lexicon.traditional()
        simple = _simplest(chr(code_point), simplified)
        # Applied twice: a folded form may itself be a variant or a traditional character.
        normal = _simplest(simple, simplified).translate(_VARIANTS)
        self[code_point] = normal
        return normal


_TABLE = _Table()


def normalize(text: str) -> str:
    """Fold width, case, digits, script and bracket shape; the result has the length of ``text``.

    Idempotent. ``〇`` and ``○`` become ``零``, so that 二〇二四 and 二○二四 are one word. Decimal digits of
    every script become 0 to 9, so in normalised text ``[0-9]`` matches every digit.
    """
    return text.translate(_TABLE)
