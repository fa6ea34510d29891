"""The queries to measure with: of a file, or titles of the index. Entry points: :func:`read_queries`,
:func:`titles`.
"""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from analyzers.messages import say
from search_service.engines import Reader
from search_service.errors import BadInput
from search_service.relevance import MAX_QUERY

# Titles that are queries where no file is given: enough for a 95th percentile.
TITLES = 200


@dataclass(frozen=True)
class Queries:
    """A set of queries, and its name in the report."""

    name: str
    texts: Sequence[str]


def read_queries(path: Path) -> Queries:
    """The queries of a file: lines, or JSON lines with ``query``; perhaps compressed (.gz).

    Too long ones are truncated, as ``gongwen eval`` does. Raises ``BadInput`` if there are none.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        lines = [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
        texts = [
            str(json.loads(line)["query"]) if line.startswith("{") else line.strip()
            for line in lines
        ]
    except (OSError, ValueError, KeyError, EOFError) as exc:
        raise BadInput(
            say(f"--queries：读不了 {path}：{exc}", f"--queries: cannot read {path}: {exc}")
        ) from exc
    if not texts:
        raise BadInput(say(f"--queries：{path} 中没有查询", f"--queries: no queries in {path}"))
    return Queries(path.name, [text[:MAX_QUERY] for text in texts])


def titles(reader: Reader, total: int) -> Queries:
    """About :data:`TITLES` titles of the ``total`` articles of an index, evenly spread."""
    step = max(1, total // TITLES)
    some = islice(reader.scan(), 0, step * TITLES, step)
    return Queries(say("标题", "titles"), [one.view.title[:MAX_QUERY] for one in some])
