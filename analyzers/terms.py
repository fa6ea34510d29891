"""The analysis chain: normalised text -> words that rank, and character bigrams as the safety net.

Entry point: :class:`Analyzer`. Words alone miss over half of random substrings of a text (人数 is no
word of 使用人数最多); the phrase over bigrams misses none. Everything here is pure.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from operator import add

from analyzers import lexicon, references
from analyzers.normalize import normalize
from analyzers.segment import open_segmenter

# Raise it when the code of this package changes what terms a text gets: it is part of the fingerprint.
VERSION = 3

# 々 and the extension planes count as Han: names of places and people use them.
HAN = "々㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
_HAN_RUN = re.compile(f"[{HAN}]+")
# A run of Han characters, or a run of other letters and digits.
_RUN = re.compile(f"(?P<han>[{HAN}]+)|(?P<other>[^\\W_{HAN}]+)")
_SAYS_SOMETHING = re.compile(r"\w")
MAX_TERM = 64
# Marks the first character of a Han run behind a number; no term of a text begins with it.
_BEHIND = "^"


@dataclass(frozen=True)
class Token:
    """A term and where it stands in the text."""

    term: str
    start: int
    end: int


def _stream(text: str) -> tuple[list[str], bool]:
    """The bigram terms of a normalised text, and whether its last run is Han.

    A Han run of n characters gives its n - 1 bigrams and its last character. That last term is the
    sentinel between runs: 工作。作风 gives 工作 作 作风 风, in which 工作 作风 is no phrase. A Han run right
    behind a number begins with its first character, marked, so that 5号 asks for more than 5. The core
    of a 文号 is one run that is not Han.
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
    """Whether a term of the stream is two characters side by side, or a whole number or word."""
    return len(term) > 1 and not term.startswith(_BEHIND)


def bigrams(text: str) -> list[str]:
    """The terms of a normalised text for a field with positions; :func:`phrase` is the query side."""
    return _stream(text)[0]


def phrase(text: str) -> tuple[str, ...]:
    """The terms that stand one after another wherever the normalised text stands literally.

    The last Han character of the text is left off: in a document the run may go on. Exact for every
    run of two or more Han characters, wherever it begins or ends in the document's run. Empty for a
    text of one Han character, or of none and no letter or digit.
    """
    terms, han = _stream(text)
    return tuple(terms[:-1] if han else terms)


def characters(text: str) -> list[str]:
    """The distinct Han characters of a normalised text, for queries of one character."""
    return list(dict.fromkeys("".join(_HAN_RUN.findall(text))))


class Analyzer:
    """Words and bigrams of texts, with the segmenter chosen; ``fingerprint`` names all that decides them.

    ``fingerprint`` is recorded in each index: an index of another one cannot be asked.
    """

    def __init__(self, segmenter: str = "rjieba") -> None:
        self._segmenter = open_segmenter(segmenter)
        self._stop_words = lexicon.stop_words()
        # What else decides the terms: the segmenter's release, and Python's tables of characters.
        parts = (self._segmenter.release, unicodedata.unidata_version)
        content = lexicon.content() + "\0".join(parts).encode()
        digest = hashlib.blake2b(content, digest_size=4).hexdigest()
        self.fingerprint = f"{VERSION}-{segmenter}-{digest}"

    def index_words(self, text: str) -> list[str]:
        """The words of a normalised text as a field holds them: search mode, and all references."""
        words = [
            word[:MAX_TERM]
            for word in self._segmenter.cut_for_search(text)
            if word not in self._stop_words and (word.isalnum() or _SAYS_SOMETHING.search(word))
        ]
        for reference in references.find(text):
            words.extend(reference.terms)
        return words

    def query_words(self, text: str) -> list[Token]:
        """The words that a normalised query asks for: the best cut, each reference as one term."""
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
            if word not in self._stop_words and _SAYS_SOMETHING.search(word)
        ]


def exact_key(text: str) -> str:
    """The form in which ids, codes, 文号 and titles are compared: nothing but letters and digits count.

    Spaces, punctuation, width, case and script differ between what people copy and what stands there.
    """
    normalised = references.document_number_key(normalize(text))
    return "".join(re.findall(r"[\w\[\]]+", normalised))[:512]
