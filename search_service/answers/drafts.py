"""Precedent passages for a whole draft, section by section. Entry point: :func:`for_draft`.

A draft is split into sections as an article is into passages, and every section of its body is searched, all
of them in one read: the number of reads does not grow with the draft. Nothing of a draft is stored, logged
or suggested.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzers import outline
from analyzers.messages import say
from analyzers.normalize import normalize
from search_service import relevance
from search_service.answers.page import degraded_notice
from search_service.answers.precedents import (
    ANYTHING,
    Precedent,
    PrecedentPage,
    Scan,
    Selection,
    Wanted,
    allowed,
    consider,
    embedded,
    passage_of,
    precedent_of,
    words_of,
)
from search_service.engines.reads import PassageFrequencies, TermFrequencies
from search_service.errors import BadInput
from search_service.model import Audience, StoredArticle
from search_service.query.matching import idf
from search_service.ranking.passages import NO_HITS, PassageSearch
from search_service.service import SearchService, reads_shared

_SENTENCE = re.compile(r"[^。;!?\n]+[。;!?]?")
_CHARACTER = re.compile(r"\w")


@dataclass(frozen=True)
class Repeated:
    """A sentence ``draft[start:end]`` of which a ``share`` is in an existing passage."""

    start: int
    end: int
    share: float
    source: Precedent


@dataclass(frozen=True, kw_only=True)
class DraftSection:
    """A section ``draft[start:end]``, under the headings of ``path``, and the passages close to it.

    ``repeated``: its sentences that are nearly the same as one of an existing text.
    """

    start: int
    end: int
    path: tuple[str, ...]
    place: str
    text: str
    results: tuple[Precedent, ...]
    repeated: tuple[Repeated, ...]


@dataclass(frozen=True, kw_only=True)
class DraftPage(PrecedentPage):
    """The best passages of all sections, and each section with its own.

    ``sections``: all that were searched; frame, annexes and headings without text are not.
    """

    sections: tuple[DraftSection, ...] = ()

    def notices(self) -> list[str]:
        """What a reader should know of the answer."""
        return [degraded_notice()] if self.degraded else []


@reads_shared
def for_draft(
    service: SearchService,
    draft: str,
    audience: Audience,
    *,
    wanted: Wanted = ANYTHING,
    limit: int = 10,
) -> DraftPage:
    """The passages closest to each section of a draft, at most ``SECTION_PASSAGES`` and ``limit`` of each.

    Raises ``BadInput`` for an empty draft or one over ``MAX_DRAFT`` characters.
    """
    if not draft.strip() or len(draft) > relevance.MAX_DRAFT:
        raise BadInput(
            say(
                f"文字有 {len(draft)} 个字，应为 1 至 {relevance.MAX_DRAFT} 个",
                f"the text has {len(draft)} characters; 1 to {relevance.MAX_DRAFT} are allowed",
            ),
            field_errors={"text": say("长度不符", "bad length")},
        )
    reader = service.reader(audience, shared=True)
    sections = _sections(draft)
    normalised = normalize(draft)  # of the same length
    pieces = [normalised[one.start : one.end].strip() for one in sections]
    words = [words_of(service, piece) for piece in pieces]
    frequencies = PassageFrequencies({word for own in words for word in own})
    counted = reader.read(frequencies)[frequencies]
    words = [telling(own, counted) for own in words]
    vectors, degraded = embedded(service, reader, pieces)
    filters = allowed(reader, wanted.filters, wanted.of_regions, words[0])
    possible = bool(wanted.searched) and filters.ids != ()
    searches = [
        PassageSearch(
            reader.manifest,
            own,
            vector,
            filters=filters,
            roles=wanted.searched,
            window=relevance.SECTION_WINDOW,
        )
        for own, vector in zip(words, vectors, strict=True)
    ]
    requests = [request for one in searches for request in one.requests if possible]
    answers = reader.read(*requests)
    hits = [one.hits(answers, counted) if possible else NO_HITS for one in searches]
    most = min(limit, relevance.SECTION_PASSAGES)
    scans: dict[str, Scan] = {}
    selections = [Selection(one, wanted.admits, limit=most, scans=scans) for one in hits]
    stored = consider(reader, selections, 3 * most)
    shown = tuple(
        DraftSection(
            start=section.start,
            end=section.end,
            path=section.path,
            place=outline.place_of(section.role, section.path),
            text=draft[section.start : section.end].strip(),
            results=own.results,
            repeated=tuple(_repeated(normalised, section, own, stored)),
        )
        for section, own in zip(sections, selections, strict=True)
    )
    return DraftPage(results=_best(shown, limit), limit=limit, degraded=degraded, sections=shown)


def _sections(draft: str) -> list[outline.Section]:
    """The sections to search; all of them if none says enough."""
    sections = outline.split(draft)
    body = [
        one
        for one in sections
        if one.role not in outline.FRAME
        and len(_CHARACTER.findall(draft[one.start : one.end])) >= relevance.SECTION_LENGTH
    ]
    return body or sections


def telling(words: Sequence[str], frequencies: TermFrequencies) -> list[str]:
    """The words of the highest idf, in their order: a section is about them, and fewer are faster."""
    rarest = sorted(words, key=lambda word: -idf(frequencies.of[word], frequencies.all))
    kept = set(rarest[: relevance.SECTION_WORDS])
    return [word for word in words if word in kept]


def _repeated(
    normalised: str,
    section: outline.Section,
    own: Selection,
    articles: Mapping[str, StoredArticle],
) -> list[Repeated]:
    """The sentences of a section that are nearly the same as one in a passage that was considered."""
    sources = []
    for one in own.considered:
        stored = articles.get(one.article_id)
        passage = passage_of(stored, one.passage_id) if stored else None
        if stored and passage:
            sources.append((shingles(normalize(stored.text_of(passage))), stored, passage))
    repeated = []
    for start, end in _sentences(normalised, section):
        own_shingles = shingles(normalised[start:end])
        if len(own_shingles) < relevance.REPEATED_LENGTH or not sources:
            continue
        shares = [len(own_shingles & theirs) / len(own_shingles) for theirs, *_ in sources]
        share = max(shares)
        if share >= relevance.REPEATED_SHARE:
            _, stored, passage = sources[shares.index(share)]
            source = precedent_of(stored, passage, score=share)
            repeated.append(Repeated(start, end, round(share, 2), source))
    return repeated


def _sentences(normalised: str, section: outline.Section) -> Iterator[tuple[int, int]]:
    """The offsets of the sentences of a section, without white space around them."""
    for match in _SENTENCE.finditer(normalised, section.start, section.end):
        text = match[0]
        start = match.start() + len(text) - len(text.lstrip())
        yield start, match.start() + len(text.rstrip())


def shingles(normalised: str) -> frozenset[str]:
    """The runs of four characters of a normalised text, without punctuation and blanks."""
    text = "".join(_CHARACTER.findall(normalised))
    return frozenset(text[at : at + 4] for at in range(len(text) - 3))


def _best(sections: Sequence[DraftSection], limit: int) -> tuple[Precedent, ...]:
    """The best passages of all sections, each once."""
    found: dict[str, Precedent] = {}
    for one in sorted(
        (one for part in sections for one in part.results), key=lambda one: -one.score
    ):
        found.setdefault(one.passage.id, one)
    return tuple(found.values())[:limit]
