"""Report on finding 文号 and coined terms: `python -m tools.retrieval_report articles.jsonl.gz`.

Indexes the corpus with the embedded engine and the settings (GONGWEN_MODEL and so on), then prints two
Markdown tables. 文号: every document with a number, searched by it in six styles of brackets and widths.
Coined terms, from the corpus (:func:`coined`): documents that contain one literally must rank above those
with only its parts; searched by itself, and inside a longer question before and after it is accepted.
"""

import argparse
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from analyzers.normalize import normalize
from analyzers.terms import Analyzer, exact_key
from indexer.build import generations
from indexer.propose_terms import propose
from search_service import relevance
from search_service.answers.search import search
from search_service.errors import NoIndex
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience, View
from search_service.query import matching, scoring
from search_service.query import parsing as queries
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings

# A 文号 as sources write it: the part before the brackets, the year, the number.
_NUMBER = re.compile(r"(.*?)[\[(](\d{4})[\])]\s*第?\s*(\d+)\s*号")
_WIDE = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")
_STYLES: Mapping[str, Callable[[str, str, str], str]] = {
    "〔2024〕5号": lambda organ, year, number: f"{organ}〔{year}〕{number}号",
    "[2024]5号": lambda organ, year, number: f"{organ}[{year}]{number}号",
    "(2024)5号": lambda organ, year, number: f"{organ}({year.translate(_WIDE)}){number}号",
    "（2024）5号": lambda organ, year, number: f"{organ}（{year}）{number}号",
    "【2024】5号": lambda organ, year, number: f"{organ}【{year}】{number.translate(_WIDE)}号",
    "2024年5号": lambda organ, year, number: f"{organ}{year}年{number}号",
}
# Coined terms chosen by hand, in addition to those proposed.
NAMED = (
    "三无小区", "最多跑一次", "接诉即办", "新质生产力", "五社联动", "放管服", "一网通办", "跨省通办",
    "河长制", "枫桥经验", "四不两直", "一件事一次办", "双随机一公开", "互联网+政务服务",
)  # fmt: skip
_TERMS = 100
_FIRST = 20
_WINDOW = relevance.WINDOW
_QUESTIONS = ("{}的主要做法", "如何推进{}工作")
# Values of LITERAL to compare with the one in use.
_BOOSTS = (0.0, 3.0, 20.0, 40.0)


def main() -> int:
    """Index, search, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="+", help="what `gongwen index` takes")
    parser.add_argument("--data", type=Path, help="where to keep the index (default: nowhere)")
    parser.add_argument("--list", action="store_true", help="print each coined term with its ranks")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        service = open_service(read_settings(engine=f"embedded:{arguments.data or temporary}"))
        try:
            try:
                reader = service.reader(Audience.PUBLIC)
            except NoIndex:
                generations.rebuild(service, arguments.corpus, cleaning=Cleaning.parse("all"))
                reader = service.reader(Audience.PUBLIC)
            views = [stored.view for stored in reader.scan()]
            print_numbers(service, views)
            print_coined(service, views, listed=arguments.list)
        finally:
            service.close()
    return 0


# --- 文号 ----------------------------------------------------------------------------------------


def print_numbers(service: SearchService, views: Sequence[View]) -> None:
    """Search every document by its number in every style; print the table, and the failures."""
    by_number: dict[str, set[str]] = defaultdict(set)
    for view in views:
        if view.document_number:
            by_number[exact_key(view.document_number)].add(view.id)
    with_number = [view for view in views if view.document_number]
    shared = sum(len(ids) for ids in by_number.values() if len(ids) > 1)
    print(f"{len(with_number)} documents with a number, {shared} of which share their number\n")
    print("| 文号 | first | share |\n| --- | --- | --- |")
    failures = []
    for style, write in _STYLES.items():
        first = 0
        for view in with_number:
            question = written(view.document_number or "", write)
            page = search(service, SearchRequest(text=question, size=10), Audience.PUBLIC)
            ids = [result.stored.view.id for result in page.results]
            if ids and ids[0] in by_number[exact_key(view.document_number or "")]:
                first += 1
            else:
                place = ids.index(view.id) + 1 if view.id in ids else 0
                failures.append(f"{view.id} {question}: {place or 'not in the first ten'}")
        print(f"| {style} | {first} | {first / max(1, len(with_number)):.1%} |")
    print("\n" + "\n".join(failures or ["none failed"]) + "\n")


def written(number: str, write: Callable[[str, str, str], str]) -> str:
    """The number in a style; unchanged if it has no year in brackets."""
    match = _NUMBER.fullmatch(normalize(number))
    return write(*match.groups()) if match else number


# --- coined terms --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Coined:
    """A term, the documents that contain it literally, and those that contain only its parts."""

    term: str
    literal: frozenset[str]
    parts: frozenset[str]


@dataclass(frozen=True)
class Order:
    """The order of the hits of a term.

    ``pairs``: inverted pairs; ``first``, ``whole``: whether the first 20, or all, have none; ``semantic``:
    other hits above a literal one.
    """

    pairs: int
    first: bool
    whole: bool
    semantic: int


def coined(service: SearchService, views: Sequence[View]) -> list[Coined]:
    """``NAMED`` terms, then the first that `gongwen terms learn` proposes, up to a hundred.

    Only terms for which some document contains all the words but not the term: otherwise there is nothing to
    order.
    """
    texts = {view.id: normalize(f"{view.title}\n{view.text}") for view in views}
    reader = service.reader(Audience.PUBLIC)
    proposed = [one.term for one in propose(reader, service.analyzer)]
    terms: list[Coined] = []
    for term in dict.fromkeys((*map(normalize, NAMED), *proposed)):
        if len(terms) == _TERMS:
            break
        if is_one_word(term, service.analyzer):
            continue
        literal = frozenset(key for key, text in texts.items() if term in text)
        query = queries.parse(term, service.analyzer)
        matches = {hit.id for hit in reader.keyword(matching.strict(query), limit=len(views))}
        if literal and matches - literal:
            terms.append(Coined(term, literal, frozenset(matches - literal)))
    return terms


def is_one_word(term: str, analyzer: Analyzer) -> bool:
    """Whether the segmenter keeps the term in one piece."""
    return [token.term for token in analyzer.query_words(term)] == [term]


def print_coined(service: SearchService, views: Sequence[View], *, listed: bool) -> None:
    """Print for each boost and mode the share of terms without an inverted pair."""
    terms = coined(service, views)
    print(f"{len(terms)} coined terms, literal in {_middle(len(t.literal) for t in terms)} documents, "
          f"in parts in {_middle(len(t.parts) for t in terms)} more (median)\n")  # fmt: skip
    print("、".join(term.term for term in terms) + "\n")
    print("| literal boost | mode | first 20 right | all right | inverted pairs, mean (share) "
          "| semantic above, mean |\n| --- | --- | --- | --- | --- | --- |")  # fmt: skip
    for boost in (relevance.LITERAL, *_BOOSTS):
        with patch.object(relevance, "LITERAL", boost):
            for mode in (Mode.KEYWORD, Mode.HYBRID):
                orders = {term: order(service, term, mode) for term in terms}
                print_row(boost, mode, orders)
                if listed:
                    for term, one in orders.items():
                        if one.pairs or one.semantic:
                            print(f"    {term.term} {len(term.literal)} {len(term.parts)} {one}")
    print_questions(service, terms, len(views))


def print_row(boost: float, mode: Mode, orders: Mapping[Coined, Order]) -> None:
    """Print one row of the table."""
    count = max(1, len(orders))
    pairs = sum(one.pairs for one in orders.values())
    possible = sum(len(term.literal) * len(term.parts) for term in orders)
    first = sum(one.first for one in orders.values())
    whole = sum(one.whole for one in orders.values())
    semantic = sum(one.semantic for one in orders.values())
    print(f"| {boost:g} | {mode.value} | {first / count:.0%} | {whole / count:.0%} "
          f"| {pairs / count:.1f} ({pairs / max(1, possible):.2%}) | {semantic / count:.1f} |")  # fmt: skip


def print_questions(service: SearchService, terms: Sequence[Coined], articles: int) -> None:
    """Print the table of terms inside longer questions, before and after they are accepted."""
    reader = service.reader(Audience.PUBLIC)
    print("\n| question, by keyword | accepted | terms | first 20 right | all right "
          "| inverted pairs, mean |\n| --- | --- | --- | --- | --- | --- |")  # fmt: skip
    for question in _QUESTIONS:
        for accepted in (frozenset[str](), frozenset(term.term for term in terms)):
            orders = []
            for term in terms:
                query = queries.parse(question.format(term.term), service.analyzer)
                query = queries.with_coined_terms(query, accepted)
                hits = reader.keyword(matching.strict(query), scoring.rank(query), limit=articles)
                ids = [hit.id for hit in hits]
                literal = term.literal.intersection(ids)
                parts = frozenset(ids) - literal
                if literal and parts:
                    orders.append(judged(ids, Coined(term.term, literal, parts)))
            count = max(1, len(orders))
            print(f"| {question.format('…')} | {'yes' if accepted else 'no'} | {len(orders)} "
                  f"| {sum(one.first for one in orders) / count:.0%} "
                  f"| {sum(one.whole for one in orders) / count:.0%} "
                  f"| {sum(one.pairs for one in orders) / count:.1f} |")  # fmt: skip


def order(service: SearchService, term: Coined, mode: Mode) -> Order:
    """The order of the hits of a term: all matches by keyword, otherwise the fused window."""
    if mode is Mode.KEYWORD:
        reader = service.reader(Audience.PUBLIC)
        query = queries.parse(term.term, service.analyzer)
        size = len(term.literal) + len(term.parts)
        hits = reader.keyword(matching.strict(query), scoring.rank(query), limit=size)
        ids = [hit.id for hit in hits]
    else:
        ids = []
        for page in range(1, _WINDOW // relevance.MAX_SIZE + 1):
            request = SearchRequest(text=term.term, mode=mode, page=page, size=relevance.MAX_SIZE)
            answer = search(service, request, Audience.PUBLIC)
            ids += [result.stored.view.id for result in answer.results]
    return judged(ids, term)


def judged(ids: Sequence[str], term: Coined) -> Order:
    """Count the documents without the term that rank above a document with it."""
    pairs = above = semantic = 0
    last = max((place for place, key in enumerate(ids) if key in term.literal), default=-1)
    for key in ids[: last + 1]:
        if key in term.literal:
            pairs += above
        elif key in term.parts:
            above += 1
        else:
            semantic += 1
    # Literal documents that are not in the list rank below all of it.
    missing = len(term.literal - set(ids))
    pairs += missing * sum(key in term.parts for key in ids)
    wrong = [place for place, key in enumerate(ids) if key in term.parts]
    first_wrong = wrong[0] if wrong else len(ids)
    literal_above = sum(key in term.literal for key in ids[:first_wrong])
    whole = pairs == 0
    return Order(pairs, whole or literal_above >= min(_FIRST, len(term.literal)), whole, semantic)


def _middle(values: Iterator[int]) -> int:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0


if __name__ == "__main__":
    sys.exit(main())
