"""Portals that change, and the index that follows them. Entry points: :class:`Days`, :class:`Plan`.

``gongwen sync`` runs after every batch of edits, as a process that is killed at random moments, and whose
server is stopped while it reads. After every run that ends, the indexes of guests and members must be what
the databases contain; after a killed one guests must have no text that was paid before and after.
"""

import gzip
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from search_service.model import Audience, View
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.support.changing_portal import MARK, Marks, Site
from tests.support.mariadb import READER, Server
from tests.support.paths import ROOT
from tests.support.portals import PORTALS, fill, mapped

# Charset of the tables, and of the bytes in them.
_CHARSETS = (("utf8mb4", ""), ("gbk", ""), ("latin1", "gb18030"))
_SAMPLE = ROOT / "indexer" / "sample" / "corpus"
_KEPT_ROWS = ("dede_channeltype",)  # which the CMS has without articles
_LONGEST = 200  # characters of a text
_PATIENCE = 120.0  # seconds for a process to begin reading


@dataclass(frozen=True)
class Plan:
    """How much is done. ``rounds``: batches of edits, each with a sync."""

    articles: int
    edits: int
    rounds: int
    kills: int
    cuts: int
    seed: int


@dataclass
class Days:
    """The sites, their index, and what has happened."""

    server: Server
    folder: Path
    bodies: Sequence[str]
    plan: Plan
    report: Callable[[str], None] = lambda _: None
    done: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Let the days pass; ``AssertionError`` if an index is not what it should be."""
        plan, draw = self.plan, random.Random(self.plan.seed)
        self._sites = list(self._begun(draw))
        assert self._gongwen("index"), self._log()
        with closing(self._service()) as service:
            self._check(service)
            rounds = range(plan.rounds)
            killed = set(draw.sample(rounds, min(plan.kills, plan.rounds)))
            cut = set(draw.sample(rounds, plan.cuts))
            for number in rounds:
                for _ in range(plan.edits * (number + 1) // plan.rounds - self.done["edits"]):
                    self.done[draw.choice(self._sites).edit()] += 1
                    self.done["edits"] += 1
                if number in killed:
                    self._killed(draw, service)
                if number in cut:
                    self._cut()
                self._synchronise()
                self._check(service)
                self.report(f"{number + 1}/{plan.rounds}: {dict(self.done)}")

    def _begun(self, draw: random.Random) -> Iterator[Site]:
        """The databases, filled, each with its mapping."""
        for kind, portal in PORTALS.items():
            for charset, stored in _CHARSETS:
                name = self.server.database(charset)
                engine = self.server.engine(name)
                rows = {table: portal.rows[table] for table in _KEPT_ROWS if table in portal.rows}
                fill(engine, replace(portal, rows=rows), charset=charset, stored=stored)
                site = Site(kind, engine, stored, self.bodies, draw)
                site.begin(self.plan.articles)
                path = self.folder / f"{kind}-{charset}.yaml"
                mapped(self.server.address(name, READER), path, stored or "declared")
                yield site

    # --- processes -----------------------------------------------------------------------------

    def _start(self, command: str, *options: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "indexer", command, *self._mappings(), *options],
                env={**os.environ, "GONGWEN_ENGINE": self._engine(), "GONGWEN_MODEL": "none"},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def _gongwen(self, command: str, *options: str) -> bool:
        """Run a command to its end; whether it was content."""
        started = time.monotonic()
        status = self._start(command, *options).wait()
        self.seconds.append(time.monotonic() - started)
        return status == 0

    def _synchronise(self) -> None:
        self.done["syncs"] += 1
        if not self._gongwen("sync"):  # a fifth of a small portal was published or deleted
            self.done["confirmed"] += 1
            assert self._gongwen("sync", "--confirm"), self._log()

    def _killed(self, draw: random.Random, service: SearchService) -> None:
        """Kill a run; a fifth of what a whole one takes is spent before it does anything."""
        process = self._start("sync", "--confirm")
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.seconds[-1] * draw.uniform(0.2, 1))
        process.kill()
        self.done["killed" if process.wait() < 0 else "ended before"] += 1
        allowed = self._public | frozenset().union(*self._expected()[0].values())
        for view in _views(service, Audience.PUBLIC):
            assert set(MARK.findall(repr(view))) <= allowed, view

    def _cut(self) -> None:
        """Stop the server while a run reads, and start it again: the run goes on."""
        process = self._start("sync", "--confirm")
        query = sa.text("SELECT count(*) FROM information_schema.processlist WHERE user = :user")
        deadline = time.monotonic() + _PATIENCE
        engine = self.server.engine()
        with engine.connect() as connection:
            while not connection.scalar(query, {"user": READER}) and process.poll() is None:
                assert time.monotonic() < deadline
                threading.Event().wait(0.01)
        self.done["cut" if process.poll() is None else "ended before"] += 1
        self.server.stop()
        self.server.start()
        assert process.wait() == 0, self._log()

    # --- checking ------------------------------------------------------------------------------

    def _check(self, service: SearchService) -> None:
        """The indexes are what the databases contain, nothing else and nothing twice."""
        guests, members = self._expected()
        for audience, expected in ((Audience.PUBLIC, guests), (Audience.MEMBER, members)):
            views = _views(service, audience)
            assert len(views) == len(expected), (audience, len(views), len(expected), self._log())
            found = {one.id: _marks(one.title + one.text) for one in views}
            wrong = {id for id in expected | found if found.get(id) != expected.get(id)}
            assert not wrong, [(id, found.get(id), expected.get(id)) for id in sorted(wrong)[:3]]
            assert all("�" not in one.text and "�" not in one.title for one in views)
        self._public = frozenset().union(*guests.values())
        for view in _views(service, Audience.PUBLIC):
            everywhere = {one for one in MARK.findall(repr(view)) if one[0] == "文"}
            assert everywhere <= guests[view.id], view
        self.done["compared"] += len(guests) + len(members)

    def _expected(self) -> tuple[dict[str, Marks], dict[str, Marks]]:
        guests: dict[str, Marks] = {}
        members: dict[str, Marks] = {}
        for site in self._sites:
            of_guests, of_members = site.expected()
            guests |= of_guests
            members |= of_members
        return guests, members

    def _service(self) -> SearchService:
        return open_service(read_settings(engine=self._engine(), model="none"))

    def _engine(self) -> str:
        return f"embedded:{self.folder}/index"

    def _mappings(self) -> list[str]:
        return [str(path) for path in sorted(self.folder.glob("*.yaml"))]

    def _log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")[-2000:]


def _views(service: SearchService, audience: Audience) -> list[View]:
    return [one.view for one in service.reader(audience).scan()]


def _marks(text: str) -> Marks:
    return frozenset(MARK.findall(text))


def bodies_of(corpus: Path | None, count: int) -> list[str]:
    """Texts as HTML, of a corpus or else of the sample, which GBK can write."""
    paths = [corpus] if corpus else sorted(_SAMPLE.glob("*.jsonl*"))
    lines: list[str] = []
    for path in paths:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as file
        ):
            lines += islice(file, count)
    texts = [MARK.sub("", json.loads(one)["body"][:_LONGEST]) for one in lines[:count]]
    written = [one.encode("gbk", errors="ignore").decode("gbk") for one in texts]
    return ["".join(f"<p>{line}</p>" for line in re.split(r"[\n<>&]+", one)) for one in written]
