"""Bringing the text index up to the truth: after a write, after a crash, or from nothing.

Entry points: :func:`catch_up` and :func:`is_behind`. The caller holds the engine's writer lock.
SQLite commits first, then the text index, and only then is the revision reached noted; whatever a
crash leaves undone is done here, in the order of the writes.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

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

# ArticleTerms of one commit, in bytes: an eighth or so of the heap, so that a commit is one segment.
_COMMIT_BYTES = 24_000_000


def is_behind(folder: Path, state: State) -> bool:
    """Whether the text index lacks something that the rows have."""
    return (
        not state.complete
        or state.text_schema != TEXT_SCHEMA
        or not (folder / ARTICLES / "meta.json").is_file()
        or not (folder / PASSAGES / "meta.json").is_file()
    )


def catch_up(folder: Path, rows: Rows, writer: RowWriter, *, rebuild: bool = False) -> TextWriter:
    """Open the text index of the generation in ``folder`` and bring it up to its rows.

    A missing, damaged or outdated one is built anew; so is every one where ``rebuild`` says so.
    """
    with translate_errors(folder):
        state = rows.read_state()
        if not rebuild and state.text_schema == TEXT_SCHEMA:
            try:
                text = TextWriter(folder)
                finish_last_write(text, rows, writer)
                return text
            except ValueError as exc:
                if is_disk_error(
                    folder, exc
                ):  # then rebuilding would fail too, and lose what is there
                    raise
        # Until the last line a crash leaves a generation that says "build me anew".
        writer.set_meta("text_schema", "")
        create_folders(folder)
        text = TextWriter(folder)
        _apply(text, rows.terms_since(0))
        writer.set_applied(state.revision)
        writer.set_meta("text_schema", TEXT_SCHEMA)
        return text


def apply_last_write(text: TextWriter, rows: Rows, writer: RowWriter) -> None:
    """Take over into the text index what the last write changed."""
    state = rows.read_state()
    if not state.complete:
        _apply(text, rows.terms_since(state.applied))
        writer.set_applied(state.revision)


def finish_last_write(text: TextWriter, rows: Rows, writer: RowWriter) -> None:
    """Do what the write before left undone where it broke off (a crash, a full disk).

    Before each write, so the text index is never more than one behind, and searches can show that one.
    """
    state = rows.read_state()
    if not state.complete:
        text.remove_orphans()
        # A commit that was finished and not noted is not repeated: it would leave deleted
        # documents behind, which count in BM25 until they are merged away.
        _apply(
            text, (terms for terms in rows.terms_since(state.applied) if not text.is_indexed(terms))
        )
        writer.set_applied(state.revision)


def _apply(text: TextWriter, changed: Iterable[ArticleTerms]) -> None:
    for part in _by_size(changed):
        text.apply(part)


def _by_size(changed: Iterable[ArticleTerms]) -> Iterator[list[ArticleTerms]]:
    """Cut into commits by the size of the terms, which is a function of the writes alone."""
    iterator = iter(changed)
    for first in iterator:
        part, size = [first], first.size
        for terms in iterator:
            part.append(terms)
            size += terms.size
            if size >= _COMMIT_BYTES:
                break
        yield part
