"""What is indexed of an article: the terms of each field. Pure.

Entry points: :func:`fields_of`, :func:`fields_from`, :func:`fields_of_view`, :func:`words_of`; and
:func:`facets_of`, what articles are counted and filtered by.

Segmenting a text into words takes a dictionary, so a record brings its words. Every other field follows
from the view, and is computed where it is indexed instead of being stored: it would take three times the
space of the text.
"""

from collections.abc import Iterable, Mapping, Sequence

from analyzers.levels import level_of
from analyzers.normalize import normalize
from analyzers.relations import ENDED, is_no_longer_in_force, validity_of
from analyzers.terms import bigrams, characters
from search_service.engines.dates import day_of
from search_service.model import FACETS, Field, Record, View


def words_of(record: Record) -> str:
    """The terms of ``Field.WORDS``: all, and a mark if it is no longer in force."""
    return _words(record.view, record.title_words, _words_beside_the_title(record))


def fields_of(record: Record) -> dict[Field, str]:
    """The terms of each field of a record, separated by spaces."""
    return fields_from(record.view, record.title_words, _words_beside_the_title(record))


def _words_beside_the_title(record: Record) -> list[str]:
    return [*(one.words for one in record.passages), record.declared_words]


def fields_from(view: View, title_words: str, words: Sequence[str]) -> dict[Field, str]:
    """The same from a view, the words of its title, and those of each passage and of what is declared."""
    return {
        Field.WORDS: _words(view, title_words, words),
        Field.TITLE_WORDS: title_words,
        **fields_of_view(view),
    }


def fields_of_view(view: View) -> dict[Field, str]:
    """The fields that need no words: bigrams and characters."""
    title, text = normalize(view.title), normalize(view.text)
    declared = normalize(view.declared)
    title_bigrams = bigrams(title)
    return {
        Field.BIGRAMS: " ".join([*title_bigrams, *bigrams(text), *bigrams(declared)]),
        Field.CHARACTERS: " ".join(characters(title + text + declared)),
        Field.TITLE_BIGRAMS: " ".join(title_bigrams),
        Field.TITLE_CHARACTERS: " ".join(characters(title)),
    }


def facets_of(view: View) -> Mapping[str, tuple[str, ...]]:
    """The values of each of :data:`FACETS`, in its order; an empty text where there is none."""
    day = day_of(view.date)
    values = {
        "validity": [validity_of(view.status, normalize(view.title))],
        "kind": [view.kind or ""],
        "level": [*filter(None, map(level_of, view.issuers))] or [""],
        "issuer": view.issuers or [""],
        "year": [f"{day // 10000:04d}" if day else ""],
        "category": [view.category or ""],
        "author": [view.author or ""],
    }
    return {name: tuple(dict.fromkeys(values[name])) for name in FACETS}


def paths_of(categories: Sequence[str]) -> list[str]:
    """The categories and all those above them: ``a/b`` -> ``a``, ``a/b``."""
    paths = []
    for category in categories:
        levels = category.split("/")
        paths += ["/".join(levels[: depth + 1]) for depth in range(len(levels))]
    return list(dict.fromkeys(paths))


def _words(view: View, title_words: str, words: Iterable[str]) -> str:
    marks = (ENDED,) if is_no_longer_in_force(view.status, normalize(view.title)) else ()
    # The passages make up the text, so their words are its words.
    return " ".join(filter(None, (title_words, *words, *marks)))
