"""Changes that a portal sends as they happen, under ``/api/v1``. Entry point: :data:`push` (a blueprint).

A change is checked, entered in the ledger, and acknowledged with its number; what writes the index applies
it (:mod:`indexer.applier`). Of several records each has its own outcome. Only for keys with the right to
index: a session could be used by another site's page.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from flask import Blueprint, Response, request, url_for
from werkzeug.exceptions import Forbidden

from analyzers.messages import say
from search_service import logs
from search_service.engines.ordering import Stamp, latest_ledger_number
from search_service.errors import BadRecord, EngineError, NotFound, Outdated
from search_service.intake.cleaning import Cleaning
from search_service.intake.fields import MAX_ID_LENGTH, identifier
from search_service.intake.names import known_field, says_who_reads
from search_service.intake.packing import pack
from search_service.intake.record import article_of
from search_service.model import FIRST_LEDGER_VERSION
from search_service.roles import Right
from search_service.state.ledger import NUMBERED, Change, Progress, Step
from search_service.web.bodies import json_object
from search_service.web.parameter_validation import validate_query
from search_service.web.parameters import NoParameters, PushParameters, RemovalParameters
from search_service.web.problems import MAX_PUSH
from search_service.web.request import may, render_json, sent_key, service, site

push = Blueprint("push", __name__)
# Records of one call.
MAX_RECORDS = 500
# A record with this field is a deletion.
DELETED = "deleted"
# Seconds that ``wait=1`` waits, and between two looks.
_PATIENCE, _POLL = 10.0, 0.05


@dataclass(frozen=True)
class _Entered:
    """What became of one record: its number in the ledger, or why it has none."""

    id: str
    number: int = 0
    state: str = Step.PENDING
    detail: str = ""

    def values(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "id": self.id,
            "number": self.number or None,
            "state": self.state,
            "detail": self.detail,
        }


@push.before_request
def _with_the_right_key() -> None:
    request.max_content_length = MAX_PUSH
    if sent_key() is None or not may(Right.INDEX):
        raise Forbidden


@push.put("/articles/<article:article_id>")
def put_article(article_id: str) -> tuple[Response, int, Mapping[str, str]]:
    """Add an article or replace it."""
    parameters = validate_query(PushParameters, request.args)
    record = json_object([])
    given = [value for name, value in record.items() if known_field(name) == "id"]
    if any(str(value) != article_id for value in given):
        raise BadRecord(
            say("正文里的 id 与地址里的不同", "the id in the body is not the one in the address")
        )
    change = _change({**record, "id": article_id})
    [entered] = _enter([change], source=parameters.source)
    return _acknowledged(entered, wait=parameters.wait == "1")


@push.delete("/articles/<article:article_id>")
def delete_article(article_id: str) -> tuple[Response, int, Mapping[str, str]]:
    """Delete an article."""
    parameters = validate_query(RemovalParameters, request.args)
    version = int(parameters.version) if parameters.version else None
    there = _there([article_id] if version is None else [])
    [entered] = _enter([_deletion(article_id, version, there)])
    return _acknowledged(entered, wait=parameters.wait == "1")


@push.post("/articles:bulk")
def change_articles() -> tuple[Response, int, Mapping[str, str]]:
    """Add, replace and delete several articles; a bad record does not concern the others."""
    parameters = validate_query(PushParameters, request.args)
    records = json_object([]).get("articles")
    if not isinstance(records, list) or not 1 <= len(records) <= MAX_RECORDS:
        raise BadRecord(
            say(
                f"articles 应为 1 至 {MAX_RECORDS} 条记录的数组；更多的请分几次提交",
                f"articles must be an array of 1 to {MAX_RECORDS} records; send more in several calls",
            )
        )
    there = _there([id for one in records if (id := _deleted_id(one))])
    results: list[_Entered | None] = [None] * len(records)
    good: dict[int, Change] = {}
    for place, record in enumerate(records):
        try:
            good[place] = _read(record, there)
        except BadRecord as exc:
            results[place] = _Entered(_id_of(record), state="invalid", detail=exc.message)
    entered = _enter(list(good.values()), source=parameters.source)
    for place, one in zip(good, entered, strict=True):
        results[place] = one
    found = [one for one in results if one is not None]
    numbers = [one.number for one in found if one.number]
    if parameters.wait == "1":
        progress = _waited(numbers)
        found = [_with_progress(one, progress) for one in found]
    pending = any(one.state == Step.PENDING for one in found)
    status = 202 if pending else 200
    headers = {"Location": _place(max(numbers))} if pending else {}
    return render_json({"results": [one.values() for one in found]}), status, headers


@push.get("/changes/<int:number>")
def change(number: int) -> Response:
    """How far a change has come."""
    validate_query(NoParameters, request.args)
    progress = service().store.ledger.progress([number])
    if number not in progress:
        raise NotFound(say(f"没有编号为 {number} 的改动", f"there is no change {number}"))
    found = progress[number]
    return render_json({"number": number, "state": found.step, "detail": found.fault})


def _id_of(record: object) -> str:
    """The id of a bad record; empty if it has none."""
    return str(record.get("id", ""))[:MAX_ID_LENGTH] if isinstance(record, Mapping) else ""


class _There(NamedTuple):
    """What is known of articles, by id: their changes in the ledger, and what the fullest live index has."""

    changes: Mapping[str, Change]
    stamps: Mapping[str, Stamp]


def _there(ids: Sequence[str]) -> _There:
    return _There(service().store.ledger.of(ids), _stamps(ids)) if ids else _There({}, {})


def _deleted_id(record: object) -> str:
    """The id of a deletion without a version; empty if it is bad, and for any other record."""
    if (
        not isinstance(record, Mapping)
        or record.get(DELETED) is not True
        or record.get("version") is not None
    ):
        return ""
    try:
        return identifier(record.get("id"))
    except ValueError:
        return ""


def _read(record: object, there: _There) -> Change:
    """The change that a record of several says; raises ``BadRecord``."""
    if not isinstance(record, Mapping):
        raise BadRecord(say("记录应为 JSON 对象", "a record must be a JSON object"))
    if record.get(DELETED) is True:
        version = record.get("version")
        if version is not None and (
            not isinstance(version, int) or not 0 <= version < FIRST_LEDGER_VERSION
        ):
            raise BadRecord(say("version 应为非负整数", "version must be a whole number"))
        try:
            return _deletion(identifier(record.get("id")), version, there)
        except (ValueError, NotFound) as exc:
            raise BadRecord(str(getattr(exc, "message", exc))) from exc
    return _change({name: value for name, value in record.items() if name != DELETED})


def _change(record: Mapping[str, object]) -> Change:
    """The change that puts an article; raises ``BadRecord``."""
    settings = site().settings
    if not says_who_reads(record):
        if not settings.audience:
            raise BadRecord(
                say(
                    "没有写明谁可以看：请给 audience（public、member 或 staff）、preview 或 free_length，"
                    "或设置 GONGWEN_AUDIENCE",
                    "it does not say who may read it: give audience (public, member or staff), preview or"
                    " free_length, or set GONGWEN_AUDIENCE",
                )
            )
        record = {**record, "audience": settings.audience}
    try:
        article = article_of(record, cleaning=Cleaning.parse(settings.cleaning))
    except RecursionError as exc:
        raise BadRecord(say("字段嵌套过深", "fields are nested too deeply")) from exc
    version = NUMBERED if article.version is None else article.version
    return Change(article_id=article.id, version=version, article=pack(article))


def _deletion(id: str, version: int | None, there: _There) -> Change:
    """The deletion of an article; without a version, of the one that is there; ``NotFound`` if none is."""
    if version is not None:
        return Change(article_id=id, version=version, article=None)
    stored, stamp = there.changes.get(id), there.stamps.get(id)
    versions = [stored.version] if stored is not None and stored.article is not None else []
    if stamp is not None and stamp.digest is not None and (stored is None or versions):
        versions.append(stamp.version)
    if not versions:
        raise NotFound(say(f"没有编号为 {id} 的文章", f"there is no article {id}"))
    newest = max(versions)
    return Change(
        article_id=id, version=newest if newest < FIRST_LEDGER_VERSION else NUMBERED, article=None
    )


def _stamps(ids: Sequence[str]) -> Mapping[str, Stamp]:
    """What the fullest live index has of these articles; nothing if there is none."""
    serving = [one for one in service().engine.generations() if one.serves]
    if not serving:
        return {}
    fullest = max(serving, key=lambda one: one.audience)
    return service().engine.stamps(fullest.name, ids)


def _enter(changes: Sequence[Change], *, source: str = "") -> list[_Entered]:
    """Enter changes in the ledger, except those that are older than what is there.

    An index that cannot be read just now does not keep a change from being entered.
    """
    stamps: Mapping[str, Stamp] = {}
    with suppress(EngineError):
        stamps = _stamps([one.article_id for one in changes])
    current = {
        place: one
        for place, one in enumerate(changes)
        if one.version == NUMBERED
        or (stamp := stamps.get(one.article_id)) is None
        or one.order >= stamp.order
    }
    ledger = service().store.ledger
    entered = ledger.append(
        list(current.values()), above=latest_ledger_number(stamps), source=source
    )
    kept = {one.article_id for one in entered if one.kept}
    results = [_Entered(one.article_id, state="outdated", detail=_outdated()) for one in changes]
    for place, one in zip(current, entered, strict=True):
        if one.kept:
            results[place] = _Entered(one.article_id, one.sequence)
        elif one.article_id in kept:  # by a later record of this call
            results[place] = _Entered(one.article_id, one.sequence, Step.SUPERSEDED)
    logs.add(changes=len(kept))
    return results


def _acknowledged(entered: _Entered, *, wait: bool) -> tuple[Response, int, Mapping[str, str]]:
    if not entered.number:
        raise Outdated(entered.detail)
    if wait:
        entered = _with_progress(entered, _waited([entered.number]))
    pending = entered.state == Step.PENDING
    headers = {"Location": _place(entered.number)} if pending else {}
    return render_json(entered.values()), 202 if pending else 200, headers


def _with_progress(entered: _Entered, progress: Mapping[int, Progress]) -> _Entered:
    found = progress.get(entered.number)
    if found is None:
        return entered
    return _Entered(entered.id, entered.number, found.step, found.fault)


def _waited(numbers: Sequence[int]) -> Mapping[int, Progress]:
    """How far these changes have come, once none is pending, or after some seconds."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        progress = service().store.ledger.progress(numbers)
        pending = any(one.step is Step.PENDING for one in progress.values())
        if not pending or time.monotonic() >= deadline:
            return progress
        time.sleep(_POLL)


def _place(number: int) -> str:
    return url_for("push.change", number=number)


def _outdated() -> str:
    return say(
        "比已有的版本旧，没有登记；索引里是没有版本号的文章时，请同样不给版本号",
        "older than the version that is there, not entered; if the article in the index has no version,"
        " give none, either",
    )
