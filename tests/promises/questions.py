"""The requests of a guest, and what of each answer is compared.

Entry points: :func:`questions`, :func:`answers`, :func:`forbidden`.
"""

import base64
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from werkzeug.test import TestResponse

from search_service.roles import Role
from search_service.web.request import PREVIEW, SESSION
from tests.promises.worlds import (
    AUTHORS,
    BROWSER,
    CANARY,
    CATEGORIES,
    FREE,
    PLACES,
    SUBJECTS,
    Side,
    World,
)

FILTERS = [
    ("kind", "通知"), ("kind", "意见"), ("kind", ""), ("validity", "已废止"), ("level", "县"),
    ("level", ""), ("year", "2023"), ("year", "2024"), ("issuer", ""), ("author", "王明"),
    ("category", "通知公告"),
]  # fmt: skip
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
    "逐户走访 考核",
)
_SUGGESTED = ("qilin", "zhuanban", "专", "麒", "清", "lajifen", "关于")
_ORIGIN = {"Origin": "https://portal.example"}
_WRONG_KEY = f"gongwen_{'0' * 12}_{'a' * 43}"
_WRONG_TOKEN, _WRONG_SESSION = "麒麟".encode().hex(), "of-nobody"
_FORMS = ("/theme", "/logout", "/preview", "/demo/role", "/login")


@dataclass(frozen=True)
class Question:
    """A request. ``again``: repeated with the tag of its answer, which the guest then has."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    again: bool = False

    def __str__(self) -> str:
        sent = [one for one in (self.headers, self.cookies, self.json, self.form) if one]
        return f"{self.method} {self.path} {sent}"


def questions(world: World) -> list[Question]:
    """One of every kind or more, in random order."""
    found = [*_searches(world), *_of_accounts(), *_lists(world), *_articles(world), *_others(world)]
    found += _errors(world)
    for one in world.random.sample(found, len(found) // 5):
        if one.method == "GET" and not one.headers and not one.cookies:
            found.append(Question(one.path, again=True))
            # Of an answer with a cursor or a form, the tag is of random letters.
            if not one.path.startswith(("/api/v1/search", "/login")):
                found.append(Question(one.path, "HEAD"))
    world.random.shuffle(found)
    return found


def _searches(world: World) -> Iterator[Question]:
    draw = world.random
    texts = [writing.record for writing in world.articles.values()]
    asked = [*draw.sample(QUERIES, 4), draw.choice(SUBJECTS), draw.choice(PLACES)]
    for record in draw.sample(texts, min(2, len(texts))):
        text = str(record["body"])
        start = draw.randint(0, max(0, len(text) - 4))
        asked += [str(record["title"]), text[start : start + draw.randint(2, 12)].replace("\n", "")]
    for query in asked:
        mode = draw.choice(("keyword", "semantic", "hybrid"))
        size = draw.choice((2, 10))
        yield Question(f"/api/v1/search?q={query}&mode={mode}&explain=1&size={size}")
    filters = "&".join(f"{name}={value}" for name, value in draw.sample(FILTERS, 2))
    yield Question(f"/api/v1/search?q={draw.choice(SUBJECTS)}&sort=date&size=2")
    yield Question(f"/api/v1/search?q={draw.choice(SUBJECTS)}&sort=views&size=2")
    yield Question(f"/api/v1/search?q={draw.choice(SUBJECTS)}&sort=reads&size=2")
    yield Question(f"/api/v1/search?q={draw.choice(QUERIES)}&{filters}")
    yield Question(f"/api/v1/search?q={draw.choice(SUBJECTS)}", headers=_ORIGIN)
    yield Question("/api/v1/search?size=3")
    yield Question(f"/search?q={draw.choice(QUERIES)}")
    yield Question(f"/search?q={draw.choice(SUBJECTS)}&{filters}")
    yield Question(f"/search?q={draw.choice((*AUTHORS, '清源县人民政府'))}")
    yield Question(f"/search?q={draw.choice(SUBJECTS)}&page=2&size=2")
    yield Question(f"/advanced?words={draw.choice(QUERIES)}&issuer={draw.choice(AUTHORS)}")
    yield Question(f"/search.atom?q={draw.choice(QUERIES)}&{filters}")
    yield Question(f"/docs/search?q={draw.choice(QUERIES)}")
    for typed in draw.sample(_SUGGESTED, 3):
        yield Question(f"/api/v1/suggest?q={typed}")
    for draft in (draw.choice(FREE), draw.choice(QUERIES)):
        yield Question("/api/v1/precedents", "POST", json={"text": draft})
        yield Question("/precedents", "POST", form={"text": draft})
    whole = f"一、{draw.choice(SUBJECTS)}\n{draw.choice(FREE)}\n二、{draw.choice(SUBJECTS)}"
    yield Question("/api/v1/precedents", "POST", json={"text": whole})
    yield Question("/precedents", "POST", form={"text": whole})
    yield Question(f"/precedents?text={draw.choice(SUBJECTS)}")
    yield Question(f"/api/v1/precedents?text={draw.choice(QUERIES)}&{filters}")
    yield Question(f"/api/v1/export?q={draw.choice(SUBJECTS)}")
    yield Question(f"/api/v1/phrases/{asked[-1].replace('/', '')[:12]}/history")
    yield Question(f"/api/v1/outlines?q={asked[-1]}")
    yield Question(f"/api/v1/headings?q={draw.choice((*QUERIES, ''))}&{filters}")
    form = {"text": "草稿\n凤凰小组", "quoted": '[0,"s1","x"]', "insert": '[2,"s1","x"]'}
    yield Question("/precedents", "POST", form=form)
    yield Question("/precedents/file", "POST", form=form)
    yield Question("/precedents/borrowed", "POST", form=form)
    adopted = {"text": "草稿", "q": asked[-1], "outline": "s1", "heading": '[1,"组织领导"]'}
    for page in ("/outlines", "/headings", "/phrases"):
        yield Question(f"{page}?q={asked[-1]}")
        yield Question(page, "POST", form=adopted)
    quoted = {"title": "草稿", "paragraphs": [{"text": "凤凰小组", "article": "s1"}]}
    yield Question("/api/v1/drafts/export", "POST", json=quoted)
    checked = {"title": "工作方案", "text": f"一、{draw.choice(FREE)}\n凤凰小组"}
    yield Question("/api/v1/drafts/check", "POST", json=checked)
    yield Question("/precedents", "POST", form={"text": whole, "check": "1"})


def _of_accounts() -> Iterator[Question]:
    yield from map(Question, ("/collection", "/collection/file?file=md"))
    for path in ("/collection", "/collection/1"):
        yield Question(path, "POST", form={"clip": '["s1", ""]', "do": "up"})
    draft = "0123456789abcdef"
    yield from map(Question, ("/drafts", f"/drafts/{draft}?version=1"))
    form = {"text": "草稿\n凤凰小组", "quoted": '[0,"s1","x"]', "draft": draft, "base": "1"}
    for path in ("/drafts/save", f"/drafts/{draft}"):
        yield Question(path, "POST", form=form)


def _lists(world: World) -> Iterator[Question]:
    draw = world.random
    category = draw.choice((*CATEGORIES, "无此类"))
    yield from map(Question, ("/", "/latest", "/hottest", "/api/v1/hottest", "/feed.atom"))
    yield Question(f"/category/{category}")
    yield Question(f"/feed.atom?category={category}")
    yield Question(f"/author/{draw.choice((*AUTHORS, '无此人'))}")
    yield Question(f"/office/{draw.choice(('清源县人民政府', '清源县秘密事务局'))}")
    for period in ("day", "week", "month"):
        yield Question(draw.choice(("/hottest", "/api/v1/hottest")) + f"?period={period}")
    yield from map(Question, ("/sitemap.xml", "/sitemap.xml?after=a2", "/robots.txt"))


def _articles(world: World) -> Iterator[Question]:
    draw = world.random
    # Of guests, of members and staff, of nobody.
    keys = [f"a{draw.randint(1, world.numbers + 1)}" for _ in range(2)]
    keys += [f"s{draw.randint(1, world.numbers + 1)}", "never"]
    for key in keys:
        yield Question(f"/articles/{key}", again=draw.random() < 0.5)
        yield Question(f"/articles/{key}?rule=1")
        yield Question(f"/api/v1/articles/{key}", again=draw.random() < 0.5)
        yield Question(f"/articles/{key}/reuse")
        yield Question(f"/api/v1/articles/{key}/reuse")
        yield Question(f"/api/v1/articles/{key}/related", headers=draw.choice(({}, _ORIGIN)))


def _others(world: World) -> Iterator[Question]:
    for path in ("/help", "/docs", "/advanced", "/theme.css", "/static/site.css"):
        yield Question(path)
    yield Question("/login?next=/latest")
    for path in ("/embed/search.js", "/embed/related.js"):
        yield Question(path, headers=_ORIGIN)
    for path in ("/api/v1/openapi.json", "/api/v1/livez", "/api/v1/healthz"):
        yield Question(path)
    for path in _FORMS:
        form = {"role": "staff", "name": "wang", "password": "x", "theme": "dark"}
        yield Question(path, "POST", form=form)
    pushed = {"title": "麒麟计划", "body": "貔貅"}
    yield Question(f"/api/v1/articles/a{world.random.randint(1, 3)}", "PUT", json=pushed)
    yield Question(f"/api/v1/articles/a{world.random.randint(1, 3)}", "DELETE")
    yield Question(f"/api/v1/changes/{world.random.randint(1, 9)}")
    yield Question("/api/v1/articles:bulk", "POST", json={"articles": [{**pushed, "id": "a1"}]})
    yield Question("/login/token", "POST", form={"token": "e30.e30.", "next": "/latest"})
    yield Question(f"/login/token?token={world.random.choice(('', 'x', 'e30.e30.'))}")


def _errors(world: World) -> Iterator[Question]:
    somewhere = world.random.choice(("/", "/api/v1/search?q=工作", "/api/v1/export?q=工作"))
    yield Question(somewhere, headers={"Authorization": f"Bearer {_WRONG_KEY}"})
    yield Question(somewhere, headers={"X-API-Key": _WRONG_TOKEN})
    yield Question(somewhere, headers={"X-Gongwen-Role": "staff"})
    for cookie in ({PREVIEW: "staff"}, {SESSION: _WRONG_SESSION}):
        yield Question(somewhere, cookies=cookie)
    for path in (
        f"/{world.random.choice(QUERIES)}",
        "/api/v1/nothing",
        "/api/v1/search?size=0&q=麒麟&nothing=1",
        "/api/v1/search?cursor=forged",
        f"/api/v1/search?q={'a' * 20_000}",
        "/static/none.css",
    ):
        yield Question(path)
    yield Question("/api/v1/search", "POST", form={"q": "麒麟"})
    yield Question("/api/v1/precedents", "POST", json={"text": ""})


# --- answers --------------------------------------------------------------------------------------

# Of time, and what each application draws for itself.
_NOT_COMPARED = ("Date", "Server-Timing", "Content-Length", "RateLimit-Reset")
_PAGES = 4
_FORM_TOKEN = re.compile(rb'(name="form_token" value=")[^"]*')
_COOKIE = re.compile(r"(?<=gongwen_form=)[^;]*|(?<=Expires=)[^;]*")
# The name of a generation ends in random letters; nothing else in a cursor may differ.
_RANDOM = re.compile(rb"-[0-9a-f]{6,}(?=\")")
_TIME = re.compile(rb"\d{14,}")


def answers(side: Side, question: Question) -> Iterator[tuple[str, object]]:
    """Request and answer, by name: the first one, what follows by cursors, and the repetition."""
    response = _send(side, question)
    yield str(question), _comparable(response)
    first, pages = response, 0
    while (cursor := _cursor(response)) and (pages := pages + 1) < _PAGES:
        response = _send(side, Question(f"/api/v1/search?cursor={cursor}"))
        yield f"{question} ({pages})", _comparable(response)
    if question.again and question.path.startswith(("/articles/", "/api/v1/articles/")):
        # As if a cache had it: what a member was answered is never confirmed to a guest.
        session = side.service.store.sessions.start_as(Role.MEMBER)
        member = side.app.test_client()
        member.set_cookie(SESSION, session)
        with member.get(question.path, headers={"If-None-Match": "none"}) as answered:
            theirs = answered.headers.get("ETag")
        asked = Question(question.path, headers={"If-None-Match": theirs or "none"})
        yield f"{question} {OF_A_MEMBER}", _comparable(_send(side, asked))
    tag = first.headers.get("ETag")
    if question.again and tag and not _cursor(first):
        again = _send(side, Question(question.path, headers={"If-None-Match": tag}))
        yield f"{question} (again)", (again.status_code, _comparable(again))


def _send(side: Side, question: Question) -> TestResponse:
    side.client.delete_cookie("theme")
    for name, value in question.cookies.items():
        side.client.set_cookie(name, value)
    response = side.client.open(
        quote(question.path, safe="/?&=%:"),
        method=question.method,
        headers={"X-Request-ID": "the-same", "User-Agent": BROWSER, **question.headers},
        json=question.json,
        data=question.form,
    )
    response.get_data()
    response.close()
    for name in question.cookies:
        side.client.delete_cookie(name)
    return response


_PUSHES = ("PUT", "DELETE", "POST /api/v1/articles:bulk", "GET /api/v1/changes")
OF_A_MEMBER = "(the tag of a member)"
_WRONG = (_WRONG_KEY, _WRONG_TOKEN, _WRONG_SESSION)


def has_canary(text: str) -> bool:
    """Whether a text has the phrase that is in every text above guests, in any of the ways to write it."""
    shapes = CANARY, quote(CANARY), repr(CANARY.encode())[2:-1], json.dumps(CANARY)[1:-1]
    return any(shape in text for shape in shapes)


def forbidden(question: str, answer: object) -> str:
    """What no guest may ever get, whatever the other side says; empty if there is nothing of the kind."""
    text = repr(answer)
    if has_canary(text):
        return "the canary"
    status = answer[0] if isinstance(answer, tuple) else 0
    if question.startswith(_PUSHES) and status != 403:
        return "a change"
    if any(one in question for one in _WRONG) and status != 401:
        return "an answer to a wrong key"
    if OF_A_MEMBER in question and status == 304:
        return "what a member was answered, confirmed"
    refused = (303, 401, 403, 404)  # or led to log in, where there is one
    if (
        any(one in question for one in ("/export", "/file", "check", "/reuse"))
        and status not in refused
    ):
        return "an export"
    if "gongwen_session=" in text and "gongwen_session=;" not in text:
        return "a session"
    return ""


def _comparable(response: TestResponse) -> tuple[object, ...]:
    """Status, body and headers, without what depends on time or chance."""
    cursor, body = _cursor(response), _FORM_TOKEN.sub(rb"\1", response.data)
    if cursor:
        body = body.replace(cursor.encode(), b"CURSOR")
    headers = sorted(
        (name, _COOKIE.sub("", value))
        for name, value in response.headers
        if name not in _NOT_COMPARED
        and not (
            name == "ETag" and (cursor or body != response.data)
        )  # of a body with random letters
    )
    return response.status_code, body, headers, _opened(cursor)


def _cursor(response: TestResponse) -> str | None:
    try:
        cursor = json.loads(response.data).get("cursor")
    except (ValueError, AttributeError):
        return None
    return cursor if isinstance(cursor, str) else None


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
