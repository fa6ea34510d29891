"""Aliases: ordered by numbers, not clocks, and restored if they are lost. Both engines."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from search_service.engines import Engine, Scope, open_engine
from search_service.engines.activation import Activation
from search_service.engines.elastic import ElasticEngine
from search_service.errors import AliasesLost, EngineError, EngineMisconfigured
from search_service.model import Audience, Everything
from tests.support.paths import ROOT
from tests.support.sample_records import ARTICLES, FIRE, MANIFEST, load, public, read

_SET_BACK = """
import datetime, sys
class Back(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) - datetime.timedelta(days=400)
datetime.datetime = Back
from search_service.engines import open_engine
from tests.support.sample_records import MANIFEST, Audience
engine = open_engine(sys.argv[1])
name = engine.create(Audience.PUBLIC, MANIFEST).name
engine.activate({Audience.PUBLIC: name})
print(name)
"""


@pytest.fixture
def twice(engine: Engine) -> tuple[Engine, str, str]:
    """An engine that was activated twice, with the names of the first and the second generation."""
    first = public(engine)
    load(engine, FIRE)
    second = engine.create(Audience.PUBLIC, MANIFEST).name
    load(engine, *ARTICLES, generation=second)
    engine.activate({Audience.PUBLIC: second})
    return engine, first, second


def remove(engine: Engine) -> None:
    """Delete the aliases."""
    if isinstance(engine, ElasticEngine):
        cluster = engine._cluster
        names = [f"{cluster.prefix}-public", f"{cluster.prefix}-public-previous"]
        everywhere = f"{cluster.prefix}-*"
        cluster.update_aliases([{"remove": {"index": everywhere, "alias": name}} for name in names])
    else:
        aliases_of(engine).unlink()


def aliases_of(engine: Engine) -> Path:
    """The embedded engine's alias file."""
    return Path(engine._folder) / "aliases.json"  # type: ignore[attr-defined]  # the embedded engine


def cut(engine: Engine) -> None:
    """Damage the alias file."""
    file = aliases_of(engine)
    file.write_text(file.read_text()[:20])


def empty(engine: Engine) -> None:
    """Empty the alias file, as a full disk may."""
    aliases_of(engine).write_text("")


def check_lost(engine: Engine, first: str, second: str) -> None:
    """Nothing is guessed, and the message names the remedy."""
    for act in (
        lambda: read(engine),
        engine.generations,
        engine.rollback,
        lambda: engine.activate({Audience.PUBLIC: first}),
        lambda: engine.drop(first),
        lambda: engine.drop(second),
    ):
        with pytest.raises(AliasesLost, match="gongwen generation restore"):
            act()


def check_restored(engine: Engine, first: str, second: str) -> None:
    """Everything is as it was before the loss."""
    assert engine.restore() == {Audience.PUBLIC: second}
    assert engine.restore() == {Audience.PUBLIC: second}
    assert [(one.name, one.is_rollback_target) for one in engine.generations()] == [
        (first, True),
        (second, False),
    ]
    assert read(engine).totals(Everything()).total == len(ARTICLES)
    assert engine.rollback() == {Audience.PUBLIC: first}
    assert read(engine).totals(Everything()).total == 1


def test_lost_aliases_are_reported_and_restored(twice: tuple[Engine, str, str]) -> None:
    """Without them nothing is served and nothing is dropped; one command restores them."""
    remove(twice[0])
    check_lost(*twice)
    check_restored(*twice)


@pytest.mark.parametrize("damage", [cut, empty])
@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_damaged_aliases_are_restored(
    twice: tuple[Engine, str, str], damage: Callable[[Engine], None]
) -> None:
    """A file that cannot be read is treated like a missing one."""
    damage(twice[0])
    check_lost(*twice)
    check_restored(*twice)


def test_aliases_after_a_rollback_are_restored(twice: tuple[Engine, str, str]) -> None:
    """The last step is restored, activation or rollback."""
    engine, first, second = twice
    engine.rollback()
    remove(engine)
    assert engine.restore() == {Audience.PUBLIC: first}
    assert [(one.name, one.is_rollback_target) for one in engine.generations()] == [
        (first, False),
        (second, True),
    ]


def test_nothing_to_restore(engine: Engine) -> None:
    """Before the first activation nothing is lost."""
    assert engine.restore() == {}
    name = engine.create(Audience.PUBLIC, MANIFEST).name
    assert engine.restore() == {}
    assert [one.name for one in engine.generations()] == [name]
    engine.drop(name)


def test_setting_the_clock_back_does_not_change_the_order(tmp_path: Path) -> None:
    """Generations are in the order of creation, and rollback returns to the previous one."""
    engine = open_engine(f"embedded:{tmp_path / 'data'}")
    first = public(engine)
    command = [sys.executable, "-c", _SET_BACK, f"embedded:{tmp_path / 'data'}"]
    second = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    third = engine.create(Audience.MEMBER, MANIFEST).name
    assert [one.name for one in engine.generations()] == [first, second, third]
    assert engine.reader(Scope(Audience.PUBLIC)).generation == second
    assert engine.rollback() == {Audience.PUBLIC: first}


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    """The error names the generation; a rollback or a new index is the remedy."""
    engine = open_engine(f"embedded:{tmp_path / 'data'}")
    first = public(engine)
    second = engine.create(Audience.PUBLIC, MANIFEST).name
    engine.activate({Audience.PUBLIC: second})
    (tmp_path / "data" / "public" / second).rename(tmp_path / "gone")
    later = open_engine(f"embedded:{tmp_path / 'data'}")
    with pytest.raises(EngineMisconfigured, match=second):
        read(later)
    assert later.rollback() == {Audience.PUBLIC: first}
    assert read(later).generation == first


def test_a_damaged_file_without_copies(tmp_path: Path) -> None:
    """If no generation was ever activated, the remedy is to delete the file."""
    engine = open_engine(f"embedded:{tmp_path / 'data'}")
    engine.create(Audience.PUBLIC, MANIFEST)
    aliases_of(engine).write_text("{}")
    with pytest.raises(EngineError, match=r"aliases\.json.*gongwen index"):
        read(engine)


def test_an_activation_survives_serialisation() -> None:
    """Audiences are stored by name; anything else is a ``ValueError``."""
    activation = Activation(
        count=3, serving={Audience.MEMBER: "b"}, previous={Audience.PUBLIC: "a"}
    )
    assert Activation.from_dict(activation.to_dict()) == activation
    damaged: list[object] = [{}, [], {"count": 1, "serving": [], "previous": {}}, {"count": "x"}]
    for values in damaged:
        with pytest.raises(ValueError, match=r".+"):
            Activation.from_dict(values)  # type: ignore[arg-type]  # as in a damaged file
