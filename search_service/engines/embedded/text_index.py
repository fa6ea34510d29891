"""The text index of one generation: two disposable tantivy folders.

Entry points: :class:`TextIndex` (searches and lookups) and :class:`TextWriter`. The index is deterministic:
one indexing thread, documents sorted by row inside a segment, and a commit returns only when its merges are
done. So the same writes give the same bytes, and the same scores, however threads are scheduled.

The system of record is :mod:`.rows`; :mod:`.sync` brings the text index up to date with it.
"""

import shutil
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from pathlib import Path
from typing import Any, NamedTuple

import tantivy
from tantivy import Document, Order, Query, Schema, SchemaBuilder

from search_service.engines.dates import UNDATED
from search_service.engines.embedded.rows import ArticleTerms, Indexed
from search_service.engines.fields import paths_of
from search_service.engines.validation import FACET_VALUES
from search_service.model import FACETS, Field

# Version of everything that determines the bytes of the folders: a change here causes a rebuild.
TEXT_SCHEMA = "5"
ARTICLES, PASSAGES = "articles.index", "passages.index"
_POSITIONED = (Field.TITLE_BIGRAMS, Field.BIGRAMS)
# A segment is flushed when the heap is full. Commits are kept far below that (:mod:`.sync`), because
# merges of segments flushed within one commit would run during the indexing, in no fixed order.
_HEAP_BYTES = 128_000_000
# The key of a passage is row × 2^20 + ordinal: one sort key, and no passage id in the text index.
ORDINAL_BITS = 20
# An article may have several of these.
_SEVERAL = frozenset({"issuer", "level"})
# tantivy allows no more buckets in an aggregation; a facet has at most one per article.
_BUCKETS = 65_000


class RowHit(NamedTuple):
    """A matching document: its key (row, or row and ordinal), its rounded score, and its address."""

    key: int
    score: float
    address: tantivy.DocAddress


def article_schema() -> Schema:
    """Schema of articles: for matching, totals, facets, order. ``sort_*``: sort keys, ascending."""
    builder = SchemaBuilder()
    _add_filters(builder, facets=True)
    for name in ("sort_id", "sort_date", "sort_oldest"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("exact", tokenizer_name="raw", index_option="basic")
    for field in Field:
        option = "position" if field in _POSITIONED else "freq"
        builder.add_text_field(field.value, tokenizer_name="terms", index_option=option)
    return builder.build()


def passage_schema() -> Schema:
    """Schema of passages: their words, their role, and the filter fields of their article."""
    builder = SchemaBuilder()
    _add_filters(builder, facets=False)
    builder.add_text_field("role", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", tokenizer_name="terms", index_option="freq")
    return builder.build()


def _add_filters(builder: SchemaBuilder, *, facets: bool) -> None:
    for name in ("key", "row", "day"):
        builder.add_integer_field(name, fast=True, indexed=True)
    builder.add_integer_field("revision", fast=True)
    builder.add_text_field("below", tokenizer_name="raw", index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, fast=facets, tokenizer_name="raw", index_option="basic")


def open_index(folder: Path, schema: Schema, *, create: bool = False) -> tantivy.Index:
    """Open the folder; raises ``ValueError`` if it is missing, damaged or of another schema."""
    if not create and not tantivy.Index.exists(str(folder)):
        raise ValueError(f"no text index in {folder}")
    index = tantivy.Index(schema, path=str(folder), sort_by_field="key", sort_order=Order.Asc)
    terms = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", terms)
    # "manual": the default would watch the folder from a thread of its own.
    index.config_reader("manual")
    return index


class TextIndex:
    """Searches one of the two folders, at the commit of the last :meth:`reload`."""

    def __init__(self, folder: Path, schema: Schema) -> None:
        self.schema = schema
        self._index = open_index(folder, schema)
        self.reload()

    def reload(self) -> None:
        """Move to the newest commit."""
        self._index.reload()
        self._searcher = self._index.searcher()

    def searcher(self) -> "Searcher":
        """A searcher over the current commit; later reloads do not affect it."""
        return Searcher(self.schema, self._searcher)


class Searcher:
    """Searches one commit; safe among threads."""

    def __init__(self, schema: Schema, searcher: tantivy.Searcher) -> None:
        self.schema = schema
        self._searcher = searcher

    def count(self, query: Query) -> int:
        """Exact number of documents that match."""
        # Without scores, which nobody sees. tantivy 0.27's type stub lacks ``count``.
        unscored = Query.const_score_query(query, 1.0)
        return int(self._searcher.search(unscored, limit=1, count=True).count)  # type: ignore[attr-defined]

    @property
    def documents(self) -> int:
        """Number of documents."""
        return int(self._searcher.num_docs)

    def frequency(self, field: str, value: str) -> int:
        """Number of documents that contain the term; deleted ones count until they are merged away."""
        return int(self._searcher.doc_freq(field, value))

    def facets(
        self, query: Query, names: Sequence[str]
    ) -> tuple[dict[str, dict[str, int]], int | None]:
        """The first values of the facets with their counts: by count descending, then by value.

        And the number of all documents, which the counts of a facet add up to; None if articles may have
        several values of each.
        """
        if not names:
            return {}, None
        aggregations = {name: {"terms": {"field": name, "size": _BUCKETS}} for name in names}
        answer: dict[str, Any] = self._searcher.aggregate(query, aggregations)
        facets, total = {}, None
        for name in names:
            counts = [(-int(one["doc_count"]), one["key"]) for one in answer[name]["buckets"]]
            if name not in _SEVERAL:
                total = -sum(count for count, _ in counts)
            first = nsmallest(FACET_VALUES, counts)
            facets[name] = {value: -count for count, value in first}
        return facets, total

    def top(self, query: Query, limit: int) -> tuple[list[RowHit], int]:
        """The first ``limit`` documents by score, ties in no particular order; the number of all."""
        result = self._searcher.search(query, limit=limit, count=True)
        return self._hits(result.hits), int(result.count)  # type: ignore[attr-defined]

    def sorted_by(
        self, query: Query, key: str, *, offset: int, limit: int
    ) -> tuple[list[RowHit], int]:
        """Documents by a sort key, ascending, with scores of 0; the number of all."""
        result = self._searcher.search(
            query, limit=limit, offset=offset, count=True, order_by_field=key, order=Order.Asc
        )
        hits = self._hits([(0.0, address) for _, address in result.hits])
        return hits, int(result.count)  # type: ignore[attr-defined]

    def _hits(self, scored: list[tuple[Any, tantivy.DocAddress]]) -> list[RowHit]:
        keys = self._searcher.fast_field_values("key", [address for _, address in scored])
        return [
            RowHit(int(key or 0), round(score, 6), address)
            for key, (score, address) in zip(keys, scored, strict=True)
        ]

    def shows(self, row: int, expected: Indexed, *, passages: bool) -> bool:
        """Whether the documents of an article (or of its passages) are exactly those expected."""
        count = expected.passages if passages else min(expected.passages + 1, 1)
        query = Query.term_query(self.schema, "row", row)
        hits, _ = self.top(query, max(count, 0) + 1)
        return self.revisions(hits) == [expected.revision] * count

    def revisions(self, hits: Sequence[RowHit]) -> list[int]:
        """The revision of its article that each hit shows."""
        values = self._searcher.fast_field_values("revision", [hit.address for hit in hits])
        return [int(value or 0) for value in values]


class TextWriter:
    """Writes to both folders."""

    def __init__(self, folder: Path) -> None:
        self.articles = open_index(folder / ARTICLES, article_schema())
        self.passages = open_index(folder / PASSAGES, passage_schema())

    def apply(self, changed: Sequence[ArticleTerms]) -> None:
        """Replace the documents of these articles, in one commit per folder."""
        _commit(self.articles, changed, lambda terms: [_article_document(terms)])
        _commit(self.passages, changed, _passage_documents)

    def remove_orphans(self) -> None:
        """Delete the files of an interrupted commit.

        tantivy names the file of a segment's deletes by a count of operations, which the next commit
        repeats: the file would exist already, and that commit and every later one would fail.
        """
        for index in (self.articles, self.passages):
            writer = index.writer(_HEAP_BYTES, num_threads=1)
            writer.garbage_collect_files()
            writer.wait_merging_threads()

    def is_indexed(self, terms: ArticleTerms) -> bool:
        """Whether both folders already show this revision of the article (after a crash)."""
        attributes = terms.attributes
        for index, count in ((self.articles, 1), (self.passages, len(terms.passages))):
            index.reload()
            searcher = index.searcher()
            query = Query.term_query(index.schema, "row", attributes.row)
            hits = searcher.search(query, limit=max(count, 1) + 1, count=False).hits
            shown = searcher.fast_field_values("revision", [address for _, address in hits])
            if shown != [attributes.revision] * (count if attributes.live else 0):
                return False
        return True


def create_folders(folder: Path) -> None:
    """Create both folders empty; existing ones are replaced."""
    for name, schema in ((ARTICLES, article_schema()), (PASSAGES, passage_schema())):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
        open_index(folder / name, schema, create=True)


def _commit(index: tantivy.Index, changed: Sequence[ArticleTerms], documents: Any) -> None:
    # One writer per commit: waiting for the merges closes it. Opening one takes about a millisecond.
    writer = index.writer(_HEAP_BYTES, num_threads=1)
    for terms in changed:
        writer.delete_documents_by_term("row", terms.attributes.row)
        if terms.attributes.live:
            for document in documents(terms):
                writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _article_document(terms: ArticleTerms) -> Document:
    attributes = terms.attributes
    document = _document(terms, attributes.row)
    document.add_text("sort_id", attributes.id)
    newest_first = UNDATED - attributes.day if attributes.day else UNDATED
    document.add_text("sort_date", f"{newest_first:08d} {attributes.id}")
    document.add_text("sort_oldest", f"{attributes.day or UNDATED:08d} {attributes.id}")
    for value in terms.exact:
        document.add_text("exact", value)
    for field, text in terms.fields.items():
        document.add_text(field.value, text)
    return document


def _passage_documents(terms: ArticleTerms) -> Iterable[Document]:
    for ordinal, (words, role) in enumerate(zip(terms.passages, terms.roles, strict=True)):
        document = _document(terms, (terms.attributes.row << ORDINAL_BITS) | ordinal)
        document.add_text("words", words)
        document.add_text("role", role)
        yield document


def _document(terms: ArticleTerms, key: int) -> Document:
    """The fields that articles and passages have in common: the key, and the filter fields."""
    attributes = terms.attributes
    document = Document()
    document.add_integer("key", key)
    document.add_integer("row", attributes.row)
    document.add_integer("revision", attributes.revision)
    if attributes.day:
        document.add_integer("day", attributes.day)
    for name, values in attributes.facets.items():
        for value in values:
            document.add_text(name, value)
    for path in paths_of(attributes.facets["category"]):
        document.add_text("below", path)
    return document
