"""The student, one vector per word; `start` takes them from the teacher, `learn` betters them.

Works on arrays alone: reads no corpus, writes no file.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

Matrix = npt.NDArray[np.float32]
Tokens = Sequence[npt.NDArray[np.int64]]

# a of the weight a / (a + p) of a word of probability p; Arora, Liang, Ma 2017, "A simple but
# tough-to-beat baseline for sentence embeddings". nDCG@10
# before learning: 1e-5 .20, 1e-4 .27, 1e-3 .29, 1e-2 .27.
SMOOTHING = 1e-3
RATE = 1e-3  # with ten epochs; 2e-3 with five is as good
BATCH = 512


class Projection:
    """Centring on the mean and the principal axes of the teacher's vectors."""

    def __init__(self, rows: Matrix, dimensions: int) -> None:
        """Find the axes of rows with most variance."""
        self.mean = rows.mean(axis=0)
        centred = rows - self.mean
        values, axes = np.linalg.eigh(centred.T @ centred / len(rows))
        axes = axes[:, np.argsort(values)[::-1][:dimensions]]
        # The sign of an axis is arbitrary; fix it, so that a second run gives the same file.
        self.axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])

    def __call__(self, rows: Matrix, *, mean: Matrix | None = None) -> Matrix:
        """Project rows, centred on their own mean where one is given."""
        projected = (rows - (self.mean if mean is None else mean)) @ self.axes
        return np.asarray(projected, dtype=np.float32)


def start(words: Matrix, probabilities: Sequence[float], projection: Projection) -> Matrix:
    """Return the first table: the teacher's vectors of words, weighted; row 0 (unknown) is zero."""
    rows = projection(words, mean=words.mean(axis=0))
    p = np.asarray(probabilities, np.float32)[:, None]
    return np.vstack([np.zeros((1, rows.shape[1]), np.float32), rows * SMOOTHING / (SMOOTHING + p)])


def learn(table: Matrix, texts: Tokens, targets: Matrix, *, epochs: int, seed: int = 1) -> Matrix:
    """Move the words until the sum of a text's words points where the teacher's vector does.

    ``texts`` are token ids, none empty; ``targets`` their projected vectors, one row each.
    """
    draw = np.random.default_rng(seed)
    goals = functional.normalize(torch.from_numpy(targets), dim=1)
    words = torch.nn.EmbeddingBag.from_pretrained(
        torch.from_numpy(table.copy()), freeze=False, mode="sum", sparse=True, padding_idx=0
    )
    optimiser = torch.optim.SparseAdam(words.parameters(), lr=RATE)
    batches = len(texts) // BATCH
    decay = torch.optim.lr_scheduler.LinearLR(
        optimiser, start_factor=1.0, end_factor=0.02, total_iters=epochs * batches
    )
    for epoch in range(epochs):
        order = draw.permutation(len(texts))
        total = 0.0
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            pieces = [texts[index] for index in chosen]
            offsets = np.cumsum([0, *map(len, pieces[:-1])])
            sums = words(torch.from_numpy(np.concatenate(pieces)), torch.from_numpy(offsets))
            loss = 1 - (functional.normalize(sums, dim=1) * goals[chosen]).sum(dim=1).mean()
            total += loss.item()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            decay.step()
        print(f"epoch {epoch + 1}: distance to the teacher {total / batches:.4f}", flush=True)
    learned: Matrix = words.weight.detach().numpy()
    learned[0] = 0.0  # unknown: says nothing
    return learned
