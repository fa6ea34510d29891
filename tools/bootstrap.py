# -*- coding: utf-8 -*-
r"""Install a checkout: .venv, the locked packages, the project itself.

    python tools/bootstrap.py [PART...]   parts: base (default), test, postgresql, server, fetch, models,
                                          eval, full, mutation, peers

The Makefile calls it; without make (Windows) call it by hand, then `.venv/bin/gongwen demo`
(`.venv\Scripts\gongwen demo`). Only what has changed is installed, so a second call costs nothing.

It must run on any Python, however old, to report in one line that it is too old: no f-strings, no
annotations, nothing newer than Python 2.7 outside `install`.
"""

import json
import os
import subprocess
import sys
import time

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))
STAMP = os.path.join(VENV, "installed.json")
LOG = os.path.join(VENV, "install.log")
# Part -> its lock file. Every part requires the base.
LOCKS = {
    "base": "requirements.lock",
    "test": "locks/test.lock",
    "postgresql": "locks/postgresql.lock",
    "server": "locks/server.lock",
    "fetch": "locks/fetch.lock",
    "models": "locks/models.lock",
    "eval": "locks/eval.lock",
    "full": "locks/full.lock",
    "mutation": "locks/mutation.lock",
    "peers": "locks/peers.lock",
}
BUILD = "locks/build.lock"
# Newer Pythons print warnings when they compile jieba: compiled here, with warnings off.
COMPILE_JIEBA = (
    "import compileall, os, sysconfig;"
    "compileall.compile_dir(os.path.join(sysconfig.get_path('purelib'), 'jieba'), quiet=2)"
)
TICK = 10  # seconds between progress lines if stderr is no terminal


def say(zh, en):
    """Choose the language as the service does: English only in an English locale."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return en if os.environ[name].lower().startswith("en") else zh
    return zh


def fail(zh, en):
    """Print one line on stderr and exit with status 1."""
    tell(say(zh, en))
    sys.exit(1)


def tell(line):
    """Print a line on stderr; characters that its encoding lacks are escaped."""
    try:
        sys.stderr.write(line + "\n")
    except UnicodeError:
        sys.stderr.write(line.encode("ascii", "backslashreplace").decode("ascii") + "\n")
    sys.stderr.flush()


def check_python():
    """Refuse a Python that is too old or cannot make virtual environments, naming the remedy."""
    if sys.version_info < OLDEST:
        newer = newer_python()
        found = "%d.%d" % sys.version_info[:2]
        needed = "%d.%d" % OLDEST
        fail(
            "Python %s 太旧，需要 %s 或更新。请运行：make PYTHON=%s 目标（没有 make：%s tools/bootstrap.py）"
            % (found, needed, newer, newer),
            "Python %s is too old, %s or newer is needed. Run: make PYTHON=%s TARGET"
            " (without make: %s tools/bootstrap.py)" % (found, needed, newer, newer),
        )
    try:
        import ensurepip
        import venv
    except ImportError:
        package = "python%d.%d-venv" % sys.version_info[:2]
        fail(
            "这个 Python 没有 venv 模块。Debian/Ubuntu 请运行：sudo apt-get install %s" % package,
            "This Python lacks the venv module. On Debian/Ubuntu run: sudo apt-get install %s"
            % package,
        )
    del ensurepip, venv


def newer_python():
    """Return the name of a new enough Python on this machine, or of the oldest supported one."""
    for minor in range(14, OLDEST[1] - 1, -1):
        name = "python3.%d" % minor
        try:
            with open(os.devnull, "w") as nothing:
                if subprocess.call([name, "-c", ""], stdout=nothing, stderr=nothing) == 0:
                    return name
        except OSError:
            continue
    return "python%d.%d" % OLDEST


def read(name):
    """Read a file of the checkout."""
    with open(os.path.join(ROOT, *name.split("/")), "rb") as file:
        return file.read()


def fingerprint(*names):
    """Hash some files of the checkout."""
    import hashlib

    digest = hashlib.sha256()
    for name in names:
        digest.update(hashlib.sha256(read(name)).digest())
    return digest.hexdigest()


def installed():
    """Return the installed parts with fingerprints; None if .venv is missing or unusable."""
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
        with open(os.devnull, "w") as nothing:
            usable = subprocess.call([PYTHON, "-c", ""], stderr=nothing) == 0
    except (OSError, ValueError):
        return None
    # After moving the folder, the scripts in it still refer to the old place.
    if not usable or stamp.get("root") != ROOT or not stamp.get("parts"):
        return None
    if not inside() and stamp.get("python") != "%d.%d" % sys.version_info[:2]:
        return None
    return stamp["parts"]


def inside():
    """Whether this script runs on the Python of .venv."""
    return os.path.realpath(sys.prefix) == os.path.realpath(VENV)


def install(parts):
    """Install or update the parts in .venv according to their lock files."""
    done = installed()
    required = {part: fingerprint(LOCKS[part]) for part in parts}
    required["base"] = fingerprint(LOCKS["base"], BUILD, "pyproject.toml")
    missing = [
        part
        for part in LOCKS
        if part in required and (done is None or done.get(part) != required[part])
    ]
    if not missing:
        return
    check_python()
    started = time.time()
    if done is None:
        make_environment(parts)
        done = {"venv": True}
        stamp(done)
    for part in missing:
        tell(
            say("安装 %s 的依赖：%s…", "Installing the packages of %s: %s …") % (part, LOCKS[part])
        )
        if part == "base":
            pip("-r", BUILD)
        # The lock files are complete: pip must not install dependencies that they leave out.
        pip("-r", LOCKS[part], "--no-build-isolation")
        if part == "base":
            run([PYTHON, "-W", "ignore", "-c", COMPILE_JIEBA])
            # Editable, so that the code of the checkout runs, and `git pull` is an update.
            pip("--editable", ROOT, "--no-build-isolation", hashes=False)
        done[part] = required[part]
        stamp(done)
    tell(say("安装完毕，用时 %d 秒。", "Installed in %d s.") % (time.time() - started))


def make_environment(parts):
    """Create a new .venv; never replace one that this tool did not create."""
    import shutil

    if inside():  # cannot delete the running Python: continue on the one that created .venv
        sys.exit(subprocess.call([sys._base_executable, os.path.abspath(__file__)] + parts))
    if os.path.isdir(VENV) and os.listdir(VENV) and not os.path.exists(STAMP):
        fail(
            "已有 .venv，但不是本工具建立的；请先移走：mv .venv .venv.old",
            "There is a .venv that this tool did not create; move it away: mv .venv .venv.old",
        )
    tell(say("建立 .venv（Python %s）…", "Creating .venv (Python %s) …") % sys.version.split()[0])
    shutil.rmtree(VENV, ignore_errors=True)
    os.mkdir(VENV)
    stamp({})
    run([sys.executable, "-m", "venv", VENV])


def stamp(parts):
    """Record the parts installed in .venv, and that this tool created it."""
    version = "%d.%d" % sys.version_info[:2]
    content = {"python": version, "root": ROOT, "parts": parts}
    with open(STAMP, "w") as file:
        json.dump(content, file, indent=1)


def pip(*arguments, **options):
    """Run pip install without dependencies; hashes are checked, configured mirrors used."""
    command = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
    ]
    command += ["--no-input", "--no-warn-script-location"]
    command += ["--no-compile"]  # compiled on first import instead, which saves seconds here
    if options.get("hashes", True):
        command += ["--require-hashes"]
    run(command + list(arguments))


def run(command):
    """Run a command with progress on stderr and its output in a log; exit if it fails."""
    with open(LOG, "wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait(process)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        sys.exit(130)
    if process.returncode:
        with open(LOG, "rb") as log:
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
        for line in lines[-15:]:
            tell("    " + line)
        fail(
            "安装失败。网络不通时可指定镜像：PIP_INDEX_URL=镜像地址 make install；全部输出在 %s"
            % LOG,
            "Installation failed. On a slow connection name a mirror: PIP_INDEX_URL=ADDRESS make install;"
            " the complete output is in %s" % LOG,
        )


def wait(process):
    """Wait for the process, showing the seconds on a terminal, or a line every ``TICK`` seconds."""
    started = shown = time.time()
    watched = sys.stderr.isatty()
    while process.poll() is None:
        time.sleep(0.1)
        now = time.time()
        if now - shown < (1 if watched else TICK):
            continue
        shown = now
        seconds = say("  %d 秒", "  %d s") % (now - started)
        if watched:
            sys.stderr.write("\r" + seconds)
            sys.stderr.flush()
        else:
            tell(seconds)
    if watched:
        sys.stderr.write("\r" + " " * 20 + "\r")
        sys.stderr.flush()


def main(arguments):
    """Install the named parts."""
    unknown = [part for part in arguments if part not in LOCKS]
    if unknown:
        names = " ".join(LOCKS)
        fail(
            "没有 %s 这部分；有：%s" % (unknown[0], names),
            "There is no part %s; there are: %s" % (unknown[0], names),
        )
    if sys.version_info < OLDEST:
        check_python()
    install(arguments or ["base"])


if __name__ == "__main__":
    main(sys.argv[1:])
