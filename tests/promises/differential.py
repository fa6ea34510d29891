"""Two services that guests must not be able to distinguish. Entry points: :func:`compare`, :func:`main`.

    python -m tests.promises.differential --worlds 2000              # embedded, on all cores
    python -m tests.promises.differential --worlds 100 --elasticsearch

Both are given the same writes as far as guests may read them. What stands above differs: the members'
text of each article, articles of members and staff alone, whole batches of those. After each write
everything that a guest can ask is asked of both. A world is a seed, so a difference can be made again.
"""

import base64
import json
import random
import re
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
from flask.testing import FlaskClient

from indexer import updates
from indexer.build import generations, ingest
from search_service.errors import GongwenError
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, write_source
from tests.support.elasticsearch_node import fast_place, own_prefix, running_node

Open = Callable[[str], SearchService]
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
    "严禁楼道停放，排查火灾隐患，落实整改责任。",
    "",
)
TITLED = (
    "关于{place}{subject}工作的{kind}",
    "{place}{subject}{kind}",
    "{subject}工作{kind}（试行）",
)
# Asked of every world, beside what its own texts are made of.
QUERIES = (
    "秘密 调度",
    "麒麟计划",
    "凤凰小组",
    "貔貅",
    "专班",
    "专款12000万元",
    "清密发〔2022〕9号",
    "清源县秘密事务局",
    "垃圾分雷",
    "麒林计划",
    "2022年5月6日",
    "保障措施",
    "工作",
    "小区没人管怎么办",
    "起:2022",
    "垃圾分类 殡葬改革",
)
_SUGGESTED = ("qilin", "zhuanban", "专", "麒", "清", "lajifen", "关于")


@dataclass(frozen=True)
class Writing:
    """An article of both sides: the same record for guests, a members' text for each side."""

    record: Mapping[str, Any]
    paid: tuple[str, str] | None = None

    def on(self, side: int) -> dict[str, Any]:
        """The record for one side."""
        if self.paid is None:
            return dict(self.record)
        free = str(self.record["body"])
        return {**self.record, "preview": f"{free}\n……", "body": f"{free}\n{self.paid[side]}"}


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
        """An article that guests may not see."""
        self.numbers += 1
        text = self._text([*PAID, *FREE], 4) or "无"
        audience = self.random.choice(("member", "staff"))
        return {
            "id": f"s{self.numbers}",
            "title": f"{self.subject()}{self.random.choice(('', '麒麟计划'))}",
            "body": text or "无",
            "audience": audience,
            "views": self.random.randint(1, 900),
        }

    def source(self, side: int) -> list[dict[str, Any]]:
        """All records of a side, those of guests in the same order on both sides."""
        records = [writing.on(side) for writing in self.articles.values()]
        for extra in self.above[side]:
            records.insert(self.random.randint(0, len(records)), extra)
        return records


class Side:
    """One of the two services with its files."""

    def __init__(self, service: SearchService, folder: Path) -> None:
        self.service = service
        self._source = folder / "source.jsonl"
        self.client: FlaskClient = create_app(service, read_settings()).test_client()

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
        """Unhide it."""
        self.service.store.hidden.unhide(key)

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
    _index(world, sides)


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
}


def _step(world: World, sides: Sequence[Side]) -> str:
    """Make one write that is the same for guests; return its name."""
    [step] = world.random.choices(list(_STEPS), weights=list(_STEPS.values()))
    step(world, sides)
    return step.__name__


def _index(world: World, sides: Sequence[Side]) -> None:
    sources = [world.source(number) for number in range(len(sides))]
    _both(sides, lambda side, number: side.index(sources[number]))


# --- requests of a guest ------------------------------------------------------------------------


def _questions(world: World) -> Iterator[str]:
    draw = world.random
    texts = [writing.record for writing in world.articles.values()]
    asked = [*draw.sample(QUERIES, 6), draw.choice(SUBJECTS), draw.choice(PLACES)]
    for record in draw.sample(texts, min(2, len(texts))):
        text = str(record["body"])
        start = draw.randint(0, max(0, len(text) - 4))
        asked += [str(record["title"]), text[start : start + draw.randint(2, 12)].replace("\n", "")]
    for query in asked:
        mode = draw.choice(("keyword", "semantic", "hybrid"))
        yield f"/api/v1/search?q={query}&mode={mode}&explain=1&size={draw.choice((2, 10))}"
    yield f"/api/v1/search?q={draw.choice(SUBJECTS)}&sort=date&size=2"
    yield f"/search?q={draw.choice(QUERIES)}"
    yield "/api/v1/search?size=3"
    yield "/"
    for typed in draw.sample(_SUGGESTED, 3):
        yield f"/api/v1/suggest?q={typed}"
    keys = [f"a{draw.randint(1, world.numbers + 1)}", f"s{draw.randint(1, world.numbers + 1)}"]
    for key in keys:
        yield f"/articles/{key}"
        yield f"/api/v1/articles/{key}"
        yield f"/api/v1/articles/{key}/related"


def _answers(client: FlaskClient, paths: Sequence[str], draft: str) -> Iterator[tuple[str, object]]:
    for path in paths:
        response = client.get(path)
        for page in range(4):
            body, cursor = _comparable(response.data)
            headers = sorted(
                (name, value)
                for name, value in response.headers
                if name not in ("Server-Timing", "X-Request-ID", "Content-Length")
            )
            yield f"{path} ({page})", (response.status_code, headers, body, _opened(cursor))
            if cursor is None:
                break
            response = client.get(f"/api/v1/search?cursor={cursor}")
    response = client.post("/api/v1/precedents", json={"text": draft})
    yield f"precedents {draft}", (response.status_code, response.data)


# The name of a generation ends in random letters; nothing else in a cursor may differ.
_RANDOM = re.compile(rb"-[0-9a-f]{6,}(?=\")")
_TIME = re.compile(rb"\d{14,}")


def _comparable(body: bytes) -> tuple[bytes, str | None]:
    """A body without its cursor, and the cursor."""
    try:
        cursor = json.loads(body).get("cursor")
    except (ValueError, AttributeError):
        return body, None
    return (body.replace(cursor.encode(), b"CURSOR"), cursor) if cursor else (body, None)


def _opened(cursor: str | None) -> bytes | None:
    """The readable part of a cursor, without random letters."""
    if cursor is None:
        return None
    payload = cursor.strip(".").split(".")[0]
    content = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    if cursor.startswith("."):
        content = zlib.decompress(content)
    readable = content[content.find(b'{"') : content.rfind(b"}") + 1]  # without the signature
    return _TIME.sub(b"", _RANDOM.sub(b"", readable))


# --- one world -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """``answers``: how many were compared; ``told``: writes, request and both answers if they differ."""

    answers: int
    told: str = ""


def compare(seed: int, open_one: Open, folder: Path, *, steps: int = 4) -> Compared:
    """Make the world of a seed twice and compare both after each write.

    ``open_one`` opens an empty service of a name; ``folder`` holds their sources.
    """
    answers = 0
    world = World(random.Random(seed))
    services = [open_one(f"{seed}-{name}") for name in ("one", "other")]
    try:
        sides = []
        for name, service in zip(("one", "other"), services, strict=True):
            (folder / f"{seed}-{name}-source").mkdir(parents=True)
            sides.append(Side(service, folder / f"{seed}-{name}-source"))
        for _ in range(world.random.randint(2, 7)):
            world.new()
        for side in range(2):
            extra = [world.only_above() for _ in range(world.random.randint(0, 3))]
            world.above[side].extend(extra)
        _index(world, sides)
        done = ["index"]
        for _ in range(steps):
            done.append(_step(world, sides))
            paths, draft = list(_questions(world)), world.random.choice(FREE + PAID[:3])
            one, other = (dict(_answers(side.client, paths, draft)) for side in sides)
            answers += len(one)
            for question in one | other:
                if one.get(question) != other.get(question):
                    told = _apart(repr(one.get(question)), repr(other.get(question)))
                    return Compared(answers, f"seed {seed}: {' '.join(done)}: {question}\n{told}")
    finally:
        for service in services:
            service.close()
    return Compared(answers)


def _apart(one: str, other: str) -> str:
    """Both texts from shortly before their first difference."""
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return "\n".join(text[max(0, same - 100) : same + 100] for text in (one, other))


# --- many worlds -----------------------------------------------------------------------------------


def compare_one(seed: int, node: str = "") -> Compared:
    """Compare the world of a seed in temporary folders; ``node``: on Elasticsearch.

    In small batches, for few articles must make several, as many do.
    """
    with ExitStack() as stack:
        stack.enter_context(patch.object(ingest, "BATCH", 3))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=fast_place())))
        prefix = stack.enter_context(own_prefix(node)) if node else ""

        def open_one(name: str) -> SearchService:
            engine = f"{prefix}-{name}" if node else f"embedded:{folder}/{name}"
            state = f"sqlite:///{folder}/{name}.sqlite3"
            # Timing is not part of the promise: a timeout on one side is no difference.
            return open_service(read_settings(engine=engine, engine_timeout=30, state=state))

        return compare(seed, open_one, folder)


_PROGRESS = 100


@click.command()
@click.option("--worlds", type=click.IntRange(1), default=100, show_default=True)
@click.option("--first", type=int, default=0, show_default=True, help="Seed of the first world.")
@click.option("--elasticsearch", is_flag=True, help="Over a node started for it.")
def main(worlds: int, first: int, *, elasticsearch: bool) -> None:
    """Compare this number of worlds, and print those that guests can distinguish."""
    with ExitStack() as stack:
        node = stack.enter_context(running_node()) if elasticsearch else ""
        pool = stack.enter_context(ProcessPoolExecutor())
        started, answers, told = time.monotonic(), 0, 0
        seeds = range(first, first + worlds)
        for done, compared in enumerate(pool.map(compare_one, seeds, repeat(node)), start=1):
            answers += compared.answers
            if not done % _PROGRESS:
                click.echo(f"{done} worlds, {answers} answers, {told} told apart", err=True)
            if compared.told:
                told += 1
                click.echo(compared.told)
    seconds = time.monotonic() - started
    click.echo(f"{worlds} worlds, {answers} answers, {told} told apart, {seconds:.0f} s")
    raise SystemExit(bool(told))


if __name__ == "__main__":
    main()
