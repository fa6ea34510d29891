"""Measure the effect of synonyms: `python -m tools.measure_synonyms CORPUS RELEVANCE`.

CORPUS: a source of articles (jsonl.gz). RELEVANCE: a folder for `gongwen eval` with a collection; keyword
nDCG@10 and recall@20 are measured with and without synonyms. Both are indexed without vectors in a folder
that is deleted at the end.
"""

import argparse
import tempfile
from pathlib import Path
from unittest.mock import patch

from analyzers import lexicon
from indexer.build.generations import rebuild
from indexer.evaluation.answers import ensure_index, run_queries
from indexer.evaluation.judgements import Judgements, Method, read_judgements
from indexer.evaluation.measures import Run, measure
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.query.matching import strict
from search_service.query.parsing import parse
from search_service.query.scoring import rank
from search_service.relevance import MAX_DEPTH, MAX_QUERY
from search_service.service import SearchService, open_service
from search_service.settings import read_settings

_OFF = patch("analyzers.synonyms.find", return_value=[])


def _opened(folder: Path) -> SearchService:
    return open_service(read_settings(engine=f"embedded:{folder}", model="none"))


def coverage(service: SearchService) -> str:
    """How many articles the forms of the list find, and whether articles with the form itself come first."""
    reader = service.reader(Audience.PUBLIC)
    before = after = more = new = places = own = 0
    for form in lexicon.synonyms():
        with _OFF:
            without = reader.totals(strict(parse(form, service.analyzer))).total
        query = parse(form, service.analyzer)
        total = reader.totals(strict(query)).total
        before, after = before + without, after + total
        more, new = more + (total > without), new + (total > without == 0)
        literally = strict(parse(f"“{form}”", service.analyzer))
        ids = {hit.id for hit in reader.keyword(literally, limit=MAX_DEPTH)}
        if total > len(ids) >= 10:
            hits = reader.keyword(strict(query), rank(query), limit=10)
            places, own = places + len(hits), own + sum(hit.id in ids for hit in hits)
    return (
        f"{len(lexicon.synonyms())} forms: {before} articles without, {after} with synonyms;"
        f" {more} forms find more, {new} found nothing before; {own} of {places} top hits contain the form"
    )


def judged(service: SearchService, judgements: Judgements) -> str:
    """Keyword ranking with and without synonyms, for all queries and for those that contain one."""
    questions = judgements.questions
    with_synonym = {
        one.id for one in questions if parse(one.text[:MAX_QUERY], service.analyzer).synonyms
    }

    def run() -> Run:
        return run_queries(service, Method.KEYWORD, questions, Audience.PUBLIC, depth=20)

    with _OFF:
        without = run()
    rows = []
    for name, answers in (("without", without), ("with", run())):
        for ids in filter(None, ({one.id for one in questions}, with_synonym)):
            answered = {key: ids_found for key, ids_found in answers.items() if key in ids}
            means = measure(answered, judgements.grades, ("nDCG@10", "Recall@20")).means
            rows.append(f"{name}, {len(ids)} queries: {means}")
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("relevance", type=Path)
    arguments = parser.parse_args()
    judgements = read_judgements(arguments.relevance)
    if judgements.collection is None:
        parser.error(f"{arguments.relevance} has no collection.jsonl.gz")
    cleaning = Cleaning.parse("all")
    with tempfile.TemporaryDirectory() as folder:
        service = _opened(Path(folder) / "relevance")
        ensure_index(service, judgements.collection, cleaning)
        print(judged(service, judgements))
        service.close()
        service = _opened(Path(folder) / "corpus")
        rebuild(service, [arguments.corpus], cleaning=cleaning)
        print(coverage(service))
        service.close()


if __name__ == "__main__":
    main()
