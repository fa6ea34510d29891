"""Evaluate embedding models by exact cosine, and their speed: `python -m training.measure`.

Semantic search over a whole collection, without keywords. The set is a folder of queries.jsonl and qrels.tsv
(docs/evaluation.md) and collection.jsonl.gz (id, title, text). The reference for speed is the teacher in
torch, float32, timed in the same run.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analyzers.embed import Embedder, open_embedder
from indexer.evaluation.judgements import Judgements, read_judgements
from indexer.evaluation.measures import Run, measure
from training.teacher import BATCH, as_sentence_transformer
from training.texts import records

DEPTH = 100
MEASURES = ("nDCG@10", f"Recall@{DEPTH}")
# Length of a mean passage of official writing, number of passages, and alternating rounds.
CHARACTERS, PASSAGES, ROUNDS = 136, 128, 5
TEACHER = "teacher, torch fp32"


def main() -> None:
    """Measure models on one set and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("relevance", type=Path, help="folder with queries, judgements, collection")
    parser.add_argument(
        "--model", nargs="+", default=["builtin"], help="models as GONGWEN_MODEL takes them"
    )
    parser.add_argument(
        "--work", type=Path, required=True, help="where the teacher is, or is fetched to"
    )
    parser.add_argument("--threads", type=int, default=2, help="of the teacher in torch")
    parser.add_argument("--speed-only", action="store_true", help="no judgement: a minute")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    models = {name: open_embedder(name) for name in arguments.model}
    collection = list(records([arguments.relevance / "collection.jsonl.gz"]))
    if not arguments.speed_only:
        for name, embedder in models.items():
            judge(name, embedder, read_judgements(arguments.relevance), collection)
    teacher = as_sentence_transformer(arguments.work)

    def read_by_teacher(texts: Sequence[str]) -> object:
        return teacher.encode(list(texts), batch_size=BATCH, show_progress_bar=False)

    readers: dict[str, Callable[[Sequence[str]], object]] = {TEACHER: read_by_teacher}
    readers |= {name: embedder.embed for name, embedder in models.items()}
    race(readers, passages(collection))


def judge(
    name: str, embedder: Embedder, judgements: Judgements, collection: Sequence[Mapping[str, Any]]
) -> None:
    """Print nDCG@10 and Recall@100 of one model, over titles with texts and over only texts."""
    questions = judgements.questions
    asked = embedder.embed([question.text for question in questions], query=True)
    forms = {
        "title + text": [f"{document['title']}\n{document['text']}" for document in collection],
        "text": [document["text"] for document in collection],
    }
    print(f"{name}: {embedder.fingerprint}, {embedder.dimensions} dimensions")
    print(f"{len(questions)} queries, {len(collection)} documents")
    for form, documents in forms.items():
        similarity = asked @ embedder.embed(documents).T
        run: Run = {
            question.id: [
                str(collection[at]["id"]) for at in np.argsort(-row, kind="stable")[:DEPTH]
            ]
            for question, row in zip(questions, similarity, strict=True)
        }
        means = measure(run, judgements.grades, MEASURES).means
        figures = ", ".join(f"{one} {mean:.4f}" for one, mean in means.items())
        print(f"{form}: {figures}", flush=True)


def passages(collection: Sequence[Mapping[str, Any]]) -> list[str]:
    """Texts of equal length, cut evenly from the concatenated collection."""
    joined = "".join(document["text"].replace("\n", "") for document in collection)
    step = len(joined) // PASSAGES
    return [joined[at : at + CHARACTERS] for at in range(0, PASSAGES * step, step)]


def race(readers: Mapping[str, Callable[[Sequence[str]], object]], texts: Sequence[str]) -> None:
    """Print the passages per second of each (median over the rounds), and as a multiple of the teacher."""
    times: dict[str, list[float]] = {name: [] for name in readers}
    for turn in range(ROUNDS + 1):
        for name, read in readers.items():
            started = time.perf_counter()
            read(texts)
            if turn:  # the first round includes loading
                times[name].append(time.perf_counter() - started)
    speeds = {name: len(texts) / statistics.median(took) for name, took in times.items()}
    print(f"{len(texts)} passages of {CHARACTERS} characters, {ROUNDS} turns")
    for name, speed in speeds.items():
        print(f"{name}: {speed:,.0f} passages/s, {speed / speeds[TEACHER]:.1f} × {TEACHER}")


if __name__ == "__main__":
    main()
