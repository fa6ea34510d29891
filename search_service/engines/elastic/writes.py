"""Writes to one generation on Elasticsearch. Entry point: :class:`ElasticWriter`.

Which entries apply is decided from what is stored, and once more by the server, which takes a
document only with a higher version: so several writers do no harm. No questions here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzers.language import say
from search_service.engines.elastic.cluster import Cluster
from search_service.engines.elastic.documents import document, tombstone
from search_service.errors import BadInput, NotFound
from search_service.model import Manifest, Record, Tombstone, Written

# Elastic recommends 5–15 MB for a bulk request; the server refuses more than 100 MB.
_BULK_BYTES = 8_000_000
_CONFLICT, _MISSING, _BUSY = 409, 404, 429
_IDS = 1_000  # asked at once


@dataclass(frozen=True)
class _Standing:
    """What is stored under an id; ``digest`` is None for a tombstone."""

    order: int
    digest: str | None


@dataclass(frozen=True)
class _Action:
    """One document to be written, as JSON lines."""

    id: str
    lines: tuple[bytes, bytes]

    @property
    def size(self) -> int:
        return sum(map(len, self.lines))


class ElasticWriter:
    """Writes one index through its own alias."""

    def __init__(
        self, cluster: Cluster, *, index: str, alias: str, meta: Mapping[str, object]
    ) -> None:
        self._cluster = cluster
        self._index = index
        self._alias = alias
        self._meta = dict(meta)
        self._dimensions = Manifest.from_dict(self._meta["manifest"]).dimensions  # type: ignore[arg-type]  # ours

    def write(self, entries: Sequence[Record | Tombstone]) -> Written:
        """Apply the entries in order; committed and visible when it returns."""
        standing = self._standing(sorted({_id(entry) for entry in entries}))
        actions: list[_Action] = []
        unchanged, stale = 0, []
        for entry in entries:
            before = standing.get(_id(entry))
            verdict = _judge(entry, before)
            if verdict == "stale":
                stale.append(_id(entry))
            elif verdict == "unchanged":
                unchanged += 1
            else:
                actions.append(self._action(entry, before))
                standing[_id(entry)] = _Standing(_order(entry), _digest(entry))
        overtaken = [id for batch in _batches(actions) for id in self._send(batch)]
        if actions:
            self._cluster.refresh(self._alias)
        return Written(
            written=len(actions) - len(overtaken),
            unchanged=unchanged,
            stale=(*stale, *overtaken),
        )

    def set_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest; the number of dimensions is the index's for good."""
        if manifest.dimensions != self._dimensions:
            raise BadInput(
                say(
                    f"索引的向量维数是 {self._dimensions}，不能改为 {manifest.dimensions}；"
                    "请另建一代",
                    f"the index holds vectors of {self._dimensions} dimensions, not of"
                    f" {manifest.dimensions}; build a new generation",
                )
            )
        self._meta["manifest"] = manifest.to_dict()
        self._cluster.describe(self._index, {"gongwen": self._meta})

    def _standing(self, ids: Sequence[str]) -> dict[str, _Standing]:
        return {
            id: _Standing(found["_version"], found["_source"].get("digest"))
            for start in range(0, len(ids), _IDS)
            for id, found in self._cluster.get(
                self._alias, ids[start : start + _IDS], source=["digest"]
            ).items()
        }

    def _action(self, entry: Record | Tombstone, before: _Standing | None) -> _Action:
        if isinstance(entry, Tombstone):
            # A mark over a mark was judged unchanged, so what stood before was live.
            body = tombstone(entry.id, buried=before is not None)
        else:
            body = document(entry, dimensions=self._dimensions)
        version = {"version": _order(entry), "version_type": "external"}
        return _Action(_id(entry), (_line({"index": {"_id": _id(entry), **version}}), _line(body)))

    def _send(self, actions: Sequence[_Action]) -> Iterator[str]:
        """Write one batch; yield the ids that another writer has overtaken meanwhile."""
        lines = [line for action in actions for line in action.lines]
        for result in self._cluster.bulk(self._alias, lines):
            status = result["status"]
            if status == _CONFLICT:
                yield result["_id"]
            elif status >= 300:
                reason = f"{result['_id']}: {status} {result['error']['reason']}"
                if status == _MISSING:
                    raise NotFound(
                        say(
                            f"索引 {self._index} 已被删除；请另建一代",
                            f"the index {self._index} has been deleted; build a new generation",
                        )
                    )
                if status == _BUSY:
                    raise self._cluster.unavailable(reason)
                raise self._cluster.refused(reason)


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _batches(actions: Iterable[_Action]) -> Iterator[list[_Action]]:
    batch: list[_Action] = []
    size = 0
    for action in actions:
        if batch and size + action.size > _BULK_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(action)
        size += action.size
    if batch:
        yield batch


def _id(entry: Record | Tombstone) -> str:
    return entry.id if isinstance(entry, Tombstone) else entry.view.id


def _digest(entry: Record | Tombstone) -> str | None:
    return None if isinstance(entry, Tombstone) else entry.view.digest


def _order(entry: Record | Tombstone) -> int:
    return 2 * entry.version + isinstance(entry, Tombstone)


def _judge(entry: Record | Tombstone, standing: _Standing | None) -> str:
    """Whether an entry is written, unchanged or stale.

    The very same entry again (a load that was killed and goes on) is unchanged, not stale. So is
    one with a higher version and the same digest; the stored order then stays as it is, for only
    rewriting the document could raise it.
    """
    if standing is None:
        return "written"
    order, digest = _order(entry), _digest(entry)
    if order > standing.order:
        return "unchanged" if digest == standing.digest else "written"
    return "unchanged" if (order, digest) == (standing.order, standing.digest) else "stale"
