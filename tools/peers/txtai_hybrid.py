"""txtai with our built-in model."""

import os
from collections.abc import Callable
from typing import Any

from analyzers.embed import Vectors
from analyzers.normalize import normalize
from tools.peers.peer import Peer, Place, not_importable, passages, read_articles

# Rows are passages: the first ones often belong to one article.
_ROWS = 5


class Txtai(Peer):
    """Its hybrid index: faiss over the vectors of our passages, BM25 over their bigrams."""

    name = "txtai"
    how = (
        "hybrid：本项目内置模型的向量（每段一行，faiss）与双字 BM25 各半",
        "hybrid: vectors of our built-in model (a row per passage, faiss) and BM25 of bigrams, half each",
    )

    @classmethod
    def missing(cls, place: Place) -> str:
        """The package and what it imports."""
        del place
        return not_importable("txtai", "faiss", "torch", "transformers", "msgpack")

    def __init__(self, place: Place) -> None:
        """Load what was saved."""
        super().__init__(place)
        # Our own model: it has nothing to ask of the model hub.
        os.environ["HF_HUB_OFFLINE"] = "1"
        import txtai  # noqa: F401 (with torch: its import takes seconds, which are not those of building)

        self._folder = str(place.folder / "txtai")
        self._index: Any = None
        if (place.folder / "txtai").exists():
            self._index = self._empty()
            # Functions are not saved with an index.
            self._index.load(self._folder, config={"transform": self._transform()})

    def _transform(self) -> Callable[[list[str]], Vectors]:
        def transform(texts: list[str]) -> Vectors:  # txtai takes plain functions only
            return self._embed(texts)

        return transform

    def _empty(self) -> Any:
        from txtai import Embeddings

        return Embeddings(
            method="external",
            transform=self._transform(),
            hybrid=True,
            scoring={
                "method": "bm25",
                "terms": True,
                "normalize": True,
                "tokenizer": {"ngrams": {"nmin": 2, "nmax": 2}},
            },
        )

    def _embed(self, texts: list[str]) -> Vectors:
        # Queries come one by one; they are not cached.
        vectors = self.place.embedder.embed(texts, query=len(texts) == 1)
        vectors[~vectors.any(axis=1)] = 1  # no known word; txtai divides by the length
        return vectors

    def build(self) -> None:
        """Index the passages of each article."""
        limit = self.place.embedder.max_characters
        rows = (
            (f"{article.id}\t{number}", text, None)
            for article in read_articles(self.place)
            for number, text in enumerate(passages(article, limit))
        )
        index = self._empty()
        index.index(rows)
        index.save(self._folder)
        index.close()

    def search(self, query: str, limit: int) -> list[str]:
        """The articles of the first passages."""
        rows = self._index.search(normalize(query), limit * _ROWS)
        ids = dict.fromkeys(str(key).partition("\t")[0] for key, _ in rows)
        return list(ids)[:limit]
