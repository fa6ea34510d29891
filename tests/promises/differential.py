"""Two services that guests must not be able to distinguish. Entry points: :func:`compare`, :func:`main`.

    python -m tests.promises.differential --worlds 2000              # embedded, on all cores
    python -m tests.promises.differential --worlds 100 --elasticsearch

Both are given the same writes as far as guests may read them (:mod:`.worlds`). After each write both get some
of the requests of a guest, after the last one all of them (:mod:`.questions`); one of them answers members
and staff in between. A phrase that is in every text above guests must be in no answer, log line, index or
vocabulary of theirs. A world is a seed, so a difference can be made again.
"""

import functools
import logging
import random
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from unittest.mock import patch

import click
import sqlalchemy as sa
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from indexer.build import ingest
from search_service import logs
from search_service import service as service_module
from search_service.engines.reads import Scope
from search_service.errors import GongwenError
from search_service.model import Audience
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.state import read_counts
from tests.conftest import Remembering
from tests.promises.questions import Question, answers, forbidden, has_canary, questions
from tests.promises.worlds import CANARY, Side, World, index, step
from tests.support.elasticsearch_node import ask, fast_place, own_prefix, running_node

Open = Callable[[str], SearchService]
# Of all requests, the share that is made after each write but the last.
_SHARE = 4
# Seconds to wait for Elasticsearch to drop deleted documents.
_PATIENCE = 120.0


@dataclass(frozen=True)
class Compared:
    """``answers``: how many were compared; ``told``: writes, request and both answers if they differ."""

    answers: int
    told: str = ""


def compare(
    seed: int,
    open_one: Open,
    folder: Path,
    *,
    steps: int = 4,
    part: int = 1,
    settle: Callable[[], None] = lambda: None,
) -> Compared:
    """Make the world of a seed twice and compare both after each write.

    ``open_one`` opens an empty service of a name; ``folder`` holds their sources; one of ``part`` requests is
    made; ``settle`` waits after each write for what a server does later.
    """
    count = 0
    world = World(random.Random(seed))
    services = [open_one(f"{seed}-{name}") for name in ("one", "other")]
    try:
        with _logged() as lines:
            sides = []
            for name, service in zip(("one", "other"), services, strict=True):
                (folder / f"{seed}-{name}-source").mkdir(parents=True)
                sides.append(Side(service, folder / f"{seed}-{name}-source"))
            for _ in range(world.random.randint(2, 7)):
                world.new()
            for side in range(2):
                extra = [world.only_above() for _ in range(world.random.randint(0, 3))]
                world.above[side].extend(extra)
            index(world, sides)
            sides[0].let_in()
            done = ["index"]
            for number in range(steps):
                done.append(step(world, sides))
                settle()
                asked = questions(world)
                share = part if number == steps - 1 else part * _SHARE
                asked = asked[: len(asked) // share]
                one, other = (_asked(side, asked) for side in sides)
                count += len(one)
                for question in one | other:
                    told = _difference(question, one.get(question), other.get(question))
                    if told:
                        return Compared(count, f"seed {seed}: {' '.join(done)}: {question}\n{told}")
        left = [*_left(services), *(["a log line"] if has_canary(lines()) else [])]
        if left:
            return Compared(count, f"seed {seed}: {' '.join(done)}: the canary in {left}")
    finally:
        for service in services:
            service.close()
    return Compared(count)


def _asked(side: Side, asked: Sequence[Question]) -> dict[str, object]:
    """The answers by request; members and staff ask in between, if there are any."""
    found: dict[str, object] = {}
    for place, question in enumerate(asked):
        if side.insiders and place % 3 == 0:
            side.insiders[place % len(side.insiders)](question.path)
        found |= answers(side, question)
    return found


def _difference(question: str, one: object, other: object) -> str:
    if found := forbidden(question, one) or forbidden(question, other):
        return found
    if one == other:
        return ""
    texts = repr(one), repr(other)
    same = next((n for n, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), 0)
    return "\n".join(text[max(0, same - 100) : same + 100] for text in texts)


# --- what is left of paid text --------------------------------------------------------------------


class _Lines(logging.Handler):
    """Keeps what is logged, in one style."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self.setFormatter(logs.formatter(style))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def _logged() -> Iterator[Callable[[], str]]:
    """What is logged meanwhile, by us and by libraries, as text and as JSON."""
    root, handlers = logging.getLogger(), [_Lines(style) for style in (logs.TEXT, logs.JSON)]
    before = root.level
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lambda: "\n".join(line for handler in handlers for line in handler.lines)
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)


def _left(services: Sequence[SearchService]) -> Iterator[str]:
    """Where the canary is that guests' answers are made of, and which rows of theirs differ."""
    for service in services:
        for generation in service.engine.generations():
            if generation.audience is not Audience.PUBLIC:
                continue
            scope = Scope(Audience.PUBLIC, frozenset())
            try:
                reader = service.engine.reader(scope, generation=generation.name)
            except GongwenError:
                continue
            fields = (
                text
                for stored in reader.scan()
                for text in (repr(stored), repr(reader.stored_fields(stored.view.id)))
            )
            if any(_has_any_of_it(text) for text in fields):
                yield generation.name
    counts = [_rows(service, _COUNTS) for service in services]
    if counts[0] != counts[1]:
        yield f"rows that differ: {counts}"
    for service in services:
        if _has_any_of_it("".join(counts[0] + _rows(service, _OF_GENERATIONS))):
            yield "a row of the state"


# Of the state, what guests' answers are made of.
_COUNTS = (
    "SELECT article_id, views FROM view_counts WHERE audience = 0 ORDER BY article_id",
    "SELECT day, article_id, reads FROM reads WHERE audience = 0 ORDER BY day, article_id",
    "SELECT text, searches, without_results FROM queries WHERE audience = 0 ORDER BY text",
)
_OF_GENERATIONS = (
    "SELECT texts FROM vocabularies WHERE generation LIKE '%public%'",
    "SELECT members FROM copies WHERE generation LIKE '%public%'",
)


def _rows(service: SearchService, statements: Sequence[str]) -> list[str]:
    """The rows of some statements as text, unpacked."""
    service.store.queries.flush(days=30)
    service.store.reads.flush()
    with service.store._database.reading() as connection:
        return [
            zlib.decompress(one).decode() if isinstance(one, bytes) else str(one)
            for statement in statements
            for row in connection.execute(sa.text(statement))
            for one in row
        ]


def _has_any_of_it(text: str) -> bool:
    """Whether the canary is in a text, whole or as bigrams, which are separated."""
    return CANARY[:2] in text


# --- many worlds -----------------------------------------------------------------------------------


# An application compiles its templates with the first page of each kind.
_TEMPLATES = {"bytecode_cache": FileSystemBytecodeCache()}


# Texts whose vectors are remembered.
_REMEMBERED = 20_000


@functools.cache
def _model() -> Remembering:
    return Remembering()


def compare_one(seed: int, node: str = "", part: int = 1) -> Compared:
    """Compare the world of a seed in temporary folders; ``node``: on Elasticsearch.

    One of ``part`` requests is made. In small batches, for few articles must make several, as many do.
    """
    if len(_model().rows) > _REMEMBERED:
        _model().rows.clear()
    with ExitStack() as stack:
        stack.enter_context(patch.object(ingest, "BATCH", 3))
        # Timing is not part of the promise: reads are written after each step.
        stack.enter_context(patch.object(read_counts, "EVERY", 24 * 3600.0))
        stack.enter_context(patch.object(Flask, "jinja_options", _TEMPLATES))
        stack.enter_context(
            patch.object(service_module, "open_embedder", lambda _name, **_: _model())
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=fast_place())))
        prefix = stack.enter_context(own_prefix(node)) if node else ""

        def open_one(name: str) -> SearchService:
            engine = f"{prefix}-{name}" if node else f"embedded:{folder}/{name}"
            state = f"sqlite:///{folder}/{name}.sqlite3"
            # Timing is not part of the promise: a timeout on one side is no difference.
            return open_service(read_settings(engine=engine, engine_timeout=30, state=state))

        def settle() -> None:
            if node:
                _drop_deleted(prefix)

        return compare(seed, open_one, folder, part=part, settle=settle)


def _drop_deleted(prefix: str) -> None:
    """Wait until Elasticsearch has dropped the deleted documents of all indices with this prefix.

    Until then its scores count them. When it does is no part of the promise: it keeps them for replicas, for
    up to half a minute, and two servers with the same writes differ meanwhile.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        for path in ("_refresh", "_forcemerge?max_num_segments=1", "_refresh"):
            ask("POST", f"{prefix}*/{path}")
        found = ask("GET", f"{prefix}*/_stats/docs")
        left = found["_all"]["primaries"].get("docs", {}).get("deleted", 0)
        if not left:
            return
        assert time.monotonic() < deadline, f"{left} deleted documents are kept"
        time.sleep(0.2)


_PROGRESS = 100


@click.command()
@click.option("--worlds", type=click.IntRange(1), default=100, show_default=True)
@click.option("--first", type=int, default=0, show_default=True, help="Seed of the first world.")
@click.option("--elasticsearch", is_flag=True, help="Over a node started for it.")
@click.option(
    "--part",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Make one of this many requests, so that there is time for more worlds.",
)
@click.option("--until-told", is_flag=True, help="Stop at the first difference.")
def main(worlds: int, first: int, *, part: int, elasticsearch: bool, until_told: bool) -> None:
    """Compare this number of worlds, and print those that guests can distinguish."""
    with ExitStack() as stack:
        node = stack.enter_context(running_node()) if elasticsearch else ""
        # In this process, where the first difference ends it.
        pool = None if until_told else stack.enter_context(ProcessPoolExecutor())
        started, answers, told = time.monotonic(), 0, 0
        seeds, made = range(first, first + worlds), pool.map if pool else map
        for done, compared in enumerate(
            made(compare_one, seeds, repeat(node), repeat(part)), start=1
        ):
            answers += compared.answers
            if not done % _PROGRESS:
                click.echo(f"{done} worlds, {answers} answers, {told} told apart", err=True)
            if compared.told:
                told += 1
                click.echo(compared.told)
                if until_told:
                    break
    seconds = time.monotonic() - started
    click.echo(f"{worlds} worlds, {answers} answers, {told} told apart, {seconds:.0f} s")
    raise SystemExit(bool(told))


if __name__ == "__main__":
    main()
