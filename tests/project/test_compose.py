"""The compose file, the image, and secrets, which they must not contain.

That they work stands in :mod:`tests.project.test_containers`, as far as it can be seen without containers.
"""

import os
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from search_service.settings import PREFIX, Settings
from tests.support.paths import ROOT

NAMES = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


@pytest.fixture
def services() -> dict[str, Any]:
    """The services of the compose file."""
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = content["services"]
    return found


def test_elasticsearch_is_pinned_secured_and_bounded(services: dict[str, Any]) -> None:
    """One exact 9.x, security on, a heap, and nothing published to the host."""
    node = services["elasticsearch"]
    assert re.fullmatch(r"elasticsearch:9\.\d+\.\d+", node["image"])
    assert node["environment"]["xpack.security.enabled"] == "true"
    assert "-Xmx" in node["environment"]["ES_JAVA_OPTS"]
    assert "healthcheck" in node
    assert "ports" not in node


def test_the_service_waits_for_its_engine(services: dict[str, Any]) -> None:
    """Server and indexer start when the engine answers; the indexer only on demand."""
    for name in ("api", "indexer", "applier"):
        condition = services[name]["depends_on"]["elasticsearch"]["condition"]
        assert condition == "service_healthy"
    assert services["indexer"]["profiles"] == ["indexer"]
    assert "search_service.web.wsgi:create_wsgi_app()" in services["api"]["command"]


def test_only_the_indexer_may_write(services: dict[str, Any]) -> None:
    """Each has its own user, created at the start of the node with a role of the same name."""
    roles = yaml.safe_load((ROOT / "docker/roles.yml").read_text(encoding="utf-8"))
    for name, user in (
        ("api", "gongwen_reader"),
        ("indexer", "gongwen_indexer"),
        ("applier", "gongwen_indexer"),
    ):
        address = services[name]["environment"]["GONGWEN_ENGINE"]
        assert address.startswith(f"http://{user}:${{{user.upper()}_PASSWORD:?")
        assert f"{user.upper()}_PASSWORD" in services["elasticsearch"]["environment"]
        assert user in roles
    for mount in services["elasticsearch"]["volumes"]:
        source = mount.split(":")[0]
        assert not source.startswith(".") or (ROOT / source).is_file()


def test_only_settings_that_exist_are_set(services: dict[str, Any]) -> None:
    """Every variable used here is an existing setting."""
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    given = set(re.findall(r"\b(GONGWEN_\w+)=", image))
    for name in ("api", "indexer"):
        given |= {name for name in services[name]["environment"] if name.startswith(PREFIX)}
    assert given <= NAMES


def test_no_password_is_in_a_file() -> None:
    """Every password is a reference to the environment, and the example leaves it empty."""
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for line in compose.splitlines():
        if "PASSWORD" in line and not line.lstrip().startswith("#"):
            assert re.search(r"\$\{\w+_PASSWORD:\?", line) or "$$ELASTIC_PASSWORD" in line
    needed = set(re.findall(r"\$\{(\w+_PASSWORD)", compose))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert dict(re.findall(r"^(\w+_PASSWORD)=(.*)$", example, re.MULTILINE)) == dict.fromkeys(
        needed, ""
    )
    assert "/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_image_copies_existing_files() -> None:
    """Everything that the image copies exists and is not ignored."""
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+)$", image, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists()
            assert f"!{name}" in allowed


def test_the_image_is_small_and_not_run_as_root() -> None:
    """Build tools are not in the image, and the service runs as an unprivileged user."""
    stages = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")
    assert [stage.splitlines()[0] for stage in stages[1:]] == [
        "python:3.13-slim AS build",
        "python:3.13-slim",
    ]
    assert re.findall(r"^USER (\w+)$", stages[2], re.MULTILINE) == ["gongwen"]
    assert "pip install" not in stages[2]


def _compose() -> list[str]:
    """The compose command of this machine: the docker plugin, the older program, or none."""
    if shutil.which("docker"):
        tried = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if tried.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else []


@pytest.mark.compose
def test_compose_itself_accepts_the_file() -> None:
    """`docker compose config` finds nothing wrong, with every profile."""
    command = _compose()
    if not command:
        pytest.skip("neither docker compose nor docker-compose is installed")
    done = subprocess.run(
        [*command, "--profile", "indexer", "config", "--quiet"],
        cwd=ROOT,
        env={
            **os.environ,
            "ELASTIC_PASSWORD": "only-for-this-test",
            "GONGWEN_READER_PASSWORD": "only-for-this-test",
            "GONGWEN_INDEXER_PASSWORD": "only-for-this-test",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
