"""Checks before activation. Entry points: :func:`verify`, :func:`check_size`."""

from collections.abc import Collection

from analyzers.messages import say
from analyzers.terms import exact_key
from indexer.build.ingest import RunReport
from search_service.engines import Reader
from search_service.errors import BadInput, EngineError
from search_service.model import Everything, Exact, Filters
from search_service.service import SearchService

# The similarity of a vector to itself, within the precision of float32, which a server may compute in.
_SELF_SIMILARITY = 0.9999
# Sources with faults must contain at least this share of the live articles to replace them.
_MIN_SHARE_WITH_FAULTS = 0.9


def verify(reader: Reader, *, expected: int, sample: Collection[str]) -> None:
    """Raise ``EngineError`` unless there are ``expected`` articles and every id of ``sample`` is found."""
    name, count = reader.generation, reader.totals(Everything()).total
    missing = _missing(reader, sample)
    if count != expected or missing:
        raise EngineError(
            say(
                f"新索引 {name} 有 {count} 篇，应有 {expected} 篇，抽查 {len(missing)} 篇查不到"
                f"（{'、'.join(missing) or '无'}）；未启用，原索引仍在服务。请重新运行",
                f"the new index {name} has {count} articles instead of {expected}; {len(missing)} of the"
                f" sample are not found ({', '.join(missing) or 'none'}); it was not activated, the old"
                " index still serves; run it again",
            )
        )


def _missing(reader: Reader, sample: Collection[str]) -> list[str]:
    """The ids that the audience may read but a search does not find."""
    missing = []
    for key in reader.fetch(list(sample)):
        # Filtered by id: many articles may have this id as their title or code. The vector search is
        # filtered, too: an approximate search over the whole index may miss it, which is no fault.
        only = Filters(ids=(key,))
        named = reader.keyword(Exact(exact_key(key)), filters=only)
        vector = next(iter(reader.vectors(key).values()), None)
        nearest = reader.nearest_articles(vector, filters=only) if vector is not None else ()
        similar = vector is None or any(hit.score >= _SELF_SIMILARITY for hit in nearest)
        if key not in [hit.id for hit in named] or not similar:
            missing.append(key)
    return missing


def check_size(
    service: SearchService, count: int, faults: int, report: RunReport, *, shrink: bool
) -> None:
    """Keep an empty or truncated source from silently replacing a full index.

    Raises ``BadInput`` if ``count`` is 0 and, unless ``shrink``, if it is less than half of the live
    articles, or less than nine tenths when there were ``faults``: then these probably explain the loss. The
    message ends with the reasons in the report.
    """
    live = [service.engine.count(g.name) for g in service.engine.generations() if g.serves]
    before = max(live, default=0)
    if count == 0:
        raise BadInput(
            say(
                f"来源里没有可收录的文章，原索引不变。请检查来源{report.reasons()}",
                "the sources contain no usable article; the index is unchanged; check the sources"
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
                f"the sources contain {count} articles, less than half of the {before} in the index; the"
                f" index is unchanged; if that is right, add --shrink{report.reasons()}",
            )
        )
    if faults and count < before * _MIN_SHARE_WITH_FAULTS:
        raise BadInput(
            say(
                f"来源有 {faults} 处有误，可用的只有 {count} 篇，现有索引有 {before} 篇，少了一成以上，"
                f"原索引不变。请改正来源；确实如此请加 --shrink{report.reasons()}",
                f"the sources have {faults} faults and {count} usable articles, over a tenth less than the"
                f" {before} in the index; the index is unchanged; correct the sources or, if that is right,"
                f" add --shrink{report.reasons()}",
            )
        )
