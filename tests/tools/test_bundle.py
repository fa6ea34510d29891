"""The bundles: complete, the same bytes every time, and installed without a network.

Those that download packages have the marker ``compose``, like the build of the image.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools import bundle
from tools.bundle import PLATFORMS, PYTHONS, BundleError, Pinned, Pool, Target

TARGETS = [Target(platform, python) for platform in PLATFORMS.values() for python in PYTHONS]
PYTHON = "{}.{}".format(*sys.version_info)
# In a namespace of its own: loopback up, nothing else reachable, then the command.
CUT_OFF = """
import errno, fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as one:
    fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    assert one.connect_ex(("192.0.2.1", 80)) == errno.ENETUNREACH
os.execvp(sys.argv[1], sys.argv[1:])
"""
ASK = """
import re, subprocess, sys, urllib.parse, urllib.request
with subprocess.Popen([sys.argv[1], "demo", "--port", "0"], stdout=subprocess.PIPE, text=True) as demo:
    address = next(found[0] for line in demo.stdout if (found := re.search(r"http://[0-9.:]+", line)))
    query = urllib.parse.urlencode({"q": "小区没人管怎么办", "mode": "semantic"})
    with urllib.request.urlopen(f"{address}/api/v1/search?{query}") as answer:
        print(answer.read().decode())
    demo.terminate()
"""


def pinned(name: str) -> Pinned:
    """A package of the base install."""
    lock = bundle.read_lock(ROOT / "requirements.lock")
    return next(one for one in lock if one.requirement.name == name)


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_target_needs_the_packages_that_its_own_markers_name(target: Target) -> None:
    """Not those of the machine that makes the bundle: one numpy for each Python, colorama on Windows."""
    lock = bundle.read_lock(ROOT / "requirements.lock")
    needed = [one.requirement.name for one in lock if target.needs(one.requirement)]
    assert needed.count("numpy") == 1
    assert ("colorama" in needed) == target.platform.windows
    assert len(needed) == len(set(needed))


def test_the_windows_files_are_for_windows() -> None:
    """CRLF everywhere, a byte-order mark where Notepad looks for one, every Python named."""
    files = bundle.contents(PLATFORMS["win-amd64"], PYTHONS, "name", {})
    assert "install.sh" not in files
    for name in ("install.bat", "安装说明.txt"):
        content = files[name]
        assert isinstance(content, bytes)
        text = content.decode("utf-8-sig")
        assert text.count("\r\n") == text.count("\n") > 10
        assert " ".join(PYTHONS) in text
        assert not re.search(r"@[A-Z]+@", text)
        assert content.startswith(b"\xef\xbb\xbf") == name.endswith(".txt")


def test_a_damaged_download_is_no_wheel(tmp_path: Path) -> None:
    """A file that was cut off has the right name and the wrong hash: it is removed, not bundled."""
    cut_off = tmp_path / f"click-{pinned('click').requirement.specifier}-py3-none-any.whl".replace(
        "==", ""
    )
    cut_off.write_bytes(b"PK")
    assert Pool(tmp_path).best(pinned("click"), TARGETS[0]) is None
    assert not cut_off.exists()


@pytest.mark.compose
@pytest.mark.parametrize("name", PLATFORMS)
def test_a_package_without_a_wheel_is_named_with_its_platform(name: str, tmp_path: Path) -> None:
    """jieba has only its source: taken as a package with wheels, it stops the bundle."""
    target = Target(PLATFORMS[name], PYTHON)
    with pytest.raises(BundleError, match=f"jieba.*{name}, Python {re.escape(PYTHON)}"):
        bundle.collect([pinned("jieba")], [target], Pool(tmp_path))


@pytest.mark.slow
def test_an_index_out_of_reach_is_no_missing_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a connection pip finds nothing, either; the message says so, without the address."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(BundleError, match="PIP_INDEX_URL") as raised:
        bundle.collect([pinned("click")], TARGETS[:1], Pool(tmp_path))
    assert "127.0.0.1" not in str(raised.value)


# --- the bundle of this machine ------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for this machine and this Python."""
    (made,) = bundle.make([sysconfig.get_platform()], [PYTHON], tmp_path_factory.mktemp("dist"))
    return made


@pytest.fixture
def unpacked(archive: Path, tmp_path: Path) -> Path:
    """Its folder."""
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    return tmp_path / archive.stem


def cut_off(*command: str) -> list[str]:
    """The command in a namespace without a network."""
    namespace = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs the right to make a network namespace (docker: --cap-add=SYS_ADMIN)")
    return [*namespace, sys.executable, "-c", CUT_OFF, *command]


def environment(home: Path) -> dict[str, str]:
    """The environment of a new owner, with an empty home."""
    home.mkdir()
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "PYTHON": sys.executable,
    }


def install(unpacked: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the installer for ``folder/place``; it may fail."""
    return subprocess.run(
        ["sh", str(unpacked / "install.sh"), str(folder / "place")],
        env=environment(folder / "home"),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.compose
def test_it_installs_and_the_demonstration_answers_without_a_network(
    unpacked: Path, tmp_path: Path
) -> None:
    """Installer and `gongwen demo` need nothing but the bundle, and write nowhere else."""
    owner = environment(tmp_path / "home")
    place = tmp_path / "own folder"
    installing = cut_off("sh", str(unpacked / "install.sh"), str(place))

    subprocess.run(installing, env=owner, check=True)
    asking = cut_off(sys.executable, "-c", ASK, str(place / ".venv/bin/gongwen"))
    answered = subprocess.run(asking, cwd=place, env=owner, check=True, stdout=subprocess.PIPE)

    assert json.loads(answered.stdout)["total"] > 0
    assert {path.name for path in place.iterdir()} == {".venv", "data"}
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.compose
def test_a_wheel_that_is_missing_or_changed_is_named(unpacked: Path, tmp_path: Path) -> None:
    """The installer says which file, and leaves nothing behind."""
    (missing,) = unpacked.glob("wheels/click-*")
    (changed,) = unpacked.glob("wheels/flask-3*")
    missing.unlink()
    changed.write_bytes(changed.read_bytes() + b"\n")

    done = install(unpacked, tmp_path)

    assert done.returncode == 1
    assert f"缺 wheels/{missing.name}" in done.stderr
    assert f"wheels/{changed.name} 有变" in done.stderr
    assert not (tmp_path / "place").exists()


@pytest.mark.compose
def test_a_folder_that_no_bundle_made_is_not_replaced(unpacked: Path, tmp_path: Path) -> None:
    """Somebody's own .venv stays as it is."""
    theirs = tmp_path / "place" / ".venv" / "pyvenv.cfg"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("home = elsewhere\n")

    done = install(unpacked, tmp_path)

    assert done.returncode == 1
    assert str(theirs.parent) in done.stderr
    assert theirs.read_text() == "home = elsewhere\n"


@pytest.mark.compose
def test_the_files_of_the_installation_name_no_address(unpacked: Path) -> None:
    """Nothing says where the wheels came from; every wheel is pinned by its hash."""
    for name in ("requirements.txt", "bundle.json", "SHA256SUMS", "install.sh", "install.py"):
        assert "://" not in (unpacked / name).read_text(encoding="utf-8")
    required = (unpacked / "requirements.txt").read_text(encoding="utf-8")
    sums = {
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (unpacked / "wheels").iterdir()
    }
    assert sums == set(re.findall(r"--hash=sha256:(\w+)", required))


@pytest.mark.compose
def test_the_same_commit_makes_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    """Times, order and owners of files are fixed."""
    (again,) = bundle.make([sysconfig.get_platform()], [PYTHON], tmp_path)
    assert bundle.sha256(again) == bundle.sha256(archive)


@pytest.mark.compose
def test_a_shell_without_a_fit_python_says_which_is_needed(unpacked: Path, tmp_path: Path) -> None:
    """The launcher names the Pythons of the bundle, and how to name one that is elsewhere."""
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    shell = shutil.which("sh")
    assert shell is not None

    done = subprocess.run(
        [shell, str(unpacked / "install.sh")],
        env={**environment(tmp_path / "home"), "PYTHON": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert f"需要 {PYTHON} 之一" in done.stderr
    assert "PYTHON=" in done.stderr
