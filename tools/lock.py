"""Write the lock files, the pinned versions of all packages: `make lock`.

One file per part, with the packages that the part adds to the base: hashes for every platform and no index
URL, so that pip uses whatever mirror is configured. Needs uv. Versions do not change while they satisfy
pyproject.toml; `make lock ARGS=--upgrade` takes the newest.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASE = ROOT / "requirements.lock"
FOLDER = ROOT / "locks"
OLDEST_PYTHON = "3.11"

PROJECT = ["pyproject.toml"]
# Part -> arguments of uv. Each part comes after those whose versions it must share.
PARTS = {
    "build": ["--group", "pyproject.toml:build"],
    "test": ["--group", "pyproject.toml:test", "--group", "pyproject.toml:check"],
    "postgresql": [*PROJECT, "--extra", "postgresql"],
    "server": [*PROJECT, "--extra", "server"],
    "fetch": [*PROJECT, "--extra", "fetch"],
    "models": [*PROJECT, "--extra", "models"],
    "eval": [*PROJECT, "--extra", "eval"],
    "full": ["--group", "pyproject.toml:full"],
    "mutation": ["--group", "pyproject.toml:mutation"],
    "peers": ["--group", "pyproject.toml:peers"],
}
# torch from PyPI is built for CUDA on Linux and cannot be imported without most of those libraries.
# These are not loaded on a CPU: 1.3 of 5.5 GB. Hence `pip install --no-deps`, which installs only what the
# file lists.
WITHOUT = {
    "models": (
        "cuda-bindings",
        "cuda-pathfinder",
        "cuda-toolkit",
        "nvidia-cuda-cccl",
        "nvidia-cusolver",
        "nvidia-nvtx",
        "triton",
    )
}


# txtai requires torch and transformers: `make bench-peers` installs these parts, too.
ALSO_INSTALLED = {"peers": ("models", "eval")}


def main() -> int:
    """Compile every lock file; 1 if uv is missing."""
    uv = shutil.which("uv")
    if uv is None:
        print("make lock: 没有 uv；请先 pip install uv / uv is missing: pip install uv")
        return 1
    FOLDER.mkdir(exist_ok=True)
    compile_lock(uv, PROJECT, BASE, constraints=[], without=[])
    constraints = [BASE]
    for part, sources in PARTS.items():
        target = FOLDER / f"{part}.lock"
        without = [*names(BASE), *WITHOUT.get(part, ())]
        for other in ALSO_INSTALLED.get(part, ()):
            without += [*names(FOLDER / f"{other}.lock"), *WITHOUT.get(other, ())]
        compile_lock(uv, sources, target, constraints=constraints, without=without)
        constraints.append(target)
    return 0


def compile_lock(
    uv: str, sources: list[str], target: Path, *, constraints: list[Path], without: list[str]
) -> None:
    """Write one lock file that agrees with ``constraints``, without the packages ``without``."""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", OLDEST_PYTHON, "--custom-compile-command", "make lock"]
    command += [argument for argument in sys.argv[1:] if argument == "--upgrade"]
    command += ["--output-file", str(target.relative_to(ROOT)), *sources]
    for lock in constraints:
        command += ["--constraint", str(lock.relative_to(ROOT))]
    for name in without:
        command += ["--no-emit-package", name]
    subprocess.run(command, cwd=ROOT, check=True)
    text = target.read_text(encoding="utf-8")
    # uv appends the excluded packages as comments, which are of no use in the file of one part.
    text = re.sub(
        r"\n# The following packages were excluded from the output:.*", "\n", text, flags=re.DOTALL
    )
    target.write_text(text, encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {len(names(target))}")


def names(lock: Path) -> list[str]:
    """The packages in a lock file."""
    pinned = re.findall(r"^([a-z0-9-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted(set(pinned))


if __name__ == "__main__":
    sys.exit(main())
