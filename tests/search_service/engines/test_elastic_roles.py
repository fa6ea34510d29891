"""Who may do what on Elasticsearch: the roles of docker/roles.yml, on a node that enforces them."""

import json
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
import yaml

from indexer.build.generations import rebuild
from indexer.doctor.examination import examine
from indexer.doctor.findings import Level
from indexer.updates import add, delete
from search_service.answers.precedents import precedents
from search_service.answers.related import related
from search_service.answers.search import search
from search_service.engines import Access, Engine, Scope, open_engine
from search_service.errors import EngineError, MissingPrivilege
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.query.request import SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import write_source
from tests.support.elasticsearch_node import ask
from tests.support.paths import ROOT
from tests.support.sample_records import MANIFEST, record
from tests.support.secured_node import PASSWORD, ROLES, SecuredNode

DOCUMENT = ROOT / "docs" / "elasticsearch.md"
CLEANING = Cleaning.parse("all")
PUBLIC = Scope(Audience.PUBLIC)
ARTICLES = [
    {
        "id": "t1",
        "title": "关于深入推进基层减负工作的通知",
        "body": "一、精简会议文件。少开会、开短会，基层减负要见实效。\n二、规范督查检查考核。",
    },
    {
        "id": "t2",
        "title": "关于整治形式主义为基层减负的意见",
        "body": "一、严控总量。督查检查考核实行年度计划管理，能不开展的不开展，能合并的合并，"
        "不得随意扩大范围。\n二、为基层减负松绑。",
    },
    {"id": "t3", "title": "关于加强小区治理的意见", "body": "小区治理依靠居民自治。"},
]
requires_node = pytest.mark.elasticsearch


def refused(run: Callable[[], object]) -> EngineError:
    """The error of a missing privilege that this ends with."""
    with pytest.raises(MissingPrivilege) as caught:
        run()
    return caught.value


class OpenAs(Protocol):
    """Opens a service as a user of the secured node."""

    def __call__(self, user: str, prefix: str) -> SearchService:
        """Open one."""


@pytest.fixture
def open_as(secured: SecuredNode, tmp_path: Path) -> Iterator[OpenAs]:
    """Services over TLS; all are closed at the end."""
    with ExitStack() as opened:

        def open_one(user: str, prefix: str) -> SearchService:
            settings = read_settings(
                engine=secured.url(user, prefix),
                engine_ca=str(secured.ca),
                engine_timeout=30,
                state=f"sqlite:///{tmp_path}/state.sqlite3",
            )
            service = open_service(settings)
            opened.callback(service.close)
            return service

        yield open_one


@pytest.fixture
def prefix() -> str:
    """A prefix that the roles cover, of this test's own."""
    return f"gongwen-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The articles as a source."""
    return write_source(tmp_path / "articles.jsonl", ARTICLES)


@requires_node
def test_the_indexer_may_do_its_work(open_as: OpenAs, prefix: str, source: Path) -> None:
    """Rebuild, rebuild again, add, delete, go back, drop."""
    service = open_as("indexer", prefix)

    assert rebuild(service, [source], cleaning=CLEANING).written.written == 3
    second = rebuild(service, [source], cleaning=CLEANING)
    more = write_source(
        source.with_name("more.jsonl"), [{"id": "t4", "title": "公告", "body": "公告事项。"}]
    )
    added = add(service, [more], cleaning=CLEANING)
    assert (second.written.written, added.written.written) == (3, 1)
    assert delete(service, ["t4"]) == (["t4"], [], [])
    serving = [generation for generation in service.engine.generations() if generation.serves]
    service.engine.rollback()
    spare = service.engine.create(Audience.STAFF, MANIFEST).name
    service.engine.drop(spare)

    now = [generation for generation in service.engine.generations() if generation.serves]
    assert len(serving) == len(now) == 1
    assert now != serving
    assert spare not in [generation.name for generation in service.engine.generations()]


@requires_node
def test_the_reader_may_read(open_as: OpenAs, prefix: str, source: Path) -> None:
    """Keyword and semantic search, related articles, precedents, a scan, and the health check."""
    rebuild(open_as("indexer", prefix), [source], cleaning=CLEANING)
    service = open_as("reader", prefix)
    client = create_app(service, read_settings()).test_client()

    found = search(service, SearchRequest(text="基层减负"), Audience.PUBLIC)
    quoted = precedents(service, "督查检查考核", Audience.PUBLIC)

    assert found.total >= 2
    assert not found.degraded
    assert related(service, "t1", Audience.PUBLIC)[0].view.id == "t2"
    assert quoted.results
    assert len(list(service.engine.reader(PUBLIC).scan())) == 3
    assert client.get("/api/v1/healthz").status_code == 200


@requires_node
def test_the_doctor_needs_no_more_rights_than_a_search(
    secured: SecuredNode,
    open_as: OpenAs,
    prefix: str,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says which part it may not see; who may, sees it."""
    rebuild(open_as("indexer", prefix), [source], cleaning=CLEANING)
    monkeypatch.setenv("GONGWEN_ENGINE_CA", str(secured.ca))
    monkeypatch.setenv("GONGWEN_STATE", f"sqlite:///{tmp_path}/state.sqlite3")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    for user, told in (("reader", "缺 monitor 权限"), ("admin", "磁盘剩余")):
        monkeypatch.setenv("GONGWEN_ENGINE", secured.url(user, prefix))
        lines = list(examine())
        assert not [one for one in lines if one.level is Level.FAILED]
        (engine,) = [one.text for one in lines if one.check == "engine"]
        assert told in engine
        assert PASSWORD not in str(lines)


@requires_node
def test_the_reader_may_close_what_it_opened(
    secured: SecuredNode, open_as: OpenAs, prefix: str, source: Path
) -> None:
    """Points in time keep files on the node: there are no more of them than readers."""
    indexer = open_as("indexer", prefix)
    rebuild(indexer, [source], cleaning=CLEANING)
    indexer.engine.close()
    engine = open_as("reader", prefix).engine
    before = open_contexts(secured)

    readers = [engine.reader(PUBLIC) for _ in range(3)]
    opened = open_contexts(secured)
    readers.clear()
    engine.close()

    assert (opened, open_contexts(secured)) == (before + 3, before)


def open_contexts(secured: SecuredNode) -> int:
    """How many points in time the node keeps open."""
    nodes = secured.ask("admin", "GET", "_nodes/stats/indices/search")["nodes"].values()
    return sum(int(one["indices"]["search"]["open_contexts"]) for one in nodes)


@requires_node
def test_the_reader_may_change_nothing(open_as: OpenAs, prefix: str, source: Path) -> None:
    """Every kind of write is a missing privilege, and leaves everything as it was."""
    indexer = open_as("indexer", prefix)
    rebuild(indexer, [source], cleaning=CLEANING)
    spare = indexer.engine.create(Audience.STAFF, MANIFEST).name
    engine = open_as("reader", prefix).engine
    before = engine.generations()
    name = next(generation.name for generation in before if generation.serves)
    writes: list[Callable[[], object]] = [
        lambda: engine.create(Audience.PUBLIC, MANIFEST),
        lambda: write(engine, name),
        lambda: describe(engine, name),
        lambda: engine.activate({Audience.STAFF: spare}),
        lambda: engine.drop(spare),
    ]

    for attempt in writes:
        error = refused(attempt)
        assert "docker/roles.yml" in error.message

    assert engine.generations() == before
    assert engine.count(name) == 3


def write(engine: Engine, generation: str) -> None:
    """Write one article."""
    with engine.writer(generation) as writer:
        writer.write([record("t9", "公告", "公告 事项", vectors=[None])])


def describe(engine: Engine, generation: str) -> None:
    """Replace the manifest by itself."""
    with engine.writer(generation) as writer:
        [found] = [one for one in engine.generations() if one.name == generation]
        writer.set_manifest(found.manifest)


@requires_node
def test_the_server_refuses_the_reader(
    secured: SecuredNode, open_as: OpenAs, prefix: str, source: Path
) -> None:
    """Also what our own code does not try: settings, merges, documents without an alias, the cluster."""
    rebuild(open_as("indexer", prefix), [source], cleaning=CLEANING)
    [generation] = open_as("reader", prefix).engine.generations()
    index = f"{prefix}-{generation.name}"

    statuses: list[int] = []
    for method, path, body in (
        ("DELETE", index, None),
        ("PUT", f"{index}/_settings", {"index": {"number_of_replicas": 0}}),
        ("POST", f"{index}/_refresh", None),
        ("POST", f"{index}/_forcemerge", None),
        ("POST", f"{index}/_doc", {"id": "t9"}),
        ("GET", "_cluster/health", None),
    ):
        with pytest.raises(HTTPError) as caught:
            secured.ask("reader", method, path, body)
        statuses.append(caught.value.code)
        caught.value.close()

    assert set(statuses) == {403}


@requires_node
@pytest.mark.parametrize("user", ["reader", "indexer"])
def test_nobody_touches_other_prefixes(
    secured: SecuredNode, open_as: OpenAs, source: Path, user: str
) -> None:
    """What others keep on the same cluster is neither read nor written."""
    prefix = f"other-{uuid.uuid4().hex[:8]}"
    rebuild(open_as("admin", prefix), [source], cleaning=CLEANING)
    engine = open_as(user, prefix).engine

    for attempt in (
        lambda: engine.reader(PUBLIC),
        lambda: engine.create(Audience.PUBLIC, MANIFEST),
    ):
        refused(attempt)
    assert engine.generations() == []


@requires_node
def test_the_indexer_may_do_what_a_rebuild_needs_and_no_more(
    secured: SecuredNode, open_as: OpenAs, prefix: str, source: Path
) -> None:
    """Settings while loading, a merge, two indices a generation, aliases; not what `manage` brings."""
    rebuild(open_as("indexer", prefix), [source], cleaning=CLEANING)
    [generation] = open_as("reader", prefix).engine.generations()
    index = f"{prefix}-{generation.name}"

    def as_indexer(method: str, path: str, body: object = None) -> Any:
        return secured.ask("indexer", method, path, body)

    for method, path in (
        ("POST", f"{index}/_close"),
        ("GET", "_cluster/health"),
        ("GET", "_security/user"),
    ):
        with pytest.raises(HTTPError, match="403") as caught:
            as_indexer(method, path)
        caught.value.close()


# --- what is written about it --------------------------------------------------------------------


def documented_keys() -> list[dict[str, Any]]:
    """The bodies of the requests for API keys that the document shows."""
    text = DOCUMENT.read_text(encoding="utf-8")
    blocks = re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [body for body in map(json.loads, blocks) if "role_descriptors" in body]


def test_the_document_asks_for_the_rights_of_the_roles() -> None:
    """The API keys of docs/elasticsearch.md have exactly the rights of docker/roles.yml."""
    roles = yaml.safe_load(ROLES.read_text(encoding="utf-8"))

    described = {
        name: role for body in documented_keys() for name, role in body["role_descriptors"].items()
    }

    assert described == roles
    assert sorted(roles) == ["gongwen_indexer", "gongwen_reader"]


if os.environ.get("GONGWEN_TEST_ELASTICSEARCH", "").count("@"):
    # The node of the tests makes no API keys: only where a full server, with a login that may, is named.
    @requires_node
    def test_the_keys_of_the_document_on_a_full_server() -> None:
        """Created as documented, the reader's key reads and the indexer's writes."""
        running = os.environ["GONGWEN_TEST_ELASTICSEARCH"].rstrip("/")
        parts = urlsplit(running)
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        keys = {}
        for body in documented_keys():
            made = ask("POST", f"{running}/_security/api_key", body=body)
            [role] = body["role_descriptors"]
            keys[role] = Access(api_key=made["encoded"])
        prefix = f"gongwen-{uuid.uuid4().hex[:8]}"
        writer = open_engine(f"{address}/{prefix}", keys["gongwen_indexer"])
        reader = open_engine(f"{address}/{prefix}", keys["gongwen_reader"])

        name = writer.create(Audience.PUBLIC, MANIFEST).name
        writer.activate({Audience.PUBLIC: name})

        assert reader.reader(PUBLIC).generation == name
        refused(lambda: reader.create(Audience.PUBLIC, MANIFEST))
