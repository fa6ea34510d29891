"""Propose coined terms from a corpus, with evidence. Entry point: :func:`propose`.

Quotation marks show where a coined term begins and ends, and that its author regards it as one; texts are
read only for these. The other evidence comes from the index: document counts, and how often the words occur
together.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from analyzers.folding import HAN
from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.terms import Analyzer, phrase
from search_service.engines import Reader
from search_service.errors import BadInput
from search_service.model import Everything, Field, Phrase

# Words that follow the closing quote of a coined term: “接诉即办”机制.
_CLASSES = "机制|行动|工程|模式|改革|计划|制度|经验|工作法|专项"
_QUOTED = re.compile(f'[“"「]([{HAN}]{{3,8}})[”"」](?:[{HAN}]{{0,2}}?({_CLASSES}))?')
# With fewer documents it may be a mistake of one author, or a name of one place.
MIN_DOCUMENTS = 3
# Share of the documents with the term that quote it. Coined terms are quoted nearly always (四个意识 in 76
# of 76), legal phrases seldom (造成严重后果 in 10 of 489).
MIN_QUOTED = 0.2
MAX_LENGTH = 20
_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A term with its evidence.

    ``documents`` contain it, ``quoted`` of them in quotation marks, ``classed`` before a word such as 机制.
    ``cohesion``: pointwise mutual information of its words over documents, in bits. ``examples``: ids.
    """

    term: str
    documents: int
    quoted: int
    classed: int
    cohesion: float
    examples: tuple[str, ...]


def propose(reader: Reader, analyzer: Analyzer, decided: Collection[str] = ()) -> list[Proposal]:
    """The proposals, those quoted by most documents first, without the ``decided`` terms."""
    quoted: Counter[str] = Counter()
    classed: Counter[str] = Counter()
    examples: dict[str, list[str]] = defaultdict(list)
    for stored in reader.scan():
        terms: dict[str, bool] = {}
        for term, kind in _QUOTED.findall(normalize(f"{stored.view.title}\n{stored.view.text}")):
            terms[term] = terms.get(term, False) or bool(kind)
        for term, kind in terms.items():
            quoted[term] += 1
            classed[term] += kind
            if len(examples[term]) < _EXAMPLES:
                examples[term].append(stored.view.id)
    articles = reader.totals(Everything()).total
    proposals = []
    for term, count in sorted(quoted.items(), key=lambda item: (-item[1], item[0])):
        if count < MIN_DOCUMENTS or term in decided:
            continue
        words = [token.term for token in analyzer.query_words(term)]
        if words == [term]:  # it is in the dictionary
            continue
        documents = document_count(reader, term)
        if count >= MIN_QUOTED * documents:
            proposals.append(
                Proposal(
                    term=term,
                    documents=documents,
                    quoted=count,
                    classed=classed[term],
                    cohesion=_cohesion(reader, words, documents, articles),
                    examples=tuple(examples[term]),
                )
            )
    return proposals


def document_count(reader: Reader, term: str) -> int:
    """The number of articles that contain a normalised term literally."""
    return reader.totals(Phrase(Field.BIGRAMS, phrase(term))).total


def normalize_term(term: str) -> str:
    """The normalised form of a term, as it is stored; raises ``BadInput`` for what cannot be a term."""
    text = normalize(term.strip().strip('“”"「」'))
    if not (2 <= len(text) <= MAX_LENGTH and phrase(text) and re.fullmatch(r"\w+", text)):
        raise BadInput(
            say(
                f"{term!r} 不能作为新词：应为 2 至 {MAX_LENGTH} 个汉字、字母或数字，中间没有标点和空格",
                f"{term!r} cannot be a term: 2 to {MAX_LENGTH} Han characters, letters or digits,"
                " without punctuation and spaces",
            )
        )
    return text


def _cohesion(reader: Reader, words: Collection[str], documents: int, articles: int) -> float:
    """log2 of the observed document count over that expected of independent words."""
    frequencies = reader.frequencies(Field.WORDS, words)
    expected = sum(math.log2(max(1, frequencies.get(word, 0)) / articles) for word in words)
    return round(math.log2(max(1, documents) / articles) - expected, 1)
