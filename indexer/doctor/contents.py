"""Checks of what answers: state, model, engine, index, public share. Entry points: the functions."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from analyzers.embed import ModelError
from analyzers.messages import say
from indexer.doctor.findings import Told, failed, ok, warning
from indexer.doctor.machine import size
from indexer.doctor.parts import Parts
from search_service.answers.probe import probe
from search_service.engines import Engine
from search_service.engines.reads import Listed, Reader
from search_service.errors import redact_credentials
from search_service.model import Audience, Everything
from search_service.settings import PREFIX
from search_service.state.migrations import VERSION

_HEAP: Final = 0.9  # of a server's memory
_COUNTED: Final = 10_000  # articles of which the public share is counted
_PAGE: Final = 1_000


def state(parts: Parts) -> Told:
    """Whether the state is complete and of this version."""
    _, hidden = parts.store().hidden.read()
    url = redact_credentials(parts.settings.state_url)
    yield ok(
        f"{url}：版本 {VERSION}，已下架 {len(hidden)} 篇",
        f"{url}: version {VERSION}, {len(hidden)} articles taken down",
    )


def model(parts: Parts) -> Told:
    """Whether the model embeds a text."""
    embedder = parts.embedder()
    if embedder is None:
        yield ok("没有模型，只按关键词检索", "none: keyword search only")
        return
    row = embedder.embed(["公文检索"], query=True)[0]
    name = parts.settings.model
    if not np.isclose(np.linalg.norm(row), 1, atol=0.01):
        raise ModelError(
            say(
                f"{PREFIX}MODEL={name}：算出的向量不对；重新取得模型（gongwen model fetch），或设为 builtin",
                f"{PREFIX}MODEL={name}: its vectors are wrong; get it again (gongwen model fetch), or set"
                " builtin",
            )
        )
    yield ok(f"{name}（{embedder.fingerprint}）", f"{name} ({embedder.fingerprint})")


def engine(parts: Parts) -> Told:
    """Whether the engine answers, and whether its servers have room."""
    servers = parts.servers()
    address = redact_credentials(parts.settings.engine)
    if not servers:
        parts.engine().generations()
        if servers is None:
            yield ok(
                f"{address}；这个账号看不到节点的磁盘与时钟（缺 monitor 权限，检索不需要）",
                f"{address}; this user may not see disks and clocks of its nodes (`monitor`, which no search"
                " needs)",
            )
        else:
            yield ok(address, address)
    for one in servers or ():
        chinese = (
            f"{address} 节点 {one.name}：{one.version}，磁盘剩余 {size(one.free)}，"
            f"内存已用 {one.heap:.0%}"
        )
        english = (
            f"{address} node {one.name}: {one.version}, {size(one.free)} of disk free,"
            f" {one.heap:.0%} of the heap in use"
        )
        if one.free < one.least:
            yield failed(
                f"{chinese}；剩余少于 {size(one.least)}，Elasticsearch 已停止写入：请腾出磁盘空间",
                f"{english}; below {size(one.least)} Elasticsearch refuses to write: free some space",
            )
        elif one.heap > _HEAP:
            yield warning(
                f"{chinese}；快用完了：经常如此则调大 -Xmx",
                f"{english}; nearly all of it: if that is often so, raise -Xmx",
            )
        else:
            yield ok(chinese, english)


def index(parts: Parts) -> Told:
    """Whether each audience's index is of this analysis and answers a search."""
    service = parts.service()
    counts: list[str] = []
    for audience in Audience:
        reader = service.reader(audience)
        service.check_manifest(reader.manifest, model=service.embedder is not None)
        probe(service, audience, 0)
        counts.append(f"{audience.label} {reader.totals(Everything()).total}")
    yield ok(f"{'，'.join(counts)} 篇", f"{', '.join(counts)} articles")


def public(parts: Parts) -> Told:
    """How much of the articles guests may read: all or nothing may be a mistake."""
    service = parts.service()
    guests, staff = (service.reader(who) for who in (Audience.PUBLIC, Audience.STAFF))
    ids = _ids(staff)
    if not ids:
        yield warning(
            "索引里一篇文章也没有；请运行 gongwen index 来源",
            "the index has no article; run: gongwen index SOURCE",
        )
        return
    whole = _whole(service.engine, ids, guests.generation, staff.generation)
    first = ("前 ", "the first ") if len(ids) == _COUNTED else ("", "")
    share = f"{whole / len(ids):.0%}"
    chinese = f"{first[0]}{len(ids)} 篇中 {whole} 篇全文公开（{share}）"
    english = f"{whole} of {first[1]}{len(ids)} articles are public in full ({share})"
    if whole in (0, len(ids)):
        yield warning(
            f"{chinese}；若不该如此，请核对来源的 audience、preview 字段，或映射的 public",
            f"{english}; if that is not meant, check the fields audience and preview of the source, or"
            " `public` of the mapping",
        )
    else:
        yield ok(chinese, english)


def _ids(reader: Reader) -> list[str]:
    """The first ids of all articles."""
    ids: list[str] = []
    while len(ids) < _COUNTED:
        listed = Listed(ids[-1] if ids else "", min(_PAGE, _COUNTED - len(ids)))
        page = reader.read(listed)[listed]
        if not page:
            break
        ids += page
    return ids


def _whole(engine: Engine, ids: Sequence[str], guests: str, staff: str) -> int:
    """How many of the articles say the same in both generations."""
    if guests == staff:
        return len(ids)
    whole = 0
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        theirs, all_of_it = (engine.stamps(name, page) for name in (guests, staff))
        whole += sum(id in theirs and theirs[id].digest == all_of_it[id].digest for id in page)
    return whole
