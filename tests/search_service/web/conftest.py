"""A real service over the sample corpus and a few articles that pages must handle with care."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.commands.demo import SAMPLE
from search_service.intake.cleaning import Cleaning
from search_service.service import SearchService
from search_service.settings import Settings
from search_service.web.app import create_app
from tests.conftest import index_once, write_source
from tests.support.hostile_articles import CAREFUL, open_over


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SearchService, Settings]]:
    """The service and its settings."""
    source = write_source(tmp_path_factory.mktemp("web") / "careful.jsonl", CAREFUL)
    # Uncleaned, so that markup reaches the index as it may from a source that has its own rules.
    folder = index_once(tmp_path_factory, "uncleaned", [SAMPLE, source], Cleaning.parse("none"))
    service, settings = open_over(folder)
    yield service, settings
    service.close()


@pytest.fixture(scope="session")
def app(indexed: tuple[SearchService, Settings]) -> Flask:
    """The application at the root of its host."""
    return create_app(*indexed)


@pytest.fixture
def client(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A caller nobody knows, of a service that speaks Chinese."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return app.test_client()
