"""Mutated files against their parsers: ``python -m tools.fuzz_files KIND --inputs N --seed S``.

Starting files of the tests' helpers and of ``--also FOLDER`` are changed byte by byte, archives also inside
their parts, and read as ``gongwen index`` reads them. Reported are exceptions, processes that
died, more than 10 seconds of the processor or 60 of the clock, and memory that grew by more than 500 MB.
``--only N`` reads input N of this seed alone; ``--keep FOLDER`` keeps the inputs that are reported.

PDF and workbooks are read in processes of their own. Starting a Python for each input would be nearly all of
the time, so here these processes are forked from one that has started; ``--processes`` starts them as in use.
"""

import argparse
import io
import os
import random
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import IO, Final

from lxml import etree

from indexer.sources import spreadsheets
from indexer.sources.files import Fault, read_source
from indexer.sources.pdf import document
from search_service.errors import BadInput
from search_service.intake.cleaning import Cleaning
from tests.support.starting_files import KINDS, write_starting_files

_SECONDS: Final = 10.0  # of the processor
_CLOCK: Final = 60.0
_MEMORY: Final = 500 << 10  # kilobytes
_ROUND: Final = (
    2_000  # inputs of a process, so that growth of the heap is not counted as one input's
)
_ARCHIVES: Final = frozenset({"docx", "xlsx", "zip", "odt", "ods"})
_LARGEST: Final = 4 << 20  # bytes of an input
_SMALL: Final = 30  # added to the size of a part, in proportion to which it is changed
# Of the inputs that are text or XML this share is made decodable and well-formed again: otherwise nearly all
# end at the decoder.
_MENDED: Final = 0.8
_TOKENS: Final = [
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\0", b"\x1b", b"\x81", b"\xed\xa0\x80"),
    *map(str.encode, (
        "\r", "\n\n", "\t", "　", "\u200b", "\u2028", "\x85", "\ufeff", "𠮷", "é", "⺠", "Ⅱ", "१",
        "<", ">", "</p>", "<table>", "<td rowspan=99999>", "<!--", "-->", "<![CDATA[", "]]>", "<script>",
        "&#0;", "&#xD800;", "&#99999999999;", "&amp;", "&lt", "&e;", "<!DOCTYPE a [<!ENTITY e 'x'>]>",
        '"', "'", ",", ";", "\\", "{", "}", "[", "]", ":", "null", "true", "NaN", "Infinity", "\\ud800",
        "-1", "0", "1e999", "99999999999999999999", "1.5", "9" * 5000, "2024-13-45", "第", "一", "（一）",
        "---\n", "+++\n", "标题：", "来源：", "audience", "preview", "free_length", "附件1\n", "目录\n",
        "|", "**", "`", "# ", "![", "](", "obj", "endobj", "stream\n", "endstream", "%%EOF", "/Kids", " R",
        "w:p", "w:tbl", "w:val", 'xml:space="preserve"', "PK\x01\x02", "PK\x05\x06",
    )),
]  # fmt: skip


@dataclass
class Report:
    """What came of the inputs: articles, faults, and the problems by what they are."""

    inputs: int = 0
    read: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, int] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, 0)  # seconds, and the input that took them
    grown: int = 0

    def add(self, number: int, problem: str) -> None:
        """Count a problem; the first input that has it is its example."""
        self.problems[problem] += 1
        self.examples.setdefault(problem, number)

    def show(self) -> str:
        """The figures in a few lines."""
        seconds, slowest = self.slowest
        took = f"slowest {seconds:.2f} s (--only {slowest}), memory {self.grown >> 10} MB"
        lines = [
            f"{self.inputs} inputs: {dict(self.read)}, {took}, {self.problems.total()} problems"
        ]
        for what, count in self.problems.most_common():
            lines.append(f"  {count} x {what} (--only {self.examples[what]})")
        return "\n".join(lines)


class Inputs:
    """The inputs of a kind and seed, each by its number."""

    def __init__(self, kind: str, seed: int, files: Sequence[bytes]) -> None:
        self.kind = kind
        self._seed = seed
        self._files = files

    def make(self, number: int) -> bytes:
        """Input number ``number``: always the same."""
        rng = random.Random(f"{self.kind} {self._seed} {number}")  # noqa: S311
        data = rng.choice(self._files)
        if self.kind in _ARCHIVES and rng.random() < 0.8:
            return self._repacked(data, rng)[:_LARGEST]
        return self._changed(data, rng)

    def _changed(self, data: bytes, rng: random.Random) -> bytes:
        content = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 4, 8, 30))):
            _change(content, rng, self._files)
            del content[_LARGEST:]
        return _mended(bytes(content)) if rng.random() < _MENDED else bytes(content)

    def _repacked(self, data: bytes, rng: random.Random) -> bytes:
        """An archive in which some parts are changed, missing, or there twice."""
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [(entry.orig_filename, archive.read(entry)) for entry in archive.infolist()]
        sizes = [len(content) + _SMALL for _, content in parts]
        for place in set(rng.choices(range(len(parts)), sizes, k=rng.choice((1, 1, 2, 4)))):
            name, content = parts[place]
            chance = rng.random()
            if chance < 0.04:
                parts[place] = ("", b"")
            elif chance < 0.08:
                parts.append((name, self._changed(content, rng)))
            elif chance < 0.12:
                parts[place] = (name, rng.choice(parts)[1])
            else:
                parts[place] = (name, self._changed(content, rng))
        made = io.BytesIO()
        with (
            warnings.catch_warnings(action="ignore"),  # of names that are there twice
            zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            for name, content in parts:
                if name:
                    archive.writestr(name, content)
        return made.getvalue()


def _change(content: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    """Change some bytes in one of several ways."""
    size = len(content)
    at = rng.randrange(size + 1)
    end = min(size, at + int(rng.choice((1, 2, 8, 64, 512)) * rng.random()) + 1)
    piece = bytes(content[at:end])
    match rng.randrange(9):
        case 0:
            content[at:end] = bytes(rng.randrange(256) for _ in piece)
        case 1 if at < size:
            content[at] ^= 1 << rng.randrange(8)
        case 2:
            del content[at:end]
        case 3:
            content[at:at] = piece
        case 4:
            content[at:at] = piece * rng.choice((10, 100, 1000))
        case 5:
            content[at:at] = rng.choice(_TOKENS)
        case 6:
            content[at:end] = rng.choice(_TOKENS)
        case 7:
            other = rng.choice(others)
            begin = rng.randrange(len(other) + 1)
            content[at:end] = other[begin : begin + rng.choice((4, 64, 1024))]
        case _:
            if rng.random() < 0.2:
                del content[at:]
            else:
                content[at:end] = content[at:end].swapcase()


def _mended(data: bytes) -> bytes:
    """Text without what cannot be decoded, XML that is well-formed; anything else as it is."""
    if data.lstrip().startswith((b"<?xml", b"<w:", b"<Types", b"<Rel", b"<work", b"<a:", b"<rss")):
        root = etree.fromstring(data, etree.XMLParser(recover=True, resolve_entities=False))
        return data if root is None else etree.tostring(root, encoding="utf-8")
    text = data.decode("utf-8", "ignore")
    return text.encode() if len(text) > len(data) // 4 and b"\0" not in data else data


def fuzz(inputs: Inputs, numbers: Sequence[int], *, keep: Path | None = None) -> Report:
    """Read these inputs, in processes that may die."""
    report = Report()
    numbers = list(numbers)
    while numbers:
        done = _round(inputs, numbers[:_ROUND], report, keep)
        del numbers[:done]
    return report


def _round(inputs: Inputs, numbers: Sequence[int], report: Report, keep: Path | None) -> int:
    """Read inputs in one process, up to one that ends it; how many were read."""
    back, out = os.pipe()
    if not (child := os.fork()):
        os.close(back)
        try:
            with os.fdopen(out, "w", buffering=1) as stream:
                _read_all(inputs, numbers, stream)
            os._exit(0)
        except BaseException:  # noqa: BLE001  (it must not go on as the process that it was forked from)
            traceback.print_exc()
            os._exit(1)
    os.close(out)
    done = 0
    for line in _lines(back, child):
        _count(report, numbers[done], line.split("\t"), inputs, keep)
        done += 1
    _, status = os.waitpid(child, 0)
    if done == len(numbers):
        return done
    killed = os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    what = f"more than {_CLOCK:.0f} s of the clock, or killed" if killed else f"ended with {status}"
    _count(report, numbers[done], ["", what, "0", "0", ""], inputs, keep)
    return done + 1


def _lines(pipe: int, child: int) -> Iterator[str]:
    """The lines that a process writes until it ends; one that says nothing for too long is killed."""
    rest = b""
    while True:
        if not select.select([pipe], [], [], _CLOCK)[0]:
            os.kill(child, signal.SIGKILL)
            break
        if not (piece := os.read(pipe, 1 << 16)):
            break
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.decode()
    os.close(pipe)


def _count(
    report: Report, number: int, values: Sequence[str], inputs: Inputs, keep: Path | None
) -> None:
    kinds, problem, seconds, grown, _ = values
    report.inputs += 1
    report.read.update(kinds.split())
    report.slowest = max(report.slowest, (float(seconds), number))
    report.grown = max(report.grown, int(grown))
    problems = [problem] if problem else []
    if float(seconds) > _SECONDS:
        problems.append(f"more than {_SECONDS:.0f} s")
    if int(grown) > _MEMORY:
        problems.append(f"more than {_MEMORY >> 10} MB")
    for one in problems:
        report.add(number, one)
        if keep:
            (keep / f"{inputs.kind}-{number}.{inputs.kind}").write_bytes(inputs.make(number))


def _read_all(inputs: Inputs, numbers: Sequence[int], stream: IO[str]) -> None:
    """Read inputs and write a line for each."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a.{inputs.kind}")
        for number in numbers:
            path.write_bytes(inputs.make(number))
            start, memory = _seconds(), _memory()
            kinds, problem = _read(path)
            seconds, grown = _seconds() - start, _memory() - memory
            stream.write(f"{kinds}\t{problem}\t{seconds:.3f}\t{grown}\t\n")


def _read(path: Path) -> tuple[str, str]:
    """The kinds of what a file gives, and what is wrong with that."""
    kinds: list[str] = []
    unraised: list[str] = []
    sys.unraisablehook = lambda raised: unraised.append(f"{raised.exc_value!r}, not raised"[:100])
    try:
        for item in read_source(path, cleaning=Cleaning()):
            kinds.append("faults" if isinstance(item, Fault) else "articles")
            if isinstance(item, Fault):
                item.reason.encode()
            elif not (item.title.strip() and item.body.strip()):
                return " ".join(kinds), "an article without text"
            else:
                f"{item.title}{item.body}{item.extra}".encode()
    except BadInput:  # what a file says for others: who may read a folder
        kinds.append("refused")
    except Exception as exc:  # noqa: BLE001  (that is what is looked for)
        return " ".join(kinds), _said(exc)
    return " ".join(kinds), _Forked.problem() or "".join(unraised[:1])


def _said(exc: BaseException) -> str:
    """An exception, and the line of this project that it passed last."""
    frames = [one for one in traceback.extract_tb(exc.__traceback__) if "indexer" in one.filename]
    place = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return " ".join(f"{type(exc).__name__}: {exc}"[:100].split()) + place


def _seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _memory() -> int:
    """The most memory in kilobytes that this process, or one that it started, ever had."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


class _Forked:
    """What :func:`processes.run` does, with a fork of this process in place of a new Python."""

    _said = ""

    @classmethod
    def problem(cls) -> str:
        """The exception that ended the last process, if it was one; forgotten then."""
        said, cls._said = cls._said, ""
        return said

    @classmethod
    def run(
        cls, command: Sequence[str], *, data: bytes, seconds: float, output: IO[bytes] | None = None
    ) -> tuple[int, bytes]:
        """Run the module that a command names."""
        module = command[3].split("from ")[1].split(" ")[0]
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as made,
            tempfile.TemporaryFile() as said,
        ):
            given.write(data)
            given.seek(0)
            if not (child := os.fork()):
                for place, stream in enumerate((given, output or made, said)):
                    os.dup2(stream.fileno(), place)
                os._exit(_main(module, [*command[5:]], seconds))
            _, status = os.waitpid(child, 0)
            said.seek(0)
            if text := said.read().decode("utf-8", "replace").strip():
                cls._said = " ".join(text.splitlines()[-1].split())[:160]
            made.seek(0)
            return os.waitstatus_to_exitcode(status), made.read()


def _main(module: str, arguments: Sequence[str], seconds: float) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    sys.argv = ["", str(int(arguments[0]) + size)]
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    try:
        import_module(module).main()
        sys.stdout.flush()
    except SystemExit as exc:
        return int(exc.code or 0)
    except MemoryError:
        return 1
    except BaseException as exc:  # noqa: BLE001
        os.write(2, _said(exc).encode())
        return 1
    return 0


def _starting(kind: str, also: Path | None) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        write_starting_files(Path(folder))
        found = sorted(Path(folder).glob(f"*.{kind}"))
        if also:
            found += sorted(also.rglob(f"*.{kind}"))
        for path in found:
            if path.is_file() and path.stat().st_size <= _LARGEST // 4:
                yield path.read_bytes()


def main(arguments: Sequence[str] | None = None) -> Report:
    """Read the inputs that the command line names, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kind", choices=[*KINDS, "xls", "ods"])
    parser.add_argument("--inputs", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--also", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--processes", action="store_true")
    options = parser.parse_args(arguments)
    if not options.processes:
        for name in ("indexer.sources.pdf.extract", "pypdfium2", "python_calamine"):
            import_module(name)
        vars(document)["run"] = vars(spreadsheets)["run"] = _Forked.run
    files = list(_starting(options.kind, options.also))
    numbers = range(options.first, options.first + options.inputs)
    if options.only is not None:
        numbers = range(options.only, options.only + 1)
    start = time.monotonic()
    inputs = Inputs(options.kind, options.seed, files)
    report = fuzz(inputs, numbers, keep=options.keep)
    sys.stdout.write(
        f"{options.kind}, seed {options.seed}, {len(files)} starting files,"
        f" {time.monotonic() - start:.0f} s: {report.show()}\n"
    )
    return report


if __name__ == "__main__":
    raise SystemExit(bool(main().problems))
