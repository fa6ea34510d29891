"""Bundles that install without the internet, one archive for each platform: `make bundle`.

An archive contains the wheels of the base install and of the parts `server` and `postgresql` for each
supported Python, our own wheel with model and sample, the documents, and an installer that needs nothing
but Python. The same commit gives the same bytes.

Wheels come from whatever index pip is configured for, and are checked against the locks. They are kept in
`.cache/wheels`: a second run downloads nothing but the source of jieba.
"""

import argparse
import dataclasses
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from analyzers.messages import say

ROOT = Path(__file__).resolve().parent.parent
POOL = ROOT / ".cache" / "wheels"
FILES = ROOT / "tools" / "bundled"
DOCUMENTS = ("*.md", "LICENSE", "NOTICE", "docs/**/*")
# What a machine without the internet cannot add later: all that the handbook speaks of.
LOCKS = ("requirements.lock", "locks/server.lock", "locks/postgresql.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
GLIBC = 28  # glibc 2.28: Debian 10, openEuler 20.03, 麒麟 V10, and whatever is newer
# Distributed only as source, pure Python: built here into a wheel for every platform.
SOURCE_ONLY = ("jieba",)
# Archives have no better time: 2020-01-01, which hatchling takes as well.
EPOCH = 1577836800
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_NOT_FOUND = re.compile(r"No matching distribution found for (\S+)==")


class BundleError(Exception):
    """A bundle cannot be made; the message says what is missing."""


@dataclasses.dataclass(frozen=True)
class Platform:
    """A kind of machine: its name as in :func:`sysconfig.get_platform`, markers, tags of wheels."""

    name: str
    markers: Mapping[str, str]
    tags: tuple[str, ...]  # best first

    @property
    def windows(self) -> bool:
        """Whether it is Windows."""
        return self.markers["os_name"] == "nt"


def _linux(machine: str, oldest: int) -> Platform:
    tags = []
    for minor in range(GLIBC, oldest - 1, -1):
        tags.append(f"manylinux_2_{minor}_{machine}")
        if minor in _LEGACY:
            tags.append(f"{_LEGACY[minor]}_{machine}")
    markers = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"}
    return Platform(f"linux-{machine}", {**markers, "platform_machine": machine}, tuple(tags))


_WINDOWS = {
    "os_name": "nt",
    "sys_platform": "win32",
    "platform_system": "Windows",
    "platform_machine": "AMD64",
}
PLATFORMS = {
    platform.name: platform
    for platform in (
        _linux("x86_64", 5),
        _linux("aarch64", 17),
        Platform("win-amd64", _WINDOWS, ("win_amd64",)),
    )
}


@dataclasses.dataclass(frozen=True)
class Target:
    """A Python on a platform."""

    platform: Platform
    python: str

    def __str__(self) -> str:
        return f"{self.platform.name}, Python {self.python}"

    def needs(self, requirement: Requirement) -> bool:
        """Whether the markers of a requirement hold here."""
        if requirement.marker is None:
            return True
        full = f"{self.python}.0"
        ours = {
            **self.platform.markers,
            "python_version": self.python,
            "python_full_version": full,
            "implementation_version": full,
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }
        return requirement.marker.evaluate(ours)

    @property
    def tags(self) -> list[Tag]:
        """The tags of the wheels that install here, best first."""
        version = tuple(map(int, self.python.split(".")))
        name = f"cp{self.python.replace('.', '')}"
        platforms = self.platform.tags
        return [
            *cpython_tags(version, platforms=platforms),
            *compatible_tags(version, name, platforms),
        ]


@dataclasses.dataclass(frozen=True)
class Pinned:
    """A line of a lock: the requirement with its marker, and the hashes of its files."""

    requirement: Requirement
    hashes: frozenset[str]

    def __str__(self) -> str:
        hashes = (f"--hash=sha256:{one}" for one in sorted(self.hashes))
        return " ".join([str(self.requirement), *hashes])

    @property
    def unconditional(self) -> str:
        """The line without its marker, which pip would evaluate for the machine that it runs on."""
        requirement = Requirement(str(self.requirement))
        requirement.marker = None
        return str(dataclasses.replace(self, requirement=requirement))


def read_lock(path: Path) -> list[Pinned]:
    """The pinned packages of a lock."""
    joined = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return [
        Pinned(Requirement(line.split(" --hash")[0]), frozenset(re.findall(r"sha256:(\w+)", line)))
        for line in joined.splitlines()
        if line[:1].isalnum()
    ]


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Pool:
    """The folder of the downloaded wheels."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.lock = FileLock(folder / "pool.lock")
        self._hashes: dict[Path, str] = {}

    def best(self, pinned: Pinned, target: Target) -> Path | None:
        """The best wheel of a package that installs on a target; None if there is none."""
        order = {tag: place for place, tag in enumerate(target.tags)}
        found = []
        for path in self.folder.glob("*.whl"):
            name, version, _, tags = parse_wheel_filename(path.name)
            if name != canonicalize_name(pinned.requirement.name):
                continue
            fitting = [order[tag] for tag in tags if tag in order]
            if fitting and version in pinned.requirement.specifier and self._intact(path, pinned):
                found.append((min(fitting), path))
        return min(found)[1] if found else None

    def _intact(self, path: Path, pinned: Pinned) -> bool:
        """Whether the lock has the hash of a file; one that was cut off is downloaded again."""
        if path not in self._hashes:
            self._hashes[path] = sha256(path)
        if self._hashes[path] in pinned.hashes:
            return True
        path.unlink()
        del self._hashes[path]
        return False

    def download(self, wanted: Sequence[Pinned], target: Target) -> list[str]:
        """Download the wheels of a target; return the packages that have none."""
        missing: list[str] = []
        while remaining := [one for one in wanted if one.requirement.name not in missing]:
            command = ["download", "--dest", str(self.folder), "--only-binary=:all:"]
            command += ["--python-version", target.python, "--implementation", "cp"]
            command += [part for tag in target.platform.tags for part in ("--platform", tag)]
            failure = pip(command, remaining)
            if failure is None:
                break
            named = _NOT_FOUND.search(failure)
            # Without a connection pip also says that it found nothing.
            if named is None or "Retrying" in failure:
                raise BundleError(_redacted(failure))
            missing.append(named[1])
        return missing


def pip(command: Sequence[str], packages: Sequence[Pinned]) -> str | None:
    """Run a command of pip on pinned packages; return what it said if it failed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(one.unconditional for one in packages), encoding="utf-8")
        options = ["--quiet", "--no-deps", "--require-hashes", "--no-input"]
        options += ["--disable-pip-version-check", "--retries", "2", "--requirement", str(file)]
        done = subprocess.run(
            [sys.executable, "-m", "pip", *command, *options],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
            capture_output=True,
            text=True,
            check=False,
        )
    return done.stdout + done.stderr if done.returncode else None


def _redacted(output: str) -> str:
    """The errors of pip without the address of the index."""
    if "Retrying" in output:
        return say(
            "连不上软件源；请检查网络，或用 PIP_INDEX_URL 指定镜像",
            "the package index cannot be reached: check the network, or name a mirror by PIP_INDEX_URL",
        )
    lines = [line for line in output.splitlines() if line.startswith("ERROR")]
    return "pip: " + re.sub(r"\S*://\S*|host='[^']*'", "…", "\n".join(lines[-5:]))


def collect(
    lock: Sequence[Pinned], targets: Sequence[Target], pool: Pool
) -> dict[Pinned, set[Path]]:
    """The wheels that the targets need for each package of a lock, downloaded where the pool lacks them."""
    chosen: dict[Pinned, set[Path]] = {one: set() for one in lock}
    missing: dict[str, list[str]] = {}
    for target in targets:
        needed = [one for one in lock if target.needs(one.requirement)]
        absent = [one for one in needed if pool.best(one, target) is None]
        if absent:
            tell(
                say(f"{target}：下载 {len(absent)} 个包…", f"{target}: downloading {len(absent)} …")
            )
            for name in pool.download(absent, target):
                missing.setdefault(name, []).append(str(target))
        for one in needed:
            wheel = pool.best(one, target)
            if wheel is not None:
                chosen[one].add(wheel)
            elif one.requirement.name not in missing:
                missing[one.requirement.name] = [str(target)]
    if missing:
        raise BundleError(
            "\n".join(
                say(f"{name} 没有 wheel：{'；'.join(on)}", f"{name} has no wheel: {'; '.join(on)}")
                for name, on in missing.items()
            )
        )
    return chosen


def build_source(pinned: Pinned, folder: Path) -> Path:
    """Build the wheel of a package that is distributed only as source; it must be pure Python."""
    # Without the cache: what pip built before has other times in it.
    command = ["wheel", "--wheel-dir", str(folder), "--no-cache-dir", "--use-pep517"]
    failure = pip([*command, "--no-build-isolation"], [pinned])
    if failure is not None:
        raise BundleError(_redacted(failure))
    (wheel,) = folder.glob(f"{pinned.requirement.name}-*.whl")
    if not wheel.name.endswith("-none-any.whl"):
        raise BundleError(
            say(
                f"{pinned.requirement.name} 编译出的 {wheel.name} 只适合本机；它须有各平台的 wheel",
                f"{wheel.name} is for this platform only: {pinned.requirement.name} needs wheels",
            )
        )
    return wheel


def build_ours(folder: Path) -> tuple[Pinned, Path]:
    """Build the wheel of the project."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("gongwen_search-*.whl")
    pinned = Pinned(Requirement(f"gongwen-search=={project_version()}"), frozenset([sha256(wheel)]))
    return pinned, wheel


def project_version() -> str:
    """The version of the project."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version: str = tomllib.load(file)["project"]["version"]
    return version


def contents(
    platform: Platform, pythons: Sequence[str], name: str, wheels: Mapping[Pinned, set[Path]]
) -> dict[str, bytes | Path]:
    """The files of a bundle by their names in it."""
    lines = [
        str(dataclasses.replace(one, hashes=frozenset(map(sha256, files))))
        for one, files in wheels.items()
        if files
    ]
    about = {"platform": platform.name, "pythons": list(pythons)}
    if not platform.windows:
        about["glibc"] = f"2.{GLIBC}"
    found: dict[str, bytes | Path] = {
        "bundle.json": json.dumps(about, indent=1).encode() + b"\n",
        "requirements.txt": "".join(f"{line}\n" for line in sorted(lines)).encode(),
    }
    for files in wheels.values():
        found.update({f"wheels/{path.name}": path for path in files})
    for pattern in DOCUMENTS:
        found.update(
            {
                path.relative_to(ROOT).as_posix(): path
                for path in ROOT.glob(pattern)
                if path.is_file()
            }
        )
    starter = "install.bat" if platform.windows else "install.sh"
    for file in ("安装说明.txt", "install.py", starter):
        text = (FILES / file).read_text(encoding="utf-8")
        text = text.replace("@NAME@", name).replace("@PYTHONS@", " ".join(pythons))
        if platform.windows and not file.endswith(".py"):
            text = text.replace("\n", "\r\n")
        found[file] = text.encode("utf-8-sig" if file.endswith(".txt") else "utf-8")
    sums = {key: _digest(value) for key, value in found.items()}
    found["SHA256SUMS"] = "".join(f"{sums[key]}  {key}\n" for key in sorted(sums)).encode()
    return found


def _digest(content: bytes | Path) -> str:
    return sha256(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()


def pack(target: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write an archive, .tar or .zip, with one folder; uncompressed, since wheels are compressed."""
    half = target.with_name(f"{target.name}.half")
    folder = target.stem if target.suffix == ".zip" else target.name.removesuffix(".tar")
    if target.suffix == ".zip":
        day = time.gmtime(EPOCH)[:6]
        with zipfile.ZipFile(half, "w") as archive:
            for name, data in _sorted(files):
                archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", day), data)
    else:
        with tarfile.open(half, "w", format=tarfile.PAX_FORMAT) as archive:
            for name, data in _sorted(files):
                entry = tarfile.TarInfo(f"{folder}/{name}")
                entry.size, entry.mtime = len(data), EPOCH
                entry.mode = 0o755 if name.endswith(".sh") else 0o644
                archive.addfile(entry, io.BytesIO(data))
    half.replace(target)


def _sorted(files: Mapping[str, bytes | Path]) -> Iterator[tuple[str, bytes]]:
    for name, content in sorted(files.items()):
        yield name, content.read_bytes() if isinstance(content, Path) else content


def make(platforms: Sequence[str], pythons: Sequence[str], output: Path) -> list[Path]:
    """Write the bundles of some platforms for some Pythons; return them."""
    lock = [one for name in LOCKS for one in read_lock(ROOT / name)]
    source = [one for one in lock if one.requirement.name in SOURCE_ONLY]
    targets = [Target(PLATFORMS[name], python) for name in platforms for python in pythons]
    pool = Pool(POOL)
    others = [one for one in lock if one not in source]
    with pool.lock:
        # All of them before the first archive: nothing is written if one wheel of one platform is missing.
        collect(others, targets, pool)
    output.mkdir(parents=True, exist_ok=True)
    made = []
    with tempfile.TemporaryDirectory() as folder:
        ours, wheel = build_ours(Path(folder))
        own = {ours: {wheel}} | {one: {build_source(one, Path(folder))} for one in source}
        for name in platforms:
            platform = PLATFORMS[name]
            full = f"gongwen-search-{project_version()}-{name}"
            if tuple(pythons) != PYTHONS:
                full += f"-python{'-'.join(pythons)}"
            chosen = collect(others, [one for one in targets if one.platform is platform], pool)
            path = output / f"{full}{'.zip' if platform.windows else '.tar'}"
            pack(path, contents(platform, pythons, full, chosen | own))
            made.append(path)
    return made


def tell(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Make the bundles; 1 if something is missing."""
    parser = argparse.ArgumentParser(prog="make bundle", description=__doc__)
    parser.add_argument(
        "--platform", action="append", choices=PLATFORMS, help="可以写几次；默认三种 / default: all"
    )
    parser.add_argument(
        "--python", action="append", choices=PYTHONS, help="可以写几次；默认全部 / default: all"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    given = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        # In the order of the tables, whatever the order of the arguments.
        platforms = [name for name in PLATFORMS if name in (given.platform or PLATFORMS)]
        pythons = [name for name in PYTHONS if name in (given.python or PYTHONS)]
        made = make(platforms, pythons, given.output)
    except BundleError as error:
        print(f"make bundle: {error}", file=sys.stderr)
        return 1
    for path in made:
        tell(f"{path}  {path.stat().st_size / 1e6:.0f} MB  sha256 {sha256(path)}")
    spent = time.monotonic() - started
    tell(say(f"用时 {spent:.0f} 秒。", f"Done in {spent:.0f} s."))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
