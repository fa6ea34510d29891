"""BERT in plain torch: the teacher, loaded from ONNX, and the student with fewer, narrower layers.

Entry points: :func:`teacher`, :class:`Student`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

HIDDEN, HEADS, POSITIONS = 512, 8, 512
INNER, LAYERS, VOCABULARY = 2048, 4, 21128
_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attended": "attention.output.dense",
    "first_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "last_norm": "output.LayerNorm",
}


class Layer(nn.Module):
    """A transformer layer; ``first_only`` computes only the vector of the first token, at lower cost."""

    def __init__(self, inner: int) -> None:
        """Create a layer with ``inner`` inner neurons."""
        super().__init__()
        self.query, self.key, self.value, self.attended = (
            nn.Linear(HIDDEN, HIDDEN) for _ in range(4)
        )
        self.first_norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.inner = nn.Linear(HIDDEN, inner)
        self.outer = nn.Linear(inner, HIDDEN)
        self.last_norm = nn.LayerNorm(HIDDEN, eps=1e-12)

    def forward(
        self, tokens: torch.Tensor, mask: torch.Tensor | None, *, first_only: bool = False
    ) -> torch.Tensor:
        """(batch, length, HIDDEN) -> the same shape, or (batch, 1, HIDDEN) with ``first_only``."""
        asked = tokens[:, :1] if first_only else tokens

        def heads(values: torch.Tensor) -> torch.Tensor:
            return values.view(len(tokens), -1, HEADS, HIDDEN // HEADS).transpose(1, 2)

        attended = functional.scaled_dot_product_attention(
            heads(self.query(asked)),
            heads(self.key(tokens)),
            heads(self.value(tokens)),
            attn_mask=mask,
        )
        attended = attended.transpose(1, 2).reshape(len(tokens), -1, HIDDEN)
        middle = self.first_norm(asked + self.attended(attended))
        outer = self.outer(functional.gelu(self.inner(middle)))
        return self.last_norm(middle + outer)


class Student(nn.Module):
    """Layers over token vectors, and a projection of the first token's vector."""

    def __init__(self, *, vocabulary: int, layers: int, inner: int, dimensions: int) -> None:
        """Create an untrained student."""
        super().__init__()
        self.words = nn.Embedding(vocabulary, HIDDEN)
        self.places = nn.Embedding(POSITIONS, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.layers = nn.ModuleList(Layer(inner) for _ in range(layers))
        self.project = nn.Linear(HIDDEN, dimensions)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Token ids (batch, length) and mask -> vectors of length 1, (batch, dimensions)."""
        values = self.norm(self.words(tokens) + self.places.weight[: tokens.shape[1]])
        bias = None if mask is None else (mask[:, None, None, :].to(values.dtype) - 1) * 1e4
        for layer in self.layers:
            values = layer(values, bias, first_only=layer is self.layers[-1])
        return functional.normalize(self.project(values[:, 0]).float(), dim=1)

    def take(self, teacher: "Student", tokens: Sequence[int], layers: Sequence[int]) -> None:
        """Copy the teacher's vectors of these tokens, and its layers without their weakest neurons."""
        self.words.weight.data = teacher.words.weight.data[list(tokens)].clone()
        self.places.load_state_dict(teacher.places.state_dict())
        self.norm.load_state_dict(teacher.norm.state_dict())
        for mine, number in zip(self.layers, layers, strict=True):
            theirs = teacher.layers[number]
            for name in _PARTS:
                if name not in ("inner", "outer"):
                    getattr(mine, name).load_state_dict(getattr(theirs, name).state_dict())
            kept = theirs.strength.topk(len(mine.inner.bias)).indices
            mine.inner.weight.data = theirs.inner.weight.data[kept].clone()
            mine.inner.bias.data = theirs.inner.bias.data[kept].clone()
            mine.outer.weight.data = theirs.outer.weight.data[:, kept].clone()
            mine.outer.bias.data = theirs.outer.bias.data.clone()


def weights_of(onnx_file: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The tensors of a BERT in an ONNX file, by their torch names."""
    model = onnx.load(onnx_file)
    found = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1].startswith("onnx::"):
            name = node.name.strip("/").replace("/MatMul", "").replace("/", ".")
            found[f"{name}.weight"] = found.pop(node.input[1]).T
    return {name: np.array(values) for name, values in found.items()}


def teacher(onnx_file: Path, tokens: Sequence[Sequence[int]]) -> Student:
    """Load the teacher and measure the ``strength`` of the inner neurons of its layers on ``tokens``.

    The strength of a neuron is its mean contribution to the output of its layer.
    """
    weights = weights_of(onnx_file)

    def tensor(name: str) -> torch.Tensor:
        return torch.from_numpy(weights[name])

    found = Student(vocabulary=VOCABULARY, layers=LAYERS, inner=INNER, dimensions=HIDDEN)
    types = tensor("embeddings.token_type_embeddings.weight")
    state = {
        "words.weight": tensor("embeddings.word_embeddings.weight") + types[0],
        "places.weight": tensor("embeddings.position_embeddings.weight"),
        "norm.weight": tensor("embeddings.LayerNorm.weight"),
        "norm.bias": tensor("embeddings.LayerNorm.bias"),
        "project.weight": torch.eye(HIDDEN),
        "project.bias": torch.zeros(HIDDEN),
    }
    for number in range(LAYERS):
        for mine, theirs in _PARTS.items():
            for kind in ("weight", "bias"):
                name = f"encoder.layer.{number}.{theirs}.{kind}"
                state[f"layers.{number}.{mine}.{kind}"] = tensor(name)
    found.load_state_dict(state)
    _weigh(found, tokens)
    return found


@torch.inference_mode()
def _weigh(model: Student, tokens: Sequence[Sequence[int]]) -> None:
    for layer in model.layers:
        layer.strength = torch.zeros(INNER)
    for text in tokens:
        values = torch.tensor([text])
        values = model.norm(model.words(values) + model.places.weight[: values.shape[1]])
        for layer in model.layers:
            inner = layer.inner
            seen: list[torch.Tensor] = []
            hook = inner.register_forward_hook(lambda _m, _i, out, seen=seen: seen.append(out))
            values = layer(values, None)
            hook.remove()
            active = functional.gelu(seen[0]).abs().mean((0, 1))
            layer.strength += active * layer.outer.weight.norm(dim=0) / len(tokens)
