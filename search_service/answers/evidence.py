"""The passages that show why an article is in an answer. Entry point: :func:`select_passages`. Pure."""

from dataclasses import dataclass

from analyzers.outline import FRAME
from search_service import relevance
from search_service.answers.snippets import Snippet, marks, snippet
from search_service.model import StoredArticle
from search_service.query.parsing import Query


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
    """The passages with the most marked text, longest match first; at most ``SHOWN_PASSAGES``.

    ``best``: id of the nearest passage, a candidate even without marks. On ties prefer the body to the
    frame, such as the salutation. Without candidates: the first passage.
    """
    candidates = []
    for index, (passage, text) in enumerate(stored):
        spans = marks(text, query.highlight_terms, query.words)
        marked = {text[start:end] for start, end in spans}
        longest = max((len(piece) for piece in marked), default=0)
        if spans or passage.id == best:
            worth = sum(len(piece) for piece in marked) + longest
            frame = passage.role in FRAME
            candidates.append((-worth, frame, passage.id != best, index, passage, text, spans))
    candidates.sort(key=lambda candidate: candidate[:4])
    chosen = candidates[: relevance.SHOWN_PASSAGES]
    if not chosen and stored.passages:
        first = next((p for p in stored.passages if p.role not in FRAME), stored.passages[0])
        chosen = [(0, False, True, 0, first, stored.text_of(first), ())]
    return tuple(
        ShownPassage(
            id=passage.id,
            path=passage.path,
            role=passage.role,
            start=passage.start,
            end=passage.end,
            snippet=snippet(text, spans),
        )
        for _, _, _, _, passage, text, spans in chosen
    )
