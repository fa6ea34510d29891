"""Embedding models: texts -> L2-normalised vectors. Entry point: :func:`open_embedder`.

Three parts: the :class:`Embedder` protocol, which is all that the rest of the service uses; a light
reader of ONNX models, the built-in one among them (``tokenizers`` and ``onnxruntime`` only); and
``SentenceTransformer`` for every other model. Cutting passages, normalising texts, and storing or comparing
vectors do not belong here.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from analyzers.messages import say

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SETTING = "GONGWEN_MODEL"
BUILTIN = Path(__file__).with_name("models") / "gongwen-small"

# Limit of the built-in model and its teacher.
MAX_TOKENS: Final = 512
# Texts for which threads are started: the few short ones of a query take less time than starting them.
_WORTH_THREADS: Final = 8
# For models without a limit: the mean vector of a longer text is not specific.
MAX_CHARACTERS: Final = 2000

Vectors = npt.NDArray[np.float32]


class ModelError(Exception):
    """The model cannot be used; the message names the value, the setting and the remedy."""


class Embedder(Protocol):
    """Turns texts into vectors, consistently for indexing and queries."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that determines the vectors; with equal fingerprints they are comparable."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_characters(self) -> int:
        """Length of the longest text that is not truncated; the caller splits longer passages."""
        ...

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return L2-normalised vectors, shape (len(texts), dimensions), float32.

        ``query``: the texts are queries, for models that embed these differently. A text without known
        tokens (empty, punctuation only) may give a row of zeros, which the caller must neither store nor
        search with.
        """
        ...


def embed_meanings(embedder: Embedder, meanings: Sequence[Sequence[str]]) -> Vectors:
    """The vectors of queries: of several texts that say the same, the mean, L2-normalised.

    Shape (len(meanings), dimensions); zeros where all words are unknown.
    """
    texts = dict.fromkeys(text for same in meanings for text in same)
    vector_of = dict(zip(texts, embedder.embed(list(texts), query=True), strict=True))
    vectors = np.zeros((len(meanings), embedder.dimensions), np.float32)
    for row, same in enumerate(meanings):
        total = sum(vector_of[text] for text in same)
        norm = np.linalg.norm(total) if len(same) > 1 else 1.0
        vectors[row] = total / norm if norm else total
    return vectors


def open_embedder(model: str = "", *, local_only: bool = False) -> Embedder:
    """Open the built-in model ("" or "builtin"), a model folder, or a model by its hub name.

    ``local_only``: a model by its hub name must have been downloaded before.

    Raises ``ModelError`` if there is no such model, it is damaged, or its library is not installed.
    """
    if model in ("", "builtin"):
        return OnnxEmbedder(BUILTIN)
    folder = Path(model).expanduser()
    if folder.is_dir():
        if (folder / "model.onnx").is_file():
            return OnnxEmbedder(folder)
        if any((folder / name).is_file() for name in ("modules.json", "config.json")):
            return SentenceTransformerEmbedder(str(folder))
        return OnnxEmbedder(folder)  # raises an error that names the missing file
    # A hub name is "name" or "owner/name"; anything else must be a path.
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise ModelError(
            say(
                f"{SETTING}={model}：没有这个文件夹。请改为模型所在的文件夹；留空则使用内置模型。",
                f"{SETTING}={model}: no such folder. Name the folder of a model, or leave the "
                "setting empty for the built-in one.",
            )
        )
    return SentenceTransformerEmbedder(model, local_only=local_only)


class OnnxEmbedder:
    """A transformer as ONNX, without torch. Loads at first use.

    Texts are embedded one by one, on as many threads as there are cores: in an int8 model the result of a
    text depends on the rest of its batch, and a vector must depend on its text only.
    """

    # Two tokens are special ones; a Han character is at most one token.
    max_characters = MAX_TOKENS - 2

    def __init__(self, folder: Path) -> None:
        """Open a folder with model.onnx and tokenizer.json; raises ``ModelError`` if one is missing.

        Inputs of the model: ``input_ids``, and optionally ``attention_mask`` and ``token_type_ids``. Output:
        the vector of the text, or those of its tokens, of which the first is used.
        """
        self._folder = folder
        self._files = [folder / "model.onnx", folder / "tokenizer.json"]
        try:
            for file in self._files:
                file.stat()
        except OSError as exc:
            raise _cannot_load(folder, exc) from exc

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the model's two files, independent of their path."""
        digest = hashlib.sha256()
        for file in self._files:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return f"onnx-{digest.hexdigest()[:16]}"

    @cached_property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._session.get_outputs()[0].shape[-1])

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """One L2-normalised row per text; zeros for a text without known tokens."""
        del query  # queries and passages are embedded alike
        if len(texts) < _WORTH_THREADS:
            rows = list(map(self._row, texts))
        else:
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                rows = list(threads.map(self._row, texts))
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def _row(self, text: str) -> Vectors:
        ids = self._tokenizer.encode(text).ids
        if all(id in self._special for id in ids) or not any(map(str.isalnum, text)):
            return np.zeros(self.dimensions, np.float32)
        tokens = np.array([ids], np.int64)
        inputs = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        names = [one.name for one in self._session.get_inputs()]
        (output,) = self._session.run(None, {name: inputs[name] for name in names})
        row = np.asarray(output, np.float32).reshape(-1, self.dimensions)[0]
        return np.asarray(row / np.linalg.norm(row), np.float32)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._files[1]))
        except Exception as exc:  # tokenizers raises bare Exception
            raise _cannot_load(self._folder, exc) from exc
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _special(self) -> frozenset[int]:
        """Ids of the special tokens, the unknown token included."""
        return frozenset(self._tokenizer.get_added_tokens_decoder())

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # here: a command that embeds nothing starts 0.1 s sooner

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = (
            1  # one thread per text instead
        )
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(
                self._files[0].read_bytes(),
                options,
                providers=["CPUExecutionProvider"],
                # It fuses two fast steps into a slow one: the built-in model is 19 % faster without.
                disabled_optimizers=["SkipLayerNormFusion"],
            )
        except Exception as exc:  # onnxruntime's own errors derive from Exception
            raise _cannot_load(self._folder, exc) from exc


class SentenceTransformerEmbedder:
    """Any other model, through sentence-transformers, with the prompts that the model declares."""

    def __init__(self, model: str, *, local_only: bool = False) -> None:
        """Load a folder (without network access) or a hub name; raises ``ModelError``."""
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
            local = local_only or Path(model).is_dir()
            self._model = SentenceTransformer(model, local_files_only=local)
        except Exception as exc:  # a model may raise anything
            raise _cannot_load(Path(model), exc) from exc

    @cached_property
    def fingerprint(self) -> str:
        """Hash of weights, architecture and tokenizer, independent of their path."""
        from tokenizers import Tokenizer

        # Not the repr of the model, which changes with the library's version.
        parts = [
            (type(part).__name__, str(getattr(part, "pooling_mode", ""))) for part in self._model
        ]
        digest = hashlib.sha256(json.dumps(parts).encode())
        digest.update(json.dumps(self._model.prompts, sort_keys=True).encode())
        tokenizer = getattr(self._model.tokenizer, "backend_tokenizer", self._model.tokenizer)
        if isinstance(tokenizer, Tokenizer):
            # Padding and truncation are state that a call may change, not part of the model.
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
        """The model's token limit without two special tokens and the prompt; a Han character is one token."""
        longest = self._model.max_seq_length
        if not longest or longest > MAX_CHARACTERS:
            return MAX_CHARACTERS
        prompt = max((len(text or "") for text in self._model.prompts.values()), default=0)
        return max(1, int(longest) - 2 - prompt)

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """One L2-normalised row per text.

        Embedded one by one: in a batch with longer texts a text is padded, and 62 of 64 rows then differ in
        their last bits. A vector must depend on its text only.
        """
        encode = self._model.encode_query if query else self._model.encode_document
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        rows = encode(list(texts), batch_size=1, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, np.float32)


def _cannot_load(folder: Path, cause: Exception) -> ModelError:
    return ModelError(
        say(
            f"{SETTING}：无法载入模型 {folder}（{cause}）。"
            "请检查文件夹是否完整；留空则使用内置模型。",
            f"{SETTING}: the model {folder} cannot be loaded ({cause}). Check that its folder is "
            "complete, or leave the setting empty for the built-in one.",
        )
    )
