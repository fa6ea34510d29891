"""Embedding models: texts -> vectors of length 1. Entry point: :func:`open_embedder`.

Three parts: the :class:`Embedder` protocol, which is all the rest of the service knows; a light
reader of ONNX models (``tokenizers`` and ``onnxruntime`` only, among them the built-in one); and
``SentenceTransformer`` for every other model. What a passage is, how texts are normalised before
they come here, and where vectors are kept or compared may not live here.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from analyzers.messages import say

SETTING = "GONGWEN_MODEL"
BUILTIN = Path(__file__).with_name("models") / "gongwen-small"

# What the built-in model and its teacher have positions for.
MAX_TOKENS: Final = 512
# A model without a limit: the mean of a longer text says little.
LONGEST_CHARACTERS: Final = 2000

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
        return OnnxEmbedder(BUILTIN)
    folder = Path(model).expanduser()
    if folder.is_dir():
        if (folder / "model.onnx").is_file():
            return OnnxEmbedder(folder)
        if any((folder / name).is_file() for name in ("modules.json", "config.json")):
            return SentenceTransformerEmbedder(str(folder))
        return OnnxEmbedder(folder)  # says what the folder lacks
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


class OnnxEmbedder:
    """The light reader: a transformer as ONNX, without torch. Loads at the first use.

    Texts are read one by one, on as many threads as there are cores: what int8 makes of a text depends on
    all that is in a batch with it, and a vector must be a function of its text alone.
    """

    # Two tokens are marks; a Han character is one token at most.
    max_characters = MAX_TOKENS - 2

    def __init__(self, folder: Path) -> None:
        """Read a folder with model.onnx and tokenizer.json; ModelError if it lacks one.

        The model takes ``input_ids`` (and a mask and types of tokens, if it asks for them), and gives
        the vector of the text, or those of its tokens, of which the first is the text's.
        """
        self._folder = folder
        self._files = [folder / "model.onnx", folder / "tokenizer.json"]
        try:
            for file in self._files:
                file.stat()
        except OSError as exc:
            raise _damaged(folder, exc) from exc

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the model's files, not of where they lie or what its model card says."""
        digest = hashlib.sha256()
        for file in self._files:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return f"onnx-{digest.hexdigest()[:16]}"

    @cached_property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._session.get_outputs()[0].shape[-1])

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return one row of length 1 per text; zeros where the model knows no word of it."""
        del query  # questions and passages are read alike
        if len(texts) < 2:
            rows = list(map(self._row, texts))
        else:
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                rows = list(threads.map(self._row, texts))
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def _row(self, text: str) -> Vectors:
        ids = self._tokenizer.encode(text).ids
        if all(id in self._marks for id in ids) or not any(map(str.isalnum, text)):
            return np.zeros(self.dimensions, np.float32)
        tokens = np.array([ids], np.int64)
        given = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        names = [one.name for one in self._session.get_inputs()]
        (found,) = self._session.run(None, {name: given[name] for name in names})
        row = np.asarray(found, np.float32).reshape(-1, self.dimensions)[0]
        return np.asarray(row / np.linalg.norm(row), np.float32)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        try:
            tokenizer = Tokenizer.from_file(str(self._files[1]))
        except Exception as exc:  # tokenizers raises bare Exception
            raise _damaged(self._folder, exc) from exc
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _marks(self) -> frozenset[int]:
        """Tokens that say nothing: those of the frame, and the unknown one."""
        return frozenset(self._tokenizer.get_added_tokens_decoder())

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # here: a command that embeds nothing starts 0.1 s sooner

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the texts are the threads
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(
                self._files[0].read_bytes(),
                options,
                providers=["CPUExecutionProvider"],
                # It fuses two fast steps into a slow one: the built-in model gains 19 % without.
                disabled_optimizers=["SkipLayerNormFusion"],
            )
        except Exception as exc:  # onnxruntime's own errors derive from Exception
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
        if not longest or longest > LONGEST_CHARACTERS:
            return LONGEST_CHARACTERS
        prompt = max((len(text or "") for text in self._model.prompts.values()), default=0)
        return max(1, int(longest) - 2 - prompt)

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return one row of length 1 per text.

        Read one by one: beside longer neighbours a text is padded, and 62 of 64 rows then differ in
        their last bits. A vector must be a function of its text alone.
        """
        encode = self._model.encode_query if query else self._model.encode_document
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        rows = encode(list(texts), batch_size=1, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, np.float32)


def _damaged(folder: Path, cause: Exception) -> ModelError:
    return ModelError(
        say(
            f"{SETTING}：无法载入模型 {folder}（{cause}）。"
            "请检查文件夹是否完整；留空则使用内置模型。",
            f"{SETTING}: the model {folder} cannot be loaded ({cause}). Check that its folder is "
            "complete, or leave the setting empty for the built-in one.",
        )
    )
