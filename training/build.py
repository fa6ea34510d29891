"""The making of the built-in model from public things; run `python -m training.build`.

Fetches the teacher, chooses the words, learns their vectors, writes the folder. Every draw is
seeded: the same inputs and versions give the same model on the same machine.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from training import folder, student, vocabulary
from training.teacher import Teacher
from training.texts import passages, records, sample

PASSAGES_EACH = 12  # of an article; 26 gave nothing, phrases and titles beside them took away
LONGEST = 240  # characters of a pair's passage that the teacher reads, as of the others


def main() -> None:
    """Make the model and write it to the folder given."""
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
        "--work", type=Path, required=True, help="where the teacher and its vectors are kept"
    )
    parser.add_argument("--words", type=int, default=50_000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    articles = [(record["title"], record["body"]) for record in records(arguments.corpus)]
    titles = [record["title"] for record in records(arguments.titles) if record.get("title")]
    counts = vocabulary.count([f"{title}\n{body}" for title, body in articles] + titles)
    words = vocabulary.choose(counts, size=arguments.words)
    tokenizer = vocabulary.tokenizer(words)
    print(f"{len(words)} words")

    pairs = list(records(arguments.pairs))
    groups = [
        [pair["query"] for pair in pairs],
        [pair["passage"][:LONGEST] for pair in pairs],
        sample([body for _, body in articles], passages, each=PASSAGES_EACH),
    ]
    texts = [text for group in groups for text in group]
    print(f"{len(texts)} texts; the teacher reads some hundreds a second", flush=True)
    teacher = Teacher(arguments.work, threads=arguments.threads)
    answers = np.vstack([teacher.embed(group) for group in groups if group])
    projection = student.Projection(answers, arguments.dimensions)
    first = student.start(teacher.embed(list(words)), list(words.values()), projection)

    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    known = [index for index, encoding in enumerate(encodings) if any(encoding.ids)]
    tokens = [np.asarray(encodings[index].ids, np.int64) for index in known]
    table = student.learn(first, tokens, projection(answers[known]), epochs=arguments.epochs)
    folder.write(arguments.output, table, tokenizer)
    print(f"written to {arguments.output}; judge it with python -m training.measure")


if __name__ == "__main__":
    main()
