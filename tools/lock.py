"""The pinned versions of everything that is installed; `make lock` writes them after a change.

One file per part, each with what that part adds to the base: hashes for every platform, no address
of any index, so that pip takes them from whatever mirror it is set to. Needs uv. Versions stay as
they are while they satisfy pyproject.toml; `make lock ARGS=--upgrade` takes the newest.
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
# Part -> what uv compiles. Each comes after those whose versions it must share.
PARTS = {
    "build": ["--group", "pyproject.toml:build"],
    "test": ["--group", "pyproject.toml:test", "--group", "pyproject.toml:check"],
    "server": [*PROJECT, "--extra", "server"],
    "fetch": [*PROJECT, "--extra", "fetch"],
    "models": [*PROJECT, "--extra", "models"],
    "eval": [*PROJECT, "--extra", "eval"],
    "full": ["--group", "pyproject.toml:full"],
}
# torch from PyPI is built for CUDA on Linux and cannot be imported without most of those libraries.
# These it does not open on a CPU: 1.3 of 5.5 GB. Hence `pip install --no-deps`, which asks for no
# more than the file lists.
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


def main() -> int:
    """Compile every lock; 1 if uv is missing or refuses."""
    uv = shutil.which("uv")
    if uv is None:
        print("make lock: 没有 uv；请先 pip install uv / uv is missing: pip install uv")
        return 1
    FOLDER.mkdir(exist_ok=True)
    compile_lock(uv, PROJECT, BASE, given=[], without=[])
    given = [BASE]
    for part, sources in PARTS.items():
        target = FOLDER / f"{part}.lock"
        without = [*names(BASE), *WITHOUT.get(part, ())]
        compile_lock(uv, sources, target, given=given, without=without)
        given.append(target)
    return 0


def compile_lock(
    uv: str, sources: list[str], target: Path, *, given: list[Path], without: list[str]
) -> None:
    """Write one lock that agrees with those ``given`` and leaves out the packages ``without``."""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", OLDEST_PYTHON, "--custom-compile-command", "make lock"]
    command += [argument for argument in sys.argv[1:] if argument == "--upgrade"]
    command += ["--output-file", str(target.relative_to(ROOT)), *sources]
    for lock in given:
        command += ["--constraint", str(lock.relative_to(ROOT))]
    for name in without:
        command += ["--no-emit-package", name]
    subprocess.run(command, cwd=ROOT, check=True)
    text = target.read_text(encoding="utf-8")
    # uv appends what it left out, as comments: of no use to a reader of one part.
    text = re.sub(
        r"\n# The following packages were excluded from the output:.*", "\n", text, flags=re.DOTALL
    )
    target.write_text(text, encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {len(names(target))}")


def names(lock: Path) -> list[str]:
    """The packages that a lock pins."""
    found = re.findall(r"^([a-z0-9-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted(set(found))


if __name__ == "__main__":
    sys.exit(main())
