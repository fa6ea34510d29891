"""Copies planted into articles, and articles of one template, to measure the reuse map with.

Entry points: :func:`plant`, :func:`renamed`, :func:`measure`. Everything is drawn by a seed.
"""

import random
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final

from analyzers.copies import content_of
from analyzers.normalize import normalize
from analyzers.terms import Analyzer
from search_service.answers.reuse import Likeness, reuse
from search_service.model import Audience
from search_service.service import SearchService

Record = dict[str, Any]
# The share of the characters that is edited, by the name of the way.
WAYS: Final = {"exact": 0.0, "edited 10 %": 0.1, "edited 30 %": 0.3, "reordered": 0.0}
# Lengths of what is replaced, deleted or inserted: words.
_WORDS: Final = (1, 2, 2, 2, 3, 4)
_SHORTEST, _LONGEST = 25, 400  # characters of a line that is planted
_FEWEST = 8  # lines of an article that is taken from, or planted into
_MARKUP = re.compile("[<&]")
_LOOKED_AT = 10  # places of a text
_DIGITS = re.compile("[1-9][0-9]*")


@dataclass(frozen=True)
class Planted:
    """A line of an article as it is there, and as it was in the article that it is from."""

    way: str
    host: str
    source: str
    line: str
    original: str


@dataclass
class Figures:
    """What was found: planted lines by way, and pairs of a paragraph and an article that is said to have it.

    ``natural``: pairs that were not planted, but are so in the corpus; ``others``: those that are not.
    """

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    right: int = 0
    natural: int = 0
    others: list[tuple[str, str]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The share of the planted lines that were found with their source."""
        return self.found.total() / self.planted.total()

    @property
    def precision(self) -> float:
        """The share of the pairs that are confirmed: planted, or natural by :func:`is_natural`."""
        confirmed = self.right + self.natural
        return confirmed / (confirmed + len(self.others))


def lines_of(record: Record) -> list[str]:
    """The different lines of an article that say something of their own."""
    lines = dict.fromkeys(line.strip() for line in str(record["body"]).splitlines())
    plain = (line for line in lines if not _MARKUP.search(line))
    return [line for line in plain if _SHORTEST <= len(content_of(line)) <= _LONGEST]


def plant(
    records: Sequence[Record], *, of_each: int, lines: int = 5, seed: int = 1
) -> tuple[list[Record], list[Planted]]:
    """The records, some of which have lines of others now; of each way so many, with so many lines."""
    draw = random.Random(seed)
    suited = [number for number, one in enumerate(records) if len(lines_of(one)) >= _FEWEST]
    chosen = draw.sample(suited, 2 * of_each * len(WAYS))
    ways = [way for way in WAYS for _ in range(of_each)]
    changed, planted = list(records), []
    for way, host, source in zip(ways, chosen[::2], chosen[1::2], strict=True):
        taken = lines_of(records[source])
        places = sorted(draw.sample(range(len(taken)), lines))
        if way == "reordered":
            draw.shuffle(places)
        body = str(records[host]["body"]).splitlines()
        at = draw.randint(1, max(1, len(body) // 2))
        for place in places:
            line = edited(taken[place], WAYS[way], records, draw)
            body.insert(at, line)
            ids = str(records[host]["id"]), str(records[source]["id"])
            planted.append(Planted(way, *ids, line, taken[place]))
            at += 1 if way == "reordered" else draw.randint(1, 3)
        changed[host] = records[host] | {"body": "\n".join(body)}
    return changed, planted


def edited(line: str, share: float, records: Sequence[Record], draw: random.Random) -> str:
    """A line of which this share of the characters is in words that are replaced, deleted or inserted at."""
    left = round(share * len(line))
    changes: dict[int, str] = {}
    for _ in range(1000):
        if left <= 0:
            break
        length = min(draw.choice(_WORDS), left)
        start = draw.randrange(len(line) - length + 1)
        if any(place in changes for place in range(start - 1, start + length + 1)):
            continue
        other = content_of(str(draw.choice(records)["body"]))
        begin = draw.randrange(max(1, len(other) - length))
        word, kept = other[begin : begin + length], line[start : start + length]
        changes |= dict.fromkeys(range(start, start + length), "")
        changes[start] = draw.choice((word, word, "", word + kept))
        left -= length
    return "".join(changes.get(place, character) for place, character in enumerate(line))


def renamed(
    records: Sequence[Record], number: int, analyzer: Analyzer, *, seed: int = 1
) -> list[tuple[str, Record]]:
    """So many articles, each with another of the same template: with other names and other numbers."""
    draw = random.Random(seed)
    pairs: list[tuple[str, Record]] = []
    pool = _names(analyzer, records)
    for one in draw.sample(list(records), len(records)):
        if len(pairs) == number:
            break
        text = f"{one['title']}\n{one['body']}"
        own = _names(analyzer, [one])
        new = {name: draw.choice([other for other in pool if other != name]) for name in own}
        numbers = {name: _other_number(name, draw) for name in _DIGITS.findall(normalize(text))}
        if len(own) < 2 or len(numbers) < 2 or len(lines_of(one)) < 3:
            continue
        names = sorted(new, key=len, reverse=True)
        pattern = "|".join([*map(re.escape, names), _DIGITS.pattern])
        said = _replaced(normalize(text), pattern, new | numbers)
        title, _, body = said.partition("\n")
        pairs.append((str(one["id"]), one | {"id": f"{one['id']}-t", "title": title, "body": body}))
    return pairs


def _replaced(text: str, pattern: str, others: Mapping[str, str]) -> str:
    return re.sub(pattern, lambda match: others.get(match[0], match[0]), text)


def _names(analyzer: Analyzer, records: Iterable[Record]) -> list[str]:
    found: dict[str, None] = {}
    for one in records:
        text = normalize(f"{one['title']}\n{one['body']}"[:20_000])
        found |= {text[start:end]: None for start, end in analyzer.names(text) if end - start > 1}
    return list(found)


def _other_number(number: str, draw: random.Random) -> str:
    return "".join(draw.choice([one for one in "123456789" if one != digit]) for digit in number)


def measure(
    service: SearchService, records: Sequence[Record], planted: Sequence[Planted]
) -> Figures:
    """What the reuse maps of the articles that were planted into say."""
    texts = {str(one["id"]): content_of(str(one["body"])) for one in records}
    figures = Figures()
    for host in dict.fromkeys(one.host for one in planted):
        own = [one for one in planted if one.host == host]
        found: dict[Planted, int] = Counter()
        for paragraph in reuse(service, host, Audience.STAFF).paragraphs:
            of = next((one for one in own if paragraph.text in one.line), None)
            for one in paragraph.occurrences:
                if of and one.view.id == of.source:
                    figures.right += 1
                    found[of] += len(paragraph.text)
                    figures.kinds[of.way, one.kind.value] += 1
                elif is_natural(of.original if of else paragraph.text, texts[one.view.id]):
                    figures.natural += 1
                else:
                    figures.others.append((paragraph.text, one.text))
        for line in own:
            figures.planted[line.way] += 1
            figures.found[line.way] += found[line] >= len(line.line) / 2
    return figures


def is_natural(line: str, text: str) -> bool:
    """Whether half of the letters of a line are in one place of a text, four and more in a row.

    By other means than the reuse map: the places with most such runs are compared.
    """
    content = content_of(line)
    runs = {content[at : at + 4] for at in range(len(content) - 3)}
    places = [at for at in range(len(text) - 3) if text[at : at + 4] in runs]
    length = int(1.5 * len(content))
    dense = sorted(
        places, key=lambda at: bisect_left(places, at) - bisect_left(places, at + length)
    )
    for at in dense[:_LOOKED_AT]:
        there = text[max(0, at - length // 3) : at + length]
        matcher = SequenceMatcher(None, content, there, autojunk=False)
        common = sum(one.size for one in matcher.get_matching_blocks() if one.size >= 4)
        if 2 * common >= len(content):
            return True
    return False


def likenesses(
    service: SearchService, pairs: Iterable[tuple[str, Record]]
) -> Mapping[Likeness | None, int]:
    """What each pair of one template is said to be; None: neither is in the map of the other."""
    counts: Counter[Likeness | None] = Counter()
    for first, other in pairs:
        for one, two in ((first, str(other["id"])), (str(other["id"]), first)):
            articles = reuse(service, one, Audience.PUBLIC).articles
            counts[next((a.likeness for a in articles if a.view.id == two), None)] += 1
    return counts
