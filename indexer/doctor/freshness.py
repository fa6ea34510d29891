"""Checks of what keeps an index up to date: sources, pushed changes, databases.

Entry points: the functions.
"""

import time
from pathlib import Path
from typing import Final

from analyzers.messages import say
from indexer.doctor.findings import Told, failed, ok, warning
from indexer.doctor.parts import Parts
from indexer.sources.database import mapping as mappings
from indexer.sources.database.reading import Source
from search_service.errors import BadInput, WriterBusy
from search_service.settings import PREFIX
from search_service.state.ledger import Ledger

_APPLIED: Final = 3.0  # seconds within which somebody applies a change; 2 are promised
_POLL: Final = 0.2


def sources(parts: Parts) -> Told:
    """When each source was last synchronised in full, against the limit."""
    limit = parts.settings.sync_limit
    ages = [(one.name, one.age(parts.now)) for one in parts.store().sources.all()]
    synced = [(name, age) for name, age in ages if age is not None]
    if not synced:
        yield (failed if limit else warning)(
            "没有一个来源完整同步过；请运行 gongwen sync 来源",
            "no source was ever synchronised in full; run: gongwen sync SOURCE",
        )
    for name, age in synced:
        chinese, english = (
            f"{name}：{_ago(age, 'zh')}前同步",
            f"{name}: synchronised {_ago(age)} ago",
        )
        if limit and age > limit * 3600:
            yield failed(
                f"{chinese}，超过 {PREFIX}SYNC_LIMIT={limit} 小时：请看定时任务是否在跑，"
                "或现在运行 gongwen sync 来源",
                f"{english}, over {PREFIX}SYNC_LIMIT={limit} hours: see whether its timer runs, or run now:"
                " gongwen sync SOURCE",
            )
        else:
            yield ok(chinese, english)


def pending(parts: Parts) -> Told:
    """Whether somebody applies what was pushed."""
    ledger = parts.store().ledger
    waiting = ledger.pending()
    if not waiting:
        yield ok("没有待写入的改动", "no pending changes")
    elif is_being_applied(ledger, waiting[0]):
        yield ok(f"正在写入，还有 {len(waiting)} 处", f"being applied, {len(waiting)} changes")
    else:
        yield failed(
            f"{len(waiting)} 处改动没有人写入：请启动 gongwen serve；用 gunicorn 的，"
            "另开 gongwen apply",
            f"{len(waiting)} changes are pending and nobody applies them: start gongwen serve or, beside"
            " gunicorn, gongwen apply",
        )


def is_being_applied(ledger: Ledger, first: int) -> bool:
    """Whether somebody writes the live index, or the first pending change is applied soon."""
    deadline = time.monotonic() + _APPLIED
    while time.monotonic() < deadline:
        try:
            with ledger.live(patience=0):
                pass
        except WriterBusy:
            return True
        if ledger.pending()[:1] != [first]:
            return True
        time.sleep(_POLL)
    return False


def database(path: Path) -> Told:
    """Whether the database of a mapping answers and has its tables and columns."""
    if not path.is_file():
        raise BadInput(
            say(
                f"没有文件 {path}；请核对路径，或用 gongwen connect 写一个",
                f"there is no file {path}; check the path, or write one with gongwen connect",
            )
        )
    with Source(mappings.load(path), path) as source:
        source.check()
        shown, writing = source.portal.shown, source.portal.could_write()
    if writing:
        yield warning(
            f"{shown}：账号能改数据库（{writing}）；请换只有 SELECT 的账号",
            f"{shown}: the account could change the database ({writing}); use one that has SELECT alone",
        )
    else:
        yield ok(shown, shown)


def _ago(seconds: int, language: str = "en") -> str:
    units = {"zh": (" 分钟", " 小时", " 天"), "en": (" minutes", " hours", " days")}[language]
    if seconds < 2 * 3600:
        return f"{seconds // 60}{units[0]}"
    if seconds < 2 * 86_400:
        return f"{seconds // 3600}{units[1]}"
    return f"{seconds // 86_400}{units[2]}"
