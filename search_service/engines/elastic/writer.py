"""Writes to one generation on Elasticsearch. Entry point: :class:`ElasticWriter`. No questions here.

Two indices. The articles; and beside them the *orders*: for each id the order and digest of the newest
entry that was ever accepted. An entry is first claimed there, by compare-and-swap on what was read, and
only then written, by compare-and-swap again: what arrives late, or beside another writer, is refused and
sent again while its claim is the newest. So an entry of unchanged content raises the order without
touching the articles (even an identical rewrite moves BM25, and a public index may not move because paid
text did), and any number of writers end with the articles that were claimed last. What was claimed by a
writer that was killed before it wrote is seen by the next one: the articles hold another digest.

A tombstone of an article that was never claimed here stays in the orders alone: among the articles it
would move their merges, and so scores. One of an article that was is a document, for a write of it that
was claimed in time may arrive late, and must be refused.
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
_IDS_PER_REQUEST = 500  # asked at once, each of both indices
# Nothing stands in the articles: neither a digest nor the None of a tombstone.
_ABSENT: Final = ""

Entry = Record | Tombstone


@dataclass(frozen=True)
class _KnownState:
    """What both indices hold under an id: what was claimed last, and what the articles have.

    The places are those of the documents, to swap them for others.
    """

    stamp: Stamp | None
    seen: bool  # an article was claimed once: it is among the articles, was, or is on its way
    claim_precondition: Body
    indexed_digest: str | None  # the digest in the articles; None for a tombstone
    article_precondition: Body
    buried: bool


class ElasticWriter:
    """Writes one generation through its aliases; safe beside other writers of the same."""

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
        """Order of what was accepted under these ids, and digest of what the articles hold there.

        They differ where a writer was killed in between: its claim keeps older entries away, and its
        content is not there.
        """
        found = self._stored(sorted(set(ids)))
        return {
            id: Stamp(stored.stamp.order, stored.indexed_digest if stored.seen else None)
            for id, stored in found.items()
            if stored.stamp and not (stored.seen and stored.indexed_digest == _ABSENT)
        }

    def complete(self) -> None:
        """Merge, ask for copies, and show what was written.

        Merged only here, before anybody reads: one segment has exact statistics and one graph of
        vectors. An index that is written to later is left to the server's own merges.
        """
        if self._loading:
            self._cluster.merge(self._alias)
            self._cluster.update_settings(self._index, settings(loading=False))
            self._loading = False
        self._cluster.refresh(self._alias)

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
        self._cluster.set_meta(self._index, {"gongwen": self._meta})

    def _apply(self, entries: Sequence[Entry]) -> WriteResult:
        """Claim and write entries of different ids; those that another writer came before, again."""
        accepted: list[tuple[Entry, _KnownState]] = []
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

    def _stored(self, ids: Sequence[str]) -> dict[str, _KnownState]:
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

    def _claim(self, decided: Sequence[tuple[Entry, _KnownState]]) -> set[str]:
        """Enter the orders, unless a higher one stands; the ids whose claim has changed since it was read."""
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

    def _send(self, accepted: Sequence[tuple[Entry, _KnownState]]) -> set[str]:
        """Write the articles; the ids that were claimed for another entry meanwhile."""
        overtaken = set()
        while accepted:
            conflicts = self._conflicts(self._alias, (self._action(*one) for one in accepted))
            found = self._stored(sorted(conflicts))
            refused = [
                (entry, found[id_of(entry)]) for entry, _ in accepted if id_of(entry) in conflicts
            ]
            overtaken |= {id_of(e) for e, now in refused if now.stamp != stamp_of(e)}
            # A request that was sent again, because its answer was lost, meets its own document.
            accepted = [
                (entry, now)
                for entry, now in refused
                if now.stamp == stamp_of(entry) and now.indexed_digest != stamp_of(entry).digest
            ]
        return overtaken

    def _action(self, entry: Entry, before: _KnownState) -> Body:
        if isinstance(entry, Tombstone):
            buried = before.buried or before.indexed_digest not in (None, _ABSENT)
            body = tombstone(entry.id, buried=buried)
        else:
            body = document(entry)
        return {"_id": id_of(entry), **before.article_precondition, "_source": body}

    def _conflicts(self, alias: str, actions: Iterable[Body]) -> set[str]:
        """Send them; the ids that the server refused for their version."""
        conflicts = set()
        for result in self._cluster.bulk(alias, actions):
            status = result["status"]
            if status == _CONFLICT:
                conflicts.add(result["_id"])
            elif status >= 300:
                raise self._cluster.error_of(status, result["error"])
        return conflicts


def _read(claim: Body | None, article: Body | None) -> _KnownState:
    """The documents of one id in both indices."""
    source = article["_source"] if article else {}
    return _KnownState(
        stamp=Stamp(claim["_source"]["order"], claim["_source"]["digest"]) if claim else None,
        seen=bool(claim and claim["_source"]["seen"]),
        claim_precondition=_precondition(claim),
        indexed_digest=source.get("digest") if article else _ABSENT,
        article_precondition=_precondition(article),
        buried=source.get("buried", False),
    )


def _precondition(document: Body | None) -> Body:
    """How a document is replaced, provided that it is still the one that was read."""
    if document is None:
        return {"_op_type": "create"}
    numbers = {"if_seq_no": document["_seq_no"], "if_primary_term": document["_primary_term"]}
    return {"_op_type": "index", **numbers}


def _without_repeats(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Runs of entries in which no id comes twice."""
    part: dict[str, Entry] = {}
    for entry in entries:
        if id_of(entry) in part:
            yield list(part.values())
            part = {}
        part[id_of(entry)] = entry
    if part:
        yield list(part.values())
