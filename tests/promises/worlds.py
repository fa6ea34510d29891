"""Random sources and the writes made from them, on two services. Entry points: :class:`World`, :func:`step`.

Both sides are given the same writes as far as guests may read them. What is above differs: the members'
text and attachments of each article, articles of members and staff alone, whole batches of those.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from indexer import updates
from indexer.build import generations, live_writers
from search_service.errors import GongwenError
from search_service.roles import Role
from search_service.service import SearchService
from search_service.settings import read_settings
from search_service.web.app import create_app
from search_service.web.request import PREVIEW, SESSION
from tests.conftest import ALL_CLEANING, write_source

# The limit is counted and shown, and never reached; a day, so that no window ends meanwhile.
SETTINGS: Mapping[str, Any] = {
    "embed_origins": "https://portal.example",
    "query_log": 30,
    "count_reads": True,
    "rate_limit": "100000000/day",
    "role_header": "X-Gongwen-Role",
    "trusted_proxies": "10.0.0.1",
    "token_key": "of-the-portal-and-32-bytes-or-more",
    "secure_cookies": False,
}
PROXY, INSIDERS = "10.0.0.1", "10.0.0.9"
BROWSER = "Mozilla/5.0 Firefox/140.0"
SUBJECTS = [
    "垃圾分类",
    "殡葬改革",
    "网格管理",
    "农田灌溉",
    "充电设施",
    "义务教育",
    "河道清淤",
    "养老服务",
    "消防隐患",
    "低保核查",
]
KINDS = ["通知", "意见", "方案", "讲话", "报告", "办法"]
PLACES = ["清源县", "双河乡", "东岭镇", "白沙街道"]
FREE = (
    "各单位要加强领导，明确分工，按时完成任务。",
    "推行节地生态安葬，建设公益性设施，破除陋习。",
    "每个网格配备专职人员，走访巡查，及时上报。",
    "严禁楼道停放，排查火灾隐患，落实整改责任。",
    "2024年3月5日前报送总结，联系人见附件。",
    "依据清政办发〔2023〕7号文件执行，期限为三十个工作日。",
    "定时定点投放，督导员入户宣传，群众满意。",
)
# What only members read: words that nothing else has, words that guests' texts have too, headings,
# a signature with an organ, a date and a number, and what ends another document.
PAID = (
    "专班负责，秘密调度，三年行动分步实施。",
    "垃圾分类殡葬改革网格管理农田灌溉充电设施义务教育。",
    "三、保障措施\n（一）资金保障\n拨付专款12000万元。",
    "《双河乡养老服务管理办法》同时废止。",
    "附件：涉密名单\n清源县秘密事务局\n二〇二二年五月六日",
    "清密发〔2022〕9号",
    "麒麟计划由凤凰小组承办，代号貔貅。" * 3,
    # Of templates: with a text of guests' that is the same, these make copies of some articles.
    "各村要逐户走访，登记造册，分类处置，限期整改，按月通报进度，年底统一考核。" * 3,
    "严禁楼道停放，排查火灾隐患，落实整改责任。",
    "",
)
# In every text above guests, and in no request of theirs.
CANARY = "鼋鼍蒹葭玳瑁"
CATEGORIES = ("通知公告", "通知公告/转发", "讲话")
AUTHORS = ("王明", "李 芳")
DECLARED = ("垃圾分类试点总结", "逐户走访", "考核", "农田灌溉")
TITLED = (
    "关于{place}{subject}工作的{kind}",
    "{place}{subject}{kind}",
    "{subject}工作{kind}（试行）",
)


_METADATA: Mapping[str, Sequence[Any]] = {
    "category": CATEGORIES,
    "author": AUTHORS,
    "issuer": ("清源县人民政府", "双河乡人民政府"),
    "summary": DECLARED,
    "keywords": [[one] for one in DECLARED],
    "outline": [[one] for one in DECLARED],
}


@dataclass(frozen=True)
class Writing:
    """An article of both sides: the same record for guests, a members' text for each side."""

    record: Mapping[str, Any]
    paid: tuple[str, str] | None = None

    def on(self, side: int) -> dict[str, Any]:
        """The record for one side."""
        if self.paid is None:
            return dict(self.record)
        free, paid = str(self.record["body"]), self.paid[side]
        return {
            **self.record,
            "preview": f"{free}\n……",
            "body": f"{free}\n{paid}{CANARY}",
            "attachments": [{"name": f"{CANARY}{paid[:6]}.docx"}] if len(paid) % 2 else [],
        }


@dataclass
class World:
    """A source and the writes made from it; ``random`` decides everything."""

    random: random.Random
    articles: dict[str, Writing] = field(default_factory=dict)
    above: tuple[list[dict[str, Any]], list[dict[str, Any]]] = field(
        default_factory=lambda: ([], [])
    )
    hidden: list[str] = field(default_factory=list)
    numbers: int = 0
    went_back: bool = False

    def some(self) -> list[str]:
        """A random sample of the articles."""
        keys = list(self.articles)
        return self.random.sample(keys, min(len(keys), self.random.randint(1, 3)))

    def subject(self) -> str:
        """The subject of a title."""
        shape, draw = self.random.choice(TITLED), self.random.choice
        return shape.format(place=draw(PLACES), subject=draw(SUBJECTS), kind=draw(KINDS))

    def _text(self, pieces: Sequence[str], most: int) -> str:
        return "\n".join(self.random.choices(pieces, k=self.random.randint(1, most)))

    def writing(self, key: str, before: Writing | None = None) -> Writing:
        """A new article, or the next version of one: guests' part, members' part, version, views."""
        record: dict[str, Any] = dict(before.record) if before else {"id": key}
        if before is None or self.random.random() < 0.4:
            record |= {"title": self.subject(), "body": self._text(FREE, 3)}
            if self.articles and self.random.random() < 0.25:
                # A copy of another article, as far as guests know.
                other = self.articles[self.random.choice(list(self.articles))].record
                record |= {"title": f"转发{other['title']}", "body": other["body"]}
            for name, values in _METADATA.items():
                if self.random.random() < 0.4:
                    record[name] = self.random.choice(values)
            if self.random.random() < 0.5:
                record["date"] = f"202{self.random.randint(1, 5)}-0{self.random.randint(1, 9)}-11"
            if self.random.random() < 0.3:
                record["code"] = f"B{self.random.randint(100, 130)}"
        if self.random.random() < 0.4:
            record["views"] = self.random.randint(1, 500)
        if self.random.random() < 0.3:
            record["version"] = self.random.randint(1, 6)
        paid = (self._text(PAID, 4), self._text(PAID, 4))
        if before and before.paid and self.random.random() < 0.5:
            # On one side the members' text has not changed.
            paid = (before.paid[0], self.random.choice((before.paid[1], paid[1])))
        return Writing(record, paid if self.random.random() < 0.7 else None)

    def new(self) -> str:
        """Add an article to the source; return its id."""
        self.numbers += 1
        key = f"a{self.numbers}"
        self.articles[key] = self.writing(key)
        return key

    def only_above(self) -> dict[str, Any]:
        """An article that guests may not see; every second one ends an article of theirs."""
        self.numbers += 1
        text = self._text([*PAID, *FREE], 4)
        audience = self.random.choice(("member", "staff"))
        ended = {}
        if self.numbers % 2 and self.articles:
            title = list(self.articles.values())[self.numbers % len(self.articles)].record["title"]
            ended = {"replaces": [f"《{title}》"]}
            text += f"\n《{title}》同时废止。"
        return ended | {
            "id": f"s{self.numbers}",
            "title": f"{self.subject()}{self.random.choice(('', '麒麟计划', CANARY))}",
            "body": f"{text}{CANARY}",
            "author": self.random.choice((*AUTHORS, CANARY)),
            "category": self.random.choice((*CATEGORIES, CANARY)),
            "issuer": self.random.choice(("清源县人民政府", f"{CANARY}局")),
            "audience": audience,
            "views": self.random.randint(1, 900),
        }

    def source(self, side: int) -> list[dict[str, Any]]:
        """All records of a side, those of guests in the same order on both sides."""
        records = [writing.on(side) for writing in self.articles.values()]
        for extra in self.above[side]:
            records.insert(self.random.randint(0, len(records)), extra)
        return records


def _get(client: FlaskClient, path: str, **options: Any) -> None:
    """Make a request; the answer, which may be an open file, is closed."""
    client.get(path, **options).close()


class Side:
    """One of the two services with its files, a guest, and perhaps members and staff."""

    def __init__(self, service: SearchService, folder: Path) -> None:
        self.service = service
        self._source = folder / "source.jsonl"
        self.app = create_app(service, read_settings(**SETTINGS))
        self.client: FlaskClient = self.app.test_client()
        self.insiders: list[Callable[[str], object]] = []

    def let_in(self) -> None:
        """Have members and staff ask here, too: by key, session, and through a trusted proxy."""
        keys = self.service.store.keys
        for role in (Role.MEMBER, Role.STAFF):
            key, browser = keys.create(role.value, role), {"User-Agent": BROWSER}
            member, previewing = self.app.test_client(), self.app.test_client()
            for client in (member, previewing):
                client.set_cookie(SESSION, self.service.store.sessions.start_as(role))
            previewing.set_cookie(PREVIEW, "public")
            self.insiders += [
                # From the address of the guest: a key has a limit of its own.
                partial(_get, self.client, headers=browser | {"Authorization": f"Bearer {key}"}),
                partial(_get, member, headers=browser, environ_base={"REMOTE_ADDR": INSIDERS}),
                partial(_get, previewing, headers=browser, environ_base={"REMOTE_ADDR": INSIDERS}),
                partial(
                    _get,
                    self.client,
                    headers=browser | {SETTINGS["role_header"]: role.value},
                    environ_base={"REMOTE_ADDR": PROXY},
                ),
            ]

    def index(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Rebuild from exactly these records."""
        source = write_source(self._source, records)
        generations.rebuild(self.service, [source], cleaning=ALL_CLEANING, shrink=True)

    def add(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Add or update these records."""
        source = write_source(self._source, records)
        updates.add(self.service, [source], cleaning=ALL_CLEANING)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete these ids."""
        updates.delete(self.service, ids)

    def hide(self, key: str) -> None:
        """Hide an article."""
        self.service.store.hidden.hide(key)

    def unhide(self, key: str) -> None:
        """Unhide it, as the command does: what was set aside by a rebuild is written."""
        self.service.store.hidden.unhide(key)
        live_writers.finish(self.service, timeout=live_writers.LOCK_TIMEOUT)

    def block(self, word: str) -> None:
        """Block a word in queries and suggestions."""
        self.service.store.blocked.add(word)

    def rollback(self) -> None:
        """Go back to the previous generation."""
        with self.service.store.ledger.exclusive():
            generations.rollback(self.service)


def _both(sides: Sequence[Side], act: Callable[[Side, int], None]) -> None:
    """The same act on both sides; errors are ignored, because the answers are compared."""
    for number, side in enumerate(sides):
        try:
            act(side, number)
        except GongwenError:
            continue


def _rebuild(world: World, sides: Sequence[Side]) -> None:
    """Rebuild from a source that may have lost articles.

    Not all: a source of nothing is refused, and one that has something for the staff is not.
    """
    keys = list(world.articles)
    for key in world.random.sample(keys, world.random.randint(0, len(keys) // 3)):
        del world.articles[key]
    if not world.articles:
        world.new()
    world.went_back = False
    index(world, sides)


def _add(world: World, sides: Sequence[Side]) -> None:
    """Add and update articles, on each side mixed with others that guests may not see."""
    keys = world.some()
    for key in keys:
        world.articles[key] = world.writing(key, world.articles[key])
    keys += [world.new() for _ in range(world.random.randint(0, 2))]
    batches = []
    for number in range(len(sides)):
        records = [world.articles[key].on(number) for key in keys]
        for _ in range(world.random.randint(0, 2)):
            records.insert(world.random.randint(0, len(records)), world.only_above())
        batches.append(records)
    _both(sides, lambda side, number: side.add(batches[number]))


def _change_paid_text(world: World, sides: Sequence[Side]) -> None:
    """Change the members' text on one side; the other side gets the same text again, or nothing.

    Nothing only where what stands is what the world holds: after a rollback it may be older, and what is
    taken down is not in the index after a rebuild, so that an update of it is a write for guests too.
    """
    touched = [key for key in world.some() if world.articles[key].paid is not None]
    for key in touched:
        one = world.articles[key]
        if one.paid is not None:
            texts = (one.paid[0], f"{one.paid[1]}{world.random.choice(PAID)}。")
            world.articles[key] = replace(one, paid=texts)
    alone = world.random.random() < 0.5 and not world.went_back
    alone = alone and not set(touched) & set(world.hidden)
    if touched:
        changed = [[world.articles[key].on(n) for key in touched] for n in range(len(sides))]
        _both(sides, lambda side, n: None if alone and n == 0 else side.add(changed[n]))


def _write_above(world: World, sides: Sequence[Side]) -> None:
    """Add articles that guests may not see on one side only, and perhaps delete some of them."""
    articles = [world.only_above() for _ in range(world.random.randint(1, 4))]
    number = world.random.randint(0, 1)
    world.above[number].extend(articles)
    _both([sides[number]], lambda side, _number: side.add(articles))
    if world.random.random() < 0.3:
        _both([sides[number]], lambda side, _number: side.delete([articles[0]["id"]]))


def _delete(world: World, sides: Sequence[Side]) -> None:
    """Delete articles that guests may see."""
    keys = world.some()
    for key in keys:
        del world.articles[key]
    _both(sides, lambda side, _number: side.delete(keys))


def _hide(world: World, sides: Sequence[Side]) -> None:
    """Hide articles, on one side also one that guests could never see."""
    for key in world.some():
        world.hidden.append(key)
        _both(sides, lambda side, _number, key=key: side.hide(key))  # type: ignore[misc]
    above = [one["id"] for one in world.above[0][:1]]
    for key in above:
        _both(sides[:1], lambda side, _number, key=key: side.hide(key))  # type: ignore[misc]


def _unhide(world: World, sides: Sequence[Side]) -> None:
    """Unhide an article."""
    if world.hidden:
        key = world.hidden.pop(world.random.randrange(len(world.hidden)))
        _both(sides, lambda side, _number: side.unhide(key))


def _rollback(world: World, sides: Sequence[Side]) -> None:
    """Go back to the previous generation."""
    world.went_back = True
    _both(sides, lambda side, _number: side.rollback())


def _block(world: World, sides: Sequence[Side]) -> None:
    """Block a word."""
    word = world.random.choice(("麒麟", "专班", "考核"))
    _both(sides, lambda side, _number: side.block(word))


# How often each write is chosen.
_STEPS: Mapping[Callable[[World, Sequence[Side]], None], int] = {
    _rebuild: 2,
    _add: 5,
    _change_paid_text: 4,
    _write_above: 4,
    _delete: 2,
    _hide: 2,
    _unhide: 1,
    _rollback: 1,
    _block: 1,
}


def step(world: World, sides: Sequence[Side]) -> str:
    """Make one write that is the same for guests; return its name."""
    [chosen] = world.random.choices(list(_STEPS), weights=list(_STEPS.values()))
    chosen(world, sides)
    for side in sides:
        side.service.store.reads.flush()
    return chosen.__name__


def index(world: World, sides: Sequence[Side]) -> None:
    """Rebuild both from the source."""
    sources = [world.source(number) for number in range(len(sides))]
    _both(sides, lambda side, number: side.index(sources[number]))
