"""The judged drafting tasks of ``tests/quality/drafting``: the questions, and the answers of several systems.

``FRESH``: tasks that were written by somebody else when the ranking was changed, and judged once.

A question is a topic or one section of a draft; an answer is a list of hits ``ARTICLE:PASSAGE``, best first.
The value of a draft is the mean of its sections.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from statistics import fmean
from typing import Final

from analyzers.normalize import normalize
from indexer.evaluation.measures import Scores, measure
from search_service.answers import drafts
from search_service.answers import precedents as topics
from search_service.answers.search import search
from search_service.engines.reads import BestPassages, Nearest
from search_service.model import Audience, PassageHit
from search_service.query.request import SearchRequest
from search_service.relevance import MAX_QUERY
from search_service.service import SearchService

DEPTH: Final = 10
FOLDER: Final = Path(__file__).parents[1] / "quality" / "drafting"
FRESH: Final = FOLDER / "fresh"
# Signs that would be operators in a query.
_PLAIN: Final = str.maketrans(dict.fromkeys('“”"《》（）()-:：\n', " "))

MEASURE: Final = f"nDCG@{DEPTH}"

Answers = dict[str, list[str]]


@dataclass(frozen=True)
class Task:
    """A topic, or the sections of a draft; ``wants``: the material looked for, of each."""

    id: str
    topic: str
    sections: tuple[str, ...]
    wants: tuple[str, ...]

    @property
    def questions(self) -> Mapping[str, str]:
        """The id and the text of what is judged: of the topic, or of each section."""
        if self.topic:
            return {self.id: self.topic}
        return {f"{self.id}.{number}": one for number, one in enumerate(self.sections, start=1)}


def read_tasks(corpus: str, folder: Path = FOLDER) -> list[Task]:
    """The tasks over one corpus, ``official`` or ``sample``."""
    lines = (folder / "tasks.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Task(one["id"], one.get("topic", ""), tuple(one.get("sections", ())), tuple(one["wants"]))
        for one in map(json.loads, lines)
        if one["corpus"] == corpus
    ]


@dataclass(frozen=True)
class Judgements:
    """The judged passages.

    ``texts``: for each hit of a question the first hit of the same text, which alone is in ``grades``.
    """

    texts: Mapping[tuple[str, str], str]
    grades: Mapping[str, Mapping[str, int]]

    def score(self, answers: Answers, tasks: Sequence[Task], *, articles: bool = False) -> Scores:
        """nDCG@10 of each task. A text that is repeated keeps its place and counts 0.

        ``articles``: instead, an article has the grade of its best passage and the place of its first
        one.
        """
        run, grades = self._of_articles(answers) if articles else self._of_passages(answers)
        values = measure(run, grades, (MEASURE,)).values[MEASURE]
        of_tasks = {task.id: fmean(values[key] for key in task.questions) for task in tasks}
        return Scores({MEASURE: fmean(of_tasks.values())}, {MEASURE: of_tasks})

    def _of_passages(self, answers: Answers) -> tuple[Answers, Mapping[str, Mapping[str, int]]]:
        run: Answers = {}
        for key, hits in answers.items():
            texts = [self.texts.get((key, hit), hit) for hit in hits]
            run[key] = [
                one if one not in texts[:place] else f"repeated:{place}"
                for place, one in enumerate(texts)
            ]
        return run, self.grades

    def _of_articles(self, answers: Answers) -> tuple[Answers, Mapping[str, Mapping[str, int]]]:
        grades: dict[str, dict[str, int]] = {}
        for (key, hit), text in self.texts.items():
            best, article = grades.setdefault(key, {}), article_of(hit)
            best[article] = max(best.get(article, 0), self.grades[key][text])
        run = {key: list(dict.fromkeys(map(article_of, hits))) for key, hits in answers.items()}
        return run, grades


def article_of(hit: str) -> str:
    """The id of the article of a hit."""
    return hit.rpartition(":")[0]


def read_judgements(folder: Path = FOLDER) -> Judgements:
    """The judgements: lines of question, number of the text, hit and grade."""
    texts: dict[tuple[str, str], str] = {}
    first: dict[tuple[str, str], str] = {}
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.txt").read_text(encoding="utf-8").splitlines():
        key, text, hit, grade = line.split()
        texts[key, hit] = first.setdefault((key, text), hit)
        grades.setdefault(key, {})[first[key, text]] = int(grade)
    return Judgements(texts, grades)


def read_run(name: str) -> Answers:
    """The answers in a TREC run: question, Q0, hit, place, score and name, in order of places."""
    answers: Answers = {}
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        key, _, hit, *_ = line.split()
        answers.setdefault(key, []).append(hit)
    return answers


def precedents(service: SearchService, task: Task, audience: Audience) -> Answers:
    """What the service offers: for a topic, or for each section of the whole draft."""
    if task.topic:
        page = topics.precedents(service, task.topic, audience, limit=DEPTH)
        return {task.id: [_hit(one) for one in page.results]}
    answers: Answers = {}
    found = drafts.for_draft(service, "\n".join(task.sections), audience, limit=DEPTH)
    start = 0
    for key, text in task.questions.items():
        end = start + len(text)
        # The service may divide a section, or put short ones together.
        lists = [one.results for one in found.sections if one.start < end and one.end > start]
        hits = [_hit(one) for one in chain.from_iterable(zip_longest(*lists)) if one]
        answers[key] = list(dict.fromkeys(hits))[:DEPTH]
        start = end + 1
    return answers


def articles(service: SearchService, task: Task, audience: Audience) -> Answers:
    """Plain hybrid search for articles, each with the passage that is shown first under it."""
    answers: Answers = {}
    for key, text in task.questions.items():
        plain = text if task.topic else text.translate(_PLAIN)[:MAX_QUERY]
        page = search(service, SearchRequest(text=plain, size=DEPTH), audience)
        answers[key] = [
            f"{one.stored.view.id}:{one.passages[0].id}" for one in page.results if one.passages
        ]
    return answers


def by_words(service: SearchService, task: Task, audience: Audience) -> Answers:
    """All passages by BM25."""
    reader = service.reader(audience)
    answers: Answers = {}
    for key, text in task.questions.items():
        terms = [(word, 1.0) for word in topics.words_of(service, normalize(text))]
        request = BestPassages(terms, articles=DEPTH, per_article=3)
        answers[key] = _first(reader.read(request)[request])
    return answers


def by_meaning(service: SearchService, task: Task, audience: Audience) -> Answers:
    """All passages by cosine."""
    reader = service.reader(audience)
    answers: Answers = {}
    for key, text in task.questions.items():
        (vector,), _ = topics.embedded(service, reader, [normalize(text)])
        assert vector is not None
        request = Nearest(vector, articles=DEPTH, per_article=3)
        answers[key] = _first(reader.read(request)[request])
    return answers


SYSTEMS: Final[Mapping[str, Callable[[SearchService, Task, Audience], Answers]]] = {
    "precedents": precedents,
    "articles": articles,
    "words": by_words,
    "meaning": by_meaning,
}


def run(service: SearchService, system: str, tasks: Sequence[Task], audience: Audience) -> Answers:
    """The answers of a system to all questions of the tasks."""
    answers: Answers = {}
    for task in tasks:
        answers |= SYSTEMS[system](service, task, audience)
    return answers


def _hit(one: topics.Precedent) -> str:
    return f"{one.stored.view.id}:{one.passage.id}"


def _first(hits: Sequence[PassageHit]) -> list[str]:
    best = sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))
    return [f"{hit.article_id}:{hit.passage_id}" for hit in best[:DEPTH]]
