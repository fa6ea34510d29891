"""What is special about Elasticsearch, on a real node; the rest is in the conformance suite."""

import json
import socket
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from search_service.engines import Scope
from search_service.engines.elastic.engine import ElasticEngine
from search_service.engines.elastic.writer import ElasticWriter
from search_service.engines.fields import fields_of
from search_service.engines.ordering import Stamp
from search_service.errors import ConfigurationError, EngineUnavailable, NoIndex, NotFound
from search_service.model import (
    AnalysedPassage,
    Audience,
    Bonus,
    Everything,
    Exact,
    Field,
    Manifest,
    Passage,
    Record,
    Tombstone,
    Vector,
    View,
    WeightedTerm,
    WriteResult,
)
from tests.support.sample_records import cosine

pytestmark = pytest.mark.elasticsearch

PUBLIC = Scope(Audience.PUBLIC)
MANIFEST = Manifest(
    schema=1, analysis="3f2a", model="9bc1", dimensions=8, created="2026-11-22T08:00:00Z"
)
# First sentences of regulations in 国家法律法规数据库: title, words of a sentence.
LAWS = {
    "L1241": ("洛阳市古树名木保护条例", "为了 保护 古树 名木 资源 促进 生态 文明 建设"),
    "L722": ("优化营商环境条例", "为了 持续 优化 营商 环境 不断 解放 和 发展 社会 生产力"),
    "L493": ("生产安全事故报告和调查处理条例", "为了 规范 生产 安全 事故 的 报告 和 调查 处理"),
}


@pytest.fixture
def url(elasticsearch_url: str) -> str:
    """A prefix of this test's own on the session's node."""
    return f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def engine(url: str) -> Iterator[ElasticEngine]:
    """An engine without any index."""
    engine = ElasticEngine(url)
    yield engine
    engine.close()


def vector_of(article_id: str) -> Vector:
    """Some unit vector, the same for the same id."""
    values = np.random.default_rng(int(article_id[1:])).standard_normal(MANIFEST.dimensions)
    return (values / np.linalg.norm(values)).astype(np.float32)


def record(article_id: str, *, version: int = 1, words: str = "") -> Record:
    """An article of :data:`LAWS`, or another with these words."""
    title, sentence = LAWS.get(article_id, (f"公告{article_id}", words))
    text = (words or sentence).replace(" ", "")
    return Record(
        view=View(id=article_id, title=title, text=text),
        version=version,
        title_words=title,
        exact=(article_id.lower(),),
        passages=(
            AnalysedPassage(
                passage=Passage(id=f"{article_id}-1", start=0, end=len(text)),
                words=words or sentence,
                vector=vector_of(article_id),
            ),
        ),
    )


def load(engine: ElasticEngine, *entries: Record | Tombstone) -> str:
    """A new generation that the public reads, with these entries."""
    name = engine.create(Audience.PUBLIC, MANIFEST).name
    write(engine, name, *entries)
    engine.activate({Audience.PUBLIC: name})
    return name


def write(engine: ElasticEngine, generation: str, *entries: Record | Tombstone) -> WriteResult:
    """Write the entries in one call."""
    with engine.writer(generation) as writer:
        return writer.write(entries)


def ask(url: str, path: str) -> dict[str, object]:
    """The server's own response."""
    with urllib.request.urlopen(f"{url.rsplit('/', 1)[0]}/{path}", timeout=30) as answer:
        return dict(json.load(answer))


def documents(url: str, generation: str) -> set[str]:
    """The ids of all documents among the articles, tombstones too."""
    answer = ask(url, f"{prefix_of(url)}-{generation}/_search?_source=false&size=100")
    return {hit["_id"] for hit in answer["hits"]["hits"]}  # type: ignore[index]  # the server's response


def prefix_of(url: str) -> str:
    """The last part of the engine's address."""
    return url.rsplit("/", 1)[1]


# --- addresses and errors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://user:geheim@search.example:9200",
        "https://user:geheim@search.example:9200/Gongwen",
        "https://user:geheim@search.example:9200/a,b",
        "https://user:geheim@search.example:port/gongwen",
    ],
)
def test_an_address_without_a_usable_prefix_is_refused_and_not_repeated(url: str) -> None:
    """The message says what is expected and does not contain the password."""
    with pytest.raises(ConfigurationError, match="9200") as caught:
        ElasticEngine(url)

    assert "geheim" not in caught.value.message


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    """The message contains the address, but not the credentials."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    engine = ElasticEngine(f"http://user:geheim@127.0.0.1:{port}/gongwen")

    with pytest.raises(EngineUnavailable, match=f"127.0.0.1:{port}") as caught:
        engine.reader(PUBLIC)

    assert "geheim" not in caught.value.message


def test_nothing_indexed_yet(engine: ElasticEngine) -> None:
    """The audience has no alias: say which command makes one."""
    with pytest.raises(NoIndex, match="gongwen index"):
        engine.reader(PUBLIC)


def test_a_write_never_creates_an_index(engine: ElasticEngine, url: str) -> None:
    """A generation dropped under its writer stays dropped."""
    generation = engine.create(Audience.PUBLIC, MANIFEST).name
    with engine.writer(generation) as writer:
        engine.drop(generation)

        with pytest.raises((NotFound, NoIndex)):
            writer.write([record("L722")])

    assert ask(url, f"{prefix_of(url)}*") == {}


# --- names ---------------------------------------------------------------------------------------


def test_aliases_stand_for_what_an_audience_reads(engine: ElasticEngine, url: str) -> None:
    """Anyone can see on the server which index serves, and tombstones stay out of every alias."""
    first, second = load(engine, record("L722")), load(engine, record("L722"))
    prefix = prefix_of(url)

    aliases = ask(url, f"_alias/{prefix}-*")

    live = {"filter": {"term": {"deleted": False}}}
    assert aliases == {
        f"{prefix}-{first}": {
            "aliases": {f"{prefix}-{first}-live": live, f"{prefix}-public-previous": live}
        },
        f"{prefix}-{second}": {
            "aliases": {f"{prefix}-{second}-live": live, f"{prefix}-public": live}
        },
    } | {
        f"{prefix}-{name}-orders": {
            "aliases": {f"{prefix}-{name}-orders-live": {"filter": {"match_all": {}}}}
        }
        for name in (first, second)
    }


def test_prefixes_do_not_see_each_other(engine: ElasticEngine, url: str) -> None:
    """Not even where one prefix is the beginning of an alias of the other."""
    load(engine, record("L722"))
    longer = ElasticEngine(f"{url}-public")
    generation = load(longer, record("L493"))

    assert [g.name for g in longer.generations()] == [generation]
    assert generation not in [g.name for g in engine.generations()]
    assert [s.view.id for s in engine.reader(PUBLIC).scan()] == ["L722"]
    longer.close()


def test_a_swap_shows_at_once_in_another_process(engine: ElasticEngine, url: str) -> None:
    """Nothing about an alias is remembered; a reader opened before stays with its generation."""
    other = ElasticEngine(url)
    load(engine, record("L722"))
    before = other.reader(PUBLIC)

    second = load(engine, record("L493"))

    assert other.reader(PUBLIC).generation == second
    assert list(before.fetch(["L722", "L493"])) == ["L722"]
    other.close()


# --- what is stored ------------------------------------------------------------------------------


def test_the_server_keeps_one_copy_of_each_thing(engine: ElasticEngine, url: str) -> None:
    """``_source`` has view and outline; terms and vectors are read from where they are stored."""
    generation = load(engine, record("L722"))

    answer = ask(url, f"{prefix_of(url)}-{generation}/_doc/L722")

    source = answer["_source"]
    assert isinstance(source, dict)
    assert sorted(source) == ["digest", "passages", "view"]
    assert sorted(source["passages"][0]) == ["end", "id", "path", "role", "start"]
    reader = engine.reader(PUBLIC)
    assert reader.stored_fields("L722") == fields_of(record("L722"))
    np.testing.assert_allclose(reader.vectors("L722")["L722-1"], vector_of("L722"), atol=0.005)


def test_a_deleted_article_leaves_a_document(engine: ElasticEngine, url: str) -> None:
    """Elasticsearch forgets the versions of its own deletes after a minute; ours stay."""
    generation = load(engine, record("L722"))
    write(engine, generation, Tombstone(id="L722", version=4))

    answer = ask(url, f"{prefix_of(url)}-{generation}/_doc/L722")

    assert answer["_source"] == {"buried": True}


def test_a_delete_of_what_was_never_there_is_not_seen(engine: ElasticEngine, url: str) -> None:
    """A public revision must not move because an article for staff went away, nor a segment grow."""
    generation = load(engine, record("L722"))
    before = engine.reader(PUBLIC).revision

    written = write(engine, generation, Tombstone(id="L9", version=2))

    assert written == WriteResult(written=1)
    assert engine.reader(PUBLIC).revision == before
    assert "L9" not in documents(url, generation)
    assert write(engine, generation, record("L9", version=1, words="迟到")).stale == ("L9",)


def test_an_unchanged_article_is_not_written_again(engine: ElasticEngine, url: str) -> None:
    """Not even to raise its order: a rewrite changes BM25. The orders index has the newest order."""
    generation = load(engine, record("L722"))
    path = f"{prefix_of(url)}-{generation}/_doc/L722"
    before = ask(url, path)

    assert write(engine, generation, record("L722", version=3)) == WriteResult(unchanged=1)

    assert ask(url, path) == before
    assert write(engine, generation, record("L722", version=2, words="迟到")).stale == ("L722",)


def test_what_a_killed_writer_claimed_is_written_by_the_next(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between claim and document nothing is lost: neither by the same entry again nor by a newer."""
    generation = load(engine, record("L722"))
    for again in (record("L722", version=2, words="修订"), record("L722", version=3)):
        with monkeypatch.context() as killed:
            killed.setattr(ElasticWriter, "_send", _die)
            with pytest.raises(KeyboardInterrupt):
                write(engine, generation, record("L722", version=2, words="修订"))
            assert engine.reader(PUBLIC).fetch(["L722"])["L722"].view == record("L722").view
            with engine.writer(generation) as writer:
                assert writer.stamps(["L722"]) == {"L722": Stamp(4, record("L722").view.digest)}

        assert write(engine, generation, again) == WriteResult(written=1)

        assert engine.reader(PUBLIC).fetch(["L722"])["L722"].view == again.view
        generation = load(engine, record("L722"))


def test_a_claim_without_a_write_is_not_stored(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resumed load must not skip the article."""
    generation = load(engine)
    with monkeypatch.context() as killed:
        killed.setattr(ElasticWriter, "_send", _die)
        with pytest.raises(KeyboardInterrupt):
            write(engine, generation, record("L722"))

    with engine.writer(generation) as writer:
        assert writer.stamps(["L722"]) == {}
        assert writer.write([record("L722")]) == WriteResult(written=1)


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_while_loading_nothing_is_refreshed(engine: ElasticEngine, url: str) -> None:
    """Copies and refreshes wait until the load is complete; then all is visible, in one segment."""
    generation = engine.create(Audience.PUBLIC, MANIFEST).name
    index = f"{prefix_of(url)}-{generation}"
    with engine.writer(generation, loading=True) as writer:
        for article in LAWS:
            writer.write([record(article)])
        loading = ask(url, f"{index}/_settings/index.refresh_interval,index.number_of_replicas")
        assert engine.count(generation) == 0

        writer.complete()

    assert loading == {
        index: {"settings": {"index": {"refresh_interval": "-1", "number_of_replicas": "0"}}}
    }
    assert ask(url, f"{index}/_settings/index.refresh_interval") == {}
    assert engine.count(generation) == len(LAWS)
    segments = ask(url, f"{index}/_segments?filter_path=indices.*.shards.*.num_search_segments")
    assert json.dumps(segments).endswith('"num_search_segments": 1}]}}}}')


def test_two_writers_leave_the_newest_version(engine: ElasticEngine, url: str) -> None:
    """The server orders them; whatever is overtaken is reported as stale."""
    generation = load(engine, record("L722"))
    other = ElasticEngine(url)
    reports: list[WriteResult] = []

    def write_many(writing: ElasticEngine, versions: range) -> None:
        for version in versions:
            entry = record("L722", version=version, words=f"第 {version} 版")
            reports.append(write(writing, generation, entry))

    threads = [
        threading.Thread(target=write_many, args=(engine, range(2, 22, 2))),
        threading.Thread(target=write_many, args=(other, range(3, 22, 2))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with other.writer(generation) as writer:
        assert writer.stamps(["L722"])["L722"].version == 21
    assert engine.reader(PUBLIC).fetch(["L722"])["L722"].view.text == "第21版"
    assert sum(report.written + len(report.stale) for report in reports) == 20
    other.close()


def test_two_writers_of_one_version_end_with_what_was_claimed_last(
    engine: ElasticEngine, url: str
) -> None:
    """At the same version the last claim wins, and the articles have its content."""
    generation = load(engine)
    other = ElasticEngine(url)

    def write_many(writing: ElasticEngine, name: str) -> None:
        for number in range(15):
            write(writing, generation, record("L722", words=f"{name} 第 {number} 稿"))
            write(writing, generation, Tombstone(id="L722", version=1, withheld=True))
            write(writing, generation, record("L722", words=f"{name} 又 第 {number} 稿"))

    threads = [
        threading.Thread(target=write_many, args=(engine, "甲")),
        threading.Thread(target=write_many, args=(other, "乙")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    claim = ask(url, f"{prefix_of(url)}-{generation}-orders/_doc/L722")["_source"]
    view = engine.reader(PUBLIC).fetch(["L722"])["L722"].view
    assert claim == {"order": 2, "digest": view.digest, "seen": True}
    other.close()


def test_a_write_that_arrives_late_is_refused(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claimed, sent, and under way when its writer died: a later withdrawal must not be undone by it."""
    generation = load(engine)
    sent: list[Any] = []

    def send(_: ElasticWriter, accepted: object) -> None:
        sent.append(accepted)
        _die()

    with monkeypatch.context() as killed:
        killed.setattr(ElasticWriter, "_send", send)
        with pytest.raises(KeyboardInterrupt):
            write(engine, generation, record("L722"))
    write(engine, generation, Tombstone(id="L722", version=1, withheld=True))

    with engine.writer(generation) as writer:
        assert writer._send(sent[0]) == {"L722"}
        writer.complete()

    assert engine.count(generation) == 0


def test_a_write_larger_than_one_request(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut into several; the later entry for an id still wins."""
    monkeypatch.setattr("search_service.engines.elastic.cluster._BULK_BYTES", 2_000)
    entries = [record(f"L{n}", words="公告 事项") for n in range(10, 40)]

    generation = load(engine, *entries, record("L10", version=2, words="更正 公告"))

    assert engine.count(generation) == 30
    assert engine.reader(PUBLIC).fetch(["L10"])["L10"].view.text == "更正公告"


# --- reads ---------------------------------------------------------------------------------------


def test_nearest_scores_are_exact(engine: ElasticEngine) -> None:
    """Six places of the cosine of the stored vectors, not the server's float32 score."""
    load(engine, *map(record, LAWS))
    question = vector_of("L5")

    hits = engine.reader(PUBLIC).nearest(question)

    expected = {article: round(cosine(vector_of(article), question), 6) for article in LAWS}
    assert {hit.article_id: hit.score for hit in hits} == expected
    assert [hit.score for hit in hits] == sorted(expected.values(), reverse=True)


def test_more_hidden_articles_than_one_query_takes(engine: ElasticEngine) -> None:
    """A ``terms`` query has a limit of 65,536 values; hidden ids have none."""
    load(engine, *map(record, LAWS))
    hidden = frozenset(f"X{number}" for number in range(70_000)) | {"L722"}

    reader = engine.reader(Scope(Audience.PUBLIC, hidden))

    assert reader.totals(Everything()).total == 2
    assert "L722" not in [hit.article_id for hit in reader.nearest(vector_of("L722"))]


def test_pages_are_slices_of_one_list_where_rounded_scores_tie(engine: ElasticEngine) -> None:
    """The server orders by float32 scores, the contract by rounded ones and then by id."""
    load(engine, *(record(f"L{n}", words="公告 事项") for n in range(100, 160)))
    reader = engine.reader(PUBLIC)
    # 1e-8 is far below the sixth decimal place, and above the resolution of float32 near 0.
    rank = [Bonus(Exact(f"l{n}"), n * 1e-8) for n in range(100, 160)]

    pages = [reader.keyword(Everything(), rank, offset=o, limit=7) for o in range(0, 63, 7)]

    whole = [hit for page in pages for hit in page]
    assert whole == sorted(whole, key=lambda hit: (-hit.score, hit.id))
    assert len(whole) == 60


def test_a_scan_is_consistent(engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written while it runs neither appears nor shifts its pages."""
    monkeypatch.setattr("search_service.engines.elastic.reader._PAGE", 2)
    generation = load(engine, *(record(f"L{n}", words="公告") for n in range(10, 16)))
    scan = engine.reader(PUBLIC).scan()
    first = next(scan).view.id

    write(engine, generation, record("L11", version=2, words="新"), record("L99", words="新"))

    assert [first, *(stored.view.id for stored in scan)] == [f"L{n}" for n in range(10, 16)]


def test_terms_that_look_like_syntax_are_terms(engine: ElasticEngine) -> None:
    """Bodies are structures; nothing of a question is ever parsed."""
    load(engine, record("L77", words='title:* AND "x" /.*/'))
    reader = engine.reader(PUBLIC)

    found = reader.keyword(Everything(), [WeightedTerm(Field.WORDS, "/.*/")])

    assert found[0].score > 0
    assert reader.frequencies(Field.WORDS, ["title:*", "*"]) == {"title:*": 1, "*": 0}
