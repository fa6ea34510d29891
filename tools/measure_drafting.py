"""Measure passages for drafting tasks: `python -m tools.measure_drafting CORPUS --data FOLDER`.

CORPUS: articles as JSON lines, .gz or not, of which the first are indexed; the sample is, too. The tasks and
judgements are those of tests/quality/drafting, and its fresh ones. Indexes are kept in FOLDER and used again,
as is a cache of vectors that is there: FOLDER/official/vectors.sqlite3.
"""

import argparse
import gzip
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from analyzers.outline import FRAME
from indexer.build.generations import rebuild
from indexer.build.vector_cache import with_cache
from indexer.commands.demo import SAMPLE
from indexer.evaluation.measures import Scores, compare
from search_service.errors import NoIndex
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.support.drafting_tasks import (
    FOLDER,
    FRESH,
    MEASURE,
    SYSTEMS,
    Answers,
    Judgements,
    Task,
    article_of,
    read_judgements,
    read_run,
    read_tasks,
    run,
)

# Of the answers that were recorded when ADR 0033 was not there yet.
_BEFORE = "before"
_ARTICLES = 1430  # a quarter of the corpus: so many passages can be judged, and embedded in minutes


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--articles", type=int, default=_ARTICLES)
    given = parser.parse_args()
    source = given.data / "official.jsonl"
    if not source.exists():
        given.data.mkdir(parents=True, exist_ok=True)
        opener = gzip.open if given.corpus.suffix == ".gz" else open
        with (
            opener(given.corpus, "rt", encoding="utf-8") as lines,
            source.open("w", encoding="utf-8") as first,
        ):
            first.writelines(islice(lines, given.articles))
    of_corpora = {"official": (source, Audience.PUBLIC), "sample": (SAMPLE, Audience.MEMBER)}
    services = {name: _indexed(given.data / name, one) for name, (one, _) in of_corpora.items()}
    for folder, others in ((FOLDER, {_BEFORE: read_run("before.run")}), (FRESH, {})):
        print(f"\n{folder.name}")
        answers: dict[str, Answers] = {name: {} for name in SYSTEMS} | others
        groups: dict[str, Sequence[Task]] = {}
        frame = hits = 0
        for corpus, (_, audience) in of_corpora.items():
            service, tasks = services[corpus], read_tasks(corpus, folder)
            groups[f"{corpus}, topics"] = [one for one in tasks if one.topic]
            groups[f"{corpus}, drafts"] = [one for one in tasks if not one.topic]
            for name in SYSTEMS:
                answers[name] |= run(service, name, tasks, audience)
            keys = [key for one in tasks for key in one.questions]
            shown = [hit for key in keys for hit in answers["precedents"][key]]
            hits += len(shown)
            frame += sum(role in {*FRAME, "附件"} for role in _roles(service, shown, audience))
        groups["all"] = [one for group in groups.values() for one in group]
        for by_articles in (False, True):
            print(f"\n{MEASURE}, of {'articles' if by_articles else 'passages'}")
            _print(answers, groups, read_judgements(folder), by_articles=by_articles)
        print(f"\n{frame} frame parts among the {hits} passages of the precedents")
    for service in services.values():
        service.close()


def _indexed(folder: Path, articles: Path) -> SearchService:
    settings = read_settings(engine=f"embedded:{folder}")
    service = open_service(settings)
    try:
        service.reader(Audience.PUBLIC)
    except NoIndex:
        rebuild(with_cache(service, settings), [articles], cleaning=Cleaning.parse("all"))
    return service


def _roles(service: SearchService, hits: Sequence[str], audience: Audience) -> list[str]:
    stored = service.reader(audience).fetch(list(dict.fromkeys(map(article_of, hits))))
    wanted = set(hits)
    return [
        passage.role
        for key, article in stored.items()
        for passage in article.passages
        if f"{key}:{passage.id}" in wanted
    ]


def _print(
    answers: Mapping[str, Answers],
    groups: Mapping[str, Sequence[Task]],
    judgements: Judgements,
    *,
    by_articles: bool,
) -> None:
    names = [f"{group} ({len(tasks)})" for group, tasks in groups.items()]
    print("| system |", " | ".join(names), "|")
    scores: dict[tuple[str, str], Scores] = {}
    for system, found in answers.items():
        row = []
        for group, tasks in groups.items():
            own = {key: found.get(key, []) for task in tasks for key in task.questions}
            scores[system, group] = judgements.score(own, tasks, articles=by_articles)
            row.append(f"{scores[system, group].means[MEASURE]:.3f}")
        print(f"| {system} |", " | ".join(row), "|")
    for other in (name for name in ("articles", _BEFORE) if name in answers):
        for group in groups:
            ours, theirs = scores["precedents", group], scores[other, group]
            ratio = ours.means[MEASURE] / theirs.means[MEASURE]
            p = compare(ours, theirs, MEASURE).p
            print(f"precedents / {other}, {group}: {ratio:.2f} (p = {p:.3f})")


if __name__ == "__main__":
    main()
