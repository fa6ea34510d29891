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
    """What a read may see: what the audience may, without the articles hidden by the staff (下架)."""

    audience: Audience
    hidden: frozenset[str] = frozenset()


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


class Reader(Protocol):
    """One audience's index at one revision."""

    @property
    def scope(self) -> Scope:
        """The audience and the hidden ids."""

    @property
    def generation(self) -> str:
        """Name of the generation."""

    @property
    def revision(self) -> int:
        """Increases with every write that changed something in the generation."""

    @property
    def manifest(self) -> Manifest:
        """What the generation was built with."""

    def totals(
        self, match: Clause, *, filters: Filters = NO_FILTERS, facets: Collection[str] = ()
    ) -> Totals:
        """Exact counts: of the match set, and of the values of each facet in ``facets``.

        Facets: category, kind, author, issuer, year; raises ``BadInput`` for others.
        """

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
        """One page of the match set, by score or by date: newest first, undated last, scores 0.

        The score is the sum over ``rank``; it does not affect which articles match.
        """

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
        """The best ``per_article`` passages of each of the best ``articles`` articles, by cosine, best first.

        ``vector``: shape (dimensions,), L2-normalised; raises ``BadInput`` for another shape. ``min_score``:
        the least cosine. ``role``: only passages of this role (``""``: those without a role). An article's
        score is that of its best passage. Without vectors in the generation: an empty list.
        """

    def nearest_articles(
        self,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        min_score: float = -1.0,
    ) -> list[Hit]:
        """The best articles by the cosine of their best passage: like :meth:`nearest`, but cheaper.

        Scores are rounded to 4 decimal places, because engines may compute them in float32.
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
        """Passages as in :meth:`nearest`, but by Σ weight × BM25 of their words.

        ``terms``: (word, weight) pairs. The BM25 statistics are those of all passages, of any ``role``.
        """

    def frequencies(self, field: Field, terms: Collection[str]) -> Mapping[str, int]:
        """Document frequency of each term in the field, over the live articles of this scope."""

    def vectors(self, article_id: str) -> Mapping[str, Vector]:
        """The stored vectors of an article's passages, by passage id; empty if there are none.

        L2-normalised, and after quantisation the same bytes as are stored.
        """

    def fetch(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        """The stored articles by id, those that are live in this scope."""

    def days(self, ids: Sequence[str]) -> Mapping[str, int]:
        """The dates of these articles as numbers yyyymmdd, by id; undated articles are left out."""

    def stored_fields(self, article_id: str) -> Mapping[Field, str]:
        """The indexed terms of an article by field (for ``gongwen info``); empty if it is not live."""

    def scan(self) -> Iterator[StoredArticle]:
        """Every live article in this scope, by id ascending."""


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

    def reader(self, scope: Scope, *, generation: str | None = None) -> Reader:
        """Open what the audience reads now, or a named generation, to check it before activation.

        Raises ``NoIndex`` if the audience reads none, ``NotFound`` for an unknown name, ``BadInput`` for a
        generation of a higher audience.
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
