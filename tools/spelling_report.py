"""Measure corrections of misspelled queries: `python -m tools.spelling_report articles.jsonl.gz`.

Takes phrases from the titles of a corpus, misspells each in one of four ways, and counts how often the phrase
is among the first suggestions. The seed is fixed, so that two runs use the same queries. A misspelling that
occurs in some text, or of whose words some article contains all, is not used, because it could not be
recognised as one (武汉城镇职工 for 武汉市城镇职工).
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

from analyzers.folding import HAN
from analyzers.lexicon import look_alikes
from analyzers.normalize import normalize
from analyzers.pinyin import readings, syllables
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
    """A phrase, the kind of misspelling, and the misspelled phrase."""

    kind: str
    phrase: str
    misspelled: str


def phrases(service: SearchService, reader: Reader, chance: random.Random) -> list[str]:
    """Sequences of whole words in titles, each once, in random order."""
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


def misspellers(characters: Sequence[str]) -> dict[str, Callable[[str, random.Random], str]]:
    """The kinds of misspelling; ``characters``: those that an input method might offer instead."""
    by_sound: dict[str, list[str]] = {}
    for character in characters:
        for sound in readings(character):
            by_sound.setdefault(sound, []).append(character)

    def other(options: Callable[[str], Sequence[str]]) -> Callable[[str, random.Random], str]:
        def misspell(phrase: str, chance: random.Random) -> str:
            place = chance.randrange(len(phrase))
            others = [one for one in options(phrase[place]) if one != phrase[place]]
            new = chance.choice(others) if others else phrase[place]
            return phrase[:place] + new + phrase[place + 1 :]

        return misspell

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
    """``each`` misspelled phrases of every kind; fewer if the corpus has too few titles."""
    chance = random.Random(SEED)  # noqa: S311  (a fixed seed, no secret)
    reader = service.reader(Audience.PUBLIC)
    pool = phrases(service, reader, chance)
    characters = sorted(set("".join(pool)))
    made: list[Case] = []
    for kind, misspell in misspellers(characters).items():
        count = 0
        while count < each and pool:
            phrase = pool.pop()
            misspelled = misspell(phrase, chance)
            if misspelled != phrase and not _is_correct(service, reader, misspelled):
                made.append(Case(kind, phrase, misspelled))
                count += 1
    return made


def _is_correct(service: SearchService, reader: Reader, text: str) -> bool:
    """Whether some article contains the text, or all its words, each of two characters or more."""
    words = [len(token.term) for token in service.analyzer.query_words(text)]
    typed = text if min(words, default=0) > 1 else f'"{text}"'
    return bool(reader.totals(strict(parse(typed, service.analyzer))).total)


def right(service: SearchService, case: Case) -> bool:
    """Whether the phrase is among the suggestions for its misspelling."""
    return case.phrase in suggested(service, case.misspelled)


def suggested(service: SearchService, text: str) -> tuple[str, ...]:
    """The suggestions of a search for the text."""
    return search(service, SearchRequest(text=text), Audience.PUBLIC).suggestions


def main() -> int:
    """Index, search, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="+", help="what `gongwen index` takes")
    parser.add_argument("--each", type=int, default=50, help="queries of each kind (50)")
    parser.add_argument("--data", type=Path, help="an index to use or to keep (default: nowhere)")
    parser.add_argument("--misses", action="store_true", help="print what was not suggested")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data or Path(temporary)
        # Only keyword search: suggestions do not depend on vectors.
        service = open_service(read_settings(engine=f"embedded:{folder}", model="none"))
        try:
            if not any(one.serves for one in service.engine.generations()):
                generations.rebuild(service, arguments.corpus, cleaning=Cleaning.parse("all"))
            report(service, arguments.each, misses=arguments.misses)
        finally:
            service.close()
    return 0


def report(service: SearchService, each: int, *, misses: bool) -> None:
    """Search and print."""
    all_cases = cases(service, each)
    seconds: list[float] = []
    rows: dict[str, list[int]] = {}
    for case in all_cases:
        started = time.perf_counter()
        found = suggested(service, case.misspelled)
        seconds.append(time.perf_counter() - started)
        place = found.index(case.phrase) + 1 if case.phrase in found else 0
        rows.setdefault(case.kind, []).append(place)
        if misses and not place:
            print(case.kind, case.phrase, case.misspelled, found, file=sys.stderr)
    rows["全部 all"] = [place for places in rows.values() for place in places]
    print(f"| 错法 / how | queries | first | first {CORRECTIONS} |\n| --- | ---: | ---: | ---: |")
    for kind, places in rows.items():
        first, any_place = places.count(1), len(places) - places.count(0)
        share = 100 * any_place / len(places)
        print(f"| {kind} | {len(places)} | {first} | {any_place} ({share:.0f} %) |")
    wrongly_corrected = sum(bool(suggested(service, case.phrase)) for case in all_cases)
    print(f"\ncorrect phrases with a suggestion: {wrongly_corrected} of {len(all_cases)}")
    print(f"a search with suggestions: {times(seconds)}")
    typed = [case.phrase[:end] for case in all_cases for end in range(1, len(case.phrase) + 1)]
    typed += ["".join(syllables(case.phrase))[:end] for case in all_cases for end in (2, 4, 6)]
    seconds = []
    for text in typed:
        started = time.perf_counter()
        complete(service, text, Audience.PUBLIC)
        seconds.append(time.perf_counter() - started)
    print(f"a completion ({len(typed)} in all): {times(seconds)}")


def times(seconds: Sequence[float]) -> str:
    """Median and 95th percentile."""
    cuts = statistics.quantiles(seconds, n=20)
    return f"median {1000 * cuts[9]:.0f} ms, 95 % under {1000 * cuts[18]:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
