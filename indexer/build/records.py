"""The view of an audience -> the record that an engine stores. Entry point: :func:`analyse`.

A record of the public view is a function of the public view only: its vectors are computed in batches
without any other text.
"""

import hashlib
from collections.abc import Iterator, Sequence

from analyzers import document_numbers, names, outline
from analyzers.embed import Embedder
from analyzers.normalize import normalize
from analyzers.terms import Analyzer, exact_key
from search_service.metrics import stage
from search_service.model import (
    AnalysedPassage,
    Passage,
    Record,
    Vector,
    View,
)
from search_service.query import subjects, succession


def passages_of(view: View, *, limit: int) -> list[tuple[Passage, str]]:
    """The passages of a view with their texts. The id of a passage depends on its text, not its place."""
    seen: dict[str, int] = {}
    passages = []
    for section in outline.split(view.text, limit=limit):
        text = view.text[section.start : section.end]
        occurrence = seen.get(text, 0)
        seen[text] = occurrence + 1
        key = f"{view.id}\0{text}\0{occurrence}".encode()
        passage = Passage(
            id=hashlib.blake2b(key, digest_size=8).hexdigest(),
            start=section.start,
            end=section.end,
            path=section.path,
            role=section.role,
        )
        passages.append((passage, text))
    return passages


def analyse(
    views: Sequence[tuple[View, int]],
    analyzer: Analyzer,
    embedder: Embedder | None,
) -> Iterator[Record]:
    """Yield the records of (view, version) pairs, all of one audience."""
    limit = outline.MAXIMUM if embedder is None else min(outline.MAXIMUM, embedder.max_characters)
    texts_of = [normalize(view.text) for view, _ in views]
    cut = [
        [
            (passage, text[passage.start : passage.end])
            for passage, _ in passages_of(view, limit=limit)
        ]
        for (view, _), text in zip(views, texts_of, strict=True)
    ]
    vectors: dict[str, Vector | None] = {}
    if embedder is not None:
        texts = list(dict.fromkeys(text for passages in cut for _, text in passages))
        with stage("embed"):
            rows = embedder.embed(texts)
        vectors = {
            # A row of zeros means a text without a known word: it is similar to nothing.
            text: vector if vector.any() else None
            for text, vector in zip(texts, rows, strict=True)
        }
    for (view, version), passages in zip(views, cut, strict=True):
        yield Record(
            view=view,
            version=version,
            title_words=" ".join(analyzer.index_words(normalize(view.title))),
            declared_words=" ".join(analyzer.index_words(normalize(view.declared))),
            exact=_exact_keys(view),
            passages=tuple(
                AnalysedPassage(
                    passage=passage,
                    words=" ".join(analyzer.index_words(text)),
                    vector=vectors.get(text),
                )
                for passage, text in passages
            ),
        )


def _exact_keys(view: View) -> tuple[str, ...]:
    # As portals print an entry of a list: the code, then the title.
    line = f"{view.code}{view.title}" if view.code else None
    values = (view.id, view.code, view.document_number, view.title, line)
    keys = [exact_key(value) for value in values if value]
    keys += document_numbers.index_keys(normalize(view.document_number or ""))
    for field in names.FIELDS:
        keys += sorted(names.index_keys(field, getattr(view, field) or ""))
    keys += subjects.keys_of(view)
    keys += succession.keys_of(view)
    return tuple(dict.fromkeys(key for key in keys if key))
