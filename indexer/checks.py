"""What a generation must stand before it may serve. Entry point: :func:`hold`."""

from collections.abc import Collection

from analyzers.language import say
from analyzers.terms import exact_key
from search_service.engines import Reader
from search_service.errors import EngineError
from search_service.model import Everything, Exact, Filters

# The similarity of a vector to itself, as far as float32 goes.
_SAME = 0.9999


def hold(reader: Reader, *, expected: int, sample: Collection[str]) -> None:
    """Raise ``EngineError`` unless all articles are there and those of the sample are found."""
    name, held, lost = reader.generation, reader.totals(Everything()).total, _lost(reader, sample)
    if held != expected or lost:
        raise EngineError(
            say(
                f"新索引 {name} 有 {held} 篇，应有 {expected} 篇，抽查 {len(lost)} 篇查不到"
                f"（{'、'.join(lost) or '无'}）；未启用，原索引仍在服务。请重新运行",
                f"the new index {name} holds {held} articles, not {expected}; of the sample"
                f" {len(lost)} are not found ({', '.join(lost) or 'none'}); it was not activated"
                " and the old one still serves; run it again",
            )
        )


def _lost(reader: Reader, sample: Collection[str]) -> list[str]:
    """Those of the ids, as far as the audience may know of them, that a search does not find."""
    lost = []
    for key in reader.fetch(list(sample)):
        # Alone: a thousand may have its id for a title or code. And its vector is looked for among its
        # own: of the whole index a graph of vectors finds nearly all, and that is no fault.
        only = Filters(ids=(key,))
        named = reader.keyword(Exact(exact_key(key)), filters=only)
        vector = next(iter(reader.vectors(key).values()), None)
        near = reader.nearest_articles(vector, filters=only) if vector is not None else ()
        close = vector is None or any(hit.score >= _SAME for hit in near)
        if key not in [hit.id for hit in named] or not close:
            lost.append(key)
    return lost
