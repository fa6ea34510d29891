"""A judgement of an embedding model by meaning alone; run `python -m training.measure`.

Exact cosine over a whole collection, no keywords: what the model itself finds. The set is a folder
of queries.jsonl (id, query), qrels.tsv (query, 0, document, grade) and collection.jsonl.gz
(id, title, text). Nothing is learned here.
"""

import argparse
import time
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import R, nDCG

from analyzers.embed import open_embedder
from training.texts import records

DEPTH = 100


def main() -> None:
    """Measure one model on one set and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("relevance", type=Path, help="folder with queries, judgements, collection")
    parser.add_argument("--model", default="builtin", help="as GONGWEN_MODEL takes it")
    arguments = parser.parse_args()

    embedder = open_embedder(arguments.model)
    queries = list(records([arguments.relevance / "queries.jsonl"]))
    collection = list(records([arguments.relevance / "collection.jsonl.gz"]))
    judgements = list(ir_measures.read_trec_qrels(str(arguments.relevance / "qrels.tsv")))
    asked = embedder.embed([query["query"] for query in queries], query=True)
    forms = {
        "title + text": [f"{document['title']}\n{document['text']}" for document in collection],
        "text": [document["text"] for document in collection],
    }
    print(f"{arguments.model}: {embedder.fingerprint}, {embedder.dimensions} dimensions")
    print(f"{len(queries)} queries, {len(collection)} documents")
    for form, documents in forms.items():
        started = time.perf_counter()
        rows = embedder.embed(documents)
        speed = len(documents) / (time.perf_counter() - started)
        similarity = asked @ rows.T
        run = []
        for index, query in enumerate(queries):
            row = similarity[index]
            best = np.argsort(-row, kind="stable")[:DEPTH]
            run += [
                ir_measures.ScoredDoc(query["id"], collection[at]["id"], float(row[at]))
                for at in best
            ]
        scores = ir_measures.calc_aggregate([nDCG @ 10, R @ DEPTH], judgements, run)
        figures = ", ".join(f"{measure} {score:.4f}" for measure, score in scores.items())
        print(f"{form}: {figures}, {speed:,.0f} passages/s")


if __name__ == "__main__":
    main()
