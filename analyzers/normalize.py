"""Equal-length normalisation: width, case, digits and 繁->简, one character for one character.

Entry point: :func:`normalize`. Every offset into the result is an offset into the original text; NFKC and
``str.lower`` do not guarantee that, because they change the length of some strings.
"""

import sys
import unicodedata

import numpy as np

from analyzers import lexicon

# Circled and bracketed numbers (①, ⑴) are headings of an outline: NFKC would turn them into digits.
_KEEP = {"No"}
# Characters that are used interchangeably in 公文: brackets, dashes and minus signs, dots.
_VARIANTS = str.maketrans("〔【［﹝〕】］﹞—–－−‐‑‒〇○·•・‧", "[[[[]]]]-------零零····")


def _simplest(character: str, simplified: dict[str, str]) -> str:
    """The normal form of one character, or itself if the form would have another length."""
    character = lexicon.radicals().get(character, character)
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    folded = character
    if unicodedata.category(character) not in _KEEP:
        compatible = unicodedata.normalize("NFKC", character)
        folded = compatible if len(compatible) == 1 else character
    lowered = folded.lower()
    folded = lowered if len(lowered) == 1 else folded
    return simplified.get(folded, folded)


# The normal form by code point, entered when a character first occurs. No code point is as large as _UNKNOWN.
_UNKNOWN = np.uint32(0xFFFFFFFF)
_NORMAL = np.full(sys.maxunicode + 1, _UNKNOWN, np.dtype("<u4"))


def _enter(code_point: int) -> None:
    simplified = lexicon.traditional()
    simple = _simplest(chr(code_point), simplified)
    # Applied twice: a folded form may itself be a variant or a traditional character.
    _NORMAL[code_point] = ord(_simplest(simple, simplified).translate(_VARIANTS))


def normalize(text: str) -> str:
    """Fold width, case, digits, script and bracket shape; the result has the length of ``text``.

    Idempotent. ``〇`` and ``○`` become ``零``, so that 二〇二四 and 二○二四 are one word. Decimal digits of
    every script become 0 to 9, so in normalised text ``[0-9]`` matches every digit.
    """
    # A look-up in an array is some 15 times faster than str.translate.
    code_points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<i4"))
    while True:
        # "wrap" only because it is faster than checking: every code point is within the array.
        normal = _NORMAL.take(code_points, mode="wrap")
        try:
            return normal.tobytes().decode("utf-32-le", "surrogatepass")
        except UnicodeDecodeError:  # _UNKNOWN is no character
            for code_point in np.unique(code_points[normal == _UNKNOWN]):
                _enter(int(code_point))
