"""The command ``gongwen eval``. Entry point: :func:`eval_command`. Arguments, messages, files only."""

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
    """The command; ``open_service`` opens the service by the settings and what is given."""

    @click.command(
        "eval",
        cls=Command,
        help=say(
            "用判定集评测检索质量：目录中有 queries.jsonl、qrels.tsv，可有 collection.jsonl.gz"
            "（有则为它建索引，没有则查现有索引）。说明见 docs/evaluation.md。",
            "Measure the ranking against judgements: a folder of queries.jsonl, qrels.tsv and perhaps"
            " collection.jsonl.gz (indexed for this; without one the live index is asked).",
        ),
    )
    @click.argument("folder", type=click.Path(path_type=Path), metavar=say("目录", "FOLDER"))
    @click.option(
        "--audience",
        type=click.Choice([audience.label for audience in Audience]),
        default=Audience.PUBLIC.label,
        show_default=True,
        help=say("以谁的身份检索", "As whom to search"),
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
            "Keep the index of the collection in this folder and use it again",
        ),
    )
    @click.option(
        "--worst",
        "count",
        type=click.IntRange(0, 1000),
        default=0,
        help=say("列出答得最差的 N 个查询", "Show the N queries that were answered worst"),
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
                    " is asked",
                )
            )
        if plot and not plot.parent.is_dir():  # said before the work, not after it
            raise BadInput(say(f"没有目录 {plot.parent}", f"there is no folder {plot.parent}"))
        lower_priority()
        services = _services(open_service, judgements.collection, models, data)
        found = _evaluated(services, judgements, Audience[audience.upper()], count)
        if as_json:
            click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1))
        else:
            click.echo(found.markdown())
        if plot:
            drawn = found.plot()
            try:
                plot.write_text(drawn, encoding="utf-8")
            except OSError as exc:
                raise BadInput(
                    say(f"--plot：写不进 {plot}：{exc}", f"--plot: cannot write {plot}: {exc}")
                ) from exc

    return evaluate


def _services(
    open_service: Open, collection: Path | None, models: Sequence[str], data: Path | None
) -> Iterator[tuple[SearchService, Settings]]:
    """The live index, or one of the collection for each model; each is open while it is asked."""
    if collection is None:
        with open_service() as opened:
            yield opened
        return
    settings = read_settings()
    with tempfile.TemporaryDirectory() as temporary:
        for model in dict.fromkeys(models or (settings.model,)):
            given = settings.model_copy(update={"model": model})
            folder = (data or Path(temporary)) / _index_name(collection, given)
            # An index and a state of its own: never over somebody's.
            with open_service(engine=f"embedded:{folder}", state="", model=model) as (service, _):
                cleaning = Cleaning.parse(settings.cleaning)
                if done := ensure_index(service, collection, cleaning, progress()):
                    print_report(done, err=True)
                # The folder is nobody's concern, and not the same twice.
                yield service, given.model_copy(update={"engine": "embedded"})


def _index_name(collection: Path, settings: Settings) -> str:
    """A name for the index of a collection by these settings: another where either differs."""
    with collection.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(repr((settings.model, settings.segmenter, settings.cleaning)).encode())
    return digest.hexdigest()[:16]


def _evaluated(
    services: Iterable[tuple[SearchService, Settings]],
    judgements: Judgements,
    audience: Audience,
    count: int,
) -> Evaluation:
    """What the services answer, and the worst questions of the first."""
    systems: list[System] = []
    poor: list[WorstQuery] = []
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
        # Of the index: with GONGWEN_MODEL=none related articles still go by its vectors.
        models.append(f"{settings.model} ({reader.manifest.model or '-'})")
        answered = []
        # Keywords know no model, and without one nothing is found by meaning.
        without = {Method.KEYWORD} if systems else set()
        without |= set() if service.embedder else {Method.SEMANTIC, Method.HYBRID}
        for method in Method:
            if method not in without and (questions := judgements.of(method.task)):
                run = run_queries(service, method, questions, audience, progress=progress())
                answered.append(
                    System(settings.model, method, run, measure(run, judgements.grades))
                )
        if not systems and count:
            # Of the search box the last mode: both together, where there is a model.
            for one in {system.method.task: system for system in answered}.values():
                poor += worst(reader, judgements, one, limit=count)
        systems += answered
    about["models"] = ", ".join(models)
    return Evaluation(about, [row(one) for one in systems], list(comparisons(systems)), poor)
