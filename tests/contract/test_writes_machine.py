"""Writes in any order, over both engines, against a model of the order rule.

Two engines are open at one place and take turns. The model keeps what the contract says of each
id: the highest order wins (``2 × version``, ``+ 1`` for a delete), the last at equal orders, and an
unchanged view raises the order and nothing else.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from search_service.engines import Engine, Reader, Scope, open_engine
from search_service.errors import NotFound
from search_service.model import (
    Audience,
    Everything,
    Field,
    Record,
    Term,
    Tombstone,
    WriteResult,
)
from tests.support.elasticsearch_node import own_prefix
from tests.support.sample_records import MANIFEST, record

IDS = ("A0007", "B1890", "C2352", "D0001")
VERSIONS = 6
# Texts of articles, distinguished by the first word.
TEXTS = ("消防 安全 检查 。", "防汛 应急 值班 。", "学校 安全 管理 。")
# Generations at once: what serves, what rollback serves, and one more being prepared.
_GENERATIONS = 3
QUICK = settings(
    max_examples=20,
    stateful_step_count=15,
    deadline=None,
    # A failure is a short list of steps anyway; shrinking it takes minutes on a server.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)

Place = AbstractContextManager[str]


@dataclass(frozen=True)
class Entry:
    """What is delivered: a version of an article; where ``text`` is None, that it is deleted or withheld."""

    id: str
    version: int
    text: int | None
    withheld: bool = False

    @property
    def order(self) -> int:
        """The contract's order."""
        return 2 * self.version + (self.text is None and not self.withheld)

    def written(self) -> Record | Tombstone:
        """The entry for an engine."""
        if self.text is None:
            return Tombstone(id=self.id, version=self.version, withheld=self.withheld)
        return record(self.id, "工作 通知", TEXTS[self.text], version=self.version)


@dataclass
class Model:
    """One generation: the stored entry by id; ``changes`` counts writes that a search could notice."""

    entries: dict[str, Entry] = field(default_factory=dict)
    changes: int = 0

    def write(self, entries: Sequence[Entry]) -> WriteResult:
        """Apply the entries in order; the result that a writer must return."""
        written, unchanged, stale = 0, 0, []
        for entry in entries:
            before = self.entries.get(entry.id)
            if before is not None and entry.text == before.text:
                unchanged += 1
                self.entries[entry.id] = max(before, entry, key=lambda one: one.order)
            elif before is not None and entry.order < before.order:
                stale.append(entry.id)
            else:
                written += 1
                self.entries[entry.id] = entry
                was_live = before is not None and before.text is not None
                self.changes += entry.text is not None or was_live
        return WriteResult(written=written, unchanged=unchanged, stale=tuple(stale))

    def live(self, hidden: frozenset[str] = frozenset()) -> dict[str, Entry]:
        """The articles that a reader finds."""
        return {
            id: entry
            for id, entry in sorted(self.entries.items())
            if entry.text is not None and id not in hidden
        }


def create(engine: Engine, *batches: Sequence[Entry]) -> str:
    """A new generation, loaded and not yet active."""
    name = engine.create(Audience.PUBLIC, MANIFEST).name
    with engine.writer(name, loading=True) as writer:
        for batch in batches:
            writer.write([entry.written() for entry in batch])
        writer.complete()
    return name


def agrees(reader: Reader, model: Model, hidden: frozenset[str] = frozenset()) -> None:
    """Check every way of reading against the model."""
    live = model.live(hidden)
    fetched = reader.fetch(IDS)
    assert {id: stored.view.text for id, stored in fetched.items()} == {
        id: TEXTS[entry.text or 0].replace(" ", "") for id, entry in live.items()
    }
    assert list(reader.scan()) == list(fetched.values())
    assert reader.totals(Everything()).total == len(live)
    for number, text in enumerate(TEXTS):
        found = reader.keyword(Term(Field.WORDS, text.split()[0]))
        assert [hit.id for hit in found] == [id for id, e in live.items() if e.text == number]


@pytest.fixture(
    params=["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)], scope="module"
)
def new_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Place]:
    """Addresses of empty engines of each kind."""
    if request.param == "elastic":
        server = request.getfixturevalue("elasticsearch_url").rsplit("/", 1)[0]
        return lambda: own_prefix(server)
    # Not deleted here: threads of tantivy may still tidy up in a folder that was just closed.
    return lambda: nullcontext(f"embedded:{tmp_path_factory.mktemp('place')}")


ENTRIES = st.builds(
    Entry,
    id=st.sampled_from(IDS),
    version=st.integers(1, VERSIONS),
    text=st.sampled_from([*range(len(TEXTS)), None]),
    withheld=st.booleans(),
)
# So few that versions meet.
FEW = st.builds(
    Entry,
    id=st.sampled_from(IDS[:2]),
    version=st.integers(1, 4),
    text=st.sampled_from([0, 1, None]),
    withheld=st.booleans(),
)
BATCHES = st.lists(ENTRIES, min_size=1, max_size=6)
EITHER = st.sampled_from([0, 1])


class WritesMachine(RuleBasedStateMachine):
    """Everything that changes what the public reads, one step after the other."""

    delivered: Bundle[Entry] = Bundle("delivered")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.open = ExitStack()
        self.url = self.open.enter_context(place)
        self.engines = [open_engine(self.url), open_engine(self.url)]
        self.models: dict[str, Model] = {}
        self.unfinished: set[str] = set()
        self.serving = ""
        self.previous = ""
        self.hidden: frozenset[str] = frozenset()
        self.revisions: dict[str, tuple[int, int]] = {}

    def teardown(self) -> None:
        """Close the engines and delete what they made."""
        for engine in self.engines:
            engine.close()
        self.open.close()

    def chosen(self, number: int) -> str:
        """One of the generations that are loaded."""
        names = list(self.models)
        return names[number % len(names)]

    @initialize(entries=BATCHES)
    def first_generation(self, entries: list[Entry]) -> None:
        """There is always something to read."""
        self.serving = self.load(0, entries)
        self.engines[0].activate({Audience.PUBLIC: self.serving})

    def load(self, engine: int, entries: list[Entry]) -> str:
        """Load a generation and its model."""
        name = create(self.engines[engine], entries)
        self.models[name] = Model()
        self.models[name].write(entries)
        return name

    def write(self, engine: int, generation: int, entries: Sequence[Entry]) -> None:
        """Write to a generation and to its model, and compare what both say of it."""
        name = self.chosen(generation)
        with self.engines[engine].writer(name) as writer:
            written = writer.write([entry.written() for entry in entries])
            stamps = writer.stamps(IDS)
        expected = self.models[name].write(entries)
        orders = {id: entry.order for id, entry in self.models[name].entries.items()}
        assert {id: stamp.order for id, stamp in stamps.items()} == orders
        assert (written.written, written.unchanged) == (expected.written, expected.unchanged)
        assert sorted(written.stale) == sorted(expected.stale)

    @rule(
        target=delivered,
        engine=EITHER,
        generation=st.integers(0, _GENERATIONS - 1),
        entries=BATCHES,
    )
    def write_a_batch(
        self, engine: int, generation: int, entries: list[Entry]
    ) -> MultipleResults[Entry]:
        """Deliver new entries, old and new versions mixed."""
        self.write(engine, generation, entries)
        return multiple(*entries)

    @rule(
        engine=EITHER,
        generation=st.integers(0, _GENERATIONS - 1),
        entries=st.lists(delivered, min_size=1, max_size=3),
    )
    def deliver_again(self, engine: int, generation: int, entries: list[Entry]) -> None:
        """Deliver what was delivered before, once more or late."""
        self.write(engine, generation, entries)

    @rule(engine=EITHER, id=st.sampled_from(IDS), later=st.integers(0, 2))
    def send_what_stands(self, engine: int, id: str, later: int) -> None:
        """Deliver the same view under a newer version; it is there already."""
        generation = list(self.models).index(self.serving)
        stored = self.models[self.serving].entries.get(id, Entry(id, 1, 0))
        newer = Entry(id, stored.version + later, stored.text)
        self.write(engine, generation, [newer])

    @rule(engine=EITHER, id=st.sampled_from(IDS))
    def delete_what_stands(self, engine: int, id: str) -> None:
        """A stored article can be deleted with the version that the writer reports."""
        with self.engines[engine].writer(self.serving) as writer:
            for stamp in writer.stamps([id]).values():
                if stamp.digest is not None:
                    written = writer.write([Tombstone(id=id, version=stamp.version)])
                    assert written == WriteResult(written=1)
                    self.models[self.serving].write([Entry(id, stamp.version, None)])

    @rule(ids=st.sets(st.sampled_from(IDS), max_size=2))
    def take_down(self, ids: set[str]) -> None:
        """The staff hide these articles, and no others."""
        self.hidden = frozenset(ids)

    @precondition(lambda self: len(self.models) < _GENERATIONS)
    @rule(engine=EITHER, entries=BATCHES)
    def prepare_a_generation(self, engine: int, entries: list[Entry]) -> None:
        """Load a generation beside those that are read."""
        self.load(engine, entries)

    @precondition(lambda self: not self.unfinished)
    @rule(engine=EITHER, entries=BATCHES)
    def leave_a_load_unfinished(self, engine: int, entries: list[Entry]) -> None:
        """A load was killed: what it made serves nobody."""
        name = self.engines[engine].create(Audience.PUBLIC, MANIFEST).name
        with self.engines[engine].writer(name, loading=True) as writer:
            writer.write([entry.written() for entry in entries])
        self.unfinished.add(name)

    @rule(engine=EITHER, generation=st.integers(0, _GENERATIONS - 1))
    def activate(self, engine: int, generation: int) -> None:
        """Let the public read one of the generations; the same again changes nothing."""
        name = self.chosen(generation)
        self.engines[engine].activate({Audience.PUBLIC: name})
        if name != self.serving:
            self.previous, self.serving = self.serving, name

    @rule(engine=EITHER)
    def roll_back(self, engine: int) -> None:
        """Roll back; without a target there is an error."""
        if self.previous:
            self.serving, self.previous = self.previous, self.serving
            assert self.engines[engine].rollback() == {Audience.PUBLIC: self.serving}
        else:
            with pytest.raises(NotFound):
                self.engines[engine].rollback()

    @rule(engine=EITHER)
    def drop_leftovers(self, engine: int) -> None:
        """Delete what serves nobody and what nobody goes back to."""
        for name in {*self.models, *self.unfinished} - {self.serving, self.previous}:
            self.engines[engine].drop(name)
            self.models.pop(name, None)
            self.revisions.pop(name, None)
        self.unfinished.clear()

    @rule(engine=EITHER)
    def reopen(self, engine: int) -> None:
        """A process ends and another one starts."""
        self.engines[engine].close()
        self.engines[engine] = open_engine(self.url)

    @invariant()
    def every_reader_agrees(self) -> None:
        """Each generation contains what its model contains, without hidden articles."""
        scope = Scope(Audience.PUBLIC, self.hidden)
        assert self.engines[0].reader(scope).generation == self.serving
        for name, model in self.models.items():
            reader = self.engines[0].reader(scope, generation=name)
            agrees(reader, model, self.hidden)
            assert self.engines[1].count(name) == len(model.live())
            revision, changes = self.revisions.get(name, (reader.revision, model.changes))
            assert (reader.revision > revision) == (model.changes > changes)
            assert reader.revision >= revision
            self.revisions[name] = reader.revision, model.changes

    @invariant()
    def every_generation_is_listed(self) -> None:
        """Generations are those that were made and not dropped, with what they serve."""
        listed = self.engines[1].generations()
        assert {generation.name for generation in listed} == {*self.models, *self.unfinished}
        serving = [g.name for g in listed if g.serves]
        assert serving == [self.serving]
        assert [g.name for g in listed if g.is_rollback_target] == [self.previous] * bool(
            self.previous
        )


def test_any_sequence_of_writes_and_swaps(new_place: Callable[[], Place]) -> None:
    """After each step every read, count and revision is as the ordering rule requires."""
    machine = cast("type[WritesMachine]", lambda: WritesMachine(new_place()))  # any factory will do
    run_state_machine_as_test(machine, settings=QUICK)


@given(deliveries=st.lists(FEW, max_size=12))
@example(deliveries=[Entry("A0007", 1, 0), Entry("A0007", 3, 0), Entry("A0007", 2, 1)])
@settings(QUICK, max_examples=30)
def test_order_and_repetition_of_deliveries_do_not_matter(
    new_place: Callable[[], Place], deliveries: list[Entry]
) -> None:
    """The same entries in any order, some of them twice, end in the same state."""
    known = {(entry.id, entry.order): entry for entry in deliveries}
    shuffled = [known[entry.id, entry.order] for entry in deliveries]
    model = Model()
    model.write([known[key] for key in sorted(known)])
    half = len(shuffled) // 2
    with new_place() as url:
        engine = open_engine(url)
        name = create(engine, shuffled[:half], shuffled[half:])
        agrees(engine.reader(Scope(Audience.PUBLIC), generation=name), model)
        engine.close()
