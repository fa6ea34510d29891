"""Write the model folder: int8 ONNX, tokenizer, card and checksums. Entry point: :func:`write`."""

import hashlib
import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from training.bert import Student

LIMIT = 16_000_000  # bytes; the model is part of the package
CHECKSUMS = "checksums.sha256"
MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
_OPSET = 17


def write(folder: Path, model: Student, tokenizer: str) -> None:
    """Write the folder; raises ``ValueError`` if it is larger than ``LIMIT``."""
    folder.mkdir(parents=True, exist_ok=True)
    model.eval()
    with tempfile.TemporaryDirectory() as temporary:
        exact = Path(temporary) / "exact.onnx"
        # One text at a time, so without a mask: its vector must not depend on other texts.
        torch.onnx.export(
            model,
            (torch.tensor([[2, 5, 6, 3]]),),
            exact,
            input_names=["input_ids"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": {1: "length"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        # A scale for each neuron: rows of one matrix differ tenfold.
        quantize_dynamic(exact, folder / MODEL, weight_type=QuantType.QInt8, per_channel=True)
    (folder / TOKENIZER).write_text(tokenizer, encoding="utf-8")
    sums = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (MODEL, TOKENIZER)
    }
    lines = [f"{digest}  {name}\n" for name, digest in sums.items()]
    (folder / CHECKSUMS).write_text("".join(lines))
    card = Path(__file__).with_name("card.md").read_text(encoding="utf-8")
    card = card.replace("{sha256}", sums[MODEL])
    (folder / "README.md").write_text(card, encoding="utf-8")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > LIMIT:
        raise ValueError(f"{folder} has {size} bytes, the limit is {LIMIT}: fewer layers or tokens")
