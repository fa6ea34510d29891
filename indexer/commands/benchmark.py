"""The command ``gongwen bench``. Entry point: :func:`bench_command`. Arguments, messages and files only."""

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from analyzers.messages import say
from indexer.benchmark import growth, indexing, load, report, speed
from indexer.benchmark.disk import disk_use
from indexer.benchmark.queries import Queries, read_queries, titles
from indexer.benchmark.report import Benchmark
from indexer.benchmark.server import serving
from indexer.commands.console import Command
from indexer.commands.generation import Open
from indexer.commands.printing import print_report, progress
from indexer.evaluation.measures import require
from search_service.errors import BadInput, redact_credentials
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience, Everything
from search_service.service import SearchService
from search_service.settings import Settings, read_settings


def bench_command(open_service: Open) -> click.Command:
    """The command; ``open_service`` opens the service by the settings and its arguments."""

    @click.command(
        "bench",
        cls=Command,
        help=say(
            "测速度与大小：不给来源时测现有索引，给来源时先为它建索引。说明见 docs/benchmarks.md。",
            "Measure speed and size: of the live index, or of an index built from the sources. See"
            " docs/benchmarks.md.",
        ),
    )
    @click.argument(
        "sources",
        nargs=-1,
        type=click.Path(path_type=Path),
        metavar=say("[来源…]", "[SOURCE…]"),
    )
    @click.option(
        "--queries",
        "files",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help=say(
            "查询文件，可重复：每行一个，或 JSONL 的 query；没有则用标题",
            "File of queries, may be repeated: lines, or JSONL with query; without one, titles",
        ),
    )
    @click.option(
        "--repetitions",
        type=click.IntRange(1, 1000),
        default=5,
        show_default=True,
        help=say(
            "每个查询测几次，取中位数", "Times that each query is measured; the median counts"
        ),
    )
    @click.option(
        "--articles",
        "sizes",
        type=_Sizes(),
        help=say(
            "规模：照来源的样子生成这么多篇，各建索引测一遍，如 10000,50000",
            "Growth: generate so many articles that resemble the sources, index and measure each,"
            " such as 10000,50000",
        ),
    )
    @click.option(
        "--load",
        "under_load",
        is_flag=True,
        help=say(
            "负载：1 个与 8 个客户端的吞吐量，然后八成、三倍的负载",
            "Load: the capacity with 1 and 8 clients, then 80 % and 300 % of it",
        ),
    )
    @click.option(
        "--seconds",
        type=click.FloatRange(0.1, 3600),
        default=10,
        show_default=True,
        help=say("每种负载几秒", "Seconds of each load"),
    )
    @click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help=say("把建好的索引留在这个目录", "Keep the index that is built in this folder"),
    )
    @click.option(
        "--plot",
        type=click.Path(path_type=Path, file_okay=False),
        help=say("把图写入这个目录（SVG）", "Write plots (SVG) into this folder"),
    )
    @click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
    def bench(  # noqa: PLR0913  (each is an option)
        sources: tuple[Path, ...],
        files: tuple[Path, ...],
        repetitions: int,
        sizes: tuple[int, ...],
        seconds: float,
        data: Path | None,
        plot: Path | None,
        *,
        under_load: bool,
        as_json: bool,
    ) -> None:
        """Measure."""
        sets = [read_queries(file) for file in files]
        _check(sources, sets, sizes, data)
        if plot:
            require("matplotlib")
            plot.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as temporary:
            folder = data or Path(temporary)
            if sizes:
                measured = _grow(sources, sizes, repetitions, folder, keep=bool(data))
            else:
                # Its own index and state: it must not overwrite those of the settings.
                own = {"engine": f"embedded:{folder}", "state": ""} if sources else {}
                with open_service(**own) as (service, settings):
                    built = _build(service, settings, sources, folder) if sources else Benchmark({})
                    measured = _search(
                        service, settings, sets, repetitions, seconds if under_load else 0.0
                    )
                    if built.disk is not None:  # of one index; now there are two
                        measured = replace(measured, disk=built.disk, indexing=built.indexing)
        if sources:
            names = ", ".join(source.name for source in sources)
            measured = replace(measured, about={**measured.about, "corpus": names})
        if as_json:
            click.echo(json.dumps(asdict(measured), ensure_ascii=False, indent=1))
        else:
            click.echo(measured.markdown())
        if plot:
            from indexer.benchmark.plots import plots

            for name, svg in plots(measured).items():
                (plot / name).write_text(svg, encoding="utf-8")

    return bench


def _check(
    sources: Sequence[Path], sets: Sequence[Queries], sizes: Sequence[int], data: Path | None
) -> None:
    """Raise ``BadInput`` for options that contradict each other."""
    if data and not sources:
        raise BadInput(
            say(
                "--data 要有来源；没有来源时测的是现有索引",
                "--data needs a source; without one the live index is measured",
            )
        )
    if data and (data / "aliases.json").exists():
        raise BadInput(
            say(
                f"--data：{data} 中已有索引；测它请设 GONGWEN_ENGINE=embedded:{data} 且不给来源",
                f"--data: there is an index in {data}; to measure it, set"
                f" GONGWEN_ENGINE=embedded:{data} and give no source",
            )
        )
    if sizes and (sets or not sources):
        raise BadInput(
            say(
                "--articles 要有来源可学；查询随之生成，不用 --queries",
                "--articles needs a source to learn from; queries are generated, too, without"
                " --queries",
            )
        )


class _Sizes(click.ParamType[tuple[int, ...]]):
    """Numbers of articles, separated by commas, as a tuple in ascending order."""

    name = "N,…"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers; fails for anything else."""
        if not re.fullmatch(r"[1-9][0-9]{0,7}(,[1-9][0-9]{0,7})*", str(value)):
            self.fail(say("应为逗号分开的篇数", "numbers separated by commas"), param, ctx)
        return tuple(sorted({int(one) for one in str(value).split(",")}))


def _grow(
    sources: Sequence[Path], sizes: Sequence[int], repetitions: int, folder: Path, *, keep: bool
) -> Benchmark:
    found = growth.measure(
        sources,
        sizes,
        read_settings(),
        repetitions=repetitions,
        folder=folder,
        keep=keep,
        notice=partial(click.echo, err=True),
    )
    return Benchmark(report.about("", max(sizes)), growth=list(found))


def _build(
    service: SearchService, settings: Settings, sources: Sequence[Path], folder: Path
) -> Benchmark:
    """Indexing and disk."""
    cleaning = Cleaning.parse(settings.cleaning)
    built, disk, done = indexing.measure(service, folder, sources, cleaning, progress=progress())
    print_report(done, err=True)
    return Benchmark({}, indexing=built, disk=disk)


def _search(
    service: SearchService,
    settings: Settings,
    sets: Sequence[Queries],
    repetitions: int,
    seconds: float,
) -> Benchmark:
    """Speed, load for so many ``seconds`` each unless 0, and disk."""
    reader = service.reader(Audience.PUBLIC)
    total = reader.totals(Everything()).total
    sets = sets or [titles(reader, total)]
    with serving(settings) as server:
        speeds = list(
            speed.measure(service, server, sets, repetitions=repetitions, progress=progress())
        )
        texts = [text for one in sets for text in one.texts if text.strip()]
        loaded = load.measure(server, texts, seconds) if seconds else None
    folder = settings.embedded_folder
    disk = disk_use(folder, reader) if folder else None
    about = report.about(redact_credentials(settings.engine), total)
    return Benchmark(about, speeds, disk=disk, load=loaded)
