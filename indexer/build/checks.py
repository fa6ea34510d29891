"""What a generation must stand before it may serve. Entry points: :func:`hold`, :func:`check_size`."""

from collections.abc import Collection

from analyzers.messages import say
from analyzers.terms import exact_key
from indexer.build.spool import Report
from search_service.engines import Reader
from search_service.errors import BadInput, EngineError
from search_service.model import Everything, Exact, Filters
from search_service.service import SearchService

# The similarity of a vector to itself, as far as float32 goes.
_SAME = 0.9999
# The share of what serves that sources with faults must hold to replace it.
_WITH_FAULTS = 0.9


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


def check_size(
    service: SearchService, count: int, faults: int, report: Report, *, shrink: bool
) -> None:
    """An empty or cut source must not silently replace a full index.

    Raises ``BadInput`` for no articles; and, unless ``shrink``, for less than half of what serves now, or,
    where there were ``faults``, for a tenth less: then it is likely that they are what is missing. The
    message ends with the reasons in the report.
    """
    live = [service.engine.count(g.name) for g in service.engine.generations() if g.serves]
    before = max(live, default=0)
    if count == 0:
        raise BadInput(
            say(
                f"来源里没有可收录的文章，原索引不变。请检查来源{report.reasons()}",
                "the sources hold no usable article, the index stays as it is; check the sources"
                f"{report.reasons()}",
            )
        )
    if shrink:
        return
    if count < before / 2:
        raise BadInput(
            say(
                f"来源只有 {count} 篇，现有索引有 {before} 篇，少了一半以上，原索引不变。"
                f"确实如此请加 --shrink{report.reasons()}",
                f"the sources hold {count} articles, the index {before}: less than half; the index stays"
                f" as it is; if that is right, add --shrink{report.reasons()}",
            )
        )
    if faults and count < before * _WITH_FAULTS:
        raise BadInput(
            say(
                f"来源有 {faults} 处有误，可用的只有 {count} 篇，现有索引有 {before} 篇，少了一成以上，"
                f"原索引不变。请改正来源；确实如此请加 --shrink{report.reasons()}",
                f"the sources have {faults} faults and hold {count} usable articles, the index {before}:"
                " a tenth less; the index stays as it is; mend the sources, or, if that is right, add"
                f" --shrink{report.reasons()}",
            )
        )
