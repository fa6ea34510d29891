"""The analysis chain: normalised text -> words for ranking, and character bigrams for exact substring search.

Entry point: :class:`Analyzer`. Words miss over half of random substrings of a text (人数 is not a
word of 使用人数最多); phrases of bigrams miss none. Everything here is pure.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from operator import add

from analyzers import lexicon, references
from analyzers.normalize import normalize
from analyzers.segment import open_segmenter

# Increase it if a change of this package's code changes the terms of a text: it is part of the fingerprint.
VERSION = 3

# 々 and the extension planes count as Han: they occur in names of places and people.
HAN = "々㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
_HAN_RUN = re.compile(f"[{HAN}]+")
# A run of Han characters, or a run of other letters and digits.
_RUN = re.compile(f"(?P<han>[{HAN}]+)|(?P<other>[^\\W_{HAN}]+)")
_WORD_CHARACTER = re.compile(r"\w")
MAX_TERM = 64
# Prefix of the first character of a Han run after a number; no other term begins with it.
_BEHIND = "^"


@dataclass(frozen=True)
class Token:
    """A term for ``text[start:end]``."""

    term: str
    start: int
    end: int


def _stream(text: str) -> tuple[list[str], bool]:
    """The bigram terms of a normalised text, and whether its last run is Han.

    A Han run of n characters gives its n - 1 bigrams and its last character. That last term separates runs:
    工作。作风 gives 工作 作 作风 风, in which 工作 作风 is not a phrase. A Han run directly after a number
    begins with its first character, prefixed, so that 5号 does not match every 5. The core of a 文号 is one
    run that is not Han.
    """
    terms: list[str] = []
    position, behind, han = 0, False, False
    for reference in (*references.find_bracketed(text), None):
        gap = position
        for match in _RUN.finditer(text, position, reference.start if reference else len(text)):
            run = match[0]
            han = match.lastgroup == "han"
            if han:
                if behind and not text[gap : match.start()].strip():
                    terms.append(_BEHIND + run[0])
                terms += map(add, run, run[1:])
                terms.append(run[-1])
            else:
                terms.append(run[:MAX_TERM])
            gap, behind = match.end(), not han
        if reference:
            terms.append(reference.terms[0])
            position, behind, han = reference.end, True, False
    return terms, han


def is_bigram(term: str) -> bool:
    """Whether a term of :func:`bigrams` is a bigram, or a whole number or non-Chinese word."""
    return len(term) > 1 and not term.startswith(_BEHIND)


def bigrams(text: str) -> list[str]:
    """The terms of a normalised text for a field with positions; for queries: :func:`phrase`."""
    return _stream(text)[0]


def phrase(text: str) -> tuple[str, ...]:
    """The phrase of terms that finds every literal occurrence of the normalised text.

    The last Han character is left off, because the run may continue in a document. Exact for two or
    more Han characters, wherever in a run they occur. Empty for a single Han character, and for a text
    without Han characters, letters and digits.
    """
    terms, han = _stream(text)
    return tuple(terms[:-1] if han else terms)


def characters(text: str) -> list[str]:
    """The distinct Han characters of a normalised text, for queries of one character."""
    return list(dict.fromkeys("".join(_HAN_RUN.findall(text))))


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
        words = [
            word[:MAX_TERM]
            for word in self._segmenter.cut_for_search(text)
            if word not in self._stop_words and (word.isalnum() or _WORD_CHARACTER.search(word))
        ]
        for reference in references.find(text):
            words.extend(reference.terms)
        return words

    def query_words(self, text: str) -> list[Token]:
        """The words of a normalised query: the best segmentation, with each reference as one term."""
        tokens = []
        position = 0
        for reference in references.find(text):
            tokens += self._cut(text, position, reference.start)
            tokens.append(Token(reference.terms[0], reference.start, reference.end))
            position = reference.end
        return tokens + self._cut(text, position, len(text))

    def _cut(self, text: str, start: int, end: int) -> list[Token]:
        return [
            Token(word[:MAX_TERM], start + first, start + last)
            for word, first, last in self._segmenter.cut(text[start:end])
            if word not in self._stop_words and _WORD_CHARACTER.search(word)
        ]


def exact_key(text: str) -> str:
    """The key by which ids, codes, 文号 and titles are compared: only letters, digits and [ ] count.

    People copy them with other spaces, punctuation, width, case and script.
    """
    normalised = references.document_number_key(normalize(text))
    return "".join(re.findall(r"[\w\[\]]+", normalised))[:512]
