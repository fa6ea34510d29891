"""The seam: what every engine can do, in domain types. Entry point: :func:`open_engine`.

Engines store terms and vectors and answer with ids and scores. They do not analyse text, fuse lists,
highlight, or decide who may read what: that is the same code over every engine. No engine's query
language passes this seam, in or out.

The contract in prose
---------------------
* **Generations.** An index is written into a *generation* and becomes visible when it is *activated*:
  one step for all audiences given, atomic, durable. Each audience remembers the generation it read
  before, and ``rollback`` goes back to it. Where what says who reads which is lost while generations
  are there, everything but ``restore`` raises ``AliasesLost``. A generation may serve several
  audiences (a source without paid text needs only one). A generation that serves nobody and is no
  rollback target may be dropped.
* **Writes** are ordered by version (:mod:`search_service.engines.ordering`): whatever arrives in
  whatever sequence, the entry of the highest order stands in the end, of several the last. An entry
  whose view has the digest already stored is *unchanged*: it raises the order (a lower one does
  nothing) and leaves the index untouched. A ``write`` is committed, durable and visible to readers
  opened afterwards when it returns; each call is atomic per article. Tombstones are kept for the life
  of the generation; one for an article that the generation never held changes nothing that is read:
  neither revision nor scores, now or later.
* **Loading**: a generation that serves nobody yet may be written in bulk, ``writer(…, loading=True)``;
  then writes are durable when they return and visible after ``complete``.
* **One writer** per generation (embedded): another one gets ``WriterBusy``. Several generations may be
  written at once, by one process or by several.
* **Readers** see one revision, whatever is written while they are asked: all their answers agree, and none
  shows an article half written. Every read needs a ``Scope``: the audience, and the ids hidden by the
  staff, which no read returns, counts or counts into a facet.
* **Scores**: keyword = Σ weight × BM25 of the terms + Σ weight of the bonuses that match (BM25 with k1
  1.2 and its factor k1 + 1, b 0.75, Lucene's idf, statistics of the whole index); nearest = cosine in
  float32. Both rounded to 6 places. Ties by article id, ascending.
* **Audiences**: an audience may read a generation of its own or of one below it, never one above:
  ``activate`` and ``reader`` raise ``BadInput``.
* A term that stands in no document is simply without effect. Empty lists are legal everywhere.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from search_service.engines.ordering import Stamp
from search_service.errors import ConfigurationError, redact_credentials
from search_service.model import (
    Audience,
    Bonus,
    Clause,
    Field,
    Filters,
    Generation,
    Hit,
    Manifest,
    PassageHit,
    Record,
    Sort,
    StoredArticle,
    Tombstone,
    Totals,
    Vector,
    WeightedTerm,
    WriteResult,
)

NO_FILTERS = Filters()


@dataclass(frozen=True)
class Scope:
    """What a read may see: the audience, less the articles that the staff took down (下架)."""

    audience: Audience
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a server is spoken to; the embedded engine needs none of it.

    ``api_key``: as the server encoded it, instead of ``user:password@`` in the address. ``ca``: a PEM
    file of authorities; ``fingerprint``: SHA-256 of a certificate, in hexadecimal; without either,
    the authorities that the system trusts. ``timeout``: seconds a search call may take; whoever
    answers people gives less (``GONGWEN_ENGINE_TIMEOUT``).
    """

    api_key: str = field(default="", repr=False)
    ca: str = ""
    fingerprint: str = ""
    timeout: float = 30.0


NO_ACCESS = Access()


class Writer(Protocol):
    """Writes one generation."""

    def write(self, entries: Sequence[Record | Tombstone]) -> WriteResult:
        """Apply the entries in order; durable and visible when it returns.

        An entry for an id that comes twice in one call is applied twice, in order.
        Raises ``EngineError``; then some entries may be applied, each wholly or not at all.
        """

    def stamps(self, ids: Collection[str]) -> Mapping[str, Stamp]:
        """Order and digest of what stands under these ids, tombstones too; nothing for unknown ids."""

    def complete(self) -> None:
        """End of loading: what was written is visible and the index in the shape to serve from.

        Costs little where there is nothing to do.
        """

    def set_manifest(self, manifest: Manifest) -> None:
        """Replace the generation's manifest (floors and count are known only after loading)."""


class Reader(Protocol):
    """One audience's index at one revision."""

    @property
    def scope(self) -> Scope:
        """What may be seen."""

    @property
    def generation(self) -> str:
        """Name of the generation read."""

    @property
    def revision(self) -> int:
        """Grows with every write of the generation that changed something."""

    @property
    def manifest(self) -> Manifest:
        """What the generation was made with."""

    def totals(
        self, match: Clause, *, filters: Filters = NO_FILTERS, facets: Collection[str] = ()
    ) -> Totals:
        """Count the match set exactly, and the named facets (category, kind, author, issuer, year)."""

    def keyword(
        self,
        match: Clause,
        rank: Sequence[WeightedTerm | Bonus] = (),
        *,
        filters: Filters = NO_FILTERS,
        sort: Sort = Sort.RELEVANCE,
        offset: int = 0,
        limit: int = 10,
    ) -> list[Hit]:
        """The articles that match, ranked by the terms (score) or by date, newest first, undated last."""

    def nearest(
        self,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        per_article: int = 1,
        min_score: float = -1.0,
        role: str | None = None,
    ) -> list[PassageHit]:
        """The best ``per_article`` passages of the ``articles`` nearest articles, best first.

        ``vector``: shape (dimensions,), L2-normalised. Passages under ``min_score`` are left out, and
        those of another ``role`` where one is given (``""``: those without). An article is as near
        as its nearest passage that is left. Without vectors in the generation: an empty list.
        """

    def nearest_articles(
        self,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        min_score: float = -1.0,
    ) -> list[Hit]:
        """The nearest articles alone, each as near as its nearest passage: to rank, at a lower cost.

        Scores are rounded to 4 places, for engines may compute them in float32.
        """

    def passages(
        self,
        terms: Sequence[tuple[str, float]],
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        per_article: int = 1,
        role: str | None = None,
    ) -> list[PassageHit]:
        """The same shape as :meth:`nearest`, by Σ weight × BM25 of the passages' words.

        The statistics are those of all passages, whatever the ``role``.
        """

    def frequencies(self, field: Field, terms: Collection[str]) -> Mapping[str, int]:
        """In how many live articles of this scope each term occurs in the field."""

    def vectors(self, article_id: str) -> Mapping[str, Vector]:
        """The stored vectors of an article's passages, by passage id; empty where there are none."""

    def fetch(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        """The stored articles of these ids that are live in this scope; others are left out."""

    def days(self, ids: Sequence[str]) -> Mapping[str, int]:
        """The dates of these articles as yyyymmdd, without their texts; undated ones are left out."""

    def stored_fields(self, article_id: str) -> Mapping[Field, str]:
        """The terms that the index holds of an article (for ``gongwen info``)."""

    def scan(self) -> Iterator[StoredArticle]:
        """Every live article in this scope, by id ascending."""


class Engine(Protocol):
    """A store of generations."""

    def create(self, audience: Audience, manifest: Manifest) -> Generation:
        """Start an empty generation that serves nobody yet; its name is unique."""

    def writer(self, generation: str, *, loading: bool = False) -> AbstractContextManager[Writer]:
        """Open a generation for writing; raises ``NotFound`` or ``WriterBusy``.

        ``loading``: much is to be written before anybody reads; see the contract.
        """

    def count(self, generation: str) -> int:
        """How many live articles a generation holds."""

    def stamps(self, generation: str, ids: Collection[str]) -> Mapping[str, Stamp]:
        """What :meth:`Writer.stamps` says, while anybody else may be writing."""

    def activate(self, serving: Mapping[Audience, str]) -> None:
        """Let each audience read the generation named, in one step."""

    def rollback(self) -> Mapping[Audience, str]:
        """Go back, for every audience, to what it read before the last activation.

        Raises ``NotFound`` where there is nothing to go back to. Rolling back twice returns.
        """

    def restore(self) -> Mapping[Audience, str]:
        """Let the audiences read again what the last activation noted, where that was lost.

        Who reads what then; nothing changes where nothing was lost.
        """

    def generations(self) -> list[Generation]:
        """All generations by audience, each audience's in the order of their creation, by no clock."""

    def drop(self, generation: str) -> None:
        """Delete a generation; raises ``BadInput`` for one that serves or that rollback would serve."""

    def drop_unused(self) -> list[str]:
        """Delete every generation that nobody reads and no rollback goes back to; their names.

        Files go before anything is written: this frees a full disk. Raises ``WriterBusy`` where one of
        them is being written.
        """

    def reader(self, scope: Scope, *, generation: str | None = None) -> Reader:
        """Open what the audience reads now, or a named generation to check before it is activated.

        Raises ``NoIndex`` where the audience reads none, ``NotFound`` for an unknown name.
        """

    def close(self) -> None:
        """Let go of files and connections."""


def open_engine(url: str, access: Access = NO_ACCESS) -> Engine:
    """Open the engine named by ``GONGWEN_ENGINE``: ``embedded:FOLDER`` or ``https://host:9200/prefix``.

    Raises ``ConfigurationError`` for an address or access that cannot be used; nothing is sent yet.

    Engines are imported here and only when chosen: a machine with the embedded engine never loads the
    client of the other.
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
