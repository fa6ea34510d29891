"""A process that stops while writing: ``python -m tests.support.stopped_writer FOLDER STAGE``.

It has the writer lock of the embedded engine, commits the changes as far as the stage says, prints
``stopped`` and sends itself SIGSTOP. Stages: ``rows``: SQLite only; ``articles``: also one folder of the
text index; ``some``: also one of two parts of the text index; ``text``: all of the text
index, not yet recorded as applied.
"""

import os
import signal
import sys
from pathlib import Path

from search_service.engines import Scope, open_engine
from search_service.engines.embedded.row_writer import RowWriter
from search_service.engines.embedded.rows import Rows
from search_service.engines.embedded.text_index import TextWriter, _article_document, _commit
from search_service.model import Audience, Record, Tombstone
from tests.support.sample_records import DIMENSIONS, record, unit

STAGES = ["rows", "articles", "some", "text"]
# An update, a delete and a new article.
CHANGES: list[Record | Tombstone] = [
    record(
        "B1890",
        "消防 通知 修订",
        "各级 政府 落实 新词 。",
        "新的 一段 。",
        version=2,
        vectors=[unit(0, 1), unit(0, 0.5, 1)],
        kind="意见",
        date="2025-01-02",
    ),
    Tombstone(id="C2352", version=2),
    record("E0001", "新的 通知", "新词 与 检查 。", vectors=[unit(1, 0, 1)]),
]


def main(folder: Path, stage: str) -> None:
    """Write as far as the stage and stop."""
    engine = open_engine(f"embedded:{folder}")
    name = engine.reader(Scope(Audience.PUBLIC)).generation
    place = folder / "public" / name
    with engine.writer(name):
        writes = RowWriter(place, dimensions=DIMENSIONS)
        rows = Rows(place)
        writes.apply(CHANGES)
        changed = list(rows.terms_since(rows.read_state().applied))
        text = TextWriter(place)
        if stage == "articles":
            _commit(text.articles, changed, lambda terms: [_article_document(terms)])
        elif stage == "some":
            text.apply(changed[:1])
        elif stage == "text":
            text.apply(changed)
        sys.stdout.write("stopped\n")
        sys.stdout.flush()
        while True:  # until it is killed
            os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
