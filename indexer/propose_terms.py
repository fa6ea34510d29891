"""Coined terms that a corpus proposes, with the evidence. Entry point: :func:`propose`.

Quotation marks say where a coined term begins and ends, and that its author takes it for one: texts are
read for nothing else. The rest of the evidence the index knows: documents, and how often the words meet.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.terms import HAN, Analyzer, phrase
from search_service.engines import Reader
from search_service.errors import BadInput
from search_service.model import Everything, Field, Phrase

# What stands right behind the quotes of a coined term: “接诉即办”机制.
_CLASSES = "机制|行动|工程|模式|改革|计划|制度|经验|工作法|专项"
_QUOTED = re.compile(f'[“"「]([{HAN}]{{3,8}})[”"」](?:[{HAN}]{{0,2}}?({_CLASSES}))?')
# Fewer documents may be a slip of one author, or a name of one place.
LEAST_DOCUMENTS = 3
# Of the documents that hold it. Authors quote their coinages nearly always (四个意识 in 76 of 76), phrases
# of law seldom (造成严重后果 in 10 of 489).
LEAST_QUOTED = 0.2
LONGEST = 20
_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A term and what speaks for it.

    ``documents`` hold it, ``quoted`` of them in quotation marks, ``classed`` before a word such as 机制.
    ``cohesion``: by how many bits its words meet more often than by chance (pointwise mutual
    information over documents).
    """

    term: str
    documents: int
    quoted: int
    classed: int
    cohesion: float
    examples: tuple[str, ...]


def propose(reader: Reader, analyzer: Analyzer, decided: Collection[str] = ()) -> list[Proposal]:
    """The terms worth a decision, those quoted by most documents first."""
    quoted: Counter[str] = Counter()
    classed: Counter[str] = Counter()
    examples: dict[str, list[str]] = defaultdict(list)
    for stored in reader.scan():
        found: dict[str, bool] = {}
        for term, kind in _QUOTED.findall(normalize(f"{stored.view.title}\n{stored.view.text}")):
            found[term] = found.get(term, False) or bool(kind)
        for term, kind in found.items():
            quoted[term] += 1
            classed[term] += kind
            if len(examples[term]) < _EXAMPLES:
                examples[term].append(stored.view.id)
    articles = reader.totals(Everything()).total
    proposals = []
    for term, count in sorted(quoted.items(), key=lambda item: (-item[1], item[0])):
        if count < LEAST_DOCUMENTS or term in decided:
            continue
        words = [token.term for token in analyzer.query_words(term)]
        if words == [term]:  # the dictionary knows it
            continue
        documents = holding(reader, term)
        if count >= LEAST_QUOTED * documents:
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


def holding(reader: Reader, term: str) -> int:
    """How many articles hold a normalised term literally."""
    return reader.totals(Phrase(Field.BIGRAMS, phrase(term))).total


def normal(term: str) -> str:
    """The form in which a term is kept; raises ``BadInput`` for what cannot be one."""
    text = normalize(term.strip().strip('“”"「」'))
    if not (2 <= len(text) <= LONGEST and phrase(text) and re.fullmatch(r"\w+", text)):
        raise BadInput(
            say(
                f"{term!r} 不能作为新词：应为 2 至 {LONGEST} 个汉字、字母或数字，中间没有标点和空格",
                f"{term!r} cannot be a term: 2 to {LONGEST} Han characters, letters or digits,"
                " without punctuation and spaces",
            )
        )
    return text


def _cohesion(reader: Reader, words: Collection[str], documents: int, articles: int) -> float:
    """log2 of how much oftener the words stand together than words of their frequencies would."""
    frequencies = reader.frequencies(Field.WORDS, words)
    expected = sum(math.log2(max(1, frequencies.get(word, 0)) / articles) for word in words)
    return round(math.log2(max(1, documents) / articles) - expected, 1)
