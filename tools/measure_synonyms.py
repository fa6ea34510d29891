"""What synonyms find and what they cost: `python -m tools.measure_synonyms CORPUS RELEVANCE`.

CORPUS: a source of articles (jsonl.gz). RELEVANCE: a folder of collection.jsonl.gz (id, title, text),
queries.jsonl (id, query) and qrels.tsv, of which keyword nDCG@10 and recall@20 are measured with and
without synonyms. Both are indexed without vectors in a folder that is deleted at the end.
"""

import argparse
import gzip
import json
import tempfile
from pathlib import Path
from unittest.mock import patch

import ir_measures
from ir_measures import R, nDCG

from analyzers import lexicon
from indexer.cleaning import Cleaning
from indexer.generations import rebuild
from search_service.matching import rank, strict
from search_service.model import Audience
from search_service.query import parse
from search_service.relevance import MAX_DEPTH, MAX_QUERY
from search_service.retrieval import Mode, SearchRequest, search
from search_service.service import SearchService, open_service
from search_service.settings import read_settings

_OFF = patch("analyzers.synonyms.find", return_value=[])


def _indexed(folder: Path, source: Path) -> SearchService:
    service = open_service(read_settings(engine=f"embedded:{folder}", model="none"))
    rebuild(service, [source], cleaning=Cleaning.parse("all"))
    return service


def found(service: SearchService) -> str:
    """How many articles each form of the list finds, and whether the form itself leads them."""
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
        f" {more} forms find more, {new} found nothing; {own} of {places} first places hold the form"
    )


def judged(service: SearchService, relevance: Path) -> str:
    """Keyword ranking with and without synonyms, of all questions and of those that hold one."""
    lines = (relevance / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    queries = {one["id"]: one["query"][:MAX_QUERY] for one in map(json.loads, lines)}
    judgements = list(ir_measures.read_trec_qrels(str(relevance / "qrels.tsv")))
    touched = {key for key, text in queries.items() if parse(text, service.analyzer).synonyms}

    def run() -> list[ir_measures.ScoredDoc]:
        return [
            ir_measures.ScoredDoc(key, result.stored.view.id, float(-place))
            for key, text in queries.items()
            for place, result in enumerate(
                search(
                    service,
                    SearchRequest(text=text, mode=Mode.KEYWORD, size=20),
                    Audience.PUBLIC,
                ).results
            )
        ]

    with _OFF:
        without = run()
    rows = []
    for name, answers in (("without", without), ("with", run())):
        for size, ids in ((len(queries), set(queries)), (len(touched), touched)):
            means = ir_measures.calc_aggregate(
                [nDCG @ 10, R @ 20],
                [line for line in judgements if line.query_id in ids],
                [line for line in answers if line.query_id in ids],
            )
            rows.append(f"{name}, {size} questions: {means}")
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("relevance", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        collection = folder / "collection.jsonl"
        with (
            gzip.open(arguments.relevance / "collection.jsonl.gz", "rt", encoding="utf-8") as lines,
            collection.open("w", encoding="utf-8") as out,
        ):
            for one in map(json.loads, lines):
                record = {"id": one["id"], "title": one["title"], "body": one["text"]}
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        service = _indexed(folder / "relevance", collection)
        print(judged(service, arguments.relevance))
        service.close()
        service = _indexed(folder / "corpus", arguments.corpus)
        print(found(service))
        service.close()


if __name__ == "__main__":
    main()
