"""What was measured as Markdown or plain values. Entry point: :class:`Benchmark`.

Every form names corpus, machine and versions: figures of different ones cannot be compared.
"""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from analyzers.messages import say
from indexer.benchmark.disk import Disk
from indexer.benchmark.generator import POOL
from indexer.benchmark.growth import Size
from indexer.benchmark.indexing import STAGES as INDEXING_STAGES
from indexer.benchmark.indexing import Bound, Indexing, Run
from indexer.benchmark.load import Load, Phase
from indexer.benchmark.memory import Memory
from indexer.benchmark.speed import STAGES, Percentiles, Speed

# The head of a report, in Chinese and English.
ABOUT = {
    "corpus": ("语料", "corpus"),
    "articles": ("文章", "articles"),
    "version": ("版本", "version"),
    "machine": ("机器", "machine"),
}
_DISK = {
    "text index: articles": "文本索引：文章",
    "text index: passages": "文本索引：段落",
    "rows": "文章原文与元数据",
    "vectors": "向量",
    "embedding cache": "向量缓存（可删）",
    "state": "状态",
    "other": "其他",
}


@dataclass(frozen=True)
class Benchmark:
    """All that one run measured; what it did not is empty. Names of fields are those of the JSON output."""

    about: Mapping[str, str | int]
    speed: Sequence[Speed] = ()
    disk: Disk | None = None
    indexing: Indexing | None = None
    load: Load | None = None
    growth: Sequence[Size] = ()

    def markdown(self) -> str:
        """The report as Markdown tables."""
        lines = [
            f"- {say(*names)}{say('：', ': ')}{self.about[key]}"
            for key, names in ABOUT.items()
            if key in self.about
        ]
        for part in (
            _indexing_lines(self.indexing),
            _speed_lines(self.speed),
            _disk_lines(self.disk),
            _load_lines(self.load),
            _growth_lines(self.growth),
        ):
            if found := list(part):
                lines += ["", *found]
        return "\n".join(lines)


def about(corpus: str, articles: int) -> dict[str, str | int]:
    """The head of a report."""
    return {
        "corpus": corpus,
        "articles": articles,
        "version": f"gongwen-search {version('gongwen-search')}, Python {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} × {_processor()}",
    }


def _processor() -> str:
    """The name of the processor where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "?"


def _speed_lines(speeds: Sequence[Speed]) -> Iterator[str]:
    for one in speeds:
        yield say(
            f"### 检索：{one.queries}，{one.mode}（{one.count} 个查询，{one.repetitions} 次的中位数；毫秒）",
            f"### Search: {one.queries}, {one.mode} ({one.count} queries, the median of"
            f" {one.repetitions} times each; ms)",
        )
        yield ""
        yield from _table(["", "p50", "p95", "p99"], _speed_rows(one))
        yield ""


def _speed_rows(one: Speed) -> Iterator[list[str]]:
    yield [say("一次检索（客户端）", "answer (at the client)"), *_values(one.answer)]
    yield [say("其中服务端", "of it, server"), *_values(one.server)]
    for stage in STAGES:
        if stage in one.stages and one.stages[stage].p99:
            yield [f"· {stage}", *_values(one.stages[stage])]
    yield [say("引擎单独：前 300 篇、总数、筛选计数", "engine alone: first 300, total, facets"),
           *_values(one.engine)]  # fmt: skip
    semantic = one.encode.p99 > 0
    if semantic:
        yield [say("模型单独：查询的向量", "model alone: the query's vector"), *_values(one.encode)]
        yield [
            say("向量检索单独", "vector search alone"),
            *_values(one.vectors),
        ]
    yield [say("检索减引擎", "answer minus engine"), *_pair(one.beyond)]
    if semantic:
        yield [
            say("检索减引擎、模型、向量检索", "answer minus engine, model and vector search"),
            *_pair(one.beyond_all),
        ]


def _indexing_lines(indexing: Indexing | None) -> Iterator[str]:
    if indexing is None:
        return
    one = indexing
    yield say(
        f"### 建索引（{one.articles:,} 篇，{one.passages:,} 段，{one.characters:,} 字；秒）",
        f"### Indexing ({one.articles:,} articles, {one.passages:,} passages, {one.characters:,}"
        " characters; seconds)",
    )
    yield ""
    rows = [
        [stage, f"{one.first.stages[stage]:.1f}", f"{one.again.stages[stage]:.1f}"]
        for stage in INDEXING_STAGES
        if one.first.stages[stage] >= 0.05 or one.again.stages[stage] >= 0.05
    ]
    rows.append([say("合计", "all"), _seconds(one.first), _seconds(one.again)])
    if one.model:
        rows.append([say("模型单独", "model alone"), _seconds(one.model), "–"])
    writer = _seconds(one.writer)
    rows.append([say("引擎写入单独", "the engine's writer alone"), writer, writer])
    yield from _table(["", say("第一次", "first"), say("再次，没有变化", "again, unchanged")], rows)
    yield ""
    rate, memory = one.articles / one.first.seconds, _memory(one.memory)
    yield say(f"- 每秒 {rate:,.0f} 篇；内存峰值（自用 + 映射的文件）{memory}",
              f"- {rate:,.0f} articles/s; peak memory (own + mapped files) {memory}")  # fmt: skip
    yield say(
        f"- 再次加入 {one.unchanged:,} 篇没有变化的：{one.add_seconds:.1f} 秒",
        f"- adding {one.unchanged:,} unchanged articles: {one.add_seconds:.1f} s",
    )


def _seconds(one: Run | Bound) -> str:
    return f"{one.seconds:.1f} (CPU {one.cpu_seconds:.1f})"


def _disk_lines(disk: Disk | None) -> Iterator[str]:
    if disk is None:
        return
    yield say(
        f"### 磁盘（原文 {_megabytes(disk.text)}）", f"### Disk (text: {_megabytes(disk.text)})"
    )
    yield ""
    rows = [
        [say(_DISK.get(part, part), part), _megabytes(size), _multiple(size, disk.text)]
        for part, size in sorted(disk.parts.items(), key=lambda item: -item[1])
    ]
    rows.append([say("合计", "all"), _megabytes(disk.total), _multiple(disk.total, disk.text)])
    yield from _table([say("部分", "part"), "MB", say("原文的倍数", "× the text")], rows)


def _load_lines(load: Load | None) -> Iterator[str]:
    if load is None:
        return
    yield say(
        f"### 负载（各 {load.seconds:g} 秒；每秒次数；p50 / p95 / p99，毫秒）",
        f"### Load ({load.seconds:g} s each; searches per second; p50 / p95 / p99, ms)",
    )
    yield ""
    heading = [
        say("负载", "load"),
        say("到达", "requested"),
        say("答复", "answered"),
        say("答复的耗时", "time of answers"),
        "503",
        say("503 的耗时", "time of 503"),
        say("其他", "others"),
    ]
    yield from _table(heading, (_phase_row(one) for one in load.phases))
    yield ""
    recovery = "–" if load.recovery_seconds is None else f"{load.recovery_seconds:.2f} s"
    yield say(f"- 超载之后恢复：{recovery}", f"- recovery after the overload: {recovery}")
    before, after = _memory(load.memory_before), _memory(load.memory_after)
    yield say(
        f"- 服务的内存（自用 + 映射的文件）：{before} → {after}",
        f"- memory of the server (own + mapped files): {before} → {after}",
    )


def _phase_row(one: Phase) -> list[str]:
    rejected = one.statuses.get(503, 0)
    if one.without_retry:
        missing = one.without_retry
        note = say(f"（{missing} 个没有 Retry-After）", f" ({missing} without Retry-After)")
    else:
        note = ""
    others = {status: n for status, n in one.statuses.items() if status not in (200, 503)}
    return [
        one.name,
        f"{one.requested:.1f}",
        f"{one.answered:.1f}",
        " / ".join(_values(one.answer)) if one.answer else "–",
        f"{rejected}{note}",
        " / ".join(_values(one.rejection)) if one.rejection else "–",
        ", ".join(f"{status or say('断开', 'no answer')}: {n}" for status, n in others.items()),
    ]


def _growth_lines(sizes: Sequence[Size]) -> Iterator[str]:
    if not sizes:
        return
    yield say("### 规模（生成的文章；检索为 p50 / p95，毫秒）",
              "### Growth (generated articles; searches: p50 / p95, ms)")  # fmt: skip
    yield ""
    rows = [
        [say("段落", "passages"), *(f"{one.passages:,}" for one in sizes)],
        [say("字", "characters"), *(f"{one.characters:,}" for one in sizes)],
        [
            say("建索引，篇每秒", "indexing, articles/s"),
            *(f"{one.articles / one.seconds:,.0f}" for one in sizes),
        ],
        [
            say("建索引内存峰值：自用 + 映射的文件", "peak memory of indexing: own + mapped files"),
            *(_memory(one.indexing_memory) for one in sizes),
        ],
        [
            say("启动至可用，秒", "start of the server to readiness, s"),
            *(f"{one.ready_seconds:.1f}" for one in sizes),
        ],
        [
            say("服务的内存：自用 + 映射的文件", "memory of the server: own + mapped files"),
            *(_memory(one.memory) for one in sizes),
        ],
        [say("磁盘", "disk"), *(_megabytes(one.disk.total) for one in sizes)],
        [
            say("磁盘，原文的倍数", "disk, × the text"),
            *(_multiple(one.disk.total, one.disk.text) for one in sizes),
        ],
    ]
    for place, first in enumerate(sizes[0].speed):
        found = [one.speed[place].answer for one in sizes]
        rows.append(
            [f"{first.queries}, {first.mode}", *(f"{a.p50:.0f} / {a.p95:.0f}" for a in found)]
        )
    yield from _table([say("文章", "articles"), *(f"{one.articles:,}" for one in sizes)], rows)
    yield ""
    yield say(
        f"- 正文由至多 {POOL:,} 个不同的段落拼成，向量事先算好：建索引的速度不含模型，段落与向量有重复",
        f"- bodies consist of at most {POOL:,} distinct passages, embedded before: the indexing rate is"
        " without the model; passages and vectors repeat",
    )


def _values(one: Percentiles) -> list[str]:
    return [f"{value:.1f}" for value in (one.p50, one.p95, one.p99)]


def _pair(values: Mapping[str, float]) -> list[str]:
    return [f"{values['p50']:.1f}", f"{values['p95']:.1f}", ""]


def _memory(one: Memory) -> str:
    return f"{one.own / 1e6:,.0f} + {one.mapped / 1e6:,.0f} MB"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _multiple(size: int, text: int) -> str:
    return f"{size / text:.2f}" if text else "–"


def _table(heading: Sequence[str], rows: Iterator[list[str]] | list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield f"|{' --- |' * len(heading)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
