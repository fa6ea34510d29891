"""Synchronise the text index with SQLite: after a write, after a crash, or from scratch.

Entry points: :func:`catch_up` and :func:`is_behind`. The caller has acquired the generation's writer lock.
SQLite commits first, then the text index, and then the applied revision is recorded. What a crash
interrupts is completed here, in the order of the writes.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from search_service import logs
from search_service.engines.embedded.errors import is_disk_error, translate_errors
from search_service.engines.embedded.row_writer import RowWriter
from search_service.engines.embedded.rows import ArticleTerms, Rows, State
from search_service.engines.embedded.text_index import (
    ARTICLES,
    PASSAGES,
    TEXT_SCHEMA,
    TextWriter,
    create_folders,
)

# Terms of one commit, in bytes: about an eighth of the heap, so that a commit is one segment.
_COMMIT_BYTES = 24_000_000
_log = logs.Log(__name__)


def is_behind(folder: Path, state: State) -> bool:
    """Whether the text index lacks committed changes, or is missing or of another schema."""
    return (
        not state.complete
        or state.text_schema != TEXT_SCHEMA
        or not (folder / ARTICLES / "meta.json").is_file()
        or not (folder / PASSAGES / "meta.json").is_file()
    )


def catch_up(folder: Path, rows: Rows, writer: RowWriter, *, rebuild: bool = False) -> TextWriter:
    """Open the text index of the generation in ``folder`` and synchronise it with the rows.

    Rebuilds it if it is missing, damaged or of another schema, or if ``rebuild`` is true.
    """
    with translate_errors(folder):
        state = rows.read_state()
        if not rebuild and state.text_schema == TEXT_SCHEMA:
            try:
                text = TextWriter(folder)
                finish_last_write(text, rows, writer)
                if not state.complete:
                    _log.info(
                        "text-index-synchronised",
                        generation=folder.name,
                        applied=state.applied,
                        revision=state.revision,
                    )
                return text
            except ValueError as exc:
                if is_disk_error(folder, exc):  # rebuilding would fail too, and lose the old index
                    raise
        # An empty schema marks the text index for rebuilding if a crash interrupts this.
        writer.set_meta("text_schema", "")
        create_folders(folder)
        text = TextWriter(folder)
        _apply(text, rows.terms_since(0))
        writer.set_applied(state.revision)
        writer.set_meta("text_schema", TEXT_SCHEMA)
        _log.warning("text-index-rebuilt", generation=folder.name, revision=state.revision)
        return text


def apply_last_write(text: TextWriter, rows: Rows, writer: RowWriter) -> None:
    """Apply the last write to the text index."""
    state = rows.read_state()
    if not state.complete:
        _apply(text, rows.terms_since(state.applied))
        writer.set_applied(state.revision)


def finish_last_write(text: TextWriter, rows: Rows, writer: RowWriter) -> None:
    """Complete the previous write in the text index if it was interrupted (a crash, a full disk).

    Called before each write: the text index is at most one write behind, and searches can show that
    revision.
    """
    state = rows.read_state()
    if not state.complete:
        text.remove_orphans()
        # A commit that is complete but not recorded as applied is not repeated: that would leave deleted
        # documents, which count in BM25 until they are merged away.
        _apply(
            text, (terms for terms in rows.terms_since(state.applied) if not text.is_indexed(terms))
        )
        writer.set_applied(state.revision)


def _apply(text: TextWriter, changed: Iterable[ArticleTerms]) -> None:
    for part in _by_size(changed):
        text.apply(part)


def _by_size(changed: Iterable[ArticleTerms]) -> Iterator[list[ArticleTerms]]:
    """Cut into commits by the size of the terms, so that the cuts depend on nothing but the writes."""
    iterator = iter(changed)
    for first in iterator:
        part, size = [first], first.size
        for terms in iterator:
            part.append(terms)
            size += terms.size
            if size >= _COMMIT_BYTES:
                break
        yield part
