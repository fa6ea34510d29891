"""The domain model, as frozen dataclasses without JSON, HTTP or engine details.

Writing: ``Article`` (from a source) -> ``View`` (what one audience may read of it) -> ``Record`` (the view
with terms and passages, as an engine stores it). Searching: clauses (what must match), weighted terms
(what ranks) and filters -> hits.
"""

import dataclasses
import enum
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzers.metadata import ExtractedField
from search_service.formats import REBUILD, mismatch, mismatched_keys
from search_service.metadata import Metadata, metadata_from

Vector = npt.NDArray[np.float32]

# Articles whose source has no versions get the ledger's numbers, from here on. Twice it fits 63 bits.
FIRST_LEDGER_VERSION = 2**61


class Audience(enum.IntEnum):
    """The groups of readers. Each has its own index, with all that the lower ones may read."""

    PUBLIC = 0
    MEMBER = 1
    STAFF = 2

    @property
    def label(self) -> str:
        """The lower-case name used in settings, file names and index names."""
        return self.name.lower()


# --- writing -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Article(Metadata):
    """One article from a source, cleaned. ``id`` is the source's own key and identifies the article.

    ``preview``: the text that guests may read, verbatim, possibly with gaps; ``None``: the whole body.
    ``audience``: the lowest one that may see that the article exists. ``version`` orders the writes of a
    source that has versions.
    """

    id: str
    title: str
    body: str
    preview: str | None = None
    views: int | None = None
    version: int | None = None
    audience: Audience = Audience.PUBLIC


@dataclass(frozen=True, kw_only=True)
class View(Metadata):
    """One article as one audience may read it. ``gapped``: ``text`` lacks part of the body.

    ``found``: metadata extracted from title and text; ``derived``: names of the fields filled from it.
    """

    id: str
    title: str
    text: str
    gapped: bool = False
    found: tuple[ExtractedField, ...] = ()
    derived: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """JSON-compatible values for an engine to store; :meth:`from_dict` is the inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "View":
        """The inverse of :meth:`to_dict`; raises ``FormatMismatch`` for values of another release."""
        mismatched = mismatched_keys(cls, values)
        for one in values.get("found", ()):
            mismatched += mismatched_keys(ExtractedField, one)
        if mismatched or not {"found", "derived"} <= values.keys():
            raise mismatch(
                ("索引中的文章", "an article of the index"),
                ", ".join(mismatched),
                expected=", ".join(field.name for field in dataclasses.fields(cls)),
                remedy=REBUILD,
            )
        found = tuple(ExtractedField(**one) for one in values["found"])
        derived = tuple(values["derived"])
        return cls(**metadata_from(values) | {"found": found, "derived": derived})

    @functools.cached_property
    def digest(self) -> str:
        """Hash of what the source says, without what follows from it; unchanged, it is not written again."""
        values = {
            one.name: one.default if one.name in self.derived else getattr(self, one.name)
            for one in dataclasses.fields(self)
        } | {"found": (), "derived": ()}
        text = json.dumps(values, ensure_ascii=False, sort_keys=True, default=dataclasses.asdict)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class Field(enum.StrEnum):
    """The text fields of an article: terms separated by spaces, of the title (``TITLE_…``) or of everything.

    ``…BIGRAMS`` keep positions, for phrases. Each term of ``CHARACTERS`` occurs once.
    """

    WORDS = "words"
    BIGRAMS = "bigrams"
    CHARACTERS = "characters"
    TITLE_WORDS = "title_words"
    TITLE_BIGRAMS = "title_bigrams"
    TITLE_CHARACTERS = "title_characters"


class Passage(NamedTuple):
    """A piece of a view's text: ``text[start:end]``. All passages of a view, joined, are its text.

    ``id`` depends on the text only. ``path``: the headings above it. ``role``: see :mod:`analyzers.outline`.
    """

    id: str
    start: int
    end: int
    path: tuple[str, ...] = ()
    role: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnalysedPassage:
    """A passage with its words (terms separated by spaces) and its vector (L2-normalised, or None)."""

    passage: Passage
    words: str
    vector: Vector | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """One article of one audience, as an engine stores it.

    ``version``: the source's version, or from ``FIRST_LEDGER_VERSION`` on the ledger's number; engines order
    writes by ``2 × version`` and deletions by ``2 × version + 1``. ``title_words``, and ``declared_words``
    of :attr:`View.declared`: terms separated by spaces. ``exact``: normalised keys (id, code, 文号, title); a
    query equal to one of them ranks the article first; with a colon, keys of metadata
    (:mod:`analyzers.names`), of its 文号, of subjects.
    """

    view: View
    version: int
    title_words: str
    exact: tuple[str, ...]
    passages: tuple[AnalysedPassage, ...]
    declared_words: str = ""


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """The durable mark of a deleted article; it prevents stale updates from restoring it.

    ``withheld``: the article was not deleted, but is not visible to this audience. It may become so at the
    same version.
    """

    id: str
    version: int
    withheld: bool = False


@dataclass(frozen=True, kw_only=True)
class WriteResult:
    """Counts of a write. ``unchanged``: same digest, skipped. ``stale``: ids with older versions."""

    written: int = 0
    unchanged: int = 0
    stale: tuple[str, ...] = ()

    def __add__(self, other: "WriteResult") -> "WriteResult":
        return WriteResult(
            written=self.written + other.written,
            unchanged=self.unchanged + other.unchanged,
            stale=self.stale + other.stale,
        )


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """How a generation was built. ``analysis`` and ``model`` are fingerprints.

    Similarities (:mod:`search_service.ranking.similarity`): ``background``, the mean of unrelated texts;
    ``floor``, the minimum of the top hit; ``heap_floor``, a stricter minimum for keyword lists that match no
    article, of the top hit and the cohesion of their words. ``dimensions``: of the vectors, 0 without.
    ``created``: ISO 8601 with seconds, UTC. ``state``: the identity of the state database. ``release``: the
    version of this software. ``mismatched_keys``: stored keys that this release does not know, and missing
    keys; if there are any, the generation can only be listed and dropped.
    """

    schema: int
    analysis: str
    model: str
    dimensions: int
    created: str
    background: float = 0.0
    floor: float = 0.0
    heap_floor: float = 0.0
    articles: int = 0
    state: str = ""
    release: str = ""
    mismatched_keys: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """JSON-compatible values for an engine to store."""
        values = dataclasses.asdict(self)
        del values["mismatched_keys"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "Manifest":
        """The inverse of :meth:`to_dict`; accepts values of any release, see ``mismatched_keys``."""
        mismatched = mismatched_keys(cls, values, exclude=["mismatched_keys"])
        known = {key: value for key, value in values.items() if key not in mismatched}
        defaults: dict[str, object] = {
            "schema": 0,
            "analysis": "",
            "model": "",
            "dimensions": 0,
            "created": "",
        }
        return cls(**defaults | known, mismatched_keys=tuple(mismatched))  # type: ignore[arg-type]  # types by to_dict


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One complete index, built for one audience. ``serves``: the audiences that read it now.

    ``is_rollback_target``: a rollback would activate it again.
    """

    name: str
    audience: Audience
    manifest: Manifest
    serves: tuple[Audience, ...] = ()
    is_rollback_target: bool = False


# --- matching and ranking -------------------------------------------------------------------------


@dataclass(frozen=True)
class Everything:
    """Every article."""


@dataclass(frozen=True)
class Term:
    """Articles whose field contains the term."""

    field: Field
    value: str


@dataclass(frozen=True)
class Phrase:
    """Articles whose field contains the terms next to each other, in order. Bigram fields only."""

    field: Field
    values: tuple[str, ...]


@dataclass(frozen=True)
class Exact:
    """Articles with this exact key (:class:`Record`)."""

    value: str


@dataclass(frozen=True)
class Identifiers:
    """The articles with these ids."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class PassesFilters:
    """Articles that pass the filters."""

    filters: "Filters"


@dataclass(frozen=True)
class All:
    """Articles that match every clause; without clauses every article."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True)
class AnyOf:
    """Articles that match at least one clause; without clauses no article."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True)
class Not:
    """Articles that do not match the clause."""

    clause: "Clause"


@dataclass(frozen=True)
class AtLeast:
    """Articles for which the weights of the matching clauses sum to ``minimum`` or more.

    Weights are whole numbers from 1 to 8, so that engines can count clauses instead of scoring.
    """

    weighted: tuple[tuple["Clause", int], ...]
    minimum: int


Clause = (
    Everything | Term | Phrase | Exact | Identifiers | PassesFilters | All | AnyOf | Not | AtLeast
)


@dataclass(frozen=True)
class WeightedTerm:
    """A ranking term: it adds ``weight`` × its BM25 score in the field."""

    field: Field
    value: str
    weight: float = 1.0


@dataclass(frozen=True)
class Bonus:
    """A constant added to the score of articles that match the clause."""

    clause: Clause
    weight: float


# What articles are counted and filtered by; :func:`search_service.engines.fields.facets_of` has the values.
FACETS: Final = ("validity", "kind", "level", "issuer", "year", "category", "author")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Conditions on metadata, all of which must hold.

    Of a facet: the article has one of the values; no values are no condition, an empty one is that of
    articles without a value. ``category`` also matches its subcategories (``a`` -> ``a/b``). Dates are
    inclusive: ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; a partial one means its first day in ``date_from``,
    its last in ``date_to``. A partial date of an article matches every range that overlaps it: 2024 matches
    2024-05; without a date it matches none. ``ids``: only these articles. ``None`` is no condition.
    """

    validity: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    issuer: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None
    ids: tuple[str, ...] | None = None

    def of(self, facet: str) -> tuple[str, ...]:
        """The values asked for of one of :data:`FACETS`."""
        values: tuple[str, ...] = getattr(self, facet)
        return values

    def without(self, *names: str) -> "Filters":
        """The same filters without these."""
        nothing = Filters()
        return dataclasses.replace(self, **{name: getattr(nothing, name) for name in names})


class Sort(enum.StrEnum):
    """Order of hits, ties by id; 2024 is older than 2024-01, no date last; the last two not in engines."""

    RELEVANCE = "relevance"
    DATE = "date"
    OLDEST = "oldest"
    VIEWS = "views"  # as the source counts
    READS = "reads"  # as we have counted in 30 days


# --- results --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hit:
    """An article. ``day``: yyyymmdd, 00 for what is not said, 0 undated. ``ended``: not in force."""

    id: str
    score: float
    day: int = field(default=0, compare=False)
    ended: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class PassageHit:
    """A passage of an article with its score: cosine similarity or BM25."""

    article_id: str
    passage_id: str
    score: float


@dataclass(frozen=True)
class Totals:
    """Exact count of a match set, and facets: field -> value -> count.

    Fields: :data:`FACETS`, of ``category`` the whole path. Values by count, descending, then by value; only
    the first ones, if there are many. Articles without a value are counted under ``""``. An article may have
    several issuers and levels; of the other facets the counts of all values sum to the total.
    """

    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredArticle:
    """An article as an engine returns it: the view and its passages, without vectors.

    Iterating yields each passage with its text.
    """

    view: View
    passages: tuple[Passage, ...]

    def text_of(self, passage: Passage) -> str:
        """The text of the passage."""
        return self.view.text[passage.start : passage.end]

    def __iter__(self) -> Iterator[tuple[Passage, str]]:
        return ((passage, self.text_of(passage)) for passage in self.passages)
