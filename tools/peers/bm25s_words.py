"""bm25s over jieba words."""

import json
from typing import Any

from tools.peers.peer import TITLE_WEIGHT, Peer, Place, not_importable, read_articles


class Bm25s(Peer):
    """Scores in a sparse matrix, in memory; words of rjieba, which cuts as jieba does."""

    name = "bm25s"
    how = (
        "jieba 分词（rjieba，搜索模式），标题重复三遍",
        "jieba words (rjieba, for search), the title three times",
    )

    @classmethod
    def missing(cls, place: Place) -> str:
        """The package."""
        del place
        return not_importable("bm25s")

    def __init__(self, place: Place) -> None:
        """Load what was saved."""
        super().__init__(place)
        import bm25s

        self._ids: list[str] = []
        self._index: Any = None
        if (place.folder / "ids.json").exists():
            self._ids = json.loads((place.folder / "ids.json").read_text(encoding="utf-8"))
            self._index = bm25s.BM25.load(place.folder)

    def build(self) -> None:
        """Index and save."""
        import bm25s

        ids, texts = [], []
        for article in read_articles(self.place):
            ids.append(article.id)
            texts.append(_words(article.title) * TITLE_WEIGHT + _words(article.text))
        index = bm25s.BM25()
        index.index(texts, show_progress=False)
        index.save(self.place.folder)
        (self.place.folder / "ids.json").write_text(json.dumps(ids), encoding="utf-8")

    def search(self, query: str, limit: int) -> list[str]:
        """The articles with a score, by it."""
        found, scores = self._index.retrieve(
            [_words(query)], k=min(limit, len(self._ids)), show_progress=False
        )
        return [
            self._ids[place] for place, score in zip(found[0], scores[0], strict=True) if score > 0
        ]


def _words(text: str) -> list[str]:
    import rjieba

    return [word for word in rjieba.cut_for_search(text) if word[:1].isalnum()]
