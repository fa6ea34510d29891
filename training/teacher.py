"""The teacher, bge-small-zh-v1.5 (MIT), as int8 ONNX and in torch.

Entry points: :class:`Teacher`, :func:`as_sentence_transformer`. The download is in
:mod:`indexer.fetch_model`.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling, Transformer
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from indexer.fetch_model import ONNX, TOKENIZER, download
from training.bert import HEADS, HIDDEN, INNER, LAYERS, POSITIONS, VOCABULARY, weights_of

DIMENSIONS = 512
LONGEST = 512  # tokens; the teacher has as many position embeddings
BATCH = 32
_MARKS = ("unk", "pad", "cls", "sep", "mask")


def fetch(folder: Path) -> None:
    """Download the teacher's two files into the folder, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not ((folder / ONNX).exists() and (folder / TOKENIZER).exists()):
        download(folder)


def as_sentence_transformer(folder: Path) -> SentenceTransformer:
    """The teacher in torch, float32, converted from its ONNX file and stored in the work folder."""
    fetch(folder)
    kept = folder / "sentence-transformers"
    if not kept.exists():
        bert = BertModel(
            BertConfig(
                vocab_size=VOCABULARY,
                hidden_size=HIDDEN,
                num_hidden_layers=LAYERS,
                num_attention_heads=HEADS,
                intermediate_size=INNER,
                max_position_embeddings=POSITIONS,
            ),
            add_pooling_layer=False,
        )
        bert.load_state_dict(
            {
                name: torch.from_numpy(values)
                for name, values in weights_of(folder / ONNX).items()
                if name.startswith(("embeddings.", "encoder."))
            }
        )
        plain = folder / "transformers"
        bert.save_pretrained(plain)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(folder / TOKENIZER),
            model_max_length=LONGEST,
            **{f"{mark}_token": f"[{mark.upper()}]" for mark in _MARKS},
        )
        tokenizer.save_pretrained(plain)
        pooling = Pooling(HIDDEN, pooling_mode="cls")
        modules = [Transformer(str(plain), max_seq_length=LONGEST), pooling, Normalize()]
        SentenceTransformer(modules=modules).save(str(kept))
    return SentenceTransformer(str(kept), device="cpu")


class Teacher:
    """Embeds texts without the query prompt; results are cached in a folder."""

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        fetch(folder)
        self._cache = folder / "cache"
        self._cache.mkdir(exist_ok=True)
        quantised = folder / "int8.onnx"
        if not quantised.exists():  # as good as float32 on judged queries, several times as fast
            quantize_dynamic(folder / ONNX, quantised, weight_type=QuantType.QInt8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(quantised), options, providers=["CPUExecutionProvider"]
        )
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))

    def embed(self, texts: Sequence[str], *, batch: int = BATCH) -> npt.NDArray[np.float32]:
        """Return an array of one L2-normalised row of 512 values per text; cached by the list of texts."""
        key = hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()[:16]
        kept = self._cache / f"{key}.npy"
        if kept.exists():
            return np.asarray(np.load(kept), np.float32)
        self.tokenizer.enable_truncation(LONGEST)
        encodings = self.tokenizer.encode_batch(list(texts))
        # Texts of similar length together need little padding.
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
