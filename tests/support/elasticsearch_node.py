"""One Elasticsearch node for the tests, from Maven Central.

Entry points: the fixture ``elasticsearch_url``, :func:`running_node`, and, to try things,
``python -m tests.support.elasticsearch_node``. One with security and TLS: :mod:`tests.support.secured_node`.

The node is Elastic's own build for integration tests (the real server with few modules, no
``GET /``). It runs without security on the loopback, on a free port, with its data in a temporary
folder, and dies with the process that started it. ``GONGWEN_TEST_ELASTICSEARCH=http://host:9200``
names a running one instead. Nothing of the service may be imported here.

As a pytest plugin it has temporary folders in memory, and leaves out what is marked ``elasticsearch``
where Java or Maven are missing, with one line that says so; with ``GONGWEN_REQUIRE_ALL=1`` they fail
instead.
"""

import base64
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.support.paths import ROOT
from tests.support.skip_report import because

VERSION = "9.2.4"
_ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_JAVA = 21  # the oldest that Elasticsearch 9 supports
# Enough heap for a few thousand articles. Java's second compiler only pays off in hours: without it a start
# takes 12 s of processor time instead of 21.
JAVA_OPTIONS = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1"
_DATA_BYTES = 4_000_000_000  # free in memory, or the data goes to disk
_START_SECONDS = 180.0  # 15 s on two quiet cores
_STOP_SECONDS = 30.0
_AT_ONCE = 20  # index names in one request: its first line may have 4 KB
_SETTINGS = """\
cluster.name: gongwen-tests
discovery.type: single-node
network.host: 127.0.0.1
http.port: 0
transport.port: 0
node.portsfile: true
cluster.routing.allocation.disk.threshold_enabled: false
action.auto_create_index: false
path.data: {data}
path.logs: {logs}
"""
# Runs a program of the distribution's bin/ with its arguments.
Run = Callable[..., None]


class NodeMissing(Exception):
    """The node cannot run here; the message is one line with the reason."""


# --- Java and the distribution -------------------------------------------------------------------


def find_java() -> Path:
    """Home of a Java that is new enough: ``ES_JAVA_HOME``, ``JAVA_HOME``, or the newest installed."""
    named = [os.environ[name] for name in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    for home in (Path(value) for value in named):
        if _java_version(home) >= _JAVA:
            return home
    found = max(Path("/usr/lib/jvm").glob("*/bin/java"), key=_version_of_binary, default=None)
    if found is None or _version_of_binary(found) < _JAVA:
        raise NodeMissing(f"no Java {_JAVA} or newer in JAVA_HOME or /usr/lib/jvm")
    return found.parent.parent


def _version_of_binary(binary: Path) -> int:
    return _java_version(binary.parent.parent)


def _java_version(home: Path) -> int:
    try:
        found = re.search(r'^JAVA_VERSION="(\d+)', (home / "release").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def fetched() -> bool:
    """Whether a node can run here without fetching anything."""
    try:
        find_java()
    except NodeMissing:
        return False
    return (_cache() / f"elasticsearch-{VERSION}").is_dir()


def find_distribution() -> Path:
    """The unpacked distribution, fetched by Maven into a cache folder the first time."""
    home = _cache() / f"elasticsearch-{VERSION}"
    if home.is_dir():
        return home
    maven = shutil.which("mvn")
    if maven is None:
        raise NodeMissing(f"no mvn to fetch Elasticsearch {VERSION} from Maven Central")
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not home.is_dir():  # otherwise another process has fetched it
            _fetch(maven, home)
    return home


def _fetch(maven: str, home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        # dependency:copy is dependency:get with a target folder, so it does not matter where the
        # local repository is; outside the checkout's folder, so that no pom.xml is read.
        command = [maven, "-q", "-B", "dependency:copy", f"-Dmaven.repo.local={folder}/maven"]
        command += [f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={folder}"]
        fetched = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if fetched.returncode != 0:
            reason = next(iter((fetched.stdout + fetched.stderr).splitlines()), "no reason given")
            raise NodeMissing(f"mvn cannot fetch Elasticsearch {VERSION}: {reason}")
        with zipfile.ZipFile(Path(folder) / f"elasticsearch-{VERSION}.zip") as archive:
            archive.extractall(folder)
        unpacked = Path(folder) / home.name
        for path in unpacked.rglob("*"):  # Python's zipfile drops executable bits
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        unpacked.chmod(0o755)
        unpacked.rename(home)


def _cache() -> Path:
    """Folder of the distribution: in the checkout, if the node's user can enter it.

    As root the node runs as another user, who may not: then under /var/tmp.
    """
    checkout = ROOT
    enterable = os.geteuid() != 0 or all(
        folder.stat().st_mode & 0o001 for folder in (checkout, *checkout.parents)
    )
    return (checkout if enterable else Path("/var/tmp")) / ".cache" / "gongwen-tests"


# --- the node ------------------------------------------------------------------------------------


def without_security(_config: Path, _run: Run) -> str:
    """The plain node, without security."""
    return "xpack.security.enabled: false\n"


@contextmanager
def running_node(
    prepare: Callable[[Path, Run], str] = without_security,
    *,
    login: str = "",
    context: ssl.SSLContext | None = None,
    java_options: str = JAVA_OPTIONS,
) -> Iterator[str]:
    """Start a node, wait until it answers, yield ``http://127.0.0.1:PORT``, and stop it.

    ``prepare`` gets the folder of its configuration, may run programs of the distribution, and
    returns further lines of elasticsearch.yml. ``login``, ``user:password``, and ``context`` are how
    to ask it; with a ``context`` it is asked by https.
    """
    java, home = find_java(), find_distribution()
    with _folder() as folder, _folder(fast_place()) as data:
        process = _start(java, home, folder, data, prepare, java_options)
        try:
            yield _address(process, folder, login, context)
        finally:
            _stop(process)


def fast_place() -> Path | None:
    """A folder in memory if possible: each test creates an index, with many fsyncs.

    Not where programs may not be run: some tests install them.
    """
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK | os.X_OK):
        return None
    roomy = shutil.disk_usage(memory).free > _DATA_BYTES
    return memory if roomy and not os.statvfs(memory).f_flag & os.ST_NOEXEC else None


@contextmanager
def _folder(parent: Path | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gongwen-elasticsearch-", dir=parent) as name:
        yield Path(name)


def _start(
    java: Path,
    home: Path,
    folder: Path,
    data: Path,
    prepare: Callable[[Path, Run], str],
    java_options: str,
) -> subprocess.Popen[bytes]:
    config = folder / "config"
    shutil.copytree(home / "config", config)
    for part in ("logs", "tmp"):
        (folder / part).mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ES_JAVA_HOME": str(java),
        "ES_JAVA_OPTS": java_options,
        "ES_PATH_CONF": str(config),
        "ES_TMPDIR": str(folder / "tmp"),
    }

    def run(program: str, *arguments: str) -> None:
        command = [str(home / "bin" / program), *arguments]
        subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)

    settings = _SETTINGS.format(data=data, logs=folder / "logs") + prepare(config, run)
    (config / "elasticsearch.yml").write_text(settings)
    command = [str(home / "bin" / "elasticsearch")]
    setpriv = shutil.which("setpriv")
    if os.geteuid() == 0:  # the server refuses to run as root
        if setpriv is None:
            raise NodeMissing("no setpriv to run Elasticsearch as another user than root")
        for path in (data, folder, *folder.rglob("*")):
            shutil.chown(path, "nobody")
        command = ["--reuid", "nobody", "--clear-groups", *command]
    if setpriv is not None:  # so that a killed test run leaves no node running
        command = [setpriv, "--pdeathsig", "TERM", *command]
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _address(
    process: subprocess.Popen[bytes],
    folder: Path,
    login: str,
    context: ssl.SSLContext | None,
) -> str:
    """Wait for the port that the node has chosen, and for a response there."""
    scheme = "https" if context else "http"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            port = (folder / "logs" / "http.ports").read_text().split()[0].rsplit(":", 1)[1]
            address = f"127.0.0.1:{port}"
            health = f"{login and f'{login}@'}{address}/_cluster/health?wait_for_status=yellow"
            ask("GET", f"{scheme}://{health}", context=context)
        except (OSError, IndexError):
            time.sleep(0.1)
        else:
            return f"{scheme}://{address}"
    output = (folder / "output.txt").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"Elasticsearch did not answer within {_START_SECONDS:.0f} s:\n{output}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(
    method: str,
    url: str,
    *,
    body: object = None,
    context: ssl.SSLContext | None = None,
) -> Any:
    """Send a request, as the user in the address if there is one.

    Raises ``urllib.error.HTTPError`` for what it refuses.
    """
    scheme, rest = url.split("://", 1)
    login, _, rest = rest.rpartition("@")
    headers = {"Content-Type": "application/json"}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{scheme}://{rest}", data=data, headers=headers, method=method
    )
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:
        return json.load(answer)


# --- pytest --------------------------------------------------------------------------------------


@contextmanager
def own_prefix(address: str) -> Iterator[str]:
    """Yield ``address/test-UUID``; at the end delete the indices so named, and no others."""
    prefix = f"test-{uuid.uuid4().hex}"
    yield f"{address}/{prefix}"
    found = ask("GET", f"{address}/{prefix}*?features=settings&filter_path=*.settings.index.uuid")
    names = sorted(found)
    for start in range(0, len(names), _AT_ONCE):
        ask("DELETE", f"{address}/{','.join(names[start : start + _AT_ONCE])}")


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """The address of a node with this session's prefix, for ``GONGWEN_ENGINE``."""
    running = os.environ.get("GONGWEN_TEST_ELASTICSEARCH")
    if running:
        with own_prefix(running.rstrip("/")) as url:
            yield url
        return
    reason = ""
    try:
        with running_node() as address, own_prefix(address) as url:
            yield url
    except NodeMissing as missing:
        reason = str(missing)
    if reason:
        leave_out(reason)


def leave_out(reason: str) -> None:
    """Skip the test, or fail it if nothing may be skipped."""
    if _all_required():
        pytest.fail(f"GONGWEN_REQUIRE_ALL=1, but {reason}", pytrace=False)
    pytest.skip(reason)


def _all_required() -> bool:
    return os.environ.get("GONGWEN_REQUIRE_ALL") == "1"


def pytest_configure() -> None:
    """Have temporary folders in memory: on a disk half of the time of a test with an index is waiting."""
    if place := fast_place():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))


@pytest.hookimpl(trylast=True)  # after -m and -k: nothing is fetched for deselected tests
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests that need a node if none can run here, unless nothing may be skipped."""
    marked = [item for item in items if item.get_closest_marker("elasticsearch")]
    if not marked or _all_required() or os.environ.get("GONGWEN_TEST_ELASTICSEARCH"):
        return
    try:
        find_java()
        find_distribution()
    except NodeMissing as missing:
        because(config, f"elasticsearch: {missing}")
        items[:] = [item for item in items if item not in marked]
        config.hook.pytest_deselected(items=marked)


_STARTING = """\
正在启动 Elasticsearch（首次要先下载）…… / Starting Elasticsearch (the first time it is fetched) …"""
_STARTED = """
已启动：只供本机试用，没有口令，数据随它消失。在另一个终端里：
It runs: for this machine only, without passwords; its data go with it. In another terminal:

  export GONGWEN_ENGINE={address}/gongwen
  .venv/bin/gongwen index indexer/sample/corpus
  .venv/bin/gongwen serve

按 Ctrl-C 停止。 / Ctrl-C stops it."""


def main() -> None:
    """Start a node for trying things out, and print how to continue; Ctrl-C stops it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(_STARTING, flush=True)
    try:
        with running_node() as address:
            print(_STARTED.format(address=address), flush=True)
            signal.pause()
    except NodeMissing as missing:
        sys.exit(f"不能启动 / cannot start: {missing}")
    except KeyboardInterrupt:
        print("已停止 / stopped")


if __name__ == "__main__":
    main()
