"""What is indexed of an article: the terms of each field. Pure.

Entry points: :func:`fields_of`, :func:`fields_from`, :func:`fields_of_view`, :func:`words_of`.

Segmenting a text into words takes a dictionary, so a record brings its words. Every other field follows
from the view, and is computed where it is indexed instead of being stored: it would take three times the
space of the text.
"""

from collections.abc import Iterable, Sequence

from analyzers.normalize import normalize
from analyzers.relations import ENDED, is_no_longer_in_force
from analyzers.terms import bigrams, characters
from search_service.model import Field, Record, View


def words_of(record: Record) -> str:
    """The terms of ``Field.WORDS``: those of title and passages, and a mark if it is no longer in force."""
    return _words(record.view, record.title_words, (one.words for one in record.passages))


def fields_of(record: Record) -> dict[Field, str]:
    """The terms of each field of a record, separated by spaces."""
    return fields_from(record.view, record.title_words, [one.words for one in record.passages])


def fields_from(view: View, title_words: str, passages: Sequence[str]) -> dict[Field, str]:
    """The same from a view, the words of its title and those of each passage."""
    return {
        Field.WORDS: _words(view, title_words, passages),
        Field.TITLE_WORDS: title_words,
        **fields_of_view(view),
    }


def fields_of_view(view: View) -> dict[Field, str]:
    """The fields that need no words: bigrams and characters."""
    title, text = normalize(view.title), normalize(view.text)
    title_bigrams = bigrams(title)
    return {
        Field.BIGRAMS: " ".join([*title_bigrams, *bigrams(text)]),
        Field.CHARACTERS: " ".join(characters(title + text)),
        Field.TITLE_BIGRAMS: " ".join(title_bigrams),
        Field.TITLE_CHARACTERS: " ".join(characters(title)),
    }


def _words(view: View, title_words: str, passages: Iterable[str]) -> str:
    marks = (ENDED,) if is_no_longer_in_force(view.status, normalize(view.title)) else ()
    # The passages make up the text, so their words are its words.
    return " ".join(filter(None, (title_words, *passages, *marks)))
