"""The analysis chain: normalised text -> words for ranking, and character bigrams for exact substring search.

Entry point: :class:`Analyzer`. Words miss over half of random substrings of a text (人数 is not a
word of 使用人数最多); phrases of bigrams miss none. Everything here is pure.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import add

from analyzers import lexicon, references
from analyzers.folding import HAN, fold, fold_words
from analyzers.normalize import normalize
from analyzers.segment import open_segmenter

# Increase it if a change of this package's code changes the terms of a text: it is part of the fingerprint.
VERSION = 5

_HAN_RUN = re.compile(f"[{HAN}]+")
_LETTER = f"[^\\W0-9_{HAN}]"
# What is one term: Han characters (of which there are several), numbers, words of letters. A word with one
# change between letters and digits is two: ISO9001 is ISO 9001; one with more is a code: O2O, 91330100MA2X.
_RUN = re.compile(
    rf"(?P<han>[{HAN}]+)"
    rf"|(?P<mixed>(?:[0-9]+{_LETTER}+[0-9]|{_LETTER}+[0-9]+{_LETTER})[^\W_{HAN}]*)"
    rf"|(?P<minus>-(?=[0-9]))?(?P<number>{references.DECIMAL}|{references.FRACTION}|[0-9]+)"
    r"(?: ?(?P<unit>[%‰℃℉]))?"
    # C++ and C#, and the dot of .NET, unless it is the one of a domain.
    rf"|(?P<letters>{_LETTER}+)(?P<sign>\+\+|#)?"
    rf"|(?P<dot>\.)(?<![0-9a-z.]\.)(?={_LETTER})"
)
_ALPHANUMERIC = re.compile(r"[a-z0-9][!-~]*")
_DOT = re.compile(r"(?<![0-9a-z.])\.\Z")
_WORD_CHARACTER = re.compile(r"\w")
_OF_YEAR = re.compile(r"\s?年度")
MAX_TERM = 64
# What the name of a place ends with, and the characters before it.
_PLACES = frozenset("省市县区州盟旗镇乡村")
_LONGEST_PLACE = 3
# The hundred most common surnames; words that begin otherwise are rarely names of persons.
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜"
    "戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文欧"
)
# Prefix of the first character of a Han run after a number; no other term begins with it.
_BEHIND = "^"


@dataclass(frozen=True)
class Token:
    """A term for ``text[start:end]``."""

    term: str
    start: int
    end: int


def _others(match: re.Match[str], text: str) -> Iterator[Token]:
    """The terms of a match of :data:`_RUN` that is not Han."""
    if match["minus"] and references.is_negative(text, match.start()):
        yield Token("-", match.start(), match.start() + 1)
    for name in ("mixed", "number", "unit", "letters", "sign", "dot"):
        if term := match[name]:
            yield Token(term[:MAX_TERM], *match.span(name))


def _stream(text: str) -> tuple[list[str], bool]:
    """The terms of a folded text, and whether its last run is Han.

    A Han run of n characters gives its n - 1 bigrams and its last character. That last term separates runs:
    工作。作风 gives 工作 作 作风 风, in which 工作 作风 is not a phrase. A Han run directly after another one
    begins with its first character, prefixed, so that 5号 does not match every 5. The core of a 文号 is one
    run that is not Han. The unit of a number and the minus before it are terms: 3.5 matches -3.5%.
    """
    terms: list[str] = []
    position, behind, han = 0, False, False
    for reference in (*references.find_bracketed(text), None):
        gap = position
        for match in _RUN.finditer(text, position, reference.start if reference else len(text)):
            run = match["han"]
            han = run is not None
            if han:
                if behind and not text[gap : match.start()].strip():
                    terms.append(_BEHIND + run[0])
                terms += map(add, run, run[1:])
                terms.append(run[-1])
            else:
                terms += [token.term for token in _others(match, text)]
            gap, behind = match.end(), not han
        if reference:
            terms.append(reference.terms[0])
            position, behind, han = reference.end, True, False
    return terms, han


def runs(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The runs of a folded text that begin in a part of it: Han characters, numbers, words, units, signs."""
    found = []
    for match in _RUN.finditer(text, start):
        if end is not None and match.start() >= end:
            break
        if match["han"]:
            found.append(Token(match[0], *match.span()))
        else:
            found += _others(match, text)
    return found


def is_bigram(term: str) -> bool:
    """Whether a term of :func:`bigrams` is a bigram, or a whole number or non-Chinese word."""
    return len(term) > 1 and term[0] not in f"{_BEHIND}+"


def bigrams(text: str) -> list[str]:
    """The terms of a normalised text for a field with positions; for queries: :func:`phrase`."""
    return _stream(fold(text).text)[0]


def phrase(text: str) -> tuple[str, ...]:
    """The phrase of terms that finds every literal occurrence of the normalised text.

    The last Han character is left off, because the run may continue in a document. Exact for two or
    more Han characters, wherever in a run they occur, and for numbers: 3.5 is not in 13.5. Empty for a single
    Han character, and for a text without Han characters, letters and digits.
    """
    terms, han = _stream(fold(text).text)
    return tuple(terms[:-1] if han else terms)


def characters(text: str) -> list[str]:
    """The distinct Han characters of a normalised text, for queries of one character."""
    return list(dict.fromkeys("".join(_HAN_RUN.findall(fold(text).text))))


class Analyzer:
    """Words of texts. ``segmenter``: ``rjieba`` or ``jieba``, else ``ValueError``.

    ``fingerprint`` identifies everything that affects the terms. It is stored in each index; an index with
    another fingerprint cannot be searched.
    """

    def __init__(self, segmenter: str = "rjieba") -> None:
        self._segmenter = open_segmenter(segmenter)
        self._stop_words = lexicon.stop_words()
        # These affect the terms, too: the segmenter's release, and Python's Unicode tables.
        parts = (self._segmenter.release, unicodedata.unidata_version)
        content = lexicon.content() + "\0".join(parts).encode()
        digest = hashlib.blake2b(content, digest_size=4).hexdigest()
        self.fingerprint = f"{VERSION}-{segmenter}-{digest}"

    def index_words(self, text: str) -> list[str]:
        """The words of a normalised text to index: jieba's search mode, and all terms of references."""
        text = fold_words(text).text
        words = self._words(self._segmenter.cut_for_search(text))
        words += [token.term for token in self._alphanumeric(text, 0, len(text))]
        for reference in references.find(text):
            words.extend(reference.terms)
        return words

    def query_words(self, text: str) -> list[Token]:
        """The words of a normalised query: the best segmentation, with each reference as one term."""
        folded = fold_words(text)
        tokens = []
        position = 0
        for reference in references.find(folded.text):
            tokens += self._cut(folded.text, position, reference.start)
            position = reference.end
            is_date = reference.terms[0].startswith("date:")
            if is_date and (whole := _OF_YEAR.match(folded.text, position)):
                position = whole.end()  # 2022年度 asks for the same as 2022年
            tokens.append(Token(reference.terms[0], reference.start, position))
        tokens += self._cut(folded.text, position, len(folded.text))
        return [Token(one.term, *folded.span(one.start, one.end)) for one in tokens]

    def has_word(self, word: str) -> bool:
        """Whether the segmenter's dictionary has the word."""
        return self._segmenter.has_word(word)

    def names(self, text: str) -> list[tuple[int, int]]:
        """The spans in a normalised text that may be names of places or persons, in order.

        Not part of the terms: corrections ask for it. A guess, and rather too many than too few.
        """
        spans: list[tuple[int, int]] = []
        start = before = 0
        for word, tag in self._segmenter.tag(text):
            end = start + len(word)
            if (tag.startswith("nr") and len(word) > 1 and word[0] in _SURNAMES) or (
                tag == "ns" and (len(word) <= _LONGEST_PLACE or word[-1] in _PLACES)
            ):
                spans.append((start, end))
            elif word in _PLACES and 0 < start - before <= _LONGEST_PLACE:
                spans.append((before, end))  # 清源 is in no dictionary, 清源县 is a county
            # Single characters before 县 are a name that the dictionary lacks.
            if len(word) > 1 or tag.startswith(("r", "u", "p", "c", "x")):
                before = start if _HAN_RUN.fullmatch(word) and tag.startswith("n") else end
            start = end
        return spans

    def _cut(self, text: str, start: int, end: int) -> list[Token]:
        tokens = [
            Token(word, start + first, start + last)
            for cut, first, last in self._segmenter.cut(text[start:end])
            for word in self._words([cut])
        ]
        tokens += self._alphanumeric(text, start, end)
        return sorted(tokens, key=lambda token: token.start)

    def _words(self, cut: Iterable[str]) -> list[str]:
        """The words to keep of the segmenter, which cuts numbers and letters differently than we do."""
        stop_words = self._stop_words
        return [
            word[:MAX_TERM]
            for word in cut
            if (word[0] > "z" or not word.isascii())
            and word not in stop_words
            and (word.isalnum() or _WORD_CHARACTER.search(word))
        ]

    def _alphanumeric(self, text: str, start: int, end: int) -> Iterator[Token]:
        """The numbers and words of letters, as :func:`bigrams` has them; C++ and .NET are words."""
        for part in _ALPHANUMERIC.finditer(text, start, end):
            for match in _RUN.finditer(text, part.start(), part.end()):
                if match["han"] or match["dot"]:
                    continue
                name = "letters" if match["letters"] else "mixed" if match["mixed"] else "number"
                first, last = match.span(name)
                if name == "letters":
                    last = match.end()
                    first -= bool(_DOT.search(text, max(0, first - 2), first))
                if (word := text[first:last]) not in self._stop_words:
                    yield Token(word[:MAX_TERM], first, last)


def exact_key(text: str) -> str:
    """The key by which ids, codes, 文号 and titles are compared: only letters, digits and [ ] count.

    People copy them with other spaces, punctuation, width, case and script.
    """
    normalised = references.document_number_key(fold(normalize(text)).text)
    return "".join(re.findall(r"[\w\[\]]+", normalised))[:512]
