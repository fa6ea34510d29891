"""The passages that show why an article is in an answer. Entry point: :func:`select_passages`. Pure."""

from dataclasses import dataclass

from analyzers.outline import FRAME
from search_service import relevance
from search_service.answers.snippets import ScannedText, Snippet, marks, snippet
from search_service.model import StoredArticle
from search_service.query.parsed import Query


@dataclass(frozen=True, kw_only=True)
class ShownPassage:
    """A passage under a result: its position in the article and its snippet with marks."""

    id: str
    path: tuple[str, ...]
    role: str
    start: int
    end: int
    snippet: Snippet


def select_passages(
    stored: StoredArticle, query: Query, best: str | None
) -> tuple[ShownPassage, ...]:
    """The passages that contain most of the query, counted in characters; at most ``SHOWN_PASSAGES``.

    ``best``: id of the nearest passage, a candidate even without marks. On ties prefer the body to the
    frame, such as the salutation. Without candidates: the first passage.
    """
    parts = [(passage.start, passage.end) for passage in stored.passages]
    found = ScannedText(stored.view.text).characters_found(
        query.highlight_terms, query.words, parts
    )
    candidates = [
        (-characters, passage.role in FRAME, passage.id != best, index, passage)
        for index, (passage, characters) in enumerate(zip(stored.passages, found, strict=True))
        if characters or passage.id == best
    ]
    candidates.sort(key=lambda candidate: candidate[:4])
    chosen = candidates[: relevance.SHOWN_PASSAGES]
    if not chosen and stored.passages:
        first = next((p for p in stored.passages if p.role not in FRAME), stored.passages[0])
        chosen = [(0, False, True, 0, first)]
    return tuple(
        ShownPassage(
            id=passage.id,
            path=passage.path,
            role=passage.role,
            start=passage.start,
            end=passage.end,
            snippet=snippet(text, marks(text, query.highlight_terms, query.words)),
        )
        for *_, passage in chosen
        for text in [stored.text_of(passage)]
    )
