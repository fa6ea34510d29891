"""The table. Entry points: :class:`Row`, :func:`markdown`, :func:`as_json`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from analyzers.messages import say
from tools.peers.measure import Asked, Built


@dataclass
class Row:
    """What was measured of one peer; parts may be missing. ``ndcg``: judged set -> nDCG@10."""

    name: str
    how: str
    built: Built | None = None
    asked: Asked | None = None
    ndcg: dict[str, float] = field(default_factory=dict)
    fault: str = ""


@dataclass
class Report:
    """A run. ``text``: bytes of titles and texts; ``embedding``: seconds for the vectors that peers share.

    ``missing``: peer -> what this machine lacks.
    """

    corpus: str
    articles: int
    text: int
    queries: int
    passages: int
    embedding: float
    judged: Mapping[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def markdown(report: Report) -> str:
    """The table with what it needs to be read."""
    columns = [
        say("系统", "system"),
        say("建索引 秒", "build, s"),
        say("磁盘 MB（× 原文）", "disk, MB (× text)"),
        say("内存 MB", "memory, MB"),
        say("1 个客户端 p50 / p95 / p99 毫秒", "1 client, p50 / p95 / p99 ms"),
        say("8 个客户端 p50 / p95 / p99 毫秒", "8 clients, p50 / p95 / p99 ms"),
        say("每秒次数（8 个）", "per second (8)"),
        say("每次 CPU 毫秒", "CPU ms each"),
        *(f"nDCG@10 {name} ({count})" for name, count in report.judged.items()),
    ]
    lines = [
        say(
            f"{report.corpus}：{report.articles} 篇，{report.text / 1e6:.1f} MB 文字，{report.passages} 段；"
            f"{report.queries} 个查询；各家共用的向量另计：{report.embedding:.0f} 秒",
            f"{report.corpus}: {report.articles} articles, {report.text / 1e6:.1f} MB of text,"
            f" {report.passages} passages; {report.queries} queries; the vectors that they share,"
            f" apart: {report.embedding:.0f} s",
        ),
        "",
        f"| {' | '.join(columns)} |",
        f"|{' --- |' * len(columns)}",
    ]
    lines += [f"| {' | '.join(_cells(row, report))} |" for row in report.rows]
    lines += ["", *(f"- {row.name}: {row.how}" for row in report.rows)]
    lines += [
        f"- {row.name}: {say('出错', 'failed')}: {row.fault}" for row in report.rows if row.fault
    ]
    lines += [
        say(f"- 未安装：{name}（{what}）", f"- not installed: {name} ({what})")
        for name, what in report.missing.items()
    ]
    return "\n".join(lines)


def _cells(row: Row, report: Report) -> list[str]:
    built, asked = row.built, row.asked
    # The index of another row: nothing to build.
    cells = [row.name, f"{built.seconds:.1f}" if built and built.seconds >= 0.05 else "—"]
    cells.append(
        f"{built.disk / 1e6:.0f} ({built.disk / max(1, report.text):.1f} ×)" if built else "—"
    )
    loads = asked.loads if asked else []
    cells.append(f"{asked.memory / 1e6:.0f}" if asked else "—")
    cells += [
        f"{one.answer.p50:.1f} / {one.answer.p95:.1f} / {one.answer.p99:.1f}" for one in loads
    ] or ["—"] * 2
    cells.append(f"{loads[-1].per_second:.0f}" if loads else "—")
    cells.append(f"{loads[0].processor:.1f}" if loads else "—")
    return cells + [f"{row.ndcg[name]:.3f}" if name in row.ndcg else "—" for name in report.judged]


def as_json(report: Report) -> str:
    """The same for programs."""
    return json.dumps(asdict(report), ensure_ascii=False, indent=1)
