"""Which paragraphs of a draft are mostly those of an existing text. Entry point: :func:`copied`."""

from collections.abc import Iterator, Sequence

from analyzers.messages import say
from analyzers.normalize import normalize
from search_service import relevance
from search_service.answers.drafts import shingles, telling
from search_service.answers.precedents import citation, passage_of, words_of
from search_service.answers.snippets import Span
from search_service.drafting.findings import Finding, Kind
from search_service.engines.reads import BestPassages, PassageFrequencies, Reader
from search_service.model import Passage, PassageHit, StoredArticle
from search_service.service import SearchService


def copied(
    service: SearchService, reader: Reader, text: str, paragraphs: Sequence[Span]
) -> Iterator[Finding]:
    """The paragraphs ``text[start:end]`` of which an existing text has a share of ``COPIED_SHARE``.

    Three reads, however many there are: of the words, of passages by words, of their articles. Of many the
    longest are looked up.
    """
    normalised = normalize(text)
    runs = {span: shingles(normalised[slice(*span)]) for span in paragraphs}
    long = [span for span in paragraphs if len(runs[span]) >= relevance.COPIED_LENGTH]
    if not long:
        return
    if len(long) > relevance.COPIED_MOST:
        long = sorted(sorted(long, key=lambda span: span[0] - span[1])[: relevance.COPIED_MOST])
    words = [words_of(service, normalised[slice(*span)]) for span in long]
    frequencies = PassageFrequencies({word for own in words for word in own})
    counted = reader.read(frequencies)[frequencies]
    searches = [
        BestPassages(
            [(word, 1.0) for word in telling(own, counted)], articles=relevance.COPIED_CONSIDERED
        )
        for own in words
    ]
    hits = reader.read(*searches)
    ids = dict.fromkeys(hit.article_id for search in searches for hit in hits[search])
    stored = reader.fetch(list(ids)) if ids else {}
    for span, search in zip(long, searches, strict=True):
        if found := _most_similar(span, frozenset(runs[span]), hits[search], stored):
            yield found


def _most_similar(
    span: Span, runs: frozenset[str], hits: Sequence[PassageHit], stored: dict[str, StoredArticle]
) -> Finding | None:
    """What to say of a paragraph with these runs of characters; of equal sources the oldest."""
    start, end = span
    sources = []
    for hit in hits:
        article = stored.get(hit.article_id)
        passage = passage_of(article, hit.passage_id) if article else None
        if article and passage:
            share = len(runs & _around(article, passage, end - start)) / len(runs)
            sources.append((share, article, passage))
    found = [one for one in sources if one[0] >= relevance.COPIED_SHARE]
    if not found:
        return None
    share, article, passage = min(found, key=lambda one: (-one[0], one[1].view.date or "9"))
    percent, source = int(100 * share), citation(article.view, passage)
    return Finding(
        kind=Kind.COPIED,
        start=start,
        end=end,
        message=say(
            f"{percent}% 与已有文字相同：{source}。改写，或注明出处",
            f"{percent} % the same as an existing text: {source}. Rewrite it, or cite the source",
        ),
        article=article.view,
        passage=passage.id,
        share=round(share, 2),
    )


def _around(article: StoredArticle, passage: Passage, length: int) -> frozenset[str]:
    """The runs of a passage and of so many characters on either side: paragraphs may be cut in several."""
    text = article.view.text[max(0, passage.start - length) : passage.end + length]
    return shingles(normalize(text))
