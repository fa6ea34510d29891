"""Suggestions for misspelled queries, on a corpus: `python -m tools.spelling_report articles.jsonl.gz`.

Takes phrases out of the titles of a corpus, spoils each in one of four ways, and counts how often the
phrase stands among the first suggestions. The draw has a fixed seed, so that two runs ask the same.
A spoiled phrase that stands in some text is not asked: nobody could tell that it is one.
"""

import argparse
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzers.lexicon import look_alikes
from analyzers.normalize import normalize
from analyzers.pinyin import readings, syllables
from analyzers.terms import HAN
from indexer.build import generations
from search_service.answers.complete import complete
from search_service.answers.search import search
from search_service.engines import Reader
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.query.matching import strict
from search_service.query.parsing import parse
from search_service.query.request import SearchRequest
from search_service.relevance import CORRECTIONS
from search_service.service import SearchService, open_service
from search_service.settings import read_settings

SEED = 20240305
_LENGTHS = range(4, 11)  # characters of a phrase: what people type
_ALL_HAN = re.compile(f"[{HAN}]+")


@dataclass(frozen=True)
class Case:
    """A phrase, how it was spoiled, and what came of it."""

    kind: str
    phrase: str
    spoiled: str


def phrases(service: SearchService, reader: Reader, chance: random.Random) -> list[str]:
    """Runs of whole words out of the titles, each once, in random order."""
    found: dict[str, None] = {}
    for stored in reader.scan():
        title = normalize(stored.view.title)
        tokens = service.analyzer.query_words(title)
        for first, start in enumerate(tokens):
            for end in tokens[first + 1 : first + 5]:
                piece = title[start.start : end.end]
                if len(piece) in _LENGTHS and _ALL_HAN.fullmatch(piece):
                    found[piece] = None
    return chance.sample(list(found), len(found))


def spoilers(characters: Sequence[str]) -> dict[str, Callable[[str, random.Random], str]]:
    """The ways to spoil a phrase; ``characters``: what an input method might offer instead."""
    by_sound: dict[str, list[str]] = {}
    for character in characters:
        for sound in readings(character):
            by_sound.setdefault(sound, []).append(character)

    def other(options: Callable[[str], Sequence[str]]) -> Callable[[str, random.Random], str]:
        def spoil(phrase: str, chance: random.Random) -> str:
            place = chance.randrange(len(phrase))
            others = [one for one in options(phrase[place]) if one != phrase[place]]
            new = chance.choice(others) if others else phrase[place]
            return phrase[:place] + new + phrase[place + 1 :]

        return spoil

    def missing(phrase: str, chance: random.Random) -> str:
        place = chance.randrange(1, len(phrase) - 1)
        return phrase[:place] + phrase[place + 1 :]

    def swapped(phrase: str, chance: random.Random) -> str:
        place = chance.randrange(len(phrase) - 1)
        return phrase[:place] + phrase[place + 1] + phrase[place] + phrase[place + 2 :]

    return {
        "同音 homophone": other(
            lambda one: sorted({x for sound in readings(one) for x in by_sound.get(sound, [])})
        ),
        "形近 look-alike": other(lambda one: look_alikes().get(one, "")),
        "漏字 missing": missing,
        "颠倒 swapped": swapped,
    }


def cases(service: SearchService, each: int) -> list[Case]:
    """``each`` spoiled phrases of every kind; fewer where the corpus has too few titles."""
    chance = random.Random(SEED)  # noqa: S311  (a draw that anybody can repeat)
    reader = service.reader(Audience.PUBLIC)
    pool = phrases(service, reader, chance)
    characters = sorted(set("".join(pool)))
    made: list[Case] = []
    for kind, spoil in spoilers(characters).items():
        count = 0
        while count < each and pool:
            phrase = pool.pop()
            spoiled = spoil(phrase, chance)
            literal = strict(parse(f'"{spoiled}"', service.analyzer))
            if spoiled != phrase and not reader.totals(literal).total:
                made.append(Case(kind, phrase, spoiled))
                count += 1
    return made


def right(service: SearchService, case: Case) -> bool:
    """Whether the phrase is among the suggestions for its spoiled form."""
    return case.phrase in suggested(service, case.spoiled)


def suggested(service: SearchService, text: str) -> tuple[str, ...]:
    """What a search for the text suggests."""
    return search(service, SearchRequest(text=text), Audience.PUBLIC).suggestions


def main() -> int:
    """Index, ask, print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="+", help="what `gongwen index` takes")
    parser.add_argument("--each", type=int, default=50, help="queries of each kind (50)")
    parser.add_argument("--data", type=Path, help="an index to use or to keep (default: nowhere)")
    parser.add_argument("--misses", action="store_true", help="print what was not suggested")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data or Path(temporary)
        # Keywords alone: suggestions do not depend on meaning.
        service = open_service(read_settings(engine=f"embedded:{folder}", model="none"))
        try:
            if not any(one.serves for one in service.engine.generations()):
                generations.rebuild(service, arguments.corpus, cleaning=Cleaning.parse("all"))
            report(service, arguments.each, misses=arguments.misses)
        finally:
            service.close()
    return 0


def report(service: SearchService, each: int, *, misses: bool) -> None:
    """Ask and print."""
    asked = cases(service, each)
    seconds: list[float] = []
    rows: dict[str, list[int]] = {}
    for case in asked:
        started = time.perf_counter()
        found = suggested(service, case.spoiled)
        seconds.append(time.perf_counter() - started)
        place = found.index(case.phrase) + 1 if case.phrase in found else 0
        rows.setdefault(case.kind, []).append(place)
        if misses and not place:
            print(case.kind, case.phrase, case.spoiled, found, file=sys.stderr)
    rows["全部 all"] = [place for places in rows.values() for place in places]
    print(f"| 错法 / how | queries | first | first {CORRECTIONS} |\n| --- | ---: | ---: | ---: |")
    for kind, places in rows.items():
        first, any_place = places.count(1), len(places) - places.count(0)
        share = 100 * any_place / len(places)
        print(f"| {kind} | {len(places)} | {first} | {any_place} ({share:.0f} %) |")
    disturbed = sum(bool(suggested(service, case.phrase)) for case in asked)
    print(f"\nunspoiled phrases with a suggestion: {disturbed} of {len(asked)}")
    print(f"a search with suggestions: {times(seconds)}")
    typed = [case.phrase[:end] for case in asked for end in range(1, len(case.phrase) + 1)]
    typed += ["".join(syllables(case.phrase))[:end] for case in asked for end in (2, 4, 6)]
    seconds = []
    for text in typed:
        started = time.perf_counter()
        complete(service, text, Audience.PUBLIC)
        seconds.append(time.perf_counter() - started)
    print(f"a completion ({len(typed)} asked): {times(seconds)}")


def times(seconds: Sequence[float]) -> str:
    """Median and 95th percentile."""
    cuts = statistics.quantiles(seconds, n=20)
    return f"median {1000 * cuts[9]:.0f} ms, 95 % under {1000 * cuts[18]:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
