"""Sounds of Chinese without tones: the only importer of pypinyin. Entry points: :func:`syllables`,
:func:`readings`.

For suggestions alone: no term of an index is made of pinyin, so the fingerprint of the analysis does
not know of it. pypinyin's tables take 0.2 s to import, so only who needs a sound imports them.
"""

import re
from functools import cache, lru_cache

# Words repeat: the distinct words of a corpus of thousands of documents fit.
_WORDS = 1 << 16
_PARTS = re.compile(r"[a-z]|[^a-z]+")


@lru_cache(maxsize=_WORDS)
def syllables(word: str) -> tuple[str, ...]:
    """The syllable of each character of a normalised word, as the word is read (银行: yin hang).

    Letters stand for themselves, each a syllable; what has no sound is left out. ü is written v.
    """
    from pypinyin import lazy_pinyin

    found: list[str] = []
    for part in _PARTS.findall(word):
        letter = part.isascii() and part.isalpha()
        found += [part] if letter else lazy_pinyin(part, errors="ignore", v_to_u=False)
    return tuple(sound for sound in found if sound.isascii())


@cache
def readings(character: str) -> frozenset[str]:
    """Every reading of one character (行: xing, hang, heng); empty where it has none."""
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore", v_to_u=False)
    return frozenset(reading for options in found for reading in options if reading.isascii())
