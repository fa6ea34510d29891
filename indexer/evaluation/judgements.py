"""Queries and relevance judgements, read from a folder. Entry point: :func:`read_judgements`.

The formats are described in docs/evaluation.md.
"""

import enum
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from analyzers.messages import say
from indexer.sources.files import Fault, shown
from indexer.sources.tables import json_lines
from search_service.errors import BadInput
from search_service.intake.encoding import read_lines
from search_service.intake.record import RawRecord

QUERIES: Final = "queries.jsonl"
JUDGED: Final = ("qrels.tsv", "qrels.txt", "qrels.jsonl")
COLLECTIONS: Final = ("collection.jsonl", "collection.jsonl.gz")


class Method(enum.StrEnum):
    """A retrieval method: the task and, for the search box, the mode."""

    KEYWORD = "search keyword"
    SEMANTIC = "search semantic"
    HYBRID = "search hybrid"
    RELATED = "related"
    PRECEDENTS = "precedents"

    @property
    def task(self) -> str:
        """``search`` (the search box), ``related`` (articles) or ``precedents`` (passages for a draft)."""
        return self.value.partition(" ")[0]


TASKS: Final = tuple(dict.fromkeys(method.task for method in Method))


@dataclass(frozen=True)
class Question:
    """A judged query; ``text`` is its text or, for the task ``related``, the id of an article."""

    id: str
    text: str
    task: str


@dataclass(frozen=True, kw_only=True)
class Judgements:
    """Queries with the grades of documents: query id -> document id -> grade.

    ``questions`` are the queries with a relevant document; ``unjudged`` counts the others, which cannot
    distinguish systems. ``corpus`` is the name shown with every figure.
    """

    corpus: str
    questions: tuple[Question, ...]
    grades: Mapping[str, Mapping[str, int]]
    collection: Path | None
    unjudged: int

    def of(self, task: str) -> list[Question]:
        """The questions of one task."""
        return [question for question in self.questions if question.task == task]


def read_judgements(folder: Path) -> Judgements:
    """Read a folder of queries and judgements; raises ``BadInput`` naming file, line and remedy."""
    judged = [folder / name for name in JUDGED if (folder / name).is_file()]
    if not (folder / QUERIES).is_file() or len(judged) != 1:
        there = ", ".join(path.name for path in judged) or say("没有", "none")
        names = ", ".join(JUDGED)
        raise BadInput(
            say(
                f"{shown(folder)} 应是目录，内有 {QUERIES} 与 {names} 之一（现有：{there}）",
                f"{shown(folder)} must be a folder of {QUERIES} and one of {names} (there: {there})",
            )
        )
    questions = _questions(folder / QUERIES)
    grades = _grades(judged[0], questions)
    relevant = {key for key, graded in grades.items() if max(graded.values()) > 0}
    kept = tuple(one for one in questions.values() if one.id in relevant)
    tasks = Counter(one.task for one in kept)
    if min(tasks.values(), default=0) < 2:  # one query has no confidence interval
        counts = dict(tasks)
        raise BadInput(
            say(
                f"{shown(folder)} 里每种问法至少要有 2 个查询有相关文章，现有：{counts}",
                f"{shown(folder)}: each task needs 2 queries with a relevant document: {counts}",
            )
        )
    collections = [folder / name for name in COLLECTIONS if (folder / name).is_file()]
    return Judgements(
        corpus=folder.resolve().name,
        questions=kept,
        grades={one.id: grades[one.id] for one in kept},
        collection=collections[0] if collections else None,
        unjudged=len(questions) - len(kept),
    )


def records(path: Path) -> Iterator[RawRecord]:
    """Yield the records of a file of JSON lines; raises ``BadInput`` at the first invalid line."""
    for item in json_lines(path, shown=shown(path)):
        if isinstance(item, Fault):
            raise BadInput(str(item))
        yield item


def _questions(path: Path) -> dict[str, Question]:
    questions: dict[str, Question] = {}
    for raw in records(path):
        key, task = _text(raw, "id"), raw.values.get("voice", Method.KEYWORD.task)
        if task not in TASKS:
            names = ", ".join(TASKS)
            _refuse(raw.place, f"voice 应为 {names} 之一", f"voice must be one of {names}", task)
        if key in questions:
            _refuse(raw.place, "查询的 id 重复", "duplicate query id", key)
        text = _text(raw, "article" if task == Method.RELATED.task else "query")
        questions[key] = Question(key, text, task)
    return questions


def _grades(path: Path, questions: Mapping[str, Question]) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    for place, query, document, grade in _graded(path) if path.suffix == ".jsonl" else _trec(path):
        if query not in questions:
            _refuse(place, f"{QUERIES} 中没有这个查询", f"no such query in {QUERIES}", query)
        try:
            grades.setdefault(query, {})[document] = int(grade)
        except ValueError:
            _refuse(
                place,
                "等级应为整数，0 为不相关",
                "a grade must be an integer, 0 for not relevant",
                grade,
            )
    return grades


def _graded(path: Path) -> Iterator[tuple[str, str, str, str]]:
    for raw in records(path):
        yield raw.place, _text(raw, "query"), _text(raw, "document"), _text(raw, "grade")


def _trec(path: Path) -> Iterator[tuple[str, str, str, str]]:
    with path.open("rb") as stream:
        for line in read_lines(stream):
            place = f"{shown(path)}:{line.number}"
            if line.fault:
                raise BadInput(f"{place}: {line.fault}")
            if not (parts := line.text.split()):
                continue
            if len(parts) != 4:
                problem = (
                    "应为四列：查询 0 文章 等级",
                    "must have four columns: query 0 document grade",
                )
                _refuse(place, *problem, line.text[:80])
            yield place, parts[0], parts[2], parts[3]


def _text(raw: RawRecord, field: str) -> str:
    """A required value of a record, as text; numbers are accepted."""
    value = raw.values.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        _refuse(raw.place, f"{field} 缺少或不是文字", f"{field} is missing or not text", value)
    return str(value).strip()


def _refuse(place: str, zh: str, en: str, value: object) -> NoReturn:
    raise BadInput(say(f"{place}: {zh}：{value!r}", f"{place}: {en}: {value!r}"))
