"""Writes to one generation on Elasticsearch. Entry point: :class:`ElasticWriter`.

There are two indices: the articles, and the *orders*, which have for each id the order and digest of the
newest accepted entry. An entry is first claimed in the orders, then written to the articles, both by
compare-and-swap (optimistic concurrency control): a late or concurrent write is refused, and sent again as
long as its claim is the newest. So an entry with unchanged content can raise the order without touching the
articles (even an identical rewrite changes BM25, and changes of paid text must not affect a public index),
and with any number of writers the articles end as claimed last. If a writer is killed between claim and
write, the next one notices that the digests differ.

A tombstone of an article that was never claimed here is only in the orders: in the articles it would affect
merges, and so scores. A tombstone of any other article is a document there, too, so that a late write of
the article is refused.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analyzers.messages import say
from search_service.engines.elastic.cluster import Cluster
from search_service.engines.elastic.documents import (
    Body,
    document,
    settings,
    tombstone,
)
from search_service.engines.ordering import Decision, Stamp, decide, id_of, stamp_of
from search_service.engines.validation import check_vectors
from search_service.errors import BadInput
from search_service.model import Manifest, Record, Tombstone, WriteResult

_CONFLICT = 409
_IDS_PER_REQUEST = 500
_ABSENT: Final = ""  # the digest of an article without document; None is that of a tombstone

Entry = Record | Tombstone


@dataclass(frozen=True)
class _StoredState:
    """The state of an id in both indices: its last claim, and its document in the articles.

    The preconditions are for replacing these documents by compare-and-swap.
    """

    stamp: Stamp | None
    seen: bool  # whether an article (no tombstone) was ever claimed
    claim_precondition: Body
    indexed_digest: str | None  # None for a tombstone, ``_ABSENT`` without document
    article_precondition: Body
    buried: bool


class ElasticWriter:
    """Writes one generation through its aliases; several may write the same one at once."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        index: str,
        alias: str,
        orders: str,
        meta: Mapping[str, object],
        loading: bool,
    ) -> None:
        self._cluster = cluster
        self._index = index
        self._alias = alias
        self._orders = orders
        self._meta = dict(meta)
        self._dimensions = Manifest.from_dict(self._meta["manifest"]).dimensions  # type: ignore[arg-type]  # ours
        self._loading = loading
        if loading:
            cluster.update_settings(index, settings(loading=True))

    def write(self, entries: Sequence[Entry]) -> WriteResult:
        """Apply the entries in order; committed when it returns, and visible unless loading."""
        for entry in entries:
            if isinstance(entry, Record):
                check_vectors(entry, dimensions=self._dimensions)
        written = WriteResult()
        for part in _without_repeats(entries):
            written += self._apply(part)
        if written.written and not self._loading:
            self._cluster.refresh(self._alias)
        return written

    def stamps(self, ids: Collection[str]) -> Mapping[str, Stamp]:
        """The order of the newest claim of each id, and the digest of its document in the articles.

        They belong to different entries if a writer was killed between claim and write: then the claim still
        excludes older entries, but its content is missing.
        """
        states = self._stored(sorted(set(ids)))
        return {
            id: Stamp(stored.stamp.order, stored.indexed_digest if stored.seen else None)
            for id, stored in states.items()
            if stored.stamp and not (stored.seen and stored.indexed_digest == _ABSENT)
        }

    def complete(self) -> None:
        """Merge into one segment, enable replicas, and refresh.

        Merged only here, before anybody reads: one segment has exact statistics and a single vector graph.
        Later writes are left to the server's own merges.
        """
        if self._loading:
            self._cluster.merge(self._alias)
            self._cluster.update_settings(self._index, settings(loading=False))
            self._loading = False
        self._cluster.refresh(self._alias)

    def set_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest; raises ``BadInput`` for another number of dimensions, which is fixed."""
        if manifest.dimensions != self._dimensions:
            raise BadInput(
                say(
                    f"索引的向量维数是 {self._dimensions}，不能改为 {manifest.dimensions}；"
                    "请另建一代",
                    f"the vectors of the index have {self._dimensions} dimensions, not"
                    f" {manifest.dimensions}; build a new generation",
                )
            )
        self._meta["manifest"] = manifest.to_dict()
        self._cluster.set_meta(self._index, {"gongwen": self._meta})

    def _apply(self, entries: Sequence[Entry]) -> WriteResult:
        """Claim and write entries of distinct ids; entries that lost a race are decided again."""
        accepted: list[tuple[Entry, _StoredState]] = []
        marked, unchanged, stale = 0, 0, []
        pending = list(entries)
        while pending:
            stored = self._stored([id_of(entry) for entry in pending])
            decided = [
                (entry, before, decide(stamp_of(entry), before.stamp))
                for entry in pending
                for before in (stored[id_of(entry)],)
            ]
            lost = self._claim([(e, before) for e, before, v in decided if v is not Decision.STALE])
            for entry, before, decision in decided:
                if id_of(entry) in lost:
                    continue
                if decision is Decision.STALE:
                    stale.append(id_of(entry))
                elif isinstance(entry, Tombstone) and not before.seen:
                    marked += decision is Decision.WRITE
                    unchanged += decision is Decision.UNCHANGED
                elif (
                    decision is Decision.UNCHANGED
                    and stamp_of(entry).digest == before.indexed_digest
                ):
                    unchanged += 1
                else:
                    accepted.append((entry, before))
            pending = [entry for entry in pending if id_of(entry) in lost]
        overtaken = self._send(accepted)
        written = marked + len(accepted) - len(overtaken)
        return WriteResult(written=written, unchanged=unchanged, stale=(*stale, *overtaken))

    def _stored(self, ids: Sequence[str]) -> dict[str, _StoredState]:
        return {
            id: _read(claim, article)
            for start in range(0, len(ids), _IDS_PER_REQUEST)
            for part in [ids[start : start + _IDS_PER_REQUEST]]
            for id, claim, article in zip(
                part,
                self._cluster.get(self._orders, part),
                self._cluster.get(self._alias, part, source=["digest", "buried"]),
                strict=True,
            )
        }

    def _claim(self, decided: Sequence[tuple[Entry, _StoredState]]) -> set[str]:
        """Claim entries in the orders, unless a higher one is there.

        Returns the ids whose claim has changed since it was read.
        """
        actions = [
            {
                "_id": id_of(entry),
                **before.claim_precondition,
                "order": stamp.order,
                "digest": stamp.digest,
                "seen": before.seen or isinstance(entry, Record),
            }
            for entry, before in decided
            if (stamp := stamp_of(entry)) != (last := before.stamp)
            and (last is None or stamp.order >= last.order)
        ]
        return self._conflicts(self._orders, actions)

    def _send(self, accepted: Sequence[tuple[Entry, _StoredState]]) -> set[str]:
        """Write the articles; returns the ids that were claimed for another entry meanwhile."""
        overtaken = set()
        while accepted:
            conflicts = self._conflicts(self._alias, (self._action(*one) for one in accepted))
            states = self._stored(sorted(conflicts))
            refused = [
                (entry, states[id_of(entry)]) for entry, _ in accepted if id_of(entry) in conflicts
            ]
            overtaken |= {id_of(e) for e, now in refused if now.stamp != stamp_of(e)}
            # A request that was retried because its response was lost conflicts with its own document.
            accepted = [
                (entry, now)
                for entry, now in refused
                if now.stamp == stamp_of(entry) and now.indexed_digest != stamp_of(entry).digest
            ]
        return overtaken

    def _action(self, entry: Entry, before: _StoredState) -> Body:
        if isinstance(entry, Tombstone):
            buried = before.buried or before.indexed_digest not in (None, _ABSENT)
            body = tombstone(entry.id, buried=buried)
        else:
            body = document(entry)
        return {"_id": id_of(entry), **before.article_precondition, "_source": body}

    def _conflicts(self, alias: str, actions: Iterable[Body]) -> set[str]:
        """Send the actions; returns the ids with a version conflict."""
        conflicts = set()
        for result in self._cluster.bulk(alias, actions):
            status = result["status"]
            if status == _CONFLICT:
                conflicts.add(result["_id"])
            elif status >= 300:
                raise self._cluster.error_of(status, result["error"])
        return conflicts


def _read(claim: Body | None, article: Body | None) -> _StoredState:
    """The state of an id, from its documents in both indices."""
    source = article["_source"] if article else {}
    return _StoredState(
        stamp=Stamp(claim["_source"]["order"], claim["_source"]["digest"]) if claim else None,
        seen=bool(claim and claim["_source"]["seen"]),
        claim_precondition=_precondition(claim),
        indexed_digest=source.get("digest") if article else _ABSENT,
        article_precondition=_precondition(article),
        buried=source.get("buried", False),
    )


def _precondition(document: Body | None) -> Body:
    """Parameters that replace a document only if it is still the one that was read."""
    if document is None:
        return {"_op_type": "create"}
    numbers = {"if_seq_no": document["_seq_no"], "if_primary_term": document["_primary_term"]}
    return {"_op_type": "index", **numbers}


def _without_repeats(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Cut the entries into runs in which no id occurs twice."""
    part: dict[str, Entry] = {}
    for entry in entries:
        if id_of(entry) in part:
            yield list(part.values())
            part = {}
        part[id_of(entry)] = entry
    if part:
        yield list(part.values())
