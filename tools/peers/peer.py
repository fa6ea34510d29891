"""What the runner needs of a peer. Entry points: :class:`Peer`, :class:`Place`, :func:`read_articles`."""

import importlib.util
import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from analyzers.embed import Embedder, Vectors, open_embedder
from analyzers.normalize import normalize
from indexer.build.records import passages_of
from indexer.build.vector_cache import CachingEmbedder, VectorCache
from search_service.model import View

T = TypeVar("T")
# What the title counts beside the text, for all peers that can weigh fields.
TITLE_WEIGHT = 3


class Article(NamedTuple):
    """One article as every peer gets it."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Place:
    """Where a peer works. ``articles``: JSON lines of id, title, body; ``folder``: its own, kept between
    building and searching; ``vectors``: our embedding cache, with the vectors of all passages;
    ``elasticsearch``: the address of a node, if there is one; ``ours``: an index of ours to use, not build.
    """

    articles: Path
    folder: Path
    vectors: Path
    elasticsearch: str = ""
    ours: Path | None = None

    @cached_property
    def embedder(self) -> Embedder:
        """Our built-in model, which embeds no passage twice."""
        return CachingEmbedder(open_embedder(), VectorCache(f"sqlite:///{self.vectors}"))


class Peer(ABC):
    """One search engine in one configuration; opened on what :meth:`build` left in its folder.

    :meth:`search` is called by several threads at once.
    """

    name: ClassVar[str]
    # How it was configured, in Chinese and in English.
    how: ClassVar[tuple[str, str]]
    # The name of its folder, if it is that of another peer; otherwise that of the class.
    folder: ClassVar[str] = ""

    def __init__(self, place: Place) -> None:
        """Open, or start, on the folder of the place; it may be empty."""
        self.place = place

    @classmethod
    def missing(cls, place: Place) -> str:
        """What it needs and this machine lacks; empty if nothing."""
        del place
        return ""

    @abstractmethod
    def build(self) -> None:
        """Index the articles; called once."""

    @abstractmethod
    def search(self, query: str, limit: int) -> list[str]:
        """The ids of the first articles, best first."""

    def processes(self) -> list[int]:
        """The ids of the processes that hold the index and answer: this one, or those of a server."""
        return [os.getpid()]

    def disk(self) -> int:
        """Bytes on disk."""
        return folder_size(self.place.folder)

    def close(self) -> None:  # noqa: B027 (most peers have nothing to close)
        """Stop what was started."""


class PerThread(Generic[T]):
    """A connection for each thread, opened at its first use."""

    def __init__(self, connect: Callable[[], T]) -> None:
        self._connect = connect
        self._local = threading.local()

    def get(self) -> T:
        """The connection of this thread."""
        if not hasattr(self._local, "value"):
            self._local.value = self._connect()
        value: T = self._local.value
        return value


def read_articles(place: Place) -> Iterator[Article]:
    """The articles, normalised as ours are (width, case, traditional to simplified)."""
    with place.articles.open(encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            yield Article(
                values["id"], normalize(values["title"] or ""), normalize(values["body"] or "")
            )


def passages(article: Article, limit: int) -> list[str]:
    """The passages that our index embeds of an article, at most ``limit`` characters each."""
    view = View(id=article.id, title=article.title, text=article.text)
    return [text for _, text in passages_of(view, limit=limit)]


def query_vector(place: Place, query: str) -> Vectors:
    """Shape (dimensions,)."""
    return np.asarray(place.embedder.embed([normalize(query)], query=True)[0])


def not_importable(*names: str) -> str:
    """Those of the packages that are not installed."""
    return ", ".join(name for name in names if importlib.util.find_spec(name) is None)


def folder_size(folder: Path) -> int:
    """The bytes that the files of a folder take on the disk: some reserve more than they fill."""
    return sum(allocated(path) for path in folder.rglob("*") if path.is_file())


def allocated(path: Path) -> int:
    """The bytes that a file takes on the disk."""
    return path.stat().st_blocks * 512


def words(query: str) -> list[str]:
    """The parts of a query between spaces and punctuation, as users of LIKE split it."""
    text = "".join(one if one.isalnum() else " " for one in normalize(query))
    return text.split()


def like(operator: str, parts: Sequence[str]) -> tuple[str, list[str]]:
    """A condition, and its values: each part in the title or the text."""
    condition = " AND ".join([f"(title {operator} %s OR text {operator} %s)"] * len(parts))
    return condition, [f"%{part}%" for part in parts for _ in range(2)]


def fill(first: list[str], more: Callable[[], list[str]], limit: int) -> list[str]:
    """The first list, completed by what the second finds if it is too short."""
    found = first if len(first) >= limit else [*first, *more()]
    return list(dict.fromkeys(found))[:limit]
