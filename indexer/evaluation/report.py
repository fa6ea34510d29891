"""The results of an evaluation as Markdown, plot or plain values. Entry point: :class:`Evaluation`.

Every form names the corpus; nothing is averaged over the tasks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzers.messages import say
from indexer.evaluation.answers import DEPTH
from indexer.evaluation.judgements import Judgements, Method
from indexer.evaluation.measures import (
    CONFIDENCE,
    MEASURES,
    RESAMPLES,
    Difference,
    Estimate,
    Run,
    Scores,
    compare,
    estimate,
)
from indexer.plotting import svg
from search_service.engines import Reader
from search_service.relevance import MAX_QUERY

WORST = MEASURES[0]
# The head of a report, in Chinese and English.
ABOUT = {
    "corpus": ("语料", "corpus"),
    "documents": ("文章", "documents"),
    "queries": ("有判定的查询", "judged queries"),
    "unjudged": ("没有相关文章、未计入的查询", "queries without a relevant document, left out"),
    "lacking": (
        "索引中没有、按未找到计的判定文章",
        "judged documents missing from the index",
    ),
    "engine": ("引擎", "engine"),
    "models": ("模型", "models"),
}
_HITS = 3  # hits shown of a query with bad results
_MIN_P = 0.001  # smaller p-values are printed as "p < 0.001"


@dataclass(frozen=True)
class System:
    """A method with one model, its run and scores. ``model`` is the value of the setting."""

    model: str
    method: Method
    run: Run
    measured: Scores

    @property
    def name(self) -> str:
        """The name of this system in rows and bars."""
        return f"{self.model} {self.method}"


@dataclass(frozen=True)
class Row:
    """The figures of a system."""

    model: str
    way: str
    queries: int
    measures: Mapping[str, Estimate]


@dataclass(frozen=True)
class Comparison:
    """Two systems over the same queries: for each measure the difference, first minus second."""

    system: str
    other: str
    measures: Mapping[str, Difference]


@dataclass(frozen=True)
class Document:
    """A document that was found or judged. ``rank`` is None beyond rank 100."""

    rank: int | None
    grade: int | None
    id: str
    title: str


@dataclass(frozen=True)
class WorstQuery:
    """A query with bad results: its first hits and all relevant documents, by rank.

    ``query`` is its text, for ``related`` the title of its article.
    """

    system: str
    id: str
    query: str
    value: float
    documents: Sequence[Document]


@dataclass(frozen=True)
class Evaluation:
    """The systems measured by one set of judgements, over one index or one index per model.

    ``about``: corpus, index and what was left out, with the keys of ``ABOUT``. The names of all fields are
    those of the JSON output.
    """

    about: Mapping[str, str | int]
    systems: Sequence[Row]
    compared: Sequence[Comparison]
    worst: Sequence[WorstQuery]

    def markdown(self) -> str:
        """The report as Markdown: what was measured, the figures, the differences, the worst queries."""
        systems = [
            [one.model, one.way, str(one.queries)]
            + [f"{e.mean:.3f} [{e.low:.3f}, {e.high:.3f}]" for e in one.measures.values()]
            for one in self.systems
        ]
        compared = [
            [f"{one.system} − {one.other}"]
            + [f"{d.difference:+.3f} ({_p(d.p)})" for d in one.measures.values()]
            for one in self.compared
        ]
        lines = [
            f"- {say(*names)}{say('：', ': ')}{self.about[key]}" for key, names in ABOUT.items()
        ]
        lines += [
            "",
            *_table([say("模型", "model"), say("方式", "method"), say("查询", "queries")], systems),
        ]
        if compared:
            lines += ["", *_table([say("对比", "compared")], compared)]
        share = f"{CONFIDENCE:.0%}"
        lines += [
            "",
            say(
                f"方括号：{share} 置信区间（bootstrap，{RESAMPLES} 次）；"
                "p：同一批查询上的配对置换检验，双侧，未作多重比较校正",
                f"In brackets: {share} confidence intervals (bootstrap, {RESAMPLES} resamples); p: paired"
                " permutation test, two-sided, not corrected for multiple comparisons",
            ),
        ]
        for system in dict.fromkeys(one.system for one in self.worst):
            lines += ["", *self._worst(system)]
        return "\n".join(lines)

    def _worst(self, system: str) -> Iterator[str]:
        queries = [one for one in self.worst if one.system == system]
        yield say(
            f"{system}：{WORST} 最低的 {len(queries)} 个查询（名次、等级、文章）",
            f"{system}: the {len(queries)} queries with the lowest {WORST} (rank, grade, document)",
        )
        for one in queries:
            yield f"\n{one.value:.3f}  [{one.id}] {' '.join(one.query.split())[:MAX_QUERY]}"
            for document in one.documents:
                rank = document.rank or f">{DEPTH}"
                grade = "-" if document.grade is None else document.grade
                yield f"{rank:>8}  {grade}  {document.title}  [{document.id}]"

    def plot(self) -> str:
        """A bar chart with intervals as SVG: a group per measure, a bar per system."""
        return svg(self._draw, legend_columns=3)

    def _draw(self, axes: Any) -> None:
        width = 0.8 / len(self.systems)
        for place, row in enumerate(self.systems):
            values = row.measures.values()
            below = [max(0.0, one.mean - one.low) for one in values]  # never -1e-17
            above = [max(0.0, one.high - one.mean) for one in values]
            axes.bar(
                [group + place * width for group in range(len(MEASURES))],
                [one.mean for one in values],
                width,
                yerr=[below, above],
                capsize=3,
                label=f"{row.model} {row.way}",
            )
        middle = width * (len(self.systems) - 1) / 2
        axes.set_xticks([group + middle for group in range(len(MEASURES))], MEASURES)
        axes.set_ylim(0, 1)
        axes.set_title(
            f"{self.about['corpus']}: {self.about['queries']} queries,"
            f" {self.about['documents']} documents, {CONFIDENCE:.0%} intervals"
        )


def row(system: System) -> Row:
    """The figures of one system."""
    values = system.measured.values
    measures = {name: estimate(system.measured, name) for name in MEASURES}
    return Row(system.model, system.method, len(values[WORST]), measures)


def comparisons(systems: Sequence[System]) -> Iterator[Comparison]:
    """Compare every mode with keyword, and every method of a later model with that of the first."""
    first: dict[Method, System] = {}
    for one in systems:
        others = [first[Method.KEYWORD]] if one.method in (Method.SEMANTIC, Method.HYBRID) else []
        if first.setdefault(one.method, one) is not one:
            others.append(first[one.method])
        for other in others:
            differences = {name: compare(one.measured, other.measured, name) for name in MEASURES}
            yield Comparison(one.name, other.name, differences)


def worst(
    reader: Reader, judgements: Judgements, system: System, *, limit: int
) -> Iterator[WorstQuery]:
    """The queries with the lowest nDCG@10 of a system, worst first."""
    values = system.measured.values[WORST]
    for question in sorted(judgements.of(system.method.task), key=lambda q: values[q.id])[:limit]:
        hits, grades = system.run[question.id], judgements.grades[question.id]
        ranks = {key: place for place, key in enumerate(hits, start=1)}
        best = sorted(grades, key=lambda key: -grades[key])
        keys = [*hits[:_HITS], *(key for key in best if grades[key] > 0)]
        shown = sorted(dict.fromkeys(keys), key=lambda key: ranks.get(key, DEPTH + 1))
        from_article = [question.text] if system.method is Method.RELATED else []
        stored = reader.fetch([*shown, *from_article])
        titles = {key: one.view.title for key, one in stored.items()}
        absent = say("（索引中没有）", "(not in the index)")
        documents = [
            Document(ranks.get(key), grades.get(key), key, titles.get(key, absent)) for key in shown
        ]
        text = titles[question.text] if from_article else question.text
        yield WorstQuery(system.name, question.id, text, values[question.id], documents)


def _p(value: float) -> str:
    return f"p < {_MIN_P}" if value < _MIN_P else f"p = {value:.3f}"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    heading = [*heading, *MEASURES]
    yield f"| {' | '.join(heading)} |"
    yield f"|{' --- |' * len(heading)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
