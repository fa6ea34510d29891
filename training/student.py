"""Train the student to reproduce the teacher's vectors. Entry points: :class:`Projection`, :func:`learn`."""

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from training.bert import Student

Matrix = npt.NDArray[np.float32]
Tokens = Sequence[npt.NDArray[np.int64]]

BATCH = 128
# Batches that are sorted by length together, so that there is little padding.
SORTED = 50
RATE, WARM = 4e-4, 300
HELD = 1024  # held-out texts, to measure the similarity to the teacher
_EVERY = 300


class Projection:
    """Centring on the mean and the principal axes of the teacher's vectors."""

    def __init__(self, rows: Matrix, dimensions: int) -> None:
        """Find the axes of ``rows`` with the most variance."""
        self.mean = rows.mean(axis=0)
        centred = rows - self.mean
        values, axes = np.linalg.eigh(centred.T @ centred / len(rows))
        axes = axes[:, np.argsort(values)[::-1][:dimensions]]
        # The sign of an axis is arbitrary; fix it, so that a second run gives the same file.
        self.axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])

    def __call__(self, rows: Matrix) -> Matrix:
        """Project rows and normalise them to length 1."""
        projected = (rows - self.mean) @ self.axes
        lengths = np.linalg.norm(projected, axis=1, keepdims=True)
        return np.asarray(projected / lengths, dtype=np.float32)


def learn(model: Student, texts: Tokens, goals: Matrix, *, epochs: float, progress: Path) -> None:
    """Train the student's vectors towards ``goals``, one row of length 1 for each text.

    ``progress``: a checkpoint file, written every few minutes, from which an interrupted run is resumed.
    """
    order = np.random.default_rng(1).permutation(len(texts))
    held, learned = order[:HELD], order[HELD:]
    targets = torch.from_numpy(goals)
    steps = int(epochs * (len(learned) // BATCH))
    matrices = [one for one in model.parameters() if one.ndim > 1]
    others = [one for one in model.parameters() if one.ndim == 1]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}],
        lr=RATE,
        betas=(0.9, 0.98),
    )
    decay = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / WARM) * max(0.01, 1 - step / steps)
    )
    done = 0
    if progress.exists():
        state = torch.load(progress)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        decay.load_state_dict(state["decay"])
        done = state["step"]
    started, total = time.monotonic(), 0.0
    for step, batch in enumerate(_batches(texts, learned, steps)):
        if step < done:
            continue
        tokens, mask = _padded(texts, batch)
        with torch.autocast("cpu", torch.bfloat16):
            rows = model(tokens, mask)
        loss = 1 - (rows * targets[batch]).sum(1).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        decay.step()
        total += loss.item()
        if (step + 1) % _EVERY == 0 or step + 1 == steps:
            near = nearness(model, texts, targets, held)
            minutes = (time.monotonic() - started) / 60
            print(
                f"{step + 1} of {steps}, {minutes:.0f} min: distance {total / _EVERY:.4f},"
                f" held out cosine {near:.4f}",
                flush=True,
            )
            total = 0.0
            state = {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "decay": decay.state_dict(),
                "step": step + 1,
            }
            torch.save(state, progress.with_suffix(".new"))
            progress.with_suffix(".new").replace(progress)


@torch.inference_mode()
def nearness(
    model: Student,
    texts: Tokens,
    targets: torch.Tensor,
    which: Sequence[int] | npt.NDArray[np.int64],
) -> float:
    """The mean cosine to the targets."""
    near = 0.0
    for start in range(0, len(which), BATCH):
        batch = list(which[start : start + BATCH])
        with torch.autocast("cpu", torch.bfloat16):
            near += float((model(*_padded(texts, batch)) * targets[batch]).sum())
    return near / len(which)


def _batches(texts: Tokens, which: npt.NDArray[np.int64], steps: int) -> Iterator[list[int]]:
    epoch = given = 0
    while given < steps:
        epoch += 1
        order = np.random.default_rng(epoch).permutation(which)
        batches = []
        for start in range(0, len(order), BATCH * SORTED):
            near = sorted(
                order[start : start + BATCH * SORTED].tolist(), key=lambda i: len(texts[i])
            )
            batches += [near[at : at + BATCH] for at in range(0, len(near), BATCH)]
        batches = [batch for batch in batches if len(batch) == BATCH]
        random.Random(epoch).shuffle(batches)
        yield from batches[: steps - given]
        given += len(batches)


def _padded(texts: Tokens, which: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(texts[index]) for index in which)
    tokens = np.zeros((len(which), longest), np.int64)
    mask = np.zeros((len(which), longest), np.float32)
    for row, index in enumerate(which):
        tokens[row, : len(texts[index])] = texts[index]
        mask[row, : len(texts[index])] = 1
    return torch.from_numpy(tokens), torch.from_numpy(mask)
