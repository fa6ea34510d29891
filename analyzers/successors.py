"""Which documents a 公文 ends, and the keys by which an index finds them. Pure.

Entry points: :func:`own_keys` of a document, :func:`stated` of what a source says, :func:`repealed` of what a
text says, :func:`cited` of all that it names, :func:`is_certain`. A document is known by its id, its 文号,
or its title; by a title alone only together with its issuer, because offices give the same titles. Keys
contain a colon, as no typed text does.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analyzers import document_numbers, names, relations
from analyzers.metadata import ExtractedField
from analyzers.normalize import normalize
from analyzers.terms import exact_key

_SHORTEST: Final = 6  # characters of a title; a shorter one is that of many documents
_MOST: Final = 200  # documents that one ends; lists of all that is repealed have more
_ISSUED = re.compile(r"(?:印发|发布|公布|颁布)[<《]*(?P<inner>.{4,}?)[>》]*的(?:通知|决定|公告)$")
_NUMBER_AFTER = re.compile(r"》\s?\((?P<number>[^()\n]{2,40}?号)")
_AFTER: Final = 44  # characters of its longest match
# Words of one character before a 文号 in a text: 按清政规[2021]4号执行.
_GLUED = re.compile("[按据和及与以经对由将见在](?=[㐀-鿿]{2})")
_ONLY_ENDS = re.compile("废止|失效|清理")


@dataclass(frozen=True)
class Mention:
    """A document as another one names it: the keys of its number (or empty), and of its id or title.

    ``derived``: from the text, not from the source.
    """

    number: str
    titles: frozenset[str]
    derived: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """All its keys."""
        return self.titles | ({self.number} if self.number else frozenset())


def own_keys(id: str, document_number: str | None, title: str) -> frozenset[str]:
    """The keys of a document itself.

    >>> sorted(own_keys("7", "清政规〔2021〕4号", "清源县关于印发《物业办法》的通知"))[:3]
    ['id:7', 'no:清政规[2021]4', 'title:关于印发物业办法的通知']
    """
    keys = {f"id:{exact_key(id)}", *_title_keys(title)}
    if number := _number_key(document_number or ""):
        keys.add(number)
    return frozenset(keys)


def stated(values: Iterable[str]) -> Iterator[Mention]:
    """What the source names: ids, 文号 or titles."""
    for value in values:
        number = _number_key(value)
        ids = frozenset() if number else frozenset((f"id:{exact_key(value)}",))
        yield Mention(number, ids | _title_keys(value))


def repealed(found: Sequence[ExtractedField], text: str) -> Iterator[Mention]:
    """What the text says that it ends: ``found`` by :func:`analyzers.metadata.find`."""
    for one in [one for one in found if one.field == "repeals"][:_MOST]:
        after = _NUMBER_AFTER.match(normalize(text[one.end : one.end + _AFTER]))
        number = _number_key(after["number"]) if after else ""
        yield Mention(number, _title_keys(one.value), derived=True)


@dataclass(frozen=True)
class Citation:
    """A document named at ``text[start:end]``: 《title》, 《title》（文号） or a 文号 alone.

    ``title``: normalised, empty for a 文号 alone.
    """

    start: int
    end: int
    title: str
    mention: Mention


def cited(normalised: str) -> Iterator[Citation]:
    """The documents that a normalised text names, in order, except those that it ends.

    >>> [one.title for one in cited("根据《物业管理条例》,《小区办法》(清政规[2019]7号)同时废止。")]
    ['物业管理条例']
    """
    ends = {one.start for one in relations.find(normalised) if one.field == "repeals"}
    found: list[Citation] = []
    books: list[range] = []
    for book in relations.BOOKS.finditer(normalised):
        after = _NUMBER_AFTER.match(normalised, book.end() - 1)
        end = after.end() if after else book.end()
        end += normalised.startswith(")", end) if after else 0
        books.append(range(book.start(), end))
        if book.start("name") not in ends:
            number, title = _number_key(after["number"]) if after else "", book["name"]
            found.append(Citation(book.start(), end, title, Mention(number, _title_keys(title))))
    for one in document_numbers.find(normalised):
        inside = any(one.start in book for book in books)
        glued = _GLUED.match(normalised, one.start, one.end)
        start = glued.end() if glued else one.start
        key = "" if inside or not one.certain else _number_key(normalised[start : one.end])
        if key:
            found.append(Citation(start, one.end, "", Mention(key, frozenset())))
    yield from sorted(found, key=lambda one: one.start)


def is_certain(
    mention: Mention, keys: frozenset[str], issuers: Sequence[str], others: Sequence[str]
) -> bool:
    """Whether a document with these keys is the one that is mentioned.

    ``issuers`` and ``others``: of the document that mentions it, and its own.
    """
    own = next((key for key in keys if key.startswith("no:")), "")
    if mention.number and own:
        return mention.number == own
    if mention.titles.isdisjoint(keys):
        return False
    # An organ by its long or its short name, but not the place alone, which they may share.
    mine = {names.organ_key(one) for one in issuers}
    return not mention.derived or not mine.isdisjoint(map(names.organ_key, others))


def only_ends(title: str) -> bool:
    """Whether a document with this title puts nothing in the place of what it ends."""
    return bool(_ONLY_ENDS.search(title))


def _number_key(number: str) -> str:
    found = document_numbers.find(normalize(number))
    if len(found) != 1 or not (found[0].organ and found[0].serial):
        return ""
    return document_numbers.index_keys(normalize(number))[0].replace("wh:", "no:")


def _title_keys(title: str) -> frozenset[str]:
    normal = normalize(title).strip()
    forms = [normal]
    about = normal.find("关于")
    if about > 0:
        forms.append(normal[about:])
    if issued := _ISSUED.search(normal):
        forms.append(issued["inner"])
    keys = (exact_key(form) for form in forms)
    return frozenset(f"title:{key}" for key in keys if len(key) >= _SHORTEST)
