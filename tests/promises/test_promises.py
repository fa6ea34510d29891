"""The three promises: every text can be found literally, paid text cannot leak, nothing is lost."""

import itertools
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from analyzers.embed import BUILTIN, OnnxEmbedder
from analyzers.normalize import normalize
from analyzers.terms import characters
from indexer import updates
from indexer.build import generations, live_writers
from search_service.answers import browse
from search_service.answers.precedents import precedents
from search_service.answers.related import related
from search_service.answers.search import search
from search_service.engines import Scope
from search_service.errors import BadInput, FingerprintMismatch, NotFound
from search_service.model import Audience, Everything, Filters, Sort
from search_service.query.matching import strict
from search_service.query.parsing import parse
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web.api import cursors
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, Open, Records, write_source

# Headers of an answer that say nothing of it: how long it took, and a random id.
VARYING = ("Server-Timing", "X-Request-ID")
SUBJECTS = ["垃圾分类", "殡葬改革", "网格化管理", "高标准农田", "电动自行车充电", "义务教育均衡"]
TOPICS = {
    "垃圾分类": "厨余垃圾与可回收物分开投放，定时定点收运，督导员上门入户宣传。",
    "殡葬改革": "推行节地生态安葬，建设公益性骨灰堂，破除丧事大操大办陋习。",
    "网格化管理": "每个网格配备专职网格员，走访巡查，发现问题即时上报流转。",
    "高标准农田": "田成方、渠相连、路相通，整治田块，配套灌排设施，提高粮食产能。",
    "电动自行车充电": "严禁飞线充电、楼道停放，增设集中充电桩，排查火灾隐患。",
    "义务教育均衡": "优化校点布局，教师交流轮岗，缩小城乡学校差距，保障入学机会。",
}


def paid_records(secret: str) -> Records:
    """Articles with a free preview; the members' part of each contains the secret text."""
    return [
        {
            "id": str(100 + place),
            "code": f"B{1000 + place}",
            "title": f"关于{subject}工作的通知",
            "date": f"2024-0{place + 1}-05",
            "category": "通知公告",
            "views": 10 * place,
            "preview": f"一、总体情况\n{TOPICS[subject]}\n二、具体做法\n……",
            "body": f"一、总体情况\n{TOPICS[subject]}\n二、具体做法\n{secret}\n"
            f"清源县{subject}办公室\n2024年3月5日",
            "length": 3000,
        }
        for place, subject in enumerate(SUBJECTS)
    ]


def followed(response: TestResponse, key: bytes) -> tuple[bytes, str | None]:
    """The body with the readable part of its cursor, and the cursor.

    A name holds the time of the rebuild and random letters, and every state has a key of its own, so
    that two services that were given the same writes have different ones; nothing else of a cursor may
    differ.
    """
    token = json.loads(response.data).get("cursor")
    if token is None:
        return response.data, None
    parameters, place = cursors.decode(token, Audience.PUBLIC, key)
    assert cursors.encode(parameters, place, Audience.PUBLIC, key) == token
    unnamed = replace(place, generation="unnamed")
    comparable = cursors.encode(parameters, unnamed, Audience.PUBLIC, b"")
    return response.data.replace(token.encode(), comparable.encode()), token


def public_answers(service: SearchService) -> list[tuple[object, ...]]:
    """All kinds of public answers: status, headers, body."""
    client = create_app(service, read_settings()).test_client()
    queries = [
        *SUBJECTS,
        "通知",
        "办公室",
        "工作 情况",
        "B1000",
        "小区没人管怎么办",
        "2024年3月5日",
        "秘密方案甲",
        "三年行动",
    ]
    paths = ["/", "/search", "/precedents"]
    paths += [f"/articles/{100 + place}" for place in range(len(SUBJECTS))]
    paths += [f"/api/v1/articles/{100 + place}" for place in range(len(SUBJECTS))]
    paths += [f"/api/v1/articles/{100 + place}/related" for place in range(len(SUBJECTS))]
    for query, mode in itertools.product(queries, Mode):
        paths += [
            f"/search?q={query}&mode={mode}",
            f"/api/v1/search?q={query}&mode={mode}&explain=1",
        ]
    answers: list[tuple[object, ...]] = []
    for path in paths:
        response = client.get(path)
        headers = sorted((k, v) for k, v in response.headers if k not in VARYING)
        answers.append((path, response.status_code, headers, response.data))
    for typed in (*queries, "殡脏改革", "jutizuofa", "zhuan", "专班", "三年航动", "工", "gl"):
        for path in (
            f"/api/v1/suggest?q={typed}",
            f"/api/v1/search?q={typed}",
            f"/search?q={typed}",
        ):
            response = client.get(path)
            body = response.data if path.startswith("/search") else json.loads(response.data)
            if isinstance(body, dict):
                body.pop("cursor", None)  # compared below
            answers.append((path, response.status_code, body))
    for query in queries:
        response = client.post("/api/v1/precedents", json={"text": query})
        answers.append((query, response.status_code, response.data))
    for query, mode in itertools.product(queries, Mode):
        token, page = None, 0
        while page == 0 or token:
            address = f"cursor={token}" if token else f"q={query}&mode={mode}&size=2"
            response = client.get(f"/api/v1/search?{address}")
            body, token = followed(response, service.store.cursor_key)
            page += 1
            answers.append((query, mode, page, response.status_code, body))
    assert any(answer[2] == len(SUBJECTS) // 2 for answer in answers)  # some walks reach the end
    return answers


SECRETS = [
    "",
    "秘密方案甲：由专班负责，每月调度，三年行动分步实施。",
    "完全不同的另一段会员文字，" * 60 + "\n三、保障措施\n" + "垃圾分类殡葬改革通知" * 30,
]


def revised_answers(service: SearchService, source: Path, text: str) -> list[tuple[object, ...]]:
    """Every public answer after an update of only the paid text, and of the guests' text."""
    write_source(source, paid_records(text))
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    changed = [dict(record) for record in paid_records(text + "（修订）" if text else text)]
    changed[1]["preview"] = f"{changed[1]['preview']}\n补充一句。"
    updates.add(service, [write_source(source, changed)], cleaning=ALL_CLEANING)
    return public_answers(service)


@pytest.mark.slow
def test_public_answers_do_not_depend_on_paid_text(open_named: Open, tmp_path: Path) -> None:
    """Replacing the members' text leaves every answer to a guest identical byte for byte."""
    first, *others = (
        revised_answers(open_named(f"{place}"), tmp_path / f"{place}.jsonl", text)
        for place, text in enumerate(SECRETS)
    )
    for secret, answers in zip(SECRETS[1:], others, strict=True):
        for one, other in zip(first, answers, strict=True):
            assert one == other, secret


@pytest.mark.slow
def test_metadata_of_paid_text_does_not_reach_guests(open_named: Open, tmp_path: Path) -> None:
    """Issuer, date, annexes and repealed documents in the paid part are only for members."""
    answers = []
    services = []
    for name, signed in (
        ("one", ""),
        ("other", "《物业办法》同时废止。\n附件：秘密方案甲\n清源县物业局\n二〇二三年三月五日"),
    ):
        service = open_named(name)
        services.append(service)
        unsaid = [
            {key: value for key, value in record.items() if key != "date"}
            for record in paid_records(f"本通知自2024年4月1日起施行。{signed}")
        ]
        records = [{**one, "body": str(one["body"]).rpartition("\n清源县")[0]} for one in unsaid]
        source = write_source(tmp_path / f"{name}.jsonl", records)
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
        answers.append(public_answers(service))
        guest = browse.article(service, "100", Audience.PUBLIC).view
        assert (guest.kind, guest.issuer, guest.date, guest.derived) == (
            "通知",
            None,
            None,
            ("kind",),
        )
        assert {one.field for one in guest.found} == {"kind", "subject"}
        assert guest.effective_date is None
    assert answers[0] == answers[1]
    member = browse.article(services[-1], "100", Audience.MEMBER).view
    assert (member.issuer, member.date) == ("清源县物业局", "2023-03-05")
    assert set(member.derived) == {"kind", "issuers", "date", "effective_date"}
    filters = Filters(issuer=("清源县物业局",))
    for audience, total in ((Audience.PUBLIC, 0), (Audience.MEMBER, len(SUBJECTS))):
        assert search(services[-1], SearchRequest(filters=filters), audience).total == total


def test_members_find_paid_text(open_named: Open, tmp_path: Path) -> None:
    """Paid text is found by members and not by guests."""
    service = open_named("index")
    source = write_source(tmp_path / "a.jsonl", paid_records(SECRETS[1]))
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    request = SearchRequest(text="秘密方案甲", mode=Mode.KEYWORD)
    assert search(service, request, Audience.MEMBER).total == len(SUBJECTS)
    assert search(service, request, Audience.STAFF).total == len(SUBJECTS)
    assert search(service, request, Audience.PUBLIC).total == 0


@given(st.data())
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_substring_of_an_article_finds_it(
    sample_service: SearchService, data: st.DataObject
) -> None:
    """Any run of two or more Han characters in a text finds its article."""
    reader = sample_service.reader(Audience.PUBLIC)
    ids = [hit.id for hit in reader.keyword(Everything(), sort=Sort.DATE, limit=200)]
    stored = reader.fetch([data.draw(st.sampled_from(ids))]).popitem()[1]
    whole = data.draw(st.sampled_from([stored.view.title, stored.view.text]))
    start = data.draw(st.integers(0, len(whole) - 2))
    length = data.draw(st.integers(2, 20))
    piece = "".join(itertools.takewhile(characters, normalize(whole[start : start + length])))
    if len(piece) > 1:
        clause = strict(parse(f'"{piece}"', sample_service.analyzer))
        found = {hit.id for hit in reader.keyword(clause, limit=200)}
        assert stored.view.id in found
        clause = strict(parse(piece, sample_service.analyzer))
        assert found <= {hit.id for hit in reader.keyword(clause, limit=200)}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("text", ["工作", "小区没人管怎么办", "基层治理", "通知", "群众 服务"])
def test_pages_are_slices_of_one_ranking(
    sample_service: SearchService, mode: Mode, text: str
) -> None:
    """All pages together are the match set, each article once; facets, on each, add up to the total."""
    whole = search(sample_service, SearchRequest(text=text, mode=mode, size=100), Audience.PUBLIC)
    ids: list[str] = []
    for page in range(1, whole.total // 7 + 4):  # two or three beyond the last one
        part = search(
            sample_service, SearchRequest(text=text, mode=mode, size=7, page=page), Audience.PUBLIC
        )
        assert part.total == whole.total
        assert part.facets == whole.facets
        ids += [result.stored.view.id for result in part.results]
    assert ids == [result.stored.view.id for result in whole.results]
    assert len(ids) == whole.total
    issuers = sum(len(one.stored.view.issuers) or 1 for one in whole.results)
    sums = {name: sum(values.values()) for name, values in whole.facets.items()}
    assert sums == dict.fromkeys(sums, whole.total) | {"issuer": issuers}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("text", ["治理", "小区没人管怎么办", "物业 粮食 殡葬", "食品安全监管"])
def test_a_filter_finds_what_its_facet_counted(
    sample_service: SearchService, text: str, mode: Mode
) -> None:
    """The count of a facet is the total of the search filtered by it, in every mode, relaxed or not."""
    page = search(sample_service, SearchRequest(text=text, mode=mode), Audience.PUBLIC)
    for category, count in page.facets["category"].items():
        request = SearchRequest(text=text, mode=mode, filters=Filters(category=(category,)))
        assert search(sample_service, request, Audience.PUBLIC).total == count


def test_hidden_articles_are_gone_from_every_surface(open_named: Open, tmp_path: Path) -> None:
    """下架: no search, page, list, related article or precedent shows it; a rebuild does not restore it."""
    service = open_named("index")
    source = write_source(tmp_path / "a.jsonl", paid_records(SECRETS[1]))
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    service.store.hidden.hide("105")
    for again in (False, True):
        if again:
            generations.rebuild(service, [source], cleaning=ALL_CLEANING)
            updates.add(service, [source], cleaning=ALL_CLEANING)
        for audience in Audience:
            for mode in Mode:
                page = search(service, SearchRequest(text="义务教育均衡", mode=mode), audience)
                assert "105" not in {result.stored.view.id for result in page.results}
            home = browse.home(service, audience)
            assert home.total == len(SUBJECTS) - 1
            assert "105" not in {one.view.id for one in (*home.latest, *home.hottest)}
            assert "105" not in {one.view.id for one in related(service, "101", audience)}
            found = precedents(service, "教师交流轮岗，缩小城乡学校差距", audience).results
            assert "105" not in {one.stored.view.id for one in found}
            with pytest.raises(NotFound):
                browse.article(service, "105", audience)
    service.store.hidden.unhide("105")
    live_writers.finish(service)  # the next writer restores what the rebuild left out
    assert browse.article(service, "105", Audience.PUBLIC).view.id == "105"


def test_deleted_articles_do_not_come_back_by_a_stale_update(
    open_named: Open, tmp_path: Path
) -> None:
    """At the deleted version the deletion wins; a newer version restores the article."""
    service = open_named("index")
    records = [{**record, "version": 7} for record in paid_records("")]
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert updates.delete(service, ["100", "nobody"]) == (["100"], ["nobody"], [])
    report = updates.add(service, [source], cleaning=ALL_CLEANING)
    assert "100" in report.written.stale
    with pytest.raises(NotFound):
        browse.article(service, "100", Audience.PUBLIC)
    updates.add(
        service, [write_source(source, [{**records[0], "version": 8}])], cleaning=ALL_CLEANING
    )
    assert browse.article(service, "100", Audience.PUBLIC).view.id == "100"


def test_a_bad_record_never_loses_a_good_one(open_named: Open, tmp_path: Path) -> None:
    """Bad records are reported with file and line; the others are indexed."""
    service = open_named("index")
    source = tmp_path / "a.jsonl"
    write_source(
        source, [*paid_records(""), {"id": "x"}, {"id": "y", "title": "好的", "body": "正文很好。"}]
    )
    report = generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert report.articles == len(SUBJECTS) + 1
    (fault,) = report.faults
    assert f"a.jsonl:{len(SUBJECTS) + 1}" in str(fault)
    assert browse.article(service, "y", Audience.PUBLIC).view.title == "好的"


def test_an_index_of_another_analysis_is_refused_with_the_remedy(
    open_named: Open, tmp_path: Path
) -> None:
    """The error for another fingerprint names the command to run."""
    service = open_named("index")
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", paid_records(""))], cleaning=ALL_CLEANING
    )
    other = open_service(read_settings(engine=f"embedded:{tmp_path}/index", segmenter="jieba"))
    with pytest.raises(FingerprintMismatch, match="gongwen index"):
        other.reader(Audience.PUBLIC)
    other.close()


def loaded(service: SearchService) -> int:
    """The number of articles in the generation being built; -1 before there is one."""
    building = [
        g for g in service.engine.generations() if not g.serves and not g.is_rollback_target
    ]
    return max((service.engine.count(generation.name) for generation in building), default=-1)


_IN_SMALL_BATCHES = """
from indexer.build import ingest
from indexer.commands.main import main
ingest.BATCH = 40
main()
"""


@pytest.mark.slow
def test_a_rebuild_killed_anywhere_leaves_the_live_index(open_named: Open, tmp_path: Path) -> None:
    """SIGKILL in the middle: the old index answers, and the next run has exactly its source."""
    service = open_named("index")
    old = write_source(tmp_path / "old.jsonl", paid_records(""))
    generations.rebuild(service, [old], cleaning=ALL_CLEANING)
    many = [{**paid_records("会员")[n % 6], "id": f"n{n}", "code": f"C{n}"} for n in range(300)]
    new = write_source(tmp_path / "new.jsonl", many)
    environment = {**os.environ, "GONGWEN_ENGINE": f"embedded:{tmp_path}/index"}
    for moment in (0, 1, 80, 180):
        process = subprocess.Popen(
            [sys.executable, "-c", _IN_SMALL_BATCHES, "index", str(new)], env=environment
        )
        while process.poll() is None and loaded(service) < moment:
            pass
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert browse.home(service, Audience.PUBLIC).total == len(SUBJECTS)
        for generation in service.engine.generations():
            if not generation.serves and not generation.is_rollback_target:
                service.engine.drop(generation.name)
    generations.rebuild(service, [new], cleaning=ALL_CLEANING)
    for audience in Audience:
        held = {stored.view.id for stored in service.engine.reader(Scope(audience)).scan()}
        assert held == {f"n{n}" for n in range(300)}
    leftovers = [
        g for g in service.engine.generations() if not g.serves and not g.is_rollback_target
    ]
    assert leftovers == []


def test_the_length_of_paid_text_does_not_reach_guests(open_named: Open, tmp_path: Path) -> None:
    """A paid text equal to its preview, or nearly empty, gives guests the same answers."""
    answers = []
    for name, body in (("one", "免费的一段话。"), ("other", "免费的一段话。付费的部分。")):
        service = open_named(name)
        record = {"id": "1", "title": "题目", "preview": "免费的一段话。", "body": body}
        source = write_source(tmp_path / f"{name}.jsonl", [record])
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
        client = create_app(service, read_settings()).test_client()
        answers.append(
            [client.get(path).data for path in ("/articles/1", "/api/v1/articles/1", "/")]
        )
    assert answers[0] == answers[1]


def test_a_stale_update_does_not_publish_what_became_paid(open_named: Open, tmp_path: Path) -> None:
    """An article that guests may no longer see stays invisible when an older version arrives."""
    service = open_named("index")
    article = {"id": "1", "title": "题目一", "body": "正文内容。"}
    other = {"id": "2", "title": "题目二", "body": "正文内容。"}
    source = tmp_path / "a.jsonl"
    write_source(source, [{**article, "version": 5, "audience": "member"}, other])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    updates.add(service, [write_source(source, [{**article, "version": 4}])], cleaning=ALL_CLEANING)
    with pytest.raises(NotFound):
        browse.article(service, "1", Audience.PUBLIC)


def test_an_empty_or_truncated_source_does_not_replace_the_index(
    open_named: Open, tmp_path: Path
) -> None:
    """No articles, or less than half of the live ones: the index is kept, and the message says why."""
    service = open_named("index")
    source = write_source(tmp_path / "a.jsonl", paid_records(""))
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="原索引不变"):
        generations.rebuild(service, [tmp_path / "empty"], cleaning=ALL_CLEANING)
    write_source(source, paid_records("")[:2])
    with pytest.raises(BadInput, match="--shrink"):
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert browse.home(service, Audience.PUBLIC).total == len(SUBJECTS)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING, shrink=True)
    assert browse.home(service, Audience.PUBLIC).total == 2
    service.engine.rollback()
    assert browse.home(service, Audience.PUBLIC).total == len(SUBJECTS)


def test_faults_that_cost_a_tenth_do_not_replace_the_index(
    open_named: Open, tmp_path: Path
) -> None:
    """A damaged source replaces nothing; a repaired one does, and so does --shrink."""
    service = open_named("index")
    records = [{"id": f"{n}", "title": f"通知{n}", "body": f"第{n}项工作安排。"} for n in range(20)]
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    lost = [{**record, "body": ""} for record in records[:3]]
    write_source(source, [*lost, *records[3:]])
    with pytest.raises(BadInput, match=r"3.*17.*20.*--shrink"):
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert browse.home(service, Audience.PUBLIC).total == 20
    write_source(source, [*lost[:2], *records[2:]])
    assert len(generations.rebuild(service, [source], cleaning=ALL_CLEANING).faults) == 2
    assert browse.home(service, Audience.PUBLIC).total == 18
    write_source(source, records[3:])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert browse.home(service, Audience.PUBLIC).total == 17
    write_source(source, [*lost, *records[3:13]])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING, shrink=True)
    assert browse.home(service, Audience.PUBLIC).total == 10


def test_an_index_with_vectors_is_not_written_without_a_model(
    open_named: Open, tmp_path: Path
) -> None:
    """Without the model articles would be added without vectors: refused; searches continue."""
    service = open_named("index")
    source = write_source(tmp_path / "a.jsonl", paid_records(""))
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    bare = open_service(read_settings(engine=f"embedded:{tmp_path}/index", model="none"))
    with pytest.raises(FingerprintMismatch):
        updates.add(bare, [source], cleaning=ALL_CLEANING)
    page = search(bare, SearchRequest(text="垃圾分类"), Audience.PUBLIC)
    assert (page.total > 0, page.degraded) == (True, True)
    bare.close()


def test_a_broken_model_leaves_keyword_search_and_reports_it(
    sample_service: SearchService,
) -> None:
    """The answer is degraded, not empty and not an error."""
    broken = OnnxEmbedder(BUILTIN)
    broken.__dict__["_tokenizer"] = None  # damaged after the service has started
    service = replace(sample_service, embedder=broken)
    page = search(service, SearchRequest(text="垃圾分类"), Audience.PUBLIC)
    assert (page.total > 0, page.degraded) == (True, True)
    assert precedents(service, "垃圾分类", Audience.PUBLIC).degraded


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("B1890 三无小区", "20101"),
        ("C1220 关于推动新型工业化的几点思考", "20206"),
        ("清政规（2025）2 号", "20123"),
    ],
)
def test_names_and_words_together_find_the_document(
    sample_service: SearchService, text: str, first: str
) -> None:
    """A code with words, an entry copied from a list of the portal, a 文号 with spaces."""
    for mode in Mode:
        page = search(sample_service, SearchRequest(text=text, mode=mode), Audience.PUBLIC)
        assert page.results[0].stored.view.id == first
        assert not page.relaxed


def test_an_excluded_title_is_not_the_first_hit(sample_service: SearchService) -> None:
    """-标题 excludes the article with that title from exact matches, too."""
    title = browse.article(sample_service, "20206", Audience.PUBLIC).view.title
    page = search(sample_service, SearchRequest(text=f"-{title}", size=100), Audience.PUBLIC)
    assert "20206" not in {result.stored.view.id for result in page.results}


def test_digits_of_any_script_are_indexed_and_found(open_named: Open, tmp_path: Path) -> None:
    """Digits of other scripts are digits; endless numerals are text. Both can be found as typed."""
    service = open_named("index")
    numerals = f"一{'亿' * 600}元"
    texts = {
        "a": "依照第༡条办理。",
        "b": "共收到申请١٢个。",
        "c": "参会𝟏𝟐人到场。",
        "d": f"合计{numerals}整。",
        "e": f"合计{'1,' * 3000}000元。",
        "f": "参会12人离场。",
    }
    records = [{"id": key, "title": f"通知{key}", "body": text} for key, text in texts.items()]
    source = write_source(tmp_path / "a.jsonl", records)
    report = generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert (report.articles, list(report.faults)) == (len(records), [])

    def found(text: str) -> set[str]:
        request = SearchRequest(text=text, mode=Mode.KEYWORD, size=50)
        page = search(service, request, Audience.PUBLIC)
        return {result.stored.view.id for result in page.results} if not page.relaxed else set()

    assert found("第༡条") == found("第1条") == {"a"}
    assert found("收到申请١٢个") == found("收到申请12个") == {"b"}
    assert found("参会𝟏𝟐人") == found("参会12人") == {"c", "f"}
    assert found(numerals[:200]) == {"d"}
    client = create_app(service, read_settings()).test_client()
    for text in (
        *texts.values(),
        numerals,
        f"第{numerals}条",
        f"百分之{'九' * 150}",
        "1," * 90 + "个",
    ):
        answer = client.get("/api/v1/search", query_string={"q": text[:200]})
        assert answer.status_code == 200
