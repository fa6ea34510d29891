"""Embedding models: texts -> vectors of length 1. Entry point: :func:`open_embedder`.

Three parts: the :class:`Embedder` protocol, which is all the rest of the service knows; a light
reader of static models (``tokenizers`` and ``numpy`` only, among them the built-in one); and
``SentenceTransformer`` for every other model. What a passage is, how texts are normalised before
they come here, and where vectors are kept or compared may not live here.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from analyzers.language import say

SETTING = "GONGWEN_MODEL"
BUILTIN = Path(__file__).with_name("models") / "gongwen-static"

# A mean of word vectors has no limit of its own, but the mean of a long text says little: beyond
# some two thousand characters every text of government is about "work" and "development".
STATIC_MAX_CHARACTERS = 2000
# Texts looked up at once: some 60 words of 1 kB each per passage, so 256 of them stay under 20 MB.
BATCH = 256

Vectors = npt.NDArray[np.float32]


class ModelError(Exception):
    """The model cannot be used; the message names the value, the setting and the cure."""


class Embedder(Protocol):
    """What turns texts into vectors, the same way when indexing and when asking."""

    @property
    def fingerprint(self) -> str:
        """Hash of what determines the vectors; equal fingerprints mean comparable vectors."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_characters(self) -> int:
        """Longest text the model reads to its end; the caller splits longer passages."""
        ...

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return one row of length 1 per text, shape (len(texts), dimensions), float32.

        ``query`` marks what a person asked, for models that treat it differently. A text in which
        the model knows nothing (empty, punctuation only) may give a row of zeros: it is near to
        nothing, and the caller must neither store nor search it.
        """
        ...


def open_embedder(model: str = "") -> Embedder:
    """Open the built-in model ("" or "builtin"), a model folder, or a model by its hub name.

    Raises ModelError if there is no such model, it is damaged, or its library is not installed.
    """
    if model in ("", "builtin"):
        return StaticEmbedder(BUILTIN)
    folder = Path(model).expanduser()
    if folder.is_dir():
        if is_static(folder):
            return StaticEmbedder(folder)
        return SentenceTransformerEmbedder(str(folder))
    # A hub name is "name" or "owner/name"; anything else can only have been meant as a path.
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise ModelError(
            say(
                f"{SETTING}={model}：没有这个文件夹。请改为模型所在的文件夹；留空则使用内置模型。",
                f"{SETTING}={model}: no such folder. Name the folder of a model, or leave the "
                "setting empty for the built-in one.",
            )
        )
    return SentenceTransformerEmbedder(model)


def is_static(folder: Path) -> bool:
    """Say whether the light reader reads this folder: word vectors, averaged, without prompts."""
    try:
        kinds = [str(module["type"]).rpartition(".")[2] for module in _modules(folder)]
        settings = folder / "config_sentence_transformers.json"
        prompts = json.loads(settings.read_bytes()).get("prompts") if settings.exists() else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # not ours to judge: SentenceTransformer says what is wrong with it
    # Our rows are normalised whether or not the model asks for it.
    is_mean = kinds in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"])
    return is_mean and not any((prompts or {}).values())


class StaticEmbedder:
    """The light reader: the mean of word vectors, without torch. Loads at the first use."""

    max_characters = STATIC_MAX_CHARACTERS

    def __init__(self, folder: Path) -> None:
        """Read a sentence-transformers folder of StaticEmbedding; ModelError if it lacks files."""
        try:
            self._folder = folder / str(_modules(folder)[0].get("path", ""))
            self._files = [
                folder / "modules.json",
                self._folder / "tokenizer.json",
                self._folder / "model.safetensors",
            ]
            for file in self._files:
                file.stat()
        except (OSError, ValueError, LookupError, AttributeError) as exc:
            raise _damaged(folder, exc) from exc

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the model's files, not of where they lie or what its model card says."""
        digest = hashlib.sha256()
        for file in self._files:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return f"static-{digest.hexdigest()[:16]}"

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._table.shape[1])

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return one row of length 1 per text; zeros where the model knows no word of it."""
        del query  # questions and passages are read alike
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            ids = [encoding.ids for encoding in encodings]
            counts = np.fromiter(map(len, ids), np.intp, len(ids))
            filled = np.flatnonzero(counts)  # reduceat cannot sum nothing
            if not filled.size:
                continue
            tokens = np.fromiter(chain.from_iterable(ids), np.intp, int(counts.sum()))
            starts = np.concatenate(([0], np.cumsum(counts[filled])[:-1]))
            # The sum points where the mean does, and only the direction is kept.
            rows[start + filled] = np.add.reduceat(self._table[tokens], starts, axis=0)
        lengths: Vectors = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.maximum(lengths, np.finfo(np.float32).tiny)
        return rows

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as exc:  # tokenizers raises bare Exception
            raise _damaged(self._folder, exc) from exc
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _table(self) -> Vectors:
        """One row per token id, float32: int8 takes a quarter of the memory but twice the time."""
        try:
            tensors = load_file(self._folder / "model.safetensors")
            if "embedding.weight" in tensors:
                return np.ascontiguousarray(tensors["embedding.weight"], np.float32)
            # The form of model2vec: rows of int8, and for each token a row and a weight.
            table = tensors["embeddings"].astype(np.float32)
            if "mapping" in tensors:
                table = table[tensors["mapping"]]
            if "weights" in tensors:
                table *= tensors["weights"].astype(np.float32)[:, None]
            return table
        except Exception as exc:  # safetensors' own error derives from Exception
            raise _damaged(self._folder, exc) from exc


class SentenceTransformerEmbedder:
    """Any other model, through sentence-transformers; prompts are those the model declares."""

    def __init__(self, model: str) -> None:
        """Load a folder (never asking the network) or a hub name; ModelError if that fails."""
        try:
            # Takes seconds and needs torch, which the base install does not have.
            from sentence_transformers import SentenceTransformer
        except ImportError as exc:
            raise ModelError(
                say(
                    f"{SETTING}={model} 需要 sentence-transformers，尚未安装。"
                    "请执行：pip install 'gongwen-search[models]'；留空则使用内置模型。",
                    f"{SETTING}={model} needs sentence-transformers, which is not installed. Run: "
                    "pip install 'gongwen-search[models]', or leave the setting empty for the "
                    "built-in model.",
                )
            ) from exc
        try:
            local = Path(model).is_dir()
            self._model = SentenceTransformer(model, local_files_only=local)
        except Exception as exc:  # whatever a foreign model raises ends here
            raise _damaged(Path(model), exc) from exc

    @cached_property
    def fingerprint(self) -> str:
        """Hash of weights, architecture and tokenizer, wherever they were loaded from."""
        # Not the repr of the model: it changes with the library's version, the vectors do not.
        parts = [
            (type(part).__name__, str(getattr(part, "pooling_mode", ""))) for part in self._model
        ]
        digest = hashlib.sha256(json.dumps(parts).encode())
        digest.update(json.dumps(self._model.prompts, sort_keys=True).encode())
        tokenizer = getattr(self._model.tokenizer, "backend_tokenizer", self._model.tokenizer)
        if isinstance(tokenizer, Tokenizer):
            # Padding and truncation are state that a call may leave behind, not the model.
            digest.update(json.dumps(json.loads(tokenizer.to_str())["model"]).encode())
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().float().numpy().tobytes())
        return f"transformer-{digest.hexdigest()[:16]}"

    @cached_property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self.embed(["公文"]).shape[1])

    @cached_property
    def max_characters(self) -> int:
        """Tokens the model reads less its two marks and prompt: a Han character is one token."""
        longest = self._model.max_seq_length
        if not longest or longest > STATIC_MAX_CHARACTERS:
            return STATIC_MAX_CHARACTERS
        prompt = max((len(text or "") for text in self._model.prompts.values()), default=0)
        return max(1, int(longest) - 2 - prompt)

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return one row of length 1 per text."""
        encode = self._model.encode_query if query else self._model.encode_document
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        rows = encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, np.float32)


def _modules(folder: Path) -> list[dict[str, Any]]:
    modules: list[dict[str, Any]] = json.loads((folder / "modules.json").read_bytes())
    return modules


def _damaged(folder: Path, cause: Exception) -> ModelError:
    return ModelError(
        say(
            f"{SETTING}：无法载入模型 {folder}（{cause}）。"
            "请检查文件夹是否完整；留空则使用内置模型。",
            f"{SETTING}: the model {folder} cannot be loaded ({cause}). Check that its folder is "
            "complete, or leave the setting empty for the built-in one.",
        )
    )
