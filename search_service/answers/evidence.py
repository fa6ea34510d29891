"""The passages that show why an article is in an answer. Entry point: :func:`select_passages`. Pure."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

from analyzers.outline import FRAME
from search_service import relevance
from search_service.answers.snippets import ScannedText, Snippet, Span, merged, snippet
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
    starts = [passage.start for passage in stored.passages]
    spans_of: dict[int, list[Span]] = defaultdict(list)
    for start, end in ScannedText(stored.view.text).occurrences(query.highlight_terms, query.words):
        index = bisect_right(starts, start) - 1
        passage = stored.passages[index]
        if end <= passage.end:
            spans_of[index].append((start - passage.start, end - passage.start))
    if best is not None:
        for index, passage in enumerate(stored.passages):
            if passage.id == best:
                spans_of.setdefault(index, [])
    candidates = []
    for index, unmerged in spans_of.items():
        passage, spans = stored.passages[index], merged(unmerged)
        text = stored.text_of(passage)
        marked = {text[start:end] for start, end in spans}
        longest = max((len(piece) for piece in marked), default=0)
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
