"""Train the built-in model from public data: `python -m training.build`.

Downloads the teacher, embeds the texts with it, prunes it to the student, trains that, writes the folder.
Everything random is seeded; an interrupted run is resumed.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import torch

from analyzers.normalize import normalize
from indexer.fetch_model import ONNX
from training import bert, folder, student, vocabulary
from training.teacher import Teacher
from training.texts import passages, phrases, records, sample

# Passages and phrases per article: without a limit a few huge codes would dominate.
PASSAGES_EACH, MORE_EACH, PHRASES_EACH = 12, 40, 20
MOST = 80_000  # more passages, phrases
TITLES = 20_000
LONGEST = 240  # characters of a passage of a pair, as of other passages
TOKENS = 160  # per text for training the student
LAYERS = (0, 1, 3)
INNER = 1024
WEIGHED = 320  # texts for measuring the strength of the teacher's neurons


def main() -> None:
    """Train the model and write it to the output folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--corpus", type=Path, nargs="+", required=True, help="JSON lines with title and body"
    )
    parser.add_argument("--titles", type=Path, nargs="*", default=[], help="JSON lines with title")
    parser.add_argument(
        "--pairs", type=Path, nargs="*", default=[], help="JSON lines with query and passage"
    )
    parser.add_argument("--output", type=Path, required=True, help="the model folder to write")
    parser.add_argument(
        "--work", type=Path, required=True, help="where the teacher, its vectors and progress are"
    )
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)

    articles = [(record["title"], record["body"]) for record in records(arguments.corpus)]
    titles = [record["title"] for record in records(arguments.titles) if record.get("title")]
    pairs = list(records(arguments.pairs))
    bodies = [body for _, body in articles]
    first = sample(bodies, passages, each=PASSAGES_EACH)
    groups = [
        [pair["query"] for pair in pairs],
        [pair["passage"][:LONGEST] for pair in pairs],
        first,
        sample(bodies, passages, each=MORE_EACH, seed=5, without=first)[:MOST],
        sample(bodies, phrases, each=PHRASES_EACH, seed=2)[:MOST],
        sample(["\n".join(titles)], str.splitlines, each=TITLES),
    ]
    texts = [text for group in groups for text in group]
    print(f"{len(texts)} texts; the teacher reads some hundreds a second", flush=True)
    teacher = Teacher(arguments.work, threads=arguments.threads)
    answers = np.vstack([teacher.embed(group) for group in groups if group])

    # The teacher gets original texts, as in its training; the student normalised ones, as in the service.
    given = [normalize(text) for text in texts]
    everything = (*given, *(normalize(f"{title}\n{body}") for title, body in articles))
    tokens = vocabulary.choose(teacher.tokenizer, everything)
    places = np.full(teacher.tokenizer.get_vocab_size(), vocabulary.UNKNOWN, np.int64)
    places[tokens] = np.arange(len(tokens))
    teacher.tokenizer.enable_truncation(TOKENS)
    read = [encoding.ids for encoding in teacher.tokenizer.encode_batch_fast(given)]

    known = bert.teacher(arguments.work / ONNX, random.Random(1).sample(read, WEIGHED))
    model = bert.Student(
        vocabulary=len(tokens),
        layers=len(LAYERS),
        inner=INNER,
        dimensions=arguments.dimensions,
    )
    model.take(known, tokens, LAYERS)
    projection = student.Projection(answers, arguments.dimensions)
    model.project.weight.data = torch.from_numpy(np.ascontiguousarray(projection.axes.T))
    model.project.bias.data = torch.from_numpy(-(projection.mean @ projection.axes))
    student.learn(
        model,
        [places[ids] for ids in read],
        projection(answers),
        epochs=arguments.epochs,
        progress=arguments.work / "progress.pt",
    )
    folder.write(arguments.output, model, vocabulary.pruned(teacher.tokenizer, tokens))
    print(f"written to {arguments.output}; judge it with python -m training.measure")


if __name__ == "__main__":
    main()
