"""The engine on Elasticsearch 9.2 or newer. Entry point: :class:`ElasticEngine`.

Generations and aliases. Calls are made in :mod:`search_service.engines.elastic.cluster`; reading is in
:mod:`.reader`, writing in :mod:`.writer`.

Names, for the prefix ``gongwen``:

* ``gongwen-<generation>``: one index per generation (``public-1-…``); its ``_meta`` has the manifest, a
  number that increases with each generation, and the last activation that names the generation.
* ``gongwen-<generation>-orders``: which entries were accepted (:mod:`.writer`).
* ``gongwen-<generation>-live``: an alias of the index, without tombstones. Articles are counted and
  written through it, so a write never creates an index. Readers open a point in time of the index.
* ``gongwen-<audience>``: an alias, without tombstones, of what the audience reads now, and
  ``gongwen-<audience>-previous`` of the rollback target. All are changed in one request.
"""

import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from analyzers.messages import say
from search_service.engines import NO_ACCESS, Access, Scope, Server
from search_service.engines.activation import Activation, lost
from search_service.engines.elastic.cluster import Cluster
from search_service.engines.elastic.documents import LIVE, Body, index_body, orders_body
from search_service.engines.elastic.point_in_time import PointInTime, PointsInTime
from search_service.engines.elastic.reader import ElasticReader, Sharing
from search_service.engines.elastic.writer import ElasticWriter
from search_service.engines.ordering import Stamp
from search_service.errors import AliasesLost, BadInput, NoIndex, NotFound
from search_service.model import Audience, Generation, Manifest

_OWN = "gongwen"  # our part of an index's `_meta`


@dataclass(frozen=True)
class _Index:
    """One of our indices, from the server's description."""

    name: str
    meta: Mapping[str, Any]
    aliases: frozenset[str]

    @classmethod
    def of(cls, name: str, values: Body) -> "_Index":
        """Read one entry of ``GET /index``."""
        return cls(
            name=name,
            meta=values["mappings"].get("_meta", {}).get(_OWN, {}),
            aliases=frozenset(values["aliases"]),
        )

    @property
    def generation(self) -> str:
        return str(self.meta["generation"])

    @property
    def audience(self) -> Audience:
        return Audience[str(self.meta["audience"]).upper()]

    @property
    def manifest(self) -> Manifest:
        return Manifest.from_dict(self.meta["manifest"])

    @property
    def number(self) -> int:
        return int(self.meta.get("number", 0))

    @property
    def activation(self) -> Activation:
        """The last activation that names this generation."""
        return Activation.from_dict(self.meta.get("activation", Activation().to_dict()))


class ElasticEngine:
    """Generations as indices of one cluster; safe among threads."""

    def __init__(self, url: str, access: Access = NO_ACCESS) -> None:
        self._cluster = Cluster(url, access)
        self._points_in_time = PointsInTime(self._cluster)
        # What shared readers of each audience read, as of the last change.
        self._shared: dict[Audience, tuple[_Index, PointInTime]] = {}

    def create(self, audience: Audience, manifest: Manifest) -> Generation:
        """Create an index with a unique name that contains schema, analysis and model.

        Each audience counts its generations, so the order does not depend on the clock.
        """
        before = [index.number for index in self._catalogue() if index.audience is audience]
        marks = (str(manifest.schema), manifest.analysis, manifest.model, uuid.uuid4().hex)
        parts = [re.sub(r"[^a-z0-9]", "", part.lower())[:8] for part in marks]
        name = "-".join([audience.label, *filter(None, parts)])
        meta = {
            "prefix": self._cluster.prefix,
            "generation": name,
            "number": max(before, default=0) + 1,
            "audience": audience.label,
            "manifest": manifest.to_dict(),
        }
        index = f"{self._cluster.prefix}-{name}"
        self._cluster.create(
            index,
            alias=_live(index),
            condition=LIVE,
            body=index_body({_OWN: meta}, dimensions=manifest.dimensions),
        )
        orders = _orders(index)
        self._cluster.create(
            orders, alias=_live(orders), condition={"match_all": {}}, body=orders_body()
        )
        return Generation(name=name, audience=audience, manifest=manifest)

    @contextmanager
    def writer(self, generation: str, *, loading: bool = False) -> Iterator[ElasticWriter]:
        """Open a generation for writing. Several writers are allowed: their writes are ordered by version."""
        index = self._find(generation)
        yield ElasticWriter(
            self._cluster,
            index=index.name,
            alias=_live(index.name),
            orders=_live(_orders(index.name)),
            meta=index.meta,
            loading=loading,
        )

    def count(self, generation: str) -> int:
        """Number of live articles in a generation."""
        index = self._find(generation)
        counting = {"size": 0, "track_total_hits": True}
        (response,) = self._cluster.search_all([(_live(index.name), counting)])
        return int(response["hits"]["total"]["value"])

    def stamps(self, generation: str, ids: Collection[str]) -> Mapping[str, Stamp]:
        """The stamps stored for these ids."""
        with self.writer(generation) as writer:
            return writer.stamps(ids)

    def activate(self, serving: Mapping[Audience, str]) -> None:
        """Change the aliases in one request; activating the same again keeps the rollback target.

        Raises ``BadInput`` if a generation was built for a higher audience than the one to read it.
        """
        for audience, name in serving.items():
            self._find_readable(name, audience)
        catalogue = self._catalogue()
        now = self._current(catalogue)
        merged = {**now.serving, **serving}
        if merged != now.serving:
            self._set_aliases(catalogue, now.next(serving=merged, previous=now.serving))

    def rollback(self) -> Mapping[Audience, str]:
        """Make every audience read what it read before the last activation."""
        catalogue = self._catalogue()
        now = self._current(catalogue)
        if not now.previous:
            raise NotFound(
                say(
                    "没有可以回退的上一代索引；至少要激活过两次",
                    "there is no generation to go back to; it takes two activations",
                )
            )
        self._set_aliases(catalogue, now.next(serving=now.previous, previous=now.serving))
        return now.previous

    def restore(self) -> Mapping[Audience, str]:
        """Restore lost aliases from the newest copy in the indices."""
        catalogue = self._catalogue()
        try:
            return self._current(catalogue).serving
        except AliasesLost:
            copy = _newest_copy(catalogue)
            self._set_aliases(catalogue, copy.next(serving=copy.serving, previous=copy.previous))
            return copy.serving

    def generations(self) -> list[Generation]:
        """All generations, by audience, oldest first."""
        catalogue = self._catalogue()
        self._current(catalogue)
        return [
            Generation(
                name=index.generation,
                audience=index.audience,
                manifest=index.manifest,
                serves=tuple(a for a in Audience if self._serving(a) in index.aliases),
                is_rollback_target=any(self._previous(a) in index.aliases for a in Audience),
            )
            for index in catalogue
        ]

    def drop(self, generation: str) -> None:
        """Delete a generation; raises ``BadInput`` if it serves or is a rollback target."""
        index = self._find(generation)
        self._current(self._catalogue())
        for audience in Audience:
            if {self._serving(audience), self._previous(audience)} & index.aliases:
                raise BadInput(
                    say(
                        f"索引 {generation} 正由 {audience.label} 使用或留作退回；请先启用另一代",
                        f"generation {generation} is read by {audience.label} or is its rollback target;"
                        " activate another one first",
                    )
                )
        self._cluster.delete(index.name, _orders(index.name))

    def drop_unused(self) -> list[str]:
        """Delete generations that serve nobody and are no rollback target."""
        catalogue = self._catalogue()
        named = self._current(catalogue).names
        unused = [index for index in catalogue if index.generation not in named]
        for index in unused:
            self._cluster.delete(index.name, _orders(index.name))
        return [index.generation for index in unused]

    def reader(
        self, scope: Scope, *, generation: str | None = None, shared: bool = False
    ) -> ElasticReader:
        """Open what the audience reads now, or the named generation.

        A reader of its own looks up the alias and opens a point in time. A shared one does so if there is
        none yet, and otherwise confirms with its first read that alias and index have not changed since.
        """
        audience = scope.audience
        if generation is not None:
            index = self._find_readable(generation, audience)
            return _reader(index, self._points_in_time.open(index.name), scope)
        opened = self._shared.get(audience) if shared else None
        if opened is not None:
            sharing = Sharing(
                self._serving(audience), opened[0].name, partial(self._forget, audience, opened)
            )
            return _reader(*opened, scope, sharing)
        try:
            indices = self._cluster.indices(self._serving(audience))
        except NoIndex:
            self._current(self._catalogue())
            raise
        index = _Index.of(*next(iter(indices.items())))
        opened = index, self._points_in_time.open(index.name)
        if shared:
            self._shared[audience] = opened
        return _reader(*opened, scope)

    def _forget(self, audience: Audience, opened: tuple[_Index, PointInTime]) -> None:
        if self._shared.get(audience) is opened:
            self._shared.pop(audience, None)

    def servers(self) -> list[Server]:
        """The nodes of the cluster, by name."""
        servers = map(_server, self._cluster.nodes().values())
        return sorted(servers, key=lambda one: one.name)

    def close(self) -> None:
        """Close the connections, and points in time that readers have left open."""
        self._shared.clear()
        self._points_in_time.close()
        self._cluster.close()

    def _catalogue(self) -> list[_Index]:
        """Our indices, by audience and then in the order of creation."""
        pattern = ",".join(f"{self._serving(audience)}-*" for audience in Audience)
        indices = [_Index.of(*entry) for entry in self._cluster.indices(pattern).items()]
        return sorted(
            (index for index in indices if index.meta.get("prefix") == self._cluster.prefix),
            key=lambda index: (index.audience, index.number, index.name),
        )

    def _find(self, generation: str) -> _Index:
        for index in self._catalogue():
            if index.generation == generation:
                return index
        raise NotFound(
            say(
                f"没有名为 {generation} 的索引；gongwen info 列出现有的",
                f"there is no generation {generation}; gongwen info lists the existing ones",
            )
        )

    def _find_readable(self, generation: str, audience: Audience) -> _Index:
        """The generation; raises ``BadInput`` if it was built for a higher audience."""
        index = self._find(generation)
        if index.audience > audience:
            raise BadInput(
                say(
                    f"索引 {generation} 属于 {index.audience.label}，不能供 {audience.label} 检索",
                    f"generation {generation} was built for {index.audience.label};"
                    f" {audience.label} may not read it",
                )
            )
        return index

    def _serving(self, audience: Audience) -> str:
        return f"{self._cluster.prefix}-{audience.label}"

    def _previous(self, audience: Audience) -> str:
        return f"{self._cluster.prefix}-{audience.label}-previous"

    def _current(self, catalogue: Sequence[_Index]) -> Activation:
        """The activation according to the aliases; raises ``AliasesLost`` if some were deleted.

        That is so if an existing index is named by the last activation and has no alias.
        """
        serving, previous = (
            {
                a: index.generation
                for a in Audience
                for index in catalogue
                if alias(a) in index.aliases
            }
            for alias in (self._serving, self._previous)
        )
        copy = _newest_copy(catalogue)
        aliased = {*serving.values(), *previous.values()}
        for expected, actual, alias in (
            (copy.serving, serving, self._serving),
            (copy.previous, previous, self._previous),
        ):
            for audience, name in expected.items():
                if audience not in actual and name not in aliased:
                    raise lost(
                        f"{self._cluster.address} {alias(audience)}",
                        say("别名不见了", "the alias is gone"),
                    )
        return Activation(count=copy.count, serving=serving, previous=previous)

    def _set_aliases(self, catalogue: Sequence[_Index], activation: Activation) -> None:
        """Set all aliases in one request, then store a copy of the activation in each of its indices."""
        named = {index.generation: index for index in catalogue}
        actions: list[Body] = []
        for audience in Audience:
            for alias, target in (
                (self._serving(audience), activation.serving.get(audience)),
                (self._previous(audience), activation.previous.get(audience)),
            ):
                everywhere = f"{self._cluster.prefix}-*"
                remove = {"index": everywhere, "alias": alias, "must_exist": False}
                actions.append({"remove": remove})
                if target is not None:
                    add = {"index": named[target].name, "alias": alias, "filter": LIVE}
                    actions.append({"add": add})
        self._cluster.update_aliases(actions)
        for name in sorted(activation.names):
            meta = {**named[name].meta, "activation": activation.to_dict()}
            self._cluster.set_meta(named[name].name, {_OWN: meta})


def _server(node: Body) -> Server:
    """A node, from the server's description; the disk with the least room above its limit."""
    disks = [
        (int(disk["available_in_bytes"]), int(disk.get("flood_stage_free_space_in_bytes", 0)))
        for disk in node["fs"]["data"]
    ]
    free, least = min(disks, key=lambda disk: disk[0] - disk[1], default=(0, 0))
    return Server(
        name=str(node["name"]),
        version=str(node.get("version", "?")),
        clock=node["timestamp"] / 1000,
        free=free,
        least=least,
        heap=node["jvm"]["mem"]["heap_used_percent"] / 100,
    )


def _newest_copy(catalogue: Sequence[_Index]) -> Activation:
    """The newest copy of the activation in the indices, without generations that do not exist any more."""
    copy = max(
        (index.activation for index in catalogue), key=lambda one: one.count, default=Activation()
    )
    return copy.among({index.generation for index in catalogue})


def _orders(index: str) -> str:
    """The orders index of an index of articles."""
    return f"{index}-orders"


def _live(index: str) -> str:
    """The alias of an index that excludes its tombstones."""
    return f"{index}-live"


def _reader(
    index: _Index, point_in_time: PointInTime, scope: Scope, sharing: Sharing | None = None
) -> ElasticReader:
    return ElasticReader(
        point_in_time,
        generation=index.generation,
        manifest=index.manifest,
        scope=scope,
        sharing=sharing,
    )
