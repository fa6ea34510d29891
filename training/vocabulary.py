"""The student's words and its tokenizer; `choose` picks the words, `tokenizer` makes the cutter.

Words come from jieba's dictionary (MIT), ranked by how often they stand there and in the corpus.
Nothing else enters save single characters and a written list of abbreviations, so no text of a
corpus can: names of persons are left out by their tag, numbers are only ever single digits.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import jieba
import rjieba
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import Unigram

UNKNOWN = "[UNK]"
LONGEST = 8  # characters; longer dictionary words are names of institutions, better read in parts
_HAN = re.compile(r"[\u3400-\u9fff〇]+")
_PERSON = ("nr",)  # jieba's tags of personal names: nr, nrt, nrfg
# Written out: what a corpus has in Latin letters is mostly the debris of web pages.
_LATIN = """
ai aed api apec app ar atm bim bot brics cbd ccc cctv cdm ceo ces cpa cpi ct dna doc dv ecmo eia
epc epo esg eta etc ev ftz gb gdp gis gmp gnp gps gsp haccp hiv hpv hr iaea ic icp icu id idc iec
imf ip ipo ipv iot iso it kpi ktv led lng logo lpg lpr mpa mba mcn mpv mri mro nft ngo nba oa
oecd ofd ok otc pc pcr pdf pdca ph pm pmi ppi ppp ppt pvc pos qq rcep rfid rna sars sci sdr
sim sms suv ted ukey usb vip vpn vr wifi wps wto xbrl xr
"""


def dictionary() -> dict[str, tuple[int, str]]:
    """Return jieba's words with frequency and tag."""
    found = {}
    source = Path(jieba.__file__).with_name("dict.txt")
    for line in source.read_text(encoding="utf-8").splitlines():
        word, times, tag = line.split(" ")
        found[word] = (int(times), tag)
    return found


def count(texts: Iterable[str]) -> Counter[str]:
    """Count words as jieba cuts them, without its guesses at unknown words."""
    counts: Counter[str] = Counter()
    cutter = rjieba.Jieba()
    for text in texts:
        counts.update(cutter.cut(text.lower(), False))
    return counts


def choose(counts: Counter[str], *, size: int) -> dict[str, float]:
    """Return size words with their probability, single characters and letters included."""
    known = dictionary()
    dictionary_total = sum(times for times, _ in known.values())
    corpus_total = sum(times for word, times in counts.items() if _HAN.fullmatch(word))

    def probability(word: str) -> float:
        # Half general language (what people ask), half government writing (what answers).
        general = known.get(word, (0, ""))[0] / dictionary_total
        return 0.5 * general + 0.5 * counts.get(word, 0) / corpus_total

    chosen: dict[str, float] = {}
    for letter in "abcdefghijklmnopqrstuvwxyz0123456789":
        chosen[letter] = max(probability(letter), 1e-6)
    for point in range(0x3400, 0xA000):
        character = chr(point)
        if _common(character) or counts.get(character, 0) >= 20:
            chosen[character] = max(probability(character), 1e-8)
    for word in _LATIN.split():
        chosen[word] = max(probability(word), 1e-7)
    ranked = sorted(
        (-probability(word), word)
        for word, (_, tag) in known.items()
        if _HAN.fullmatch(word) and 1 < len(word) <= LONGEST and not tag.startswith(_PERSON)
    )
    for negative, word in ranked[: size - len(chosen) - 1]:
        chosen[word] = -negative
    return chosen


def tokenizer(words: dict[str, float]) -> Tokenizer:
    """Return a Unigram tokenizer over the words; its ids follow their order, 0 is unknown."""
    pieces = [(UNKNOWN, 0.0)]
    pieces += [(word, round(math.log(probability), 3)) for word, probability in words.items()]
    made = Tokenizer(Unigram(pieces, unk_id=0))
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    # What is neither Han, letter nor digit carries no meaning here and is dropped.
    runs = Regex(r"\p{Han}+|[a-z]+|[0-9]")
    made.pre_tokenizer = pre_tokenizers.Split(runs, behavior="removed", invert=True)
    return made


def _common(character: str) -> bool:
    """Say whether a character is among the 6,763 of GB 2312."""
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
