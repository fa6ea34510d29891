"""All checks in their order. Entry point: :func:`examine`."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from analyzers.messages import say
from indexer.doctor import contents, freshness, machine
from indexer.doctor.findings import Finding, Level, Told, guarded
from indexer.doctor.parts import Parts
from search_service.settings import Settings, read_settings

# Name, title in Chinese and English, check.
_CHECKS: Final = (
    ("disk", "磁盘", "disk", machine.disk),
    ("rights", "权限", "rights", machine.rights),
    ("state", "状态", "state", contents.state),
    ("model", "模型", "model", contents.model),
    ("engine", "引擎", "engine", contents.engine),
    ("index", "索引", "index", contents.index),
    ("public", "公开", "public", contents.public),
    ("sources", "来源", "sources", freshness.sources),
    ("pending", "待写入", "pending", freshness.pending),
    ("clock", "时钟", "clock", machine.clock),
)


def examine(paths: Sequence[Path] = ()) -> Iterator[Finding]:
    """Run all checks; ``paths`` are mappings of databases, whose connections are checked as well.

    Each check is independent of the others: one that breaks is reported, and the rest still run.
    """
    yield from guarded("python", "Python", machine.python)
    found: list[Settings] = []

    def settings() -> Told:
        found.append(read_settings())
        yield from machine.chosen(found[0])

    yield from guarded("settings", say("设置", "settings"), settings)
    if not found:
        text = say("改正设置之后再查", "correct the settings, then the rest is checked")
        yield Finding("settings", say("其余", "the rest"), Level.FAILED, text)
        return
    with ExitStack() as opened:
        parts = Parts(found[0], opened)
        causes: dict[str, str] = {}
        for name, chinese, english, check in _CHECKS:
            for one in guarded(name, say(chinese, english), partial(check, parts)):
                yield _once(one, causes)
        for path in paths:
            title = say(f"映射 {path}", f"mapping {path}")
            yield from guarded("mapping", title, partial(freshness.database, path))


def _once(one: Finding, causes: dict[str, str]) -> Finding:
    """The finding; where an earlier check failed for the same reason, it says so instead of repeating it.

    ``causes``: the titles of what has failed, by text.
    """
    if one.level is not Level.FAILED:
        return one
    first = causes.setdefault(one.text, one.title)
    if first == one.title:
        return one
    return replace(one, text=say(f"先解决「{first}」", f"mend first: {first}"))
