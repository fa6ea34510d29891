"""The command ``gongwen eval``. Entry point: :func:`eval_command`. Arguments, messages and files only."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from analyzers.messages import say
from indexer.commands.console import Command, lower_priority
from indexer.commands.generation import Open
from indexer.commands.printing import print_report, progress
from indexer.evaluation.answers import ensure_index, missing_documents, run_queries
from indexer.evaluation.judgements import Judgements, Method, read_judgements
from indexer.evaluation.measures import measure, require
from indexer.evaluation.report import Evaluation, System, WorstQuery, comparisons, row, worst
from search_service.errors import BadInput, redact_credentials
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience, Everything
from search_service.service import SearchService
from search_service.settings import Settings, read_settings


def eval_command(open_service: Open) -> click.Command:
    """The command; ``open_service`` opens the service by the settings and its arguments."""

    @click.command(
        "eval",
        cls=Command,
        help=say(
            "用判定集评测检索质量：目录中有 queries.jsonl、qrels.tsv，可有 collection.jsonl.gz"
            "（有则为它建索引，没有则查现有索引）。说明见 docs/evaluation.md。",
            "Measure the ranking against judgements: a folder of queries.jsonl, qrels.tsv and perhaps"
            " collection.jsonl.gz (which is indexed; without one the live index is searched).",
        ),
    )
    @click.argument("folder", type=click.Path(path_type=Path), metavar=say("目录", "FOLDER"))
    @click.option(
        "--audience",
        type=click.Choice([audience.label for audience in Audience]),
        default=Audience.PUBLIC.label,
        show_default=True,
        help=say("以谁的身份检索", "As which audience to search"),
    )
    @click.option(
        "--model",
        "models",
        multiple=True,
        help=say(
            "模型，可重复，各与第一个比较；要有 collection",
            "Model; may be repeated, each is compared with the first; needs a collection",
        ),
    )
    @click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help=say(
            "把 collection 的索引留在这个目录，下次再用",
            "Keep the index of the collection in this folder and reuse it",
        ),
    )
    @click.option(
        "--worst",
        "count",
        type=click.IntRange(0, 1000),
        default=0,
        help=say("列出答得最差的 N 个查询", "Show the N queries with the worst results"),
    )
    @click.option(
        "--plot",
        type=click.Path(path_type=Path, dir_okay=False),
        help=say("把图写入 SVG 文件", "Write a plot as SVG"),
    )
    @click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
    def evaluate(
        folder: Path,
        audience: str,
        models: tuple[str, ...],
        data: Path | None,
        count: int,
        plot: Path | None,
        *,
        as_json: bool,
    ) -> None:
        """Evaluate."""
        require("pytrec_eval", "scipy", *(["matplotlib"] if plot else []))
        judgements = read_judgements(folder)
        if judgements.collection is None and (models or data):
            raise BadInput(
                say(
                    f"--model 与 --data 要有 {folder}/collection.jsonl；没有时查的是现有索引",
                    f"--model and --data need {folder}/collection.jsonl; without one the live index"
                    " is searched",
                )
            )
        if plot and not plot.parent.is_dir():  # checked before the work starts
            raise BadInput(say(f"没有目录 {plot.parent}", f"there is no folder {plot.parent}"))
        lower_priority()
        services = _services(open_service, judgements.collection, models, data)
        evaluation = _evaluate(services, judgements, Audience[audience.upper()], count)
        if as_json:
            click.echo(json.dumps(asdict(evaluation), ensure_ascii=False, indent=1))
        else:
            click.echo(evaluation.markdown())
        if plot:
            svg = evaluation.plot()
            try:
                plot.write_text(svg, encoding="utf-8")
            except OSError as exc:
                raise BadInput(
                    say(f"--plot：写不进 {plot}：{exc}", f"--plot: cannot write {plot}: {exc}")
                ) from exc

    return evaluate


def _services(
    open_service: Open, collection: Path | None, models: Sequence[str], data: Path | None
) -> Iterator[tuple[SearchService, Settings]]:
    """Yield the live index, or an index of the collection for each model; each is closed after use."""
    if collection is None:
        with open_service() as opened:
            yield opened
        return
    settings = read_settings()
    with tempfile.TemporaryDirectory() as temporary:
        for model in dict.fromkeys(models or (settings.model,)):
            own = settings.model_copy(update={"model": model})
            folder = (data or Path(temporary)) / _index_name(collection, own)
            # Its own index and state: it must not overwrite those of the settings.
            with open_service(engine=f"embedded:{folder}", state="", model=model) as (service, _):
                cleaning = Cleaning.parse(settings.cleaning)
                if done := ensure_index(service, collection, cleaning, progress()):
                    print_report(done, err=True)
                # Without the folder, which may differ at each run.
                yield service, own.model_copy(update={"engine": "embedded"})


def _index_name(collection: Path, settings: Settings) -> str:
    """A name that depends on the collection and on the settings of its index."""
    with collection.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(repr((settings.model, settings.segmenter, settings.cleaning)).encode())
    return digest.hexdigest()[:16]


def _evaluate(
    services: Iterable[tuple[SearchService, Settings]],
    judgements: Judgements,
    audience: Audience,
    count: int,
) -> Evaluation:
    """Run the judged queries against each service; the worst queries are those of the first."""
    systems: list[System] = []
    worst_queries: list[WorstQuery] = []
    models: list[str] = []
    about: dict[str, str | int] = {
        "corpus": judgements.corpus,
        "queries": len(judgements.questions),
        "unjudged": judgements.unjudged,
    }
    for service, settings in services:
        reader = service.reader(audience)
        about["engine"] = redact_credentials(settings.engine)
        about["documents"] = reader.totals(Everything()).total
        about["lacking"] = missing_documents(reader, judgements)
        # The model of the index: with GONGWEN_MODEL=none related articles still use its vectors.
        models.append(f"{settings.model} ({reader.manifest.model or '-'})")
        measured = []
        # Keyword search needs no model, semantic and hybrid search need one.
        skipped = {Method.KEYWORD} if systems else set()
        skipped |= set() if service.embedder else {Method.SEMANTIC, Method.HYBRID}
        for method in Method:
            if method not in skipped and (questions := judgements.of(method.task)):
                run = run_queries(service, method, questions, audience, progress=progress())
                measured.append(
                    System(settings.model, method, run, measure(run, judgements.grades))
                )
        if not systems and count:
            # For each task the last method: hybrid for the search box, if there is a model.
            for one in {system.method.task: system for system in measured}.values():
                worst_queries += worst(reader, judgements, one, limit=count)
        systems += measured
    about["models"] = ", ".join(models)
    return Evaluation(
        about, [row(one) for one in systems], list(comparisons(systems)), worst_queries
    )
