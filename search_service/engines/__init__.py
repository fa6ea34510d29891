"""The engine interface, in domain types. Entry point: :func:`open_engine`.

Engines store words and vectors and return ids and scores. They do not segment text, fuse lists,
highlight, or decide who may read what: that code is the same for every engine, and so is the one that says
which terms an article has in each field (:mod:`search_service.engines.fields`). No engine's query language
appears in the interface.

The contract
---------------------
* **Generations.** An index is written into a *generation* and becomes visible when it is *activated*:
  one atomic, durable step for all audiences. ``rollback`` makes each audience read its previous
  generation again. If generations exist but the record of which audience reads which is lost, every
  method but ``restore`` raises ``AliasesLost``. A generation may serve several audiences (a source
  without paid text needs only one). It may be dropped if it serves nobody and is no rollback target.
* **Writes** are ordered by version (:mod:`search_service.engines.ordering`): in whatever sequence
  entries arrive, the one with the highest order is kept, and of several with that order the last. An
  entry whose view has the stored digest is *unchanged*: it may raise the order, but leaves the index
  untouched. When ``write`` returns, its entries are committed, durable and visible to readers opened
  afterwards; each call is atomic per article. Tombstones are kept for the life of the generation; one
  for an article that the generation never contained changes neither revision nor scores, now or later.
* **Loading**: a generation that serves nobody yet may be written in bulk, ``writer(…, loading=True)``;
  then writes are durable when they return and visible after ``complete``.
* **One writer** per generation (embedded): a second one gets ``WriterBusy``. Several generations may be
  written at once, by one process or by several.
* **Readers** see one revision, whatever is written meanwhile: their answers are consistent, and none shows
  a partly written article. Every read needs a ``Scope``: the audience, and the ids hidden by the
  staff, which are neither returned nor counted, in totals or in facets.
* **Scores**: keyword = Σ weight × BM25 of the terms + Σ weight of the bonuses that match (BM25 with k1
  1.2 and its factor k1 + 1, b 0.75, Lucene's idf, statistics of the whole index); nearest = cosine of the
  vectors of query and passage, both as bytes (:mod:`search_service.engines.quantisation`): their dot
  product, a whole number, divided by the product of their lengths in float64. Both are rounded to 6
  decimal places. Ties are ordered by article id, ascending.
* **Audiences**: an audience may read a generation of its own or of one below it, never one above:
  ``activate`` and ``reader`` raise ``BadInput``.
* A term that occurs in no document has no effect. Empty lists are legal everywhere.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from search_service.engines.ordering import Stamp
from search_service.engines.reads import NO_FILTERS, Reader, Scope
from search_service.errors import ConfigurationError, redact_credentials
from search_service.model import Audience, Generation, Manifest, Record, Tombstone, WriteResult

__all__ = [
    "NO_ACCESS",
    "NO_FILTERS",
    "Access",
    "Engine",
    "Reader",
    "Scope",
    "Server",
    "Writer",
    "open_engine",
]


@dataclass(frozen=True, kw_only=True)
class Access:
    """Credentials, TLS trust and timeout for a server; the embedded engine needs none of them.

    ``api_key``: in the server's encoded form, instead of ``user:password@`` in the address. ``ca``: path
    of a PEM file of certificate authorities; ``fingerprint``: SHA-256 of a certificate, in hexadecimal;
    without either, the system's authorities. ``timeout``: seconds for a search call; the web service sets
    less (``GONGWEN_ENGINE_TIMEOUT``).
    """

    api_key: str = field(default="", repr=False)
    ca: str = ""
    fingerprint: str = ""
    timeout: float = 30.0


NO_ACCESS = Access()


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server of an engine, as it describes itself.

    ``clock``: in seconds since the epoch. ``free``: bytes on its disk; ``least``: below so many it refuses to
    write. ``heap``: the share of its memory that is in use, 0 to 1.
    """

    name: str
    version: str
    clock: float
    free: int
    least: int
    heap: float


class Writer(Protocol):
    """Writes one generation."""

    def write(self, entries: Sequence[Record | Tombstone]) -> WriteResult:
        """Apply the entries in order; durable and visible when it returns.

        An id may occur several times in one call; its entries are applied in order.
        Raises ``EngineError``; then some entries may be applied, each completely or not at all.
        """

    def stamps(self, ids: Collection[str]) -> Mapping[str, Stamp]:
        """Order and digest stored for each of these ids, tombstones included; unknown ids are left out."""

    def complete(self) -> None:
        """End loading: make writes visible and optimise the index for searching.

        Cheap if there is nothing to do.
        """

    def set_manifest(self, manifest: Manifest) -> None:
        """Replace the generation's manifest (floors and count are known only after loading)."""


class Engine(Protocol):
    """A store of generations."""

    def create(self, audience: Audience, manifest: Manifest) -> Generation:
        """Start an empty generation that serves nobody yet; its name is unique."""

    def writer(self, generation: str, *, loading: bool = False) -> AbstractContextManager[Writer]:
        """Open a generation for writing; raises ``NotFound`` or ``WriterBusy``.

        ``loading``: bulk loading before anybody reads; see the contract.
        """

    def count(self, generation: str) -> int:
        """Number of live articles in a generation."""

    def stamps(self, generation: str, ids: Collection[str]) -> Mapping[str, Stamp]:
        """Like :meth:`Writer.stamps`, without opening a writer: others may be writing."""

    def activate(self, serving: Mapping[Audience, str]) -> None:
        """Make each audience read the named generation, in one step; raises ``NotFound``, ``BadInput``."""

    def rollback(self) -> Mapping[Audience, str]:
        """Make every audience read what it read before the last activation; returns the new mapping.

        Raises ``NotFound`` if there is none. Rolling back twice returns to the start.
        """

    def restore(self) -> Mapping[Audience, str]:
        """Restore lost aliases from the copies of the last activation; returns the mapping.

        Nothing changes if nothing was lost.
        """

    def generations(self) -> list[Generation]:
        """All generations, by audience and then in the order of creation (counted, not by a clock)."""

    def drop(self, generation: str) -> None:
        """Delete a generation; raises ``BadInput`` if it serves or is a rollback target."""

    def drop_unused(self) -> list[str]:
        """Delete every generation that serves nobody and is no rollback target; returns their names.

        Deletes files before it writes any, so it can free a full disk. Raises ``WriterBusy`` if one of them
        is being written.
        """

    def reader(
        self, scope: Scope, *, generation: str | None = None, shared: bool = False
    ) -> Reader:
        """Open what the audience reads now, or a named generation, to check it before activation.

        ``shared``: what was opened for an earlier reader may be used again, which is faster; then the first
        read raises ``ReaderOutdated`` if the index was changed since, and the next reader shows the change.

        Raises ``NoIndex`` if the audience reads none, ``NotFound`` for an unknown name, ``BadInput`` for a
        generation of a higher audience.
        """

    def servers(self) -> list[Server]:
        """The servers of the engine; none where it is in this process.

        Raises ``MissingPrivilege`` if this user may not see them, which no search needs.
        """

    def close(self) -> None:
        """Close files and connections."""


def open_engine(url: str, access: Access = NO_ACCESS) -> Engine:
    """Open the engine named by ``GONGWEN_ENGINE``: ``embedded:FOLDER`` or ``https://host:9200/prefix``.

    Raises ``ConfigurationError`` for an invalid address or invalid credentials; nothing is sent yet.

    Engines are imported here, when chosen: with the embedded engine, the Elasticsearch client is never
    loaded.
    """
    if url.startswith("embedded:"):
        from pathlib import Path

        from search_service.engines.embedded import EmbeddedEngine

        return EmbeddedEngine(Path(url.removeprefix("embedded:")))
    if url.startswith(("http://", "https://")):
        from search_service.engines.elastic import ElasticEngine

        return ElasticEngine(url, access)
    raise ConfigurationError(
        f"GONGWEN_ENGINE={redact_credentials(url)!r}: 应为 embedded:目录 或 https://主机:9200/前缀"
        " (expected embedded:FOLDER or https://host:9200/prefix)"
    )
