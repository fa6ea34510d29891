"""Completions of typed text."""

from analyzers.pinyin import syllables
from search_service.suggestions.completion import CompletionIndex
from search_service.suggestions.vocabulary import Entry, Kind, Vocabulary


def test_single_characters_are_not_completions() -> None:
    """A term of one character is not offered, neither by letter nor by pinyin."""
    entries = [
        Entry(Kind.TERM, text, 9, " ".join(syllables(text)), "1") for text in ("税", "税务", "水利")
    ]
    completion = CompletionIndex(Vocabulary(entries))
    for typed, offered in (("税", ["税务"]), ("shui", ["税务", "水利"]), ("shuiw", ["税务"])):
        assert [one.text for one in completion.find(typed, Kind.TERM)] == offered
