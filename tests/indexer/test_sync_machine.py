"""A source over time, against a model: after every run the index is what the source contains.

Articles are edited, made paid and free, deleted and restored; the portal pushes what it saves, sometimes
late; runs are broken off at any statement of the state's database; staff hide articles.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from indexer.build import generations
from indexer.build.live_writers import finish
from indexer.sync import Intent, synchronise
from search_service.engines import Scope
from search_service.intake.packing import pack
from search_service.intake.record import article_of
from search_service.model import Audience
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.state.ledger import NUMBERED, Change
from tests.conftest import ALL_CLEANING, write_source

IDS = st.sampled_from([f"n{number}" for number in range(3)])
TEXTS = st.sampled_from(["防汛工作要点。", "值班制度。", "同志们：底线是一户不漏。"])
# What guests read of it: everything, a part, or nothing.
READERS = st.sampled_from([{}, {"preview": "……"}, {"audience": "member"}])
VERSIONS = st.sampled_from([None, 1, 2, 3])


class Killed(BaseException):
    """The run ends here."""


@contextmanager
def killed_after(statements: int) -> Iterator[None]:
    """End what runs in the block before that many statements of the state's database."""
    left = statements

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            raise Killed

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", count)


class SourceMachine(RuleBasedStateMachine):
    """A source, and an index that is synchronised with it."""

    @initialize()
    def build(self) -> None:
        """Begin with a free and a paid article."""
        self._folder = tempfile.TemporaryDirectory()
        place = Path(self._folder.name)
        self._path = place / "source.jsonl"
        self._service = open_service(read_settings(engine=f"embedded:{place}/index", model="none"))
        self._source: dict[str, dict[str, Any]] = {}
        self._hidden: set[str] = set()
        self._old: list[dict[str, Any]] = []
        self.save("n0", "第一篇。", {"preview": "……"}, None)
        self.save("n1", "第二篇。", {}, 2)
        generations.rebuild(self._service, {"portal": [self._written()]}, cleaning=ALL_CLEANING)

    def teardown(self) -> None:
        """Close the index."""
        if hasattr(self, "_service"):
            self._service.close()
            self._folder.cleanup()

    def _written(self) -> Path:
        return write_source(self._path, list(self._source.values()))

    @rule(id=IDS, text=TEXTS, readers=READERS, version=VERSIONS)
    def save(self, id: str, text: str, readers: dict[str, str], version: int | None) -> None:
        """Change an article, or add it; the version may be any."""
        self._source[id] = {"id": id, "title": "通知", "body": text, **readers, "version": version}
        self._old.append(self._source[id])

    @rule(id=IDS, text=TEXTS, readers=READERS, version=VERSIONS)
    def save_and_synchronise(
        self, id: str, text: str, readers: dict[str, str], version: int | None
    ) -> None:
        """Change an article and synchronise."""
        self.save(id, text, readers, version)
        self.synchronise()

    @rule(id=IDS)
    def delete(self, id: str) -> None:
        """Delete an article, unless it is the last one."""
        if len(self._source) > 1:
            self._source.pop(id, None)

    @rule(data=st.data(), applied=st.booleans())
    def push(self, data: st.DataObject, applied: bool) -> None:  # noqa: FBT001  (Hypothesis passes names)
        """Enter what was once saved, or a deletion; perhaps nobody applies it yet."""
        record = data.draw(st.sampled_from(self._old))
        article = article_of(record, cleaning=ALL_CLEANING)
        packed = data.draw(st.sampled_from([pack(article), None]))
        version = NUMBERED if article.version is None else article.version
        change = Change(article_id=article.id, version=version, article=packed)
        self._service.store.ledger.append([change])
        if applied:
            finish(self._service)

    @rule(id=IDS)
    def hide(self, id: str) -> None:
        """Hide an article."""
        self._service.store.hidden.hide(id)
        self._hidden.add(id)

    @rule()
    def rebuild(self) -> None:
        """Rebuild the index."""
        generations.rebuild(
            self._service, {"portal": [self._written()]}, cleaning=ALL_CLEANING, shrink=True
        )

    @rule(statements=st.integers(1, 60))
    def synchronise_in_part(self, statements: int) -> None:
        """A run that is broken off."""
        with suppress(Killed), killed_after(statements):
            self._run()

    @rule()
    def synchronise(self) -> None:
        """A run: then the index is the source, and a second one finds nothing."""
        self._run()
        for audience in (Audience.PUBLIC, Audience.MEMBER):
            assert self._texts(audience) == self._expected(audience)
        assert self._run().changes == 0

    def _run(self) -> Any:
        return synchronise(
            self._service,
            "portal",
            [self._written()],
            cleaning=ALL_CLEANING,
            intent=Intent.CONFIRMED | Intent.ADOPT,
        )

    def _texts(self, audience: Audience) -> dict[str, str]:
        reader = self._service.engine.reader(Scope(audience, self._service.store.hidden.ids()))
        return {one.view.id: one.view.text for one in reader.scan()}

    def _expected(self, audience: Audience) -> dict[str, str]:
        guests = audience is Audience.PUBLIC
        return {
            id: one.get("preview", one["body"]) if guests else one["body"]
            for id, one in self._source.items()
            if id not in self._hidden and not (guests and "audience" in one)
        }


@pytest.mark.slow
def test_the_index_follows_its_source() -> None:
    """Whatever happens between two runs."""
    run_state_machine_as_test(
        SourceMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=16,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
