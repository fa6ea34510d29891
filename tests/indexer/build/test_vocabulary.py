"""The size limits of a vocabulary."""

from pathlib import Path

import pytest

from indexer.build import generations
from indexer.build.vocabulary import collect
from search_service.engines import Scope
from search_service.model import Audience
from search_service.suggestions.vocabulary import MAX_ENTRIES, Kind, Vocabulary
from tests.conftest import ALL_CLEANING, Open, write_source


def texts(vocabulary: Vocabulary, kind: Kind) -> list[str]:
    """The texts of a kind."""
    return [entry.text for entry in vocabulary.of(kind)]


def test_a_vocabulary_is_limited_to_the_newest_titles_and_commonest_terms(
    open_named: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hiding an article lets the next title move up."""
    for kind in Kind:
        monkeypatch.setitem(MAX_ENTRIES, kind, 2)
    # 巡河 stands in six articles, 清淤 in five, 护岸 in four …
    words = ["巡河", "清淤", "护岸", "植树", "禁渔"]
    records = [
        {
            "id": f"{number}",
            "title": f"第{'一二三四五六'[number]}期通报",
            "body": "。".join(words[: 6 - number]),
            "date": f"202{number}-05-06",
        }
        for number in range(6)
    ]
    service = open_named("index")
    source = write_source(tmp_path / "articles.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    inventory = collect(service.engine.reader(Scope(Audience.PUBLIC)), service.analyzer)

    shown = inventory.vocabulary()
    assert texts(shown, Kind.TITLE) == ["第六期通报", "第五期通报"]
    assert len(texts(shown, Kind.TERM)) == 2
    less = inventory.vocabulary({"5"})
    assert texts(less, Kind.TITLE) == ["第五期通报", "第四期通报"]
    # Twice the limit is stored, to replace what is hidden.
    assert max(sum(one.kind is kind for one in inventory.texts) for kind in Kind) == 4
