"""What runs inside the containers, tested without containers: build steps, commands, start of the node.

The steps and commands are taken out of ``Dockerfile`` and ``docker-compose.yml`` themselves.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from indexer.commands.demo import SAMPLE
from search_service.engines import Engine, open_engine
from search_service.errors import ConfigurationError, EngineError, EngineUnavailable
from search_service.model import Audience, WriteResult
from tests.support import elasticsearch_node as node
from tests.support.paths import ROOT
from tests.support.sample_records import FIRE, FLOOD, MANIFEST, SCHOOL, load, read

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
REFUSED = (EngineError, ConfigurationError)  # missing privilege, or unknown user
_START_SECONDS = 180.0


# --- the image -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installation that the build steps of the Dockerfile produce, without large models."""
    place = tmp_path_factory.mktemp("image")
    source, made = place / "source", place / "gongwen"
    source.mkdir()
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    environment = {
        **os.environ,
        "MODELS": "",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_NO_COMPILE": "1",  # of most packages only a small part is imported here
        "PATH": f"{made}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    build = text.split("\nFROM ")[1]
    for instruction, rest in re.findall(r"^(COPY|RUN) (.+)$", build, re.MULTILINE):
        if instruction == "COPY":
            *names, target = rest.split()
            for name in names:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, source if target == "./" else source / target)
            continue
        command = rest.replace("/opt/gongwen", str(made))
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=source,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return made / "bin"


@pytest.mark.compose
def test_the_image_indexes_and_serves(image: Path, tmp_path: Path) -> None:
    """The packages of the image and the commands of the compose file make a working service."""
    api, indexer = SERVICES["api"], SERVICES["indexer"]
    environment = {
        "PATH": f"{image}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "GONGWEN_ENGINE": f"embedded:{tmp_path}/index",
    }
    subprocess.run(
        [*indexer["entrypoint"], "index", str(SAMPLE / "governance.jsonl")],
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    bound = ["127.0.0.1:0" if part == "0.0.0.0:8000" else part for part in api["command"]]
    assert bound != api["command"]
    log = tmp_path / "log.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(bound, cwd=tmp_path, env=environment, stderr=output)
    try:
        address = _listening(server, log)
        query = urllib.parse.quote("安全")
        with urllib.request.urlopen(f"{address}/api/v1/search?q={query}", timeout=60) as answer:
            assert answer.status == 200
        _, *check = api["healthcheck"]["test"]
        healthy = [part.replace("http://localhost:8000", address) for part in check]
        subprocess.run(healthy, env=environment, check=True)
    finally:
        server.terminate()
        server.wait(30)


def _listening(server: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address that gunicorn listens on."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"Listening at: (\S+)", log.read_text())
        if found:
            return found[1]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


# --- the node ------------------------------------------------------------------------------------


@contextmanager
def secured_node(folder: Path, passwords: dict[str, str]) -> Iterator[str]:
    """A node that starts as its container does, in a folder that outlasts it; its address.

    Raises ``NodeMissing`` where there is none.
    """
    java, home = node.find_java(), node.find_distribution()
    service = SERVICES["elasticsearch"]
    script = next(part for part in service["command"] if part.endswith(".sh"))
    assert any(mount.endswith(f"{script}:ro") for mount in service["volumes"])
    # A copy: the node's user may not be able to enter the checkout.
    start = shutil.copy(ROOT / script.lstrip("/"), folder)
    command = ["bash", str(start), str(home / "bin" / "elasticsearch")]
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "nobody")
        command = ["setpriv", "--reuid", "nobody", "--clear-groups", *command]
    environment = {
        **passwords,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ES_HOME": str(home),
        "ES_JAVA_HOME": str(java),
        "ES_JAVA_OPTS": node.JAVA_OPTIONS,
        "ES_PATH_CONF": str(folder / "config"),
        "ES_TMPDIR": str(folder / "tmp"),
    }
    ports = folder / "logs" / "http.ports"
    ports.unlink(missing_ok=True)
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not ports.is_file() or not ports.read_text().strip():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield ports.read_text().split()[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


@contextmanager
def opened(user: str, password: str, address: str) -> Iterator[Engine]:
    """The engine as this user, once the node has recovered its indices."""
    engine = open_engine(f"http://{user}:{password}@{address}/gongwen")
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            for generation in engine.generations():
                engine.count(generation.name)
            break
        except EngineUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield engine
    engine.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """The configuration of the node in the container: settings and roles of the project."""
    reason = ""
    try:
        home = node.find_distribution()
        with node._folder(node.fast_place()) as made:
            shutil.copytree(home / "config", made / "config")
            for part in ("logs", "tmp", "data"):
                (made / part).mkdir()
            shutil.copy(ROOT / "docker" / "roles.yml", made / "config" / "roles.yml")
            given = SERVICES["elasticsearch"]["environment"]
            settings = {name: value for name, value in given.items() if "." in name} | {
                "network.host": "127.0.0.1",
                "http.port": 0,
                "transport.port": 0,
                "node.portsfile": True,
                "path.data": str(made / "data"),
                "path.logs": str(made / "logs"),
                "cluster.routing.allocation.disk.threshold_enabled": False,
            }
            (made / "config" / "elasticsearch.yml").write_text(yaml.safe_dump(settings))
            yield made
    except node.NodeMissing as missing:
        reason = str(missing)
    if reason:
        node.leave_out(reason)


@pytest.mark.elasticsearch
def test_the_node_knows_its_users_after_every_start(folder: Path) -> None:
    """The indexer writes, the API only reads; a password changed in ``.env`` applies from then on."""
    passwords = {"GONGWEN_READER_PASSWORD": "reader-1", "GONGWEN_INDEXER_PASSWORD": "indexer-1"}
    with secured_node(folder, passwords) as address:
        with opened("gongwen_indexer", "indexer-1", address) as engine:
            assert load(engine, FIRE, SCHOOL) == WriteResult(written=2)
        with opened("gongwen_reader", "reader-1", address) as engine:
            assert [stored.view.id for stored in read(engine).scan()] == ["A0007", "B1890"]
            with pytest.raises(REFUSED):
                engine.create(Audience.PUBLIC, MANIFEST)
            with pytest.raises(REFUSED):
                load(engine, FLOOD)
            assert [stored.view.id for stored in read(engine).scan()] == ["A0007", "B1890"]
    passwords["GONGWEN_READER_PASSWORD"] = "reader-2"
    with secured_node(folder, passwords) as address:
        with opened("gongwen_reader", "reader-2", address) as engine:
            assert [stored.view.id for stored in read(engine).scan()] == ["A0007", "B1890"]
        stale = open_engine(f"http://gongwen_reader:reader-1@{address}/gongwen")
        with pytest.raises(REFUSED):
            stale.generations()
        stale.close()
