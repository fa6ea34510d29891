"""Pinyin without tones: the only importer of pypinyin.

Entry points: :func:`syllables`, :func:`readings` and :func:`options` of Chinese text; :func:`typed`, of
letters that somebody typed.

Only for suggestions: no indexed term is pinyin, so it is not part of the analysis fingerprint. pypinyin
takes 0.2 s to import, so it is imported at first use.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from analyzers.normalize import normalize

# Words repeat: the distinct words of a corpus of thousands of documents fit.
_WORDS = 1 << 16
_PARTS = re.compile(r"[a-z]|[^a-z]+")
# A reading of a character is common if so many phrases of the dictionary have it, and this share of those
# with the character: 长 as chang and zhang, 乐 as le and yue, but 大 not as tai.
_COMMON_PHRASES: Final = 2
_COMMON_SHARE: Final = 0.03
# Two dots above: what is left of ü without its tone. Keyboards have v for it, and people also type u.
_DOTS = "\u0308"
_WITHOUT_DOTS: Final = {"lv": "lu", "nv": "nu", "lve": "lue", "nve": "nue"}
_LETTERS = re.compile(r"[a-z]{2,}")
_BETWEEN_SYLLABLES = re.compile(r"[\s'’`·-]+")


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


@lru_cache(maxsize=_WORDS)
def options(word: str, written: str = "") -> tuple[tuple[str, ...], ...]:
    """For each syllable of :func:`syllables`, that one and the others by which people may type it.

    Others are all common readings of the character in a word that the dictionary does not have (长治: chang,
    zhang), the readings of the word that it has (朝阳), u for ü (绿: lv, lu), and the readings of the
    character as ``written`` before normalising (乾, which becomes 干: qian).
    """
    primary = syllables(word)
    read = [character for character in word if character.isascii() or readings(character)]
    read = [one for one in read if not one.isascii() or one.isalpha()]
    as_written = written if len(written) == len(word) else word
    originals = [
        original for character, original in zip(word, as_written, strict=True) if character in read
    ]
    if len(read) != len(primary) or len(originals) != len(primary):
        return tuple((one,) for one in primary)
    known = _phrases().get(word)
    found = []
    for place, (syllable, character, original) in enumerate(
        zip(primary, read, originals, strict=True)
    ):
        others = [syllable]
        if known is not None and len(known) == len(primary):
            others += known[place]
        elif len(primary) > 1 or len(word) > 1:
            others += _common().get(character, ())
        if original != character:
            others += _common().get(original) or sorted(readings(original))
        others += [_WITHOUT_DOTS[one] for one in others if one in _WITHOUT_DOTS]
        found.append(tuple(dict.fromkeys(others)))
    return tuple(found)


def typed(text: str) -> str:
    """The letters a to z of pinyin as typed: with tones, ü, and anything between syllables; or "".

    ``lǜ sè`` and ``lüse`` are ``lvse``; a text with other characters, or a single letter, is no pinyin.
    """
    decomposed = unicodedata.normalize("NFD", normalize(text)).replace(f"u{_DOTS}", "v")
    letters = "".join(one for one in decomposed if not unicodedata.combining(one))
    letters = _BETWEEN_SYLLABLES.sub("", letters)
    return letters if _LETTERS.fullmatch(letters) else ""


@cache
def _phrases() -> Mapping[str, Sequence[Sequence[str]]]:
    """The phrases of the dictionary with the readings of each character."""
    from pypinyin.contrib.tone_convert import to_normal
    from pypinyin.phrases_dict import phrases_dict

    plain: dict[str, str] = {}
    for characters in phrases_dict.values():
        for options in characters:
            for one in options:
                if one not in plain:
                    plain[one] = to_normal(one, v_to_u=False)
    return {
        phrase: [[plain[one] for one in options] for options in characters]
        for phrase, characters in phrases_dict.items()
    }


@cache
def _common() -> Mapping[str, Sequence[str]]:
    """The common readings of each character, the commonest first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for phrase, characters in _phrases().items():
        for character, options in zip(phrase, characters, strict=False):
            counts[character].update(options[:1])
    return {
        character: [
            reading
            for reading, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))
            if count >= max(_COMMON_PHRASES, _COMMON_SHARE * found.total())
        ]
        for character, found in counts.items()
    }
