"""Equal-length normalisation: width, case, digits and 繁->简, one character for one character.

Entry point: :func:`normalize`. Every offset into the result is an offset into the original text, which
NFKC and ``str.lower`` cannot promise: both change the length of some strings.
"""

import unicodedata

from analyzers import lexicon

# Circled and bracketed numbers (①, ⑴) are headings of an outline: NFKC would make bare digits of them.
_KEEP = {"No"}
# Characters that look and mean the same in 公文 and are typed at random: brackets, dashes, dots, quotes.
_VARIANTS = str.maketrans("〔【［﹝〕】］﹞—–－〇○·•・", "[[[[]]]]---零零···")


def _simplest(character: str, simplified: dict[str, str]) -> str:
    """The normal form of one character, or itself where the form would have another length."""
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
    """The normal form by code point, of every plane, each worked out when it is first met."""

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

    Idempotent. ``〇`` and ``○`` become ``零`` so that 二〇二四 and 二○二四 are one word. Decimal digits of
    every script become 0 to 9: in what is normalised ``[0-9]`` is every digit there is.
    """
    return text.translate(_TABLE)
