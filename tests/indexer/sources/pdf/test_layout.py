"""Letters anywhere on pages: none is lost, none is said twice, but heads, feet and numbers of pages."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from indexer.sources.pdf.arrangement import Page, Rule, Run, arranged
from indexer.sources.pdf.layout import Item, Line, Row, paragraphs, without_furniture
from search_service.intake.table_text import Cell, table_lines

_NUMBERS = st.integers(0, 60).map(lambda number: number * 10.0)
_TEXTS = st.text(st.sampled_from("各村落实一二、（）。a1 "), min_size=1, max_size=30).filter(
    str.strip
)


@st.composite
def _runs(draw: st.DrawFn) -> Run:
    x, size = draw(_NUMBERS), draw(st.sampled_from([10.0, 16.0, 22.0]))
    text = draw(_TEXTS)
    return Run(text, x, x + size * len(text), draw(_NUMBERS), size)


@st.composite
def _rules(draw: st.DrawFn) -> Rule:
    low, high = sorted((draw(_NUMBERS), draw(_NUMBERS)))
    return Rule(draw(_NUMBERS), low, high)


def _letters(texts: list[str]) -> Counter[str]:
    return Counter("".join("".join(texts).split()))


@given(
    st.lists(_runs(), max_size=12),
    st.lists(_rules(), max_size=6),
    st.lists(_rules(), max_size=6),
)
def test_no_letter_of_a_page_is_lost(runs: list[Run], across: list[Rule], down: list[Rule]) -> None:
    """Whatever lines are drawn on it; what is drawn over itself counts once."""
    page = Page(runs, across, sorted(down, key=lambda rule: rule.at))
    once = {(run.text, run.x0, run.y): run for run in reversed(runs)}

    items: list[Item] = []
    for item in arranged(page):
        if "rows" in item:
            rows = [[Cell(**cell) for cell in row] for row in item["rows"]]  # type: ignore[attr-defined]
            items += [Row(0, line) for line in table_lines(rows)]
        else:
            items.append(Line(0, **item))  # type: ignore[arg-type]

    assert _letters([one.text for one in paragraphs(items)]) == _letters(
        [run.text for run in once.values()]
    )


@given(st.lists(st.lists(_runs(), max_size=6), max_size=4))
def test_what_is_no_text_is_given_back(pages: list[list[Run]]) -> None:
    """Lines are kept, or are among those of heads and feet."""
    items: list[Item] = [
        Line(number, run.text, run.x0, run.x1, run.y, run.size)
        for number, runs in enumerate(pages)
        for run in runs
    ]

    kept, furniture = without_furniture(items, len(pages))

    assert {one.text for one in items} == {one.text for one in kept} | set(furniture)
