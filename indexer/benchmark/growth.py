"""How speed, memory and disk grow with the number of articles. Entry point: :func:`measure`.

The articles are generated (:mod:`.generator`), so that there are enough of them. The vectors of the pool of
passages are computed once before and copied into the embedding cache of each index: then the indexing rate
compares analysis and writing. Each size is built and measured in a process of its own, whose peak memory is
that of the size.
"""

import multiprocessing
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from analyzers.folding import HAN
from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.segment import Segmenter, open_segmenter
from indexer.benchmark import speed
from indexer.benchmark.disk import Disk, disk_use
from indexer.benchmark.generator import POOL, Generator, learn
from indexer.benchmark.memory import Memory, peak
from indexer.benchmark.queries import Queries
from indexer.benchmark.server import serving
from indexer.benchmark.speed import Speed
from indexer.build import generations
from indexer.build.vector_cache import VectorCache, with_cache
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.service import open_service
from search_service.settings import Settings

# Queries of each kind.
QUERIES = 30
# Passages of an article, about: a pool need not be larger than all of them.
_PASSAGES = 30
_EMBEDDED_AT_ONCE = 1_000
_WORD = re.compile(f"[{HAN}]{{2,}}")
_HEADING = re.compile(
    r"^[一二三四五六七八九十]、([^\n。]{4,30})$|^第.{1,3}章 ([^\n]{4,30})$", re.MULTILINE
)


@dataclass(frozen=True)
class Size:
    """One size.

    ``indexing_memory``: the peak of the indexing process; ``memory``: of the server after the queries.
    ``ready_seconds``: from the start of the server until it answers a search.
    """

    articles: int
    passages: int
    characters: int
    seconds: float
    indexing_memory: Memory
    ready_seconds: float
    memory: Memory
    disk: Disk
    speed: Sequence[Speed]


def measure(
    sources: Sequence[Path],
    sizes: Sequence[int],
    settings: Settings,
    *,
    repetitions: int,
    folder: Path,
    keep: bool,
    notice: Callable[[str], None],
) -> Iterator[Size]:
    """Learn from the sources, then measure each size in a folder below ``folder``; ``keep`` the indexes.

    ``notice`` is told what is being done. Raises ``BadInput`` if the sources have nothing to learn from.
    """
    segmenter = open_segmenter(settings.segmenter)
    notice(say("学习语料并生成段落", "learning from the corpus, generating passages"))
    generator = _learn(sources, max(sizes), settings, segmenter, folder, notice)
    sets = queries_of(generator, min(sizes), segmenter)
    for size in sizes:
        own = folder / f"{size}-articles"
        own.mkdir(parents=True)
        shutil.copy(folder / _CACHE, own / _CACHE)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            source = Path(temporary) / "articles.jsonl"
            notice(say(f"{size} 篇：生成", f"{size} articles: generating"))
            generator.write(source, size)
            notice(say(f"{size} 篇：建索引、测速", f"{size} articles: indexing, measuring"))
            yield _in_process(source, own, settings, sets, repetitions)
        if not keep:
            shutil.rmtree(own)


_CACHE = "vectors.sqlite3"


def _learn(
    sources: Sequence[Path],
    most: int,
    settings: Settings,
    segmenter: Segmenter,
    folder: Path,
    notice: Callable[[str], None],
) -> Generator:
    """The generator; the vectors of its pool are in an embedding cache in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    cache = VectorCache(f"sqlite:///{folder / _CACHE}")
    service = open_service(_at(settings, folder))
    try:
        embedder = service.embedder
        generator = learn(
            sources,
            Cleaning.parse(settings.cleaning),
            segmenter,
            embedder,
            pool=min(POOL, most * _PASSAGES),
        )
        notice(say("计算段落的向量", "embedding the passages"))
        passages = (normalize(text) for text in generator.passages)
        cache.begin()  # creates the file, if there is no model
        while embedder is not None and (batch := list(islice(passages, _EMBEDDED_AT_ONCE))):
            cache.embed(embedder, batch)
    finally:
        service.close()
    return generator


def _at(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"engine": f"embedded:{folder}", "state": ""})


def _in_process(
    source: Path, folder: Path, settings: Settings, sets: Sequence[Queries], repetitions: int
) -> Size:
    # Spawned: a fork would begin with the memory of this process.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        return processes.submit(_measure, source, folder, settings, sets, repetitions).result()


def _measure(
    source: Path, folder: Path, settings: Settings, sets: Sequence[Queries], repetitions: int
) -> Size:
    """Build and measure one size."""
    settings = _at(settings, folder)
    service = open_service(settings)
    try:
        with peak() as most:
            report = generations.rebuild(
                with_cache(service, settings), [source], cleaning=Cleaning.parse(settings.cleaning)
            )
        with serving(settings) as server:
            speeds = list(speed.measure(service, server, sets, repetitions=repetitions))
            memory, ready = server.memory(), server.ready_seconds
        return Size(
            articles=report.articles,
            passages=report.passages,
            characters=report.characters,
            seconds=report.seconds,
            indexing_memory=most.memory,
            ready_seconds=ready,
            memory=memory,
            disk=disk_use(folder, service.reader(Audience.PUBLIC)),
            speed=speeds,
        )
    finally:
        service.close()


def queries_of(generator: Generator, below: int, segmenter: Segmenter) -> list[Queries]:
    """Topics of two to four words of a title, headings, and document numbers, of articles below a number."""
    topics: list[str] = []
    headings: list[str] = []
    numbers: list[str] = []
    for number in range(0, below, max(1, below // (QUERIES * 20))):
        record = generator.article(number)
        draw = Random(number)  # noqa: S311  (repeatable, no secret)
        words = [word for word, _, _ in segmenter.cut(record["title"]) if _WORD.fullmatch(word)]
        words = list(dict.fromkeys(words))
        if len(words) > 1:
            some = sorted(draw.sample(range(len(words)), min(len(words), draw.randint(2, 4))))
            topics.append(" ".join(words[place] for place in some))
        if found := _HEADING.search(record["body"]):
            headings.append(found[1] or found[2])
        if "document_number" in record:
            numbers.append(record["document_number"])
    named = (
        (say("主题", "topics"), topics),
        (say("小标题", "headings"), headings),
        (say("文号", "document numbers"), numbers),
    )
    return [Queries(name, _evenly(texts)) for name, texts in named if texts]


def _evenly(texts: Sequence[str]) -> list[str]:
    return list(texts[:: max(1, len(texts) // QUERIES)])[:QUERIES]
