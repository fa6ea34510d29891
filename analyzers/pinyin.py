"""Pinyin without tones: the only importer of pypinyin. Entry points: :func:`syllables`, :func:`readings`.

Only for suggestions: no indexed term is pinyin, so it is not part of the analysis fingerprint. pypinyin
takes 0.2 s to import, so it is imported at first use.
"""

import re
from functools import cache, lru_cache

# Words repeat: the distinct words of a corpus of thousands of documents fit.
_WORDS = 1 << 16
_PARTS = re.compile(r"[a-z]|[^a-z]+")


@lru_cache(maxsize=_WORDS)
def syllables(word: str) -> tuple[str, ...]:
    """The syllable of each character of a normalised word, as read in that word (银行: yin hang).

    Each letter is a syllable of its own; characters without a reading are left out. ü is written v.
    """
    from pypinyin import lazy_pinyin

    result: list[str] = []
    for part in _PARTS.findall(word):
        letter = part.isascii() and part.isalpha()
        result += [part] if letter else lazy_pinyin(part, errors="ignore", v_to_u=False)
    return tuple(syllable for syllable in result if syllable.isascii())


@cache
def readings(character: str) -> frozenset[str]:
    """All readings of a character (行: xing, hang, heng); empty if it has none."""
    from pypinyin import Style, pinyin

    candidates = pinyin(
        character, style=Style.NORMAL, heteronym=True, errors="ignore", v_to_u=False
    )
    return frozenset(reading for options in candidates for reading in options if reading.isascii())
