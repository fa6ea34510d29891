"""Plots of what was measured, as SVG. Entry point: :func:`plots`. Needs matplotlib (the extra ``eval``)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analyzers.messages import say
from indexer.benchmark.disk import Disk
from indexer.benchmark.growth import Size
from indexer.benchmark.indexing import STAGES as INDEXING_STAGES
from indexer.benchmark.indexing import Indexing
from indexer.benchmark.report import Benchmark
from indexer.benchmark.speed import STAGES, Speed
from indexer.plotting import svg


def plots(measured: Benchmark) -> dict[str, str]:
    """SVG files by name: of a search, of indexing, of disk and of growth, of what was measured."""
    drawn: dict[str, Callable[[Any], None]] = {}
    if measured.speed:
        drawn["search"] = lambda axes: _draw_search(axes, measured.speed)
    if (indexing := measured.indexing) is not None:
        drawn["indexing"] = lambda axes: _draw_indexing(axes, indexing)
    if (disk := measured.disk) is not None:
        drawn["disk"] = lambda axes: _draw_disk(axes, [("", disk)])
    if sizes := measured.growth:
        drawn["growth-speed"] = lambda axes: _draw_growth(axes, sizes)
        named = [(f"{one.articles:,}", one.disk) for one in sizes]
        drawn["growth-disk"] = lambda axes: _draw_disk(axes, named)
        drawn["growth-memory"] = lambda axes: _draw_memory(axes, sizes)
    return {f"{name}.svg": svg(draw, legend_columns=5) for name, draw in drawn.items()}


def _draw_search(axes: Any, speeds: Sequence[Speed]) -> None:
    """A stacked bar of the stages at p50 for each set and mode, beside it one of what it needs alone."""
    names = [f"{one.queries}\n{one.mode}" for one in speeds]
    places = range(len(speeds))
    _stack(
        axes,
        [place - 0.2 for place in places],
        {stage: [one.stages[stage].p50 for one in speeds] for stage in STAGES},
    )
    alone = {
        say("引擎单独", "engine alone"): [one.engine.p50 for one in speeds],
        say("模型单独", "model alone"): [one.encode.p50 for one in speeds],
        say("向量检索单独", "vector search alone"): [one.vectors.p50 for one in speeds],
    }
    _stack(axes, [place + 0.2 for place in places], alone, hatch="//")
    axes.set_xticks(list(places), names)
    axes.set_ylabel(say("毫秒（p50）", "ms (p50)"))


def _draw_indexing(axes: Any, one: Indexing) -> None:
    """Stacked bars of both builds, and the bounds."""
    runs = (one.first, one.again)
    stages = {stage: [run.stages[stage] for run in runs] for stage in INDEXING_STAGES}
    _stack(axes, [0, 1], stages)
    bounds = [(say("模型单独", "model alone"), one.model)] if one.model else []
    bounds.append((say("引擎写入单独", "writer alone"), one.writer))
    for place, (name, bound) in enumerate(bounds, start=2):
        axes.bar([place], [bound.seconds], 0.35, color="lightgrey", hatch="//", label=name)
    ticks = [say("第一次", "first"), say("再次", "again"), *(name for name, _ in bounds)]
    axes.set_xticks(range(len(ticks)), ticks)
    axes.set_ylabel(say("秒", "seconds"))


def _draw_disk(axes: Any, disks: Sequence[tuple[str, Disk]]) -> None:
    """A stacked bar of the parts for each index, as multiples of the text."""
    parts = dict.fromkeys(part for _, disk in disks for part in disk.parts)
    multiples = {
        part: [disk.parts.get(part, 0) / max(1, disk.text) for _, disk in disks] for part in parts
    }
    _stack(axes, list(range(len(disks))), multiples)
    axes.set_xticks(range(len(disks)), [name for name, _ in disks])
    axes.set_ylabel(say("原文的倍数", "× the text"))


def _draw_growth(axes: Any, sizes: Sequence[Size]) -> None:
    """Lines of p50 (solid) and p95 (dashed) by number of articles."""
    counts = [one.articles for one in sizes]
    for place, first in enumerate(sizes[0].speed):
        found = [one.speed[place].answer for one in sizes]
        name = f"{first.queries}, {first.mode}"
        (line,) = axes.plot(counts, [one.p50 for one in found], marker="o", label=name)
        axes.plot(counts, [one.p95 for one in found], "--", marker=".", color=line.get_color())
    axes.set_xlabel(say("文章", "articles"))
    axes.set_ylabel(say("毫秒（实线 p50，虚线 p95）", "ms (p50; dashed: p95)"))


def _draw_memory(axes: Any, sizes: Sequence[Size]) -> None:
    """Lines of the memory of both processes by number of articles; dashed with mapped files."""
    counts = [one.articles for one in sizes]
    for name, values in (
        (say("建索引，峰值", "indexing, peak"), [one.indexing_memory for one in sizes]),
        (say("服务", "server"), [one.memory for one in sizes]),
    ):
        (line,) = axes.plot(counts, [m.own / 1e6 for m in values], marker="o", label=name)
        both = [(m.own + m.mapped) / 1e6 for m in values]
        axes.plot(counts, both, "--", marker=".", color=line.get_color())
    axes.set_ylim(bottom=0)
    axes.set_xlabel(say("文章", "articles"))
    axes.set_ylabel(say("MB（虚线：连同映射的文件）", "MB (dashed: with mapped files)"))


def _stack(
    axes: Any,
    places: Sequence[float],
    layers: Mapping[str, Sequence[float]],
    *,
    hatch: str | None = None,
) -> None:
    """Stacked bars: a layer per name, a bar per place; layers of nothing are left out."""
    bottom = [0.0] * len(places)
    for name, values in layers.items():
        if any(values):
            axes.bar(places, values, 0.35, bottom=bottom, label=name, hatch=hatch)
            bottom = [low + value for low, value in zip(bottom, values, strict=True)]
