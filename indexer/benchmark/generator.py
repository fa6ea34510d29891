"""A generator of articles of Chinese government writing. Entry points: :func:`learn`, :class:`Generator`.

It learns from the articles that the public may read of any source: their layout (:mod:`.layout`), their words
(:mod:`.chain`), their lengths and metadata. Article number n is a function of the corpus, the seed, the size
of the pool and n: the same whether ten or 100,000 are made.

What is real and what is not:

- The layout of an article is that of an article of the corpus, so numbers and kinds of passages, headings and
  lengths are the corpus's own. Its texts are those of a chain: words, word pairs and phrases are as frequent
  as in the corpus, sentences mean nothing. No passage of 80 or more characters is one of the corpus.
- **Bodies consist of passages of a pool** of :data:`POOL` distinct ones. To embed the three million passages
  of 100,000 articles would take hours; those of a pool are embedded once and then found in the cache.
  So vectors and passages repeat in a large corpus, and its vocabulary grows with titles, document numbers and
  signatures only, once each passage was used. Text index, rows and vectors take as much as for distinct ones.
- Passages are drawn evenly from those of the same shape whose home is near the article's, not by Zipf's
  law. In the corpus that was looked at 1.4 % of the passages occur twice; words and phrases follow Zipf's
  law inside the passages already, and a passage in a tenth of all articles would make phrases as common as
  no real one is.
- Every article ends with a signature (落款), of a pool of its own; in the corpus a part of them does.
- Neighbours: articles are ordered by the similarity of their titles before the chain is made, and an
  article's passages come from one neighbourhood, so that the words of an article belong together.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from analyzers import outline
from analyzers.embed import Embedder, Vectors
from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.segment import Segmenter
from indexer.benchmark.chain import Chain, Recorder, fit
from indexer.benchmark.layout import HEADING, KINDS, TITLE, Layout, Layouts, Shape
from indexer.build.ingest import ArticleBuffer, RunReport, read
from indexer.build.views import view_of
from search_service.errors import BadInput
from search_service.intake.cleaning import Cleaning
from search_service.model import Article, Audience

# Distinct passages of bodies, and distinct signatures.
POOL, SIGNATURES = 200_000, 2_000
# At most so many articles and words are learnt from, evenly spread over the corpus.
_ARTICLES, _WORDS = 20_000, 8_000_000
# Passages with the same shape and the nearest homes, of which one is drawn; and how many are compared.
_NEIGHBOURS, _COMPARED = 48, 12
# Home of an article: that of its layout, moved by this standard deviation, as a share of the corpus.
_SPREAD = 0.01
# Passages generated at once.
_BATCH = 8_192
# A heading before a passage of MINIMUM characters ends it; so several share less.
_BEFORE_LAST = 70
# Characters of a text that are worth a sentence.
_LEAST = 12
_TITLE_LENGTH = 60
# Headings that fill a line. After others the text follows on the same one.
_TITLED = re.compile(r"第|[一二三四五六七八九十百]+[、.．]")
_ORGAN = re.compile(r"(?:府|厅|局|委|会|部|院|办公室)$")
# The cost of a passage that would be cut, or joined to the one before, in characters.
_WRONG = 10_000
# Groups of similar articles that are not divided further.
_GROUP = 16


@dataclass(frozen=True)
class Pool:
    """Passages, sorted by shape and home; ``keys``: shape × size of the chain + home."""

    texts: Sequence[str]
    keys: NDArray[np.int64]
    lengths: NDArray[np.int64]
    begins: NDArray[np.int64]


class Generator:
    """Makes articles by number. Made by :func:`learn`."""

    def __init__(
        self,
        chain: Chain,
        shapes: Sequence[Shape],
        layouts: Sequence[Layout],
        known: frozenset[bytes],
        *,
        seed: int,
        pool: int,
    ) -> None:
        """``known``: digests of the passages of the corpus."""
        self._chain, self._layouts, self._seed = chain, layouts, seed
        # Rare shapes have become equal to others.
        self._shapes = list(dict.fromkeys(shapes))
        numbers = {shape: number for number, shape in enumerate(self._shapes)}
        self._number_of = np.array([numbers[shape] for shape in shapes], np.int64)
        self._kinds = {kind: number for number, kind in enumerate(KINDS, start=1)}
        self._homes = np.linspace(0, chain.size - 1, len(layouts)).astype(np.int64)
        self._signatures = self._make_signatures()
        self._pool = self._make_pool(pool, known)

    @property
    def passages(self) -> Iterator[str]:
        """All passages that a body may consist of, as indexing will see them."""
        yield from self._pool.texts
        yield from (text for _, _, text in self._signatures)

    def article(self, number: int) -> dict[str, str]:
        """The record of an article, as a source has it."""
        draw = np.random.default_rng([self._seed, 1, number])
        which = int(draw.integers(len(self._layouts)))
        layout = self._layouts[which]
        moved = self._homes[which] + draw.normal(0, _SPREAD) * self._chain.size
        home = int(moved) % self._chain.size
        issuer, date, signature = self._signatures[int(draw.integers(len(self._signatures)))]
        passages = self._draw_passages(layout, home, draw)
        record = {
            "id": f"g{number}",
            "title": self._title(layout, home, draw),
            "body": "".join([*passages, signature]),
            "issuer": issuer,
            "date": date,
        }
        for field in ("kind", "category", "author"):
            if value := layout.metadata[field]:
                record[field] = value
        if layout.metadata["document_number"]:
            year = date[:4]
            record["document_number"] = f"{issuer[:2]}发〔{year}〕{int(draw.integers(1, 500))}号"
        return record

    def articles(self, count: int) -> Iterator[dict[str, str]]:
        """The first ``count`` articles."""
        return (self.article(number) for number in range(count))

    def write(self, path: Path, count: int) -> None:
        """Write the first ``count`` articles as JSON Lines."""
        with path.open("w", encoding="utf-8") as file:
            for record in self.articles(count):
                file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def _draw_passages(self, layout: Layout, home: int, draw: np.random.Generator) -> list[str]:
        pool, shapes = self._pool, self._number_of[layout.shapes]
        begins, ends = pool.begins[shapes], pool.begins[shapes + 1]
        near = np.searchsorted(pool.keys, shapes * self._chain.size + home)
        low = np.clip(near - _NEIGHBOURS // 2, begins, np.maximum(begins, ends - _NEIGHBOURS))
        high = np.minimum(low + _NEIGHBOURS, ends)
        places = draw.random((_COMPARED, len(shapes))) * (high - low) + low
        some = np.minimum(places.astype(np.int64), ends - 1)
        lengths = pool.lengths[some]
        costs = np.abs(lengths - layout.lengths)
        for bound in (outline.MINIMUM, outline.TARGET):
            costs += _WRONG * ((lengths < bound) != (layout.lengths < bound))
        chosen: list[int] = []
        before = 0  # the length of a passage that a paragraph would join
        for place, shape in enumerate(shapes):
            cost = costs[:, place]
            if before and not self._shapes[shape].is_part:
                cost = cost + _WRONG * (lengths[:, place] + before <= outline.MAXIMUM)
            best = int(cost.argmin())
            chosen.append(int(some[best, place]))
            length = int(lengths[best, place])
            before = length if length < outline.TARGET else 0
        return [pool.texts[place] for place in chosen]

    def _title(self, layout: Layout, home: int, draw: np.random.Generator) -> str:
        (words,) = self._chain.runs(
            np.array([self._kinds[TITLE]]),
            np.array([min(layout.title + 8, _TITLE_LENGTH)]),
            np.array([home]),
            draw,
            whole=True,
        )
        return fit(words, _TITLE_LENGTH)[:-1]

    def _make_signatures(self) -> list[tuple[str, str, str]]:
        """Issuer, date and text of each."""
        draw = np.random.default_rng([self._seed, 2])
        names = Random(self._seed)  # noqa: S311  (repeatable, no secret)
        issuers = {one.metadata["issuer"] or "" for one in self._layouts}
        organs = sorted(one for one in issuers if _ORGAN.search(one)) or ["人民政府"]
        dates = [one.metadata["date"] for one in self._layouts]
        years = [int(date[:4]) for date in dates if date]
        found = []
        for _ in range(SIGNATURES):
            issuer = organs[int(draw.integers(len(organs)))]
            issuer = f"{self._chain.name(names)}市{issuer[-8:]}"
            year = years[int(draw.integers(len(years)))] if years else 2020
            month, day = int(draw.integers(1, 13)), int(draw.integers(1, 29))
            text = f"{issuer}\n{year}年{month}月{day}日"
            found.append((issuer, f"{year}-{month:02}-{day:02}", text))
        return found

    def _make_pool(self, size: int, known: frozenset[bytes]) -> Pool:
        draw = np.random.default_rng([self._seed, 3])
        counts = np.array([len(one.shapes) for one in self._layouts])
        all_shapes = self._number_of[np.concatenate([one.shapes for one in self._layouts])]
        all_lengths = np.concatenate([one.lengths for one in self._layouts])
        all_homes = np.repeat(self._homes, counts)
        # One of each shape that occurs, and the others as often as in the corpus.
        first = np.unique(all_shapes, return_index=True)[1]
        some = np.concatenate([first, draw.integers(0, len(all_shapes), max(0, size - len(first)))])
        order = np.lexsort((all_homes[some], all_shapes[some]))
        some = some[order]
        shapes, lengths, homes = all_shapes[some], all_lengths[some], all_homes[some]
        texts: list[str] = []
        for start in range(0, len(some), _BATCH):
            part = slice(start, start + _BATCH)
            texts += self._texts(shapes[part], lengths[part], homes[part], known, draw)
        return Pool(
            texts,
            shapes * self._chain.size + homes,
            np.array([len(text) for text in texts], np.int64),
            np.searchsorted(shapes, np.arange(len(self._shapes) + 1)),
        )

    def _texts(
        self,
        shapes: NDArray[np.int64],
        lengths: NDArray[np.int64],
        homes: NDArray[np.int64],
        known: frozenset[bytes],
        draw: np.random.Generator,
    ) -> list[str]:
        """One passage for each; one that the corpus has, or that indexing would cut, is made again."""
        plans = [
            list(self._plan(self._shapes[shape], int(length)))
            for shape, length in zip(shapes, lengths, strict=True)
        ]
        texts = self._written(plans, homes, draw)
        again = [
            n
            for n, (text, shape) in enumerate(zip(texts, shapes, strict=True))
            if _is_copied(text, known)
            or (len(self._shapes[shape].headings) > 1 and len(outline.split(text)) > 1)
        ]
        if again:
            other = self._written([plans[n] for n in again], homes[again], draw)
            for n, text in zip(again, other, strict=True):
                texts[n] = f"{text[:-2]}为。\n" if _is_copied(text, known) else text
        return texts

    def _plan(self, shape: Shape, length: int) -> Iterator[tuple[str, str, int]]:
        """Marker, kind and length of each run of a passage."""
        role = shape.role if self._chain.has(self._kinds.get(shape.role, 0)) else KINDS[-1]
        heading = self._chain.has(self._kinds[HEADING])
        parts = max(1, len(shape.headings))
        before = _BEFORE_LAST // max(1, parts - 1)
        left = length
        for place, (marker, headed) in enumerate(shape.headings or [("", False)]):
            target = left if place == parts - 1 else min(before, left)
            left -= target
            if headed and heading:
                yield marker, HEADING, min(20, max(4, target // 2))
                marker, target = "", target - min(20, target // 2) - len(marker)  # noqa: PLW2901
                if target < 12 or place < parts - 1:
                    continue
            yield marker, role, max(8, target - len(marker) - 1)

    def _written(
        self,
        plans: Sequence[Sequence[tuple[str, str, int]]],
        homes: NDArray[np.int64],
        draw: np.random.Generator,
    ) -> list[str]:
        runs = [(n, *part) for n, plan in enumerate(plans) for part in plan]
        texts = [""] * len(plans)
        words: dict[int, list[str]] = {}
        for is_heading in (True, False):
            which = [i for i, run in enumerate(runs) if (run[2] == HEADING) == is_heading]
            which.sort(key=lambda i: runs[i][3])
            if which:
                made = self._chain.runs(
                    np.array([self._kinds[runs[i][2]] for i in which]),
                    np.array([runs[i][3] for i in which]),
                    homes[[runs[i][0] for i in which]],
                    draw,
                    whole=is_heading,
                )
                words |= dict(zip(which, made, strict=True))
        for i, (n, marker, kind, length) in enumerate(runs):
            blank = " " if marker.endswith(("条", "章", "节", "编")) else ""
            text = fit(words[i], length)
            if kind == HEADING and _TITLED.match(marker):
                text = f"{text[:-1]}\n"
            elif kind != HEADING:
                text += "\n"
            texts[n] += f"{marker}{blank}{text}"
        return texts


def _is_copied(text: str, known: frozenset[bytes]) -> bool:
    return len(text) >= outline.MINIMUM and digest_of(text) in known


def digest_of(text: str) -> bytes:
    """A short hash of a passage without blanks at its ends."""
    return hashlib.blake2b(text.strip().encode(), digest_size=8).digest()


def learn(
    sources: Sequence[Path],
    cleaning: Cleaning,
    segmenter: Segmenter,
    embedder: Embedder | None,
    *,
    seed: int = 0,
    pool: int = POOL,
) -> Generator:
    """Learn from sources; raises ``BadInput`` if they have no text that the public may read."""
    with tempfile.TemporaryFile() as file:
        buffer = ArticleBuffer(file)
        titles: list[str] = []
        characters = 0
        for article in read(sources, cleaning, RunReport()):
            if article.audience is Audience.PUBLIC:
                buffer.append(article)
                titles.append(article.title)
                characters += len(article.body)
        step = max(1, len(titles) // _ARTICLES, characters // (2 * _WORDS))
        chosen = [one for n, one in enumerate(buffer) if n % step == 0]
    chosen = _by_similarity(chosen, embedder)
    layouts, recorder = Layouts(), Recorder(KINDS)

    def run(kind: str, text: str) -> None:
        recorder.add(kind, [text[start:end] for _, start, end in segmenter.cut(normalize(text))])

    known = set()
    for article in chosen:
        view = view_of(article, Audience.PUBLIC)
        if view is not None:
            layouts.add(view, run)
            known |= {digest_of(text) for text in view.text.split("\n")}
    if not layouts.layouts:
        raise BadInput(say("来源中没有可学的文章", "the sources have no article to learn from"))
    return Generator(
        recorder.chain(),
        layouts.common(),
        layouts.layouts,
        frozenset(known),
        seed=seed,
        pool=pool,
    )


def _by_similarity(articles: list[Article], embedder: Embedder | None) -> list[Article]:
    """The articles in an order in which neighbours have similar titles; by category without a model."""
    if embedder is None:
        return sorted(articles, key=lambda one: (one.category or "", one.kind or ""))
    vectors = embedder.embed([one.title for one in articles])
    return [articles[place] for place in _divided(vectors, np.arange(len(articles)))]


def _divided(vectors: Vectors, places: NDArray[np.int64]) -> list[int]:
    """Divide by the direction in which they differ most, again and again (PDDP, Boley 1998)."""
    if len(places) <= _GROUP:
        return [int(place) for place in places]
    centred = vectors[places] - vectors[places].mean(axis=0)
    direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    order = np.argsort(centred @ direction, kind="stable")
    middle = len(places) // 2
    return [
        *_divided(vectors, np.sort(places[order[:middle]])),
        *_divided(vectors, np.sort(places[order[middle:]])),
    ]
