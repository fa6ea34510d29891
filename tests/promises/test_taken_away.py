"""An article that guests may no longer read leaves no trace: no title, no suggestion, no count."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzers.pinyin import syllables
from indexer import updates
from indexer.build import generations, live_writers
from search_service.answers import browse
from search_service.errors import NotFound
from search_service.model import Audience
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, Records, write_source

# Some of its words occur nowhere else; others in one more article, so that removing it makes them words of
# a single text. Other articles share its title and its headings.
GONE = {
    "id": "gone",
    "code": "Z9",
    "title": "关于蓝莓种植专案的秘密通知",
    "date": "2024-09-09",
    "category": "专案/蓝莓",
    "issuer": "蓝莓专班",
    "views": 999,
    "body": "一、蓝莓奖补办法\n蓝莓种植户申领奖补，暖棚验收后兑现。殡葬改革与垃圾分类一并推进。\n"
    "二、冷链仓储安排\n冷链仓储由专班统筹，电动自行车禁止入库。\n三、共同的小标题\n乡镇负责。",
}
OTHERS: Records = [
    {
        "id": str(n),
        "title": title,
        "date": f"2024-0{n}-01",
        "category": "通知公告",
        "views": 10 * n,
        "body": body,
    }
    for n, (title, body) in enumerate(
        [
            ("关于殡葬改革的通知", "一、推行节地生态安葬\n殡葬改革从干部做起，冷链仓储不在此列。"),
            ("垃圾分类工作方案", "一、共同的小标题\n厨余垃圾定时定点投放，垃圾分类入户宣传。"),
            ("电动自行车充电管理办法", "严禁飞线充电，电动自行车不得进楼，暖棚用电另行规定。"),
            (
                "关于开展专项整治的通知",
                "一、共同的小标题\n专项整治为期三个月，乡镇负责，逐户排查。",
            ),
            ("乡镇政府工作报告", "一年来，殡葬改革、垃圾分类稳步推进，乡镇面貌一新。"),
            ("关于蓝莓种植专案的秘密通知", "同名的另一篇，讲的是河长制。"),
        ],
        start=1,
    )
]
MEMBERS = {"id": "m", "title": "会员文章", "body": "会员内容。", "audience": "member"}
RUNS = [
    "蓝莓",
    "种植专",
    "专案",
    "秘密通",
    "冷链仓储",
    "暖棚",
    "奖补办法",
    "共同的小",
    "殡葬",
    "乡镇",
]
SLIPS = ["蓝霉种植", "冷练仓储", "奖卜办法", "垃圾分累", "殡脏改革", "电动自行车充店"]
QUESTIONS = [
    GONE["title"],
    f"{GONE['code']}{GONE['title']}",
    "Z9",
    *RUNS,
    *SLIPS,
    "蓝莓种植 冷链仓储",
    "蓝莓种植户怎么申领奖补办法的钱",
    "冷链仓储由谁负责统筹安排呢",
    "暖棚 垃圾 殡葬 飞线",
    "六稳蓝莓冷链六保",
    "机关:蓝莓专班",
    "分类:专案",
    "殡葬改革 -蓝莓",
    "蓝莓 OR 河长制",
]


Answers = dict[str, tuple[int, object]]


def answers(service: SearchService, *, scored: bool = False) -> Answers:
    """Requests of a guest; scores and their order are compared only if ``scored``."""
    client = create_app(service, read_settings()).test_client()
    compared = unnamed if scored else unscored
    paths = ["/", "/search", "/api/v1/articles/gone", "/articles/gone", "/api/v1/articles/Z9"]
    paths += [f"/api/v1/articles/{n}/related" for n in range(1, len(OTHERS) + 1)]
    if scored:
        paths += [f"/articles/{n}" for n in range(1, len(OTHERS) + 1)]
        paths += [f"/search?q={text}" for text in QUESTIONS]
        paths += [f"/api/v1/search?q={text}&explain=1" for text in QUESTIONS]
    for text in QUESTIONS:
        paths.append(f"/api/v1/search?q={text}&size=50")
        paths.append(f"/api/v1/search?q={text}&in=title")
        whole = str(text)
        typed = {whole, whole[:1], whole[:2], "".join(syllables(whole))[:20]}
        typed.add("".join(sound[0] for sound in syllables(whole)))
        paths += [f"/api/v1/suggest?q={one}" for one in sorted(typed) if one]
    found: Answers = {}
    for path in paths:
        response = client.get(path)
        body = response.get_json(silent=True)
        found[path] = (response.status_code, compared(body) if body else response.data)
    for text in QUESTIONS:
        response = client.post("/api/v1/precedents", json={"text": text})
        found[f"precedents {text}"] = (response.status_code, compared(response.get_json()))
    return found


def unnamed(body: object) -> object:
    """The answer without its cursor, which names a generation."""
    if isinstance(body, dict):
        return {key: value for key, value in body.items() if key != "cursor"}
    return body


def unscored(body: object) -> object:
    """The answer without what may differ: scores, their order, tokens."""
    if isinstance(body, dict):
        return {
            key: unscored(value) for key, value in body.items() if key not in {"score", "cursor"}
        }
    if isinstance(body, list):
        parts = [unscored(one) for one in body]
        if parts and all(isinstance(one, dict) and "id" in one for one in parts):
            parts.sort(key=lambda one: json.dumps(one, sort_keys=True))
        return parts
    return body


def indexed(folder: Path, records: Records) -> SearchService:
    """A service without a model over these articles and one for members."""
    service = open_service(read_settings(engine=f"embedded:{folder}/index", model="none"))
    source = write_source(folder / "source.jsonl", [*records, MEMBERS])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    return service


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Answers]:
    """The answers of a service that never had the article, with and without scores."""
    service = indexed(tmp_path_factory.mktemp("without"), OTHERS)
    found = answers(service, scored=True)
    service.close()
    unscored_too = {path: (status, unscored(body)) for path, (status, body) in found.items()}
    return {True: found, False: unscored_too}


def hide(service: SearchService, _: Path) -> None:
    """下架."""
    service.store.hidden.hide("gone")


def delete(service: SearchService, _: Path) -> None:
    """Deleted at the source."""
    assert updates.delete(service, ["gone"]) == (["gone"], [], [])


def close(service: SearchService, folder: Path) -> None:
    """From now on it is only for members."""
    record = {**GONE, "audience": "member"}
    source = write_source(folder / "closed.jsonl", [record])
    updates.add(service, [source], cleaning=ALL_CLEANING)


@pytest.mark.parametrize("take", [hide, delete, close])
def test_a_removed_article_leaves_no_trace(
    tmp_path: Path,
    without: dict[bool, Answers],
    take: Callable[[SearchService, Path], None],
) -> None:
    """Every answer to a guest is the same as that of a service that never had the article."""
    service = indexed(tmp_path, [*OTHERS, GONE])
    take(service, tmp_path)
    found = answers(service)
    service.close()
    assert [path for path in found if found[path] != without[False][path]] == []


def rebuild(service: SearchService, folder: Path, records: Records) -> None:
    """Rebuild from a source that still contains the hidden article."""
    source = write_source(folder / "again.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)


def test_a_rebuild_leaves_no_trace_in_scores_either(
    tmp_path: Path, without: dict[bool, Answers]
) -> None:
    """Later rebuilds leave hidden articles out: every byte and score is the same."""
    service = indexed(tmp_path, [*OTHERS, GONE])
    service.store.hidden.hide("gone")
    rebuild(service, tmp_path, [*OTHERS, GONE, MEMBERS])
    found = answers(service, scored=True)
    service.close()
    assert found.keys() == without[True].keys()
    assert [path for path in found if found[path] != without[True][path]] == []


def shown(service: SearchService) -> bool:
    """Whether guests may read the article."""
    try:
        view = browse.article(service, "gone", Audience.PUBLIC).view
    except NotFound:
        return False
    return view.title == GONE["title"]


def test_unhidden_articles_return_after_a_rebuild(tmp_path: Path) -> None:
    """Unhidden, it is written again; after a kill the next writer does it; a rollback has it."""
    service = indexed(tmp_path, [*OTHERS, GONE])
    service.store.hidden.hide("gone")
    for _ in range(2):
        rebuild(service, tmp_path, [*OTHERS, GONE])
    service.store.hidden.unhide("gone")
    assert not shown(service)
    live_writers.finish(service)
    assert shown(service)
    assert not service.store.hidden_articles.articles()
    generations.rollback(service)
    assert shown(service)
    service.close()


def test_an_article_unhidden_during_a_build_is_in_it(tmp_path: Path) -> None:
    """Left out by the load, found once the new index serves."""
    service = indexed(tmp_path, [*OTHERS, GONE])
    service.store.hidden.hide("gone")
    generations.create(service)
    source = write_source(tmp_path / "again.jsonl", [*OTHERS, GONE])
    generations.load(service, [source], cleaning=ALL_CLEANING)
    service.store.hidden.unhide("gone")
    assert shown(service)
    generations.check(service)
    generations.activate(service)
    assert shown(service)
    service.close()


def test_a_deleted_hidden_article_stays_deleted(tmp_path: Path) -> None:
    """A deletion applies to a hidden article in no index, too; so does a source without it."""
    service = indexed(tmp_path, [*OTHERS, GONE])
    service.store.hidden.hide("gone")
    rebuild(service, tmp_path, [*OTHERS, GONE])
    assert updates.delete(service, ["gone"]) == (["gone"], [], [])
    rebuild(service, tmp_path, [*OTHERS, GONE])
    rebuild(service, tmp_path, OTHERS)
    assert not service.store.hidden_articles.articles()
    service.store.hidden.unhide("gone")
    live_writers.finish(service)
    assert not shown(service)
    service.close()


def test_an_unhidden_article_is_suggested_again(tmp_path: Path) -> None:
    """Unhidden: as before, at once."""
    service = indexed(tmp_path, [*OTHERS, GONE])
    client = create_app(service, read_settings()).test_client()
    before = client.get("/api/v1/suggest?q=冷").data
    service.store.hidden.hide("gone")
    assert client.get("/api/v1/suggest?q=冷").data != before
    service.store.hidden.unhide("gone")
    assert client.get("/api/v1/suggest?q=冷").data == before
    service.close()


def test_texts_kept_by_an_update_are_still_suggested(tmp_path: Path) -> None:
    """Writing the same article again removes nothing; another text removes what only it contained."""
    service = indexed(tmp_path, [*OTHERS, GONE])
    client = create_app(service, read_settings()).test_client()
    paths = [
        f"/api/v1/suggest?q={typed}" for typed in ("关", "冷", "共同", "lanmei", "dianzi", "乡")
    ]
    before = [client.get(path).data for path in paths]
    source = tmp_path / "same.jsonl"
    for n in range(2):
        same = [{**one, "author": f"作者{n}"} for one in [*OTHERS, GONE]]
        write_source(source, same)
        updates.add(service, [source], cleaning=ALL_CLEANING)
        assert [client.get(path).data for path in paths] == before
    other = {**GONE, "body": "一、共同的小标题\n殡葬改革。"}
    updates.add(service, [write_source(source, [other])], cleaning=ALL_CLEANING)
    assert client.get("/api/v1/suggest?q=冷").get_json()["suggestions"] == []
    texts = [one["text"] for one in client.get("/api/v1/suggest?q=关").get_json()["suggestions"]]
    assert GONE["title"] in texts
    service.close()
