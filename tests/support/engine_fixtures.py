"""Fixtures for both engines: every conformance test runs once over each."""

import uuid
from collections.abc import Iterator

import pytest

from search_service.engines import Engine, open_engine
from tests.support.elasticsearch_node import NodeMissing, leave_out
from tests.support.secured_node import SecuredNode, running_secured_node

_ENGINES = ["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)]


def _open(kind: str, request: pytest.FixtureRequest, factory: pytest.TempPathFactory) -> Engine:
    if kind == "embedded":
        return open_engine(f"embedded:{factory.mktemp('engine')}")
    # Not as an argument: tests of the embedded engine must not start a node.
    return open_engine(f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}")


@pytest.fixture(params=_ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An empty engine of each kind."""
    opened = _open(request.param, request, tmp_path_factory)
    yield opened
    opened.close()


@pytest.fixture(params=_ENGINES, scope="module")
def shared_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """One engine for a whole module, for tests that only read."""
    opened = _open(request.param, request, tmp_path_factory)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def secured() -> Iterator[SecuredNode]:
    """A node with security and TLS, for the session."""
    reason = ""
    try:
        with running_secured_node() as node:
            yield node
    except NodeMissing as missing:
        reason = str(missing)
    if reason:
        leave_out(reason)
