"""Install the bundle that this file is in, without the internet; install.sh and install.bat call it.

    python3 install.py [FOLDER]        into FOLDER/.venv; without FOLDER: into the folder of the bundle

Needs nothing but this Python. Every file is checked against SHA256SUMS before anything is written.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
STAMP = "gongwen-bundle.json"  # in a .venv: made by this script, so that it may be replaced
LIBRARIES = "import analyzers, lxml.etree, numkong, onnxruntime, rjieba, tantivy, tokenizers"
SHOWN = 5


def say(zh: str, en: str) -> str:
    """Choose the language as the service does: English only in an English locale."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return en if os.environ[name].lower().startswith("en") else zh
    return zh


def fail(zh: str, en: str) -> NoReturn:
    """Print a message on stderr and exit with status 1."""
    print(say(zh, en), file=sys.stderr)
    raise SystemExit(1)


def check_machine() -> None:
    """Refuse a machine or a Python that the wheels are not for."""
    about = json.loads((HERE / "bundle.json").read_text(encoding="utf-8"))
    ours = sysconfig.get_platform()
    if ours != about["platform"]:
        fail(
            f"这个安装包是给 {about['platform']} 的，本机是 {ours}；请换 {ours} 的安装包",
            f"This bundle is for {about['platform']}, this machine is {ours}: take the bundle for {ours}",
        )
    python = "{}.{}".format(*sys.version_info)
    if python not in about["pythons"] or sys.implementation.name != "cpython":
        several = ", ".join(about["pythons"])
        fail(
            f"这个安装包是给 Python {several} 的，这是 {sys.implementation.name} {python}；请换其中一个",
            f"This bundle is for Python {several}, not for {sys.implementation.name} {python}",
        )
    if "glibc" not in about:
        return
    library, version = platform.libc_ver()
    if library != "glibc" or _numbers(version) < _numbers(about["glibc"]):
        fail(
            f"需要 glibc {about['glibc']} 或更新的 Linux，本机是 {library or '别的 C 库'} {version}",
            f"Linux with glibc {about['glibc']} or newer is needed, this is"
            f" {library or 'another C library'} {version}",
        )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdecimal()]


def check_files() -> None:
    """Refuse a bundle of which a file is missing or changed, naming it."""
    wrong = []
    for line in (HERE / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        expected, name = line.split("  ", 1)
        path = HERE / name
        if not path.is_file():
            wrong.append(say(f"缺 {name}", f"{name} is missing"))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            wrong.append(say(f"{name} 有变", f"{name} has changed"))
    if wrong:
        more = len(wrong) - SHOWN
        named = "\n  ".join(wrong[:SHOWN] + ([f"… +{more}"] if more > 0 else []))
        fail(
            f"安装包不完整，请重新复制并解开：\n  {named}",
            f"The bundle is incomplete, copy and unpack it again:\n  {named}",
        )


def make_environment(place: Path) -> Path:
    """Make the virtual environment, in place of one that this script made before; return its Python."""
    if place.is_dir() and any(place.iterdir()) and not (place / STAMP).exists():
        fail(
            f"已有 {place}，但不是由安装包建立的；请先移走，或换一个文件夹",
            f"There is {place}, which no bundle made: move it away, or name another folder",
        )
    print(say(f"安装到 {place}…", f"Installing into {place} …"), flush=True)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copy(HERE / "bundle.json", place / STAMP)
    run([sys.executable, "-m", "venv", str(place)])
    return place.joinpath(*(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def run(command: list[str], remedy: str = "") -> None:
    """Run a command; if it fails, print the end of its output and the remedy, and exit."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, cwd=HERE
    )
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines()
        print("\n".join(f"    {line}" for line in said[-15:]), file=sys.stderr)
        fail(f"安装失败。{remedy}", f"Installation failed. {remedy}")


def install(folder: Path) -> None:
    """Install everything into ``folder/.venv``."""
    place = folder / ".venv"
    python = make_environment(place)
    # --isolated: neither settings nor variables of pip, which could name an index or another folder.
    command = [str(python), "-m", "pip", "--isolated", "install", "--quiet", "--no-index"]
    command += ["--find-links", str(HERE / "wheels"), "--no-deps", "--require-hashes", "--no-input"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--no-warn-script-location"]
    run([*command, "--requirement", str(HERE / "requirements.txt")])
    remedy = ""
    if os.name == "nt":
        remedy = say(
            "请先装 Microsoft Visual C++ 2015–2022 运行库（vc_redist.x64.exe），再运行一次",
            "Install the Microsoft Visual C++ 2015–2022 runtime (vc_redist.x64.exe), then run this again",
        )
    run([str(python), "-c", LIBRARIES], remedy)


def main(arguments: list[str]) -> None:
    """Check machine and files, install, and say what comes next."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    started = time.monotonic()
    folder = Path(arguments[0]).resolve() if arguments else HERE
    check_machine()
    check_files()
    try:
        install(folder)
    except OSError as error:
        fail(
            f"不能写入 {folder}：{error.strerror}；请换一个文件夹，或停下正在运行的服务",
            f"Cannot write to {folder}: {error.strerror}; name another folder, or stop the running service",
        )
    spent = time.monotonic() - started
    command = r".venv\Scripts\gongwen" if os.name == "nt" else ".venv/bin/gongwen"
    print(say(f"装好了，用时 {spent:.0f} 秒。试一试：", f"Installed in {spent:.0f} s. Try it:"))
    print(f"  cd {folder}\n  {command} demo")


if __name__ == "__main__":
    main(sys.argv[1:])
