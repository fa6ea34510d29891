"""The model folder in plain sentence-transformers form; `write` makes it, from table and tokenizer.

Knows how a model is stored, not how it came about.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import Tokenizer

LIMIT = 16_000_000  # bytes; the model travels inside the package
CHECKSUMS = "checksums.sha256"
KINDS = "sentence_transformers.models"
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": f"{KINDS}.StaticEmbedding"},
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": f"{KINDS}.Normalize"},
]


def quantise(
    table: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return each row as int8 and what to multiply it with."""
    scales = np.abs(table).max(axis=1) / 127
    rows = np.round(table / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    return rows, scales.astype(np.float32)


def write(folder: Path, table: npt.NDArray[np.float32], tokenizer: Tokenizer) -> None:
    """Write the folder; ValueError if it grows over the limit."""
    (folder / "1_Normalize").mkdir(parents=True, exist_ok=True)
    (folder / "1_Normalize" / "config.json").write_text("{}\n")
    _write_json(folder / "modules.json", MODULES)
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "default_prompt_name": None,
            "model_type": "SentenceTransformer",
            "prompts": {},
            "similarity_fn_name": "cosine",
        },
    )
    # Not pretty-printed: half the size, and nobody reads fifty thousand lines.
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=False), encoding="utf-8")
    rows, scales = quantise(table)
    weights = folder / "model.safetensors"
    save_file({"embeddings": rows, "weights": scales}, weights)
    weights.chmod(0o644)  # safetensors writes for its owner only; a package is for everyone
    sums = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("model.safetensors", "modules.json", "tokenizer.json")
    ]
    (folder / CHECKSUMS).write_text("".join(sums))
    card = Path(__file__).with_name("card.md").read_text(encoding="utf-8")
    card = card.replace("{sha256}", sums[0].split()[0])
    (folder / "README.md").write_text(card, encoding="utf-8")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > LIMIT:
        raise ValueError(f"{folder} has {size} bytes, the limit is {LIMIT}: choose fewer --words")


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n")
