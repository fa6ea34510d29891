"""Sample records of government writing, with words made by hand, for the engines' tests.

Entry point: :func:`record`. A text is written as words separated by spaces, a passage is one
string. The segmenter is not used here: an engine stores any words.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from search_service.engines import Engine, Reader, Scope
from search_service.model import (
    AnalysedPassage,
    Audience,
    Manifest,
    Passage,
    Record,
    Tombstone,
    Vector,
    View,
    WriteResult,
)

DIMENSIONS = 4
MANIFEST = Manifest(
    schema=1,
    analysis="a1b2c3d4e5f6",
    model="m1n2o3p4",
    dimensions=DIMENSIONS,
    created="2026-11-22T08:00:00Z",
    floor=0.25,
)


def pairs(text: str) -> tuple[str, ...]:
    """The bigrams of one run, as the values of a phrase."""
    return tuple(text[i : i + 2] for i in range(len(text) - 1))


def unit(*numbers: float) -> Vector:
    """An L2-normalised vector in this direction."""
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[: len(numbers)] = numbers
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def stored_vector(vector: Vector) -> list[int]:
    """The whole numbers of −127 to 127 that the contract says an engine stores for a vector."""
    numbers = [float(number) for number in vector]
    largest = max(map(abs, numbers))
    return [round(number / largest * 127) for number in numbers]


def cosine(one: Vector, other: Vector) -> float:
    """The similarity of two vectors as the contract defines it, before rounding."""
    a, b = stored_vector(one), stored_vector(other)
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / (math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b)))


def record(
    id: str,
    title: str,
    *passages: str,
    version: int = 1,
    vectors: Sequence[Vector | None] | None = None,
    roles: Sequence[str] | None = None,
    exact: tuple[str, ...] = (),
    **values: Any,
) -> Record:
    """A record of a title and passages, as words; without ``vectors`` all have the same vector.

    Without ``roles`` all passages are 主体.
    """
    texts = [words.replace(" ", "") for words in passages]
    title_text = title.replace(" ", "")
    given = [unit(1)] * len(texts) if vectors is None else vectors
    analysed = []
    start = 0
    own_roles = ["主体"] * len(texts) if roles is None else roles
    for number, (text, words, vector, role) in enumerate(
        zip(texts, passages, given, own_roles, strict=True)
    ):
        passage = Passage(
            id=f"{id}-p{number}",
            start=start,
            end=start + len(text),
            path=("一、总则",),
            role=role,
        )
        analysed.append(AnalysedPassage(passage=passage, words=words, vector=vector))
        start += len(text)
    body = "".join(texts)
    return Record(
        view=View(id=id, title=title_text, text=body, **values),
        version=version,
        title_words=title,
        exact=(id.lower(), *exact),
        passages=tuple(analysed),
    )


FIRE = record(
    "B1890",
    "消防 安全 工作 通知",
    "各级 政府 应当 加强 消防 安全 检查 。",
    "学校 要 开展 消防 演练 。",
    vectors=[unit(1, 0.1), unit(0.6, 0.8)],
    exact=("关于消防安全工作的通知", "国办发〔2024〕5号", "wh:~办发[2024]5", "is:国务院办"),
    category="安全/消防",
    kind="通知",
    author="王明",
    issuers=("国务院办公厅",),
    date="2024-05-06",
    code="B1890",
)
SCHOOL = record(
    "A0007",
    "学校 安全 管理 办法",
    "学校 应当 建立 安全 管理 制度 。",
    vectors=[unit(0.6, 0.8)],
    category="教育",
    kind="办法",
    author="李华",
    issuers=("教育部", "水利部"),
    date="2024-05",
)
FLOOD = record(
    "C2352",
    "防汛 抗旱 应急 预案",
    "汛期 实行 领导 值班 制度 。",
    "工作 。 作风 建设 。",
    vectors=[unit(0, 0, 1), None],
    category="安全",
    kind="预案",
    author="王明",
    issuers=("水利部",),
    date="2023",
)
SPEECH = record(
    "D0001",
    "在 会议 上 的 讲话",
    "同志们 ， 要 转变 工作 作风 。",
    vectors=[unit(-1)],
    category="安全生产",
    kind="讲话",
)
ARTICLES = (FIRE, SCHOOL, FLOOD, SPEECH)


def load(
    engine: Engine, *entries: Record | Tombstone, generation: str | None = None
) -> WriteResult:
    """Write the entries to the named generation, or to the one that the public reads."""
    name = generation or public(engine)
    with engine.writer(name) as writer:
        return writer.write(entries)


def public(engine: Engine) -> str:
    """The generation that the public reads; a new one if there is none."""
    for generation in engine.generations():
        if Audience.PUBLIC in generation.serves:
            return generation.name
    name = engine.create(Audience.PUBLIC, MANIFEST).name
    engine.activate({Audience.PUBLIC: name})
    return name


def read(engine: Engine, *hidden: str, audience: Audience = Audience.PUBLIC) -> Reader:
    """A reader of what the audience reads."""
    return engine.reader(Scope(audience, frozenset(hidden)))
