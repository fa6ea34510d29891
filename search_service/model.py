"""The nouns of the service, as frozen dataclasses. They know neither JSON, HTTP nor an engine.

Writing goes ``Article`` (what a source has) -> ``View`` (what one audience may read of it) ->
``Record`` (the view with its terms and passages, as an engine stores it). Reading goes clauses
(what must match), weighted terms (what ranks) and filters -> hits.
"""

import dataclasses
import enum
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzers.metadata import ExtractedField
from search_service.formats import REBUILD, mismatch, mismatched_keys

Vector = npt.NDArray[np.float32]

# Articles whose source has no versions get the ledger's numbers, from here on. Twice it fits 63 bits.
FIRST_LEDGER_VERSION = 2**61


class Audience(enum.IntEnum):
    """Who asks. Each audience sees what the ones before it see, and has an index of its own."""

    PUBLIC = 0
    MEMBER = 1
    STAFF = 2

    @property
    def label(self) -> str:
        """The lower-case name used in settings, file names and index names."""
        return self.name.lower()


# --- writing -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What is known of an article beside its text; the same for every audience that may read it.

    ``length`` and ``slices`` are only what the source publishes. ``date`` is ISO: ``YYYY``,
    ``YYYY-MM`` or ``YYYY-MM-DD``. ``category`` may be a path with ``/``. ``extra``: fields of the source
    that have no name here.
    """

    code: str | None = None
    author: str | None = None
    issuer: str | None = None
    document_number: str | None = None
    kind: str | None = None
    category: str | None = None
    date: str | None = None
    length: int | None = None
    slices: int | None = None
    status: str | None = None
    url: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Article(Metadata):
    """One article as its source has it, cleaned. ``id`` is the source's own key: the identity.

    ``preview`` is what guests may read, verbatim, possibly with gaps; ``None``: all of it. ``audience`` is
    the lowest one that may know of the article. ``version`` orders writes of a source that has versions.
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
    """One article as one audience may read it. ``gapped``: ``text`` is less than the whole body.

    ``found``: what title and text say of their document; ``derived``: the fields filled from there.
    """

    id: str
    title: str
    text: str
    gapped: bool = False
    found: tuple[ExtractedField, ...] = ()
    derived: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values, for an engine to store; :meth:`from_dict` is the way back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "View":
        """The view that :meth:`to_dict` was made of; raises ``FormatMismatch``."""
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
        return cls(**{**values, "found": found, "derived": tuple(values["derived"])})

    @property
    def digest(self) -> str:
        """Hash of everything this audience may read: an index is not written when it is unchanged."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class Field(enum.StrEnum):
    """The text fields of an article, each a string of terms separated by single spaces.

    Of title and text together, and of the title alone. ``BIGRAMS`` keep positions (phrases), the others
    need none; ``CHARACTERS`` are distinct.
    """

    WORDS = "words"
    BIGRAMS = "bigrams"
    CHARACTERS = "characters"
    TITLE_WORDS = "title_words"
    TITLE_BIGRAMS = "title_bigrams"
    TITLE_CHARACTERS = "title_characters"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A piece of a view's text: ``text[start:end]``. All passages of a view, joined, are its text.

    ``id`` stays the same as long as the text does. ``path`` are the headings above it.
    """

    id: str
    start: int
    end: int
    path: tuple[str, ...] = ()
    role: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnalysedPassage:
    """A passage with its words (space-separated terms) and its vector (L2-normalised, or None)."""

    passage: Passage
    words: str
    vector: Vector | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """What an engine stores of an article for one audience.

    ``version`` is the source's version (or, from ``FIRST_LEDGER_VERSION`` on, the ledger's number); engines
    order writes by ``2 × version`` and deletes by ``2 × version + 1``. ``exact`` are normalised keys
    (id, code, 文号, title): a query equal to one of them puts the article first.
    """

    view: View
    version: int
    fields: Mapping[Field, str]
    exact: tuple[str, ...]
    passages: tuple[AnalysedPassage, ...]


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """The durable mark of an article that is not there; it keeps a stale update from bringing it back.

    ``withheld``: it was not deleted, this audience may not know of it; at the same version it may.
    """

    id: str
    version: int
    withheld: bool = False


@dataclass(frozen=True, kw_only=True)
class WriteResult:
    """What a write did. ``unchanged``: same view, nothing touched. ``stale``: an older version."""

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
    """What a generation was made with. ``analysis`` and ``model`` are fingerprints.

    Similarities (:mod:`search_service.ranking.similarity`): ``background``, of any question and any passage;
    ``floor``, the minimum of the top hit of a question; ``heap_floor``, a stricter minimum for lists of
    keywords that match no article. ``dimensions`` is 0 where the
    generation holds no vectors. ``created`` is ISO 8601 with seconds, UTC. ``state``: the identity of the
    state database that it was built with. ``release``: the version that built it. ``mismatched_keys``:
    stored keys that this release does not know, and keys that are missing; if there are any, the
    generation can only be listed and dropped.
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
        """Plain values, for an engine to store."""
        values = dataclasses.asdict(self)
        del values["mismatched_keys"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "Manifest":
        """The manifest that :meth:`to_dict` was made of, of whichever release."""
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
    """One complete index of one audience. ``serves``: the audiences that read it now.

    ``is_rollback_target``: a rollback would activate it again.
    """

    name: str
    audience: Audience
    manifest: Manifest
    serves: tuple[Audience, ...] = ()
    is_rollback_target: bool = False


# --- what must match -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Everything:
    """Every article."""


@dataclass(frozen=True)
class Term:
    """Articles whose field holds the term."""

    field: Field
    value: str


@dataclass(frozen=True)
class Phrase:
    """Articles whose field (with positions) holds the terms next to each other, in order."""

    field: Field
    values: tuple[str, ...]


@dataclass(frozen=True)
class Exact:
    """Articles one of whose exact keys is the value."""

    value: str


@dataclass(frozen=True)
class Identifiers:
    """The articles of these ids."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class PassesFilters:
    """Articles that the filters let through."""

    filters: "Filters"


@dataclass(frozen=True)
class All:
    """Articles that every clause matches; none at all means every article."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True)
class AnyOf:
    """Articles that at least one clause matches; none at all means no article."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True)
class Not:
    """Articles that the clause does not match."""

    clause: "Clause"


@dataclass(frozen=True)
class AtLeast:
    """Articles whose matching clauses have weights that add up to ``minimum`` or more.

    Weights are small whole numbers (1–8), so that engines can count clauses instead of scoring.
    """

    weighted: tuple[tuple["Clause", int], ...]
    minimum: int


Clause = (
    Everything | Term | Phrase | Exact | Identifiers | PassesFilters | All | AnyOf | Not | AtLeast
)


@dataclass(frozen=True)
class WeightedTerm:
    """A term that ranks: it adds ``weight`` × its BM25 score in the field."""

    field: Field
    value: str
    weight: float = 1.0


@dataclass(frozen=True)
class Bonus:
    """A constant added to the score of articles that the clause matches."""

    clause: Clause
    weight: float


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What an article must be. ``category`` matches itself and everything below it (``a`` -> ``a/b``).

    Dates are inclusive and ISO (``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``); an article's partial date
    counts as its first day, a partial ``date_to`` as its last. Articles without a date match no date.
    ``ids``: only these articles.
    """

    category: str | None = None
    kind: str | None = None
    author: str | None = None
    issuer: str | None = None
    date_from: str | None = None
    date_to: str | None = None
    ids: tuple[str, ...] | None = None


class Sort(enum.StrEnum):
    """Order of keyword hits. Ties always fall by article id, ascending."""

    RELEVANCE = "relevance"
    DATE = "date"


# --- what comes back -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Hit:
    """An article with its score, rounded to 6 places; higher is better."""

    id: str
    score: float


@dataclass(frozen=True)
class PassageHit:
    """A passage of an article with its score: cosine for nearest, BM25 for keyword."""

    article_id: str
    passage_id: str
    score: float


@dataclass(frozen=True)
class Totals:
    """Exact count of a match set, and for each facet field its values with their counts.

    Facets: ``category`` (whole path), ``kind``, ``author``, ``issuer``, ``year``; values by count
    descending, then by value; articles without a value count under ``""``, so a facet adds up to the
    total.
    """

    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredArticle:
    """What a fetch returns: the view, and its passages without vectors."""

    view: View
    passages: tuple[Passage, ...]

    def text_of(self, passage: Passage) -> str:
        """The passage's own text."""
        return self.view.text[passage.start : passage.end]

    def __iter__(self) -> Iterator[tuple[Passage, str]]:
        return ((passage, self.text_of(passage)) for passage in self.passages)
