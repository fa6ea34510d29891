"""Names of authors, organs, kinds and categories, and the keys by which a plain word finds them. Pure.

Entry points: :func:`index_keys` of a value of an article's metadata, :func:`query_keys` of a part of a query,
:func:`organs` of a joint issue.
清源县住建局 finds 清源县住房和城乡建设局, 省政府办公厅 any province's: keys have one form for the long and
the short name. They contain a colon, as no key of a title or a code does.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from analyzers import document_numbers, lexicon, regions
from analyzers.normalize import normalize

FIELDS: Final = ("author", "issuer", "document_number", "kind", "category")
_SEVERAL = re.compile(r"[\s,、;/，；／]+")
_NO_WORD = re.compile(r"[\W_]+")
# The long forms of an organ's name -> the short ones.
_SHORT: Final = (
    (re.compile("中国共产党|中共"), ""),
    (re.compile("人民政府"), "政府"),
    (re.compile("办公[厅室]"), "办"),
    (re.compile("人民代表大会"), "人大"),
    (re.compile("常务委员会"), "常委会"),
    (re.compile("纪律检查委员会"), "纪委"),
    (re.compile("委员会"), "委"),
)
# Of no organ alone: every place has them.
_COMMON: Final = re.compile("(?:政府|人大(?:常委会)?|政协|[党纪]?委)?办?")
# What the name of an organ ends in; and what is only the end of one.
_ORGAN = re.compile(
    r".+(?:部|委|局|厅|府|院|会|办|室|组|署|处|行|司|联|社|所|队|海关|中心|中央|集团|公司|大学|学院|部门)"
)
_END_OF_ORGAN = re.compile(r"办公[厅室]|(?:常务)?委员会|(?:人民)?政府|领导小组")
_LONGEST = 40  # characters of a part of a query that may be a name


def _key(name: str) -> str:
    return f"is:{name}"


def _folded(name: str) -> str:
    """One form of the long and short names; one that would leave a single character stays: 委员会."""
    name = _NO_WORD.sub("", normalize(name))
    short = _shortened(name)
    return short if len(short) > 1 else name


def _shortened(name: str) -> str:
    for long, short in _SHORT:
        name = long.sub(short, name)
    return name


# Of the articles of a page, which are few but for their numbers, at every search.
@lru_cache(maxsize=4096)
def index_keys(field: str, value: str) -> frozenset[str]:
    """The keys of a value of one of :data:`FIELDS`.

    >>> sorted(index_keys("issuer", "清源县人民政府办公室"))
    ['is:县政府办', 'is:清源县', 'is:清源县政府办']
    """
    if field == "document_number":  # the short name of its organ: 清政办发
        return frozenset(
            _key(one.organ) for one in document_numbers.find(normalize(value)) if one.organ
        )
    names = {_folded(value)}
    if field in {"author", "issuer", "category"}:
        names |= {_folded(part) for part in _SEVERAL.split(normalize(value))}
    if field == "kind":
        names.add(_folded(_kinds().get(value, value)))
    if field == "issuer":
        names |= {name for part in _SEVERAL.split(normalize(value)) for name in _of_organ(part)}
    return frozenset(_key(name) for name in names if len(name) > 1)


def organ_key(name: str) -> str:
    """One form of the long and short names of an organ, to compare them."""
    return _folded(name)


def organs(issuer: str) -> tuple[str, ...]:
    """The organs of a joint issue, each once, in order; what is not several names of organs is one.

    >>> organs("财政部 住房城乡建设部、中央军委办公厅")
    ('财政部', '住房城乡建设部', '中央军委办公厅')
    >>> organs("清源县人民政府 办公室")
    ('清源县人民政府 办公室',)
    """
    parts = tuple(dict.fromkeys(filter(None, _SEVERAL.split(issuer))))
    if len(parts) > 1 and all(
        _ORGAN.fullmatch(one) and not _END_OF_ORGAN.fullmatch(one) for one in parts
    ):
        return parts
    return (issuer.strip(),) if issuer.strip() else ()


def _of_organ(name: str) -> Iterator[str]:
    """The places of an organ, and its name without them: 县住建局, 住建局."""
    name = re.sub("^(?:中国共产党|中共)", "", name)
    end = 0
    for region in regions.find(name):
        if region.start != end:
            break
        end = region.end
        yield region.name
        yield _folded(name[region.start :])
    if end:
        rest = _shortened(_NO_WORD.sub("", name[end:]))
        yield name[end - 1] + rest
        if not _COMMON.fullmatch(rest):
            yield rest.removeprefix("委")


def query_keys(text: str) -> tuple[tuple[str, ...], ...]:
    """The alternatives by which a part of a query, normalised, finds metadata: each is all keys of one.

    A name before a kind is both: 贺启明的讲话.

    >>> query_keys("清源县政府办公室通知")
    (('is:清源县政府办通知',), ('is:清源县政府办', 'is:通知'))
    """
    name = _folded(text)
    if not 1 < len(name) <= _LONGEST:
        return ()
    alternatives: list[tuple[str, ...]] = [(_key(name),)]
    if kind := _kinds().get(text):
        alternatives.append((_key(_folded(kind)),))
    places = regions.find(text)
    if len(places) == 1 and (places[0].start, places[0].end) == (0, len(text)):
        alternatives.append((_key(places[0].name),))
    kind_at = next((at for at in range(2, len(text) - 1) if text[at:] in _kinds()), 0)
    if kind_at:
        name = _folded(text[:kind_at].rstrip("的"))
        if len(name) > 1:
            alternatives.append((_key(name), _key(_folded(_kinds()[text[kind_at:]]))))
    return tuple(dict.fromkeys(alternatives))


@cache
def _kinds() -> dict[str, str]:
    return {normalize(name): kind for name, kind in lexicon.kinds().items()}
