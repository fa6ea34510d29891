"""When Elasticsearch fails, every failure has its own error, and is reported fast."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from search_service.engines import Access, Scope, open_engine
from search_service.engines.elastic.cluster import Cluster
from search_service.engines.elastic.documents import LIVE, index_body
from search_service.errors import (
    EngineBusy,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    MappingConflict,
    MissingPrivilege,
    NoIndex,
    ReaderOutdated,
    ShardsMissing,
    UntrustedEngine,
    WrongCredentials,
    WrongVersion,
)
from search_service.model import Audience
from search_service.settings import read_settings
from tests.support.wire import (
    ELASTICSEARCH,
    PAGE,
    Cable,
    Reply,
    error,
    fails_fast,
    stub,
    unresponsive_port,
)

PUBLIC = Scope(Audience.PUBLIC)
AS_SERVED = Access(timeout=read_settings().engine_timeout)


def error_of(run: Callable[[], object]) -> EngineError:
    """The error that this ends with, in time."""

    def caught() -> EngineError:
        with pytest.raises(EngineError) as error:
            run()
        return error.value

    return fails_fast(caught)


def ask(url: str, access: Access = AS_SERVED) -> EngineError:
    """The error that a first search ends with."""
    engine = open_engine(url, access)
    try:
        return error_of(lambda: engine.reader(PUBLIC))
    finally:
        engine.close()


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (error("es_rejected_execution_exception", "queue is full", 429), EngineBusy),
        (error("circuit_breaking_exception", "[parent] Data too large", 429), EngineBusy),
        (error("search_phase_execution_exception", "all shards failed", 503), ShardsMissing),
        (error("no_shard_available_action_exception", "[gw][0]", 503), ShardsMissing),
        (error("cluster_block_exception", "SERVICE_UNAVAILABLE/no master", 503), EngineUnavailable),
        (error("cluster_block_exception", "disk usage exceeded", 429), EngineUnavailable),
        (Reply(502, "<h1>Bad Gateway</h1>", {"Content-Type": "text/html"}), EngineUnavailable),
        (Reply(504, "late", {"Content-Type": "text/plain"}), EngineTimeout),
        (error("security_exception", "unable to authenticate user [u]", 401), WrongCredentials),
        (error("security_exception", "action [x] is unauthorized", 403), MissingPrivilege),
        (error("index_not_found_exception", "no such index [gongwen-public]", 404), NoIndex),
        (error("search_context_missing_exception", "No search context", 404), ReaderOutdated),
        (
            error(
                "media_type_header_exception",
                "Invalid media-type value on headers [Accept]",
                400,
            ),
            WrongVersion,
        ),
        (Reply(406, {"error": "Accept header is not supported", "status": 406}), WrongVersion),
        (Reply(413, {"error": "Content Too Large", "status": 413}), MappingConflict),
        (PAGE, WrongVersion),
        (Reply(404, PAGE.body, PAGE.headers), WrongVersion),
        (Reply(200, {}, {"Content-Type": "application/json"}), WrongVersion),
        (Reply(200, "{", ELASTICSEARCH), WrongVersion),
        (Reply(late=True), EngineTimeout),
        (error("illegal_state_exception", "boom", 500), EngineError),
    ],
    ids=lambda value: f"{value.status}-{value.body!s:.60}" if isinstance(value, Reply) else None,
)
def test_what_a_server_answers_has_a_name(reply: Reply, expected: type[EngineError]) -> None:
    """Fast, with the address and a remedy in two languages, and without the password."""
    with stub(reply) as server:
        failure = ask(f"http://user:geheim@127.0.0.1:{server.port}/gongwen")

    assert type(failure) is expected
    assert f"127.0.0.1:{server.port}" in failure.message
    assert "geheim" not in failure.message


@pytest.mark.parametrize(
    "reply", [error("es_rejected_execution_exception", "queue is full", 429), Reply(late=True)]
)
def test_what_failed_is_not_repeated(reply: Reply) -> None:
    """Neither what was refused nor what may still be at work: that would be more of the same."""
    with stub(reply) as server:
        engine = open_engine(f"http://127.0.0.1:{server.port}/gongwen", AS_SERVED)
        with pytest.raises(EngineUnavailable):
            engine.reader(PUBLIC)
        engine.close()

    assert len(server.requests) == 1


def test_a_page_in_the_place_of_an_answer_is_noticed_later_too() -> None:
    """The client looks once whether this is Elasticsearch; a proxy may go on to answer for it."""
    reply = Reply(200, "maintenance", ELASTICSEARCH | {"Content-Type": "text/plain"})
    with stub(reply) as server:
        failure = ask(f"http://127.0.0.1:{server.port}/gongwen")

    assert type(failure) is WrongVersion


def test_an_unresponsive_machine_is_noticed_fast() -> None:
    """Its packets are dropped: no refusal ever comes."""
    with unresponsive_port() as port:
        failure = ask(f"http://127.0.0.1:{port}/gongwen")

    assert type(failure) is EngineUnavailable


def test_a_server_that_never_begins_tls() -> None:
    """It accepts connections, and never responds."""
    with stub(Reply(late=True)) as server, Cable(server.port) as cable:
        cable.freeze()
        failure = ask(f"https://127.0.0.1:{cable.port}/gongwen")

    assert isinstance(failure, EngineUnavailable)


def test_tls_to_a_server_without_it() -> None:
    """The message says to check TLS on the server."""
    with stub(PAGE) as server:
        failure = ask(f"https://127.0.0.1:{server.port}/gongwen")

    assert type(failure) is UntrustedEngine


# --- on a real node ------------------------------------------------------------------------------


@pytest.fixture
def prefix(elasticsearch_url: str) -> str:
    """A prefix of this test's own on the session's node."""
    return f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def cluster(prefix: str) -> Iterator[Cluster]:
    """The calls beneath an engine."""
    cluster = Cluster(prefix)
    yield cluster
    cluster.close()


@pytest.mark.elasticsearch
@pytest.mark.parametrize(
    "document",
    [{"id": "t1", "neu": "x"}, {"id": "t1", "passages": [{"id": "p", "vector": [1.0, 0.0]}]}],
    ids=["unknown field", "wrong dimensions"],
)
def test_a_document_that_does_not_fit(cluster: Cluster, document: dict[str, object]) -> None:
    """Each document's own error gets a name, too."""
    index = f"{cluster.prefix}-public-1"
    cluster.create(index, alias=f"{index}-live", condition=LIVE, body=index_body({}, dimensions=4))

    [result] = cluster.bulk(f"{index}-live", [{"_source": document}])

    failure = cluster.error_of(result["status"], result["error"])
    assert type(failure) is MappingConflict
    assert "gongwen index" in failure.message


@pytest.mark.elasticsearch
def test_a_red_index(cluster: Cluster) -> None:
    """Nothing is found, and nothing is believed to be missing."""
    index = f"{cluster.prefix}-public-1"
    body = index_body({}, dimensions=0)
    body["settings"]["index.routing.allocation.require._name"] = "nobody"
    body["wait_for_active_shards"] = 0
    cluster.create(index, alias=f"{index}-live", condition=LIVE, body=body)

    searched = error_of(lambda: cluster.search_all([(index, {"size": 0})]))
    looked_up = error_of(lambda: cluster.get(index, ["t1"], source=[]))

    assert (type(searched), type(looked_up)) == (ShardsMissing, ShardsMissing)
