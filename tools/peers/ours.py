"""Our own search, on the embedded engine, through the same function as pages and API."""

import shutil
from typing import ClassVar

from analyzers.messages import say
from indexer.build import generations
from indexer.build.vector_cache import with_cache
from search_service.answers.search import search
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.relevance import MAX_QUERY
from search_service.service import SearchService, open_service
from search_service.settings import Settings, read_settings
from tools.peers.peer import Peer, Place, folder_size


class Ours(Peer):
    """Hybrid search. An answer has snippets, facets and the total, too."""

    name = say("本项目，智能", "ours, hybrid")
    how = (
        "嵌入式引擎，hybrid；答案含摘录、总数与筛选计数",
        "embedded engine, hybrid; an answer includes snippets, total and facets",
    )
    mode: ClassVar[Mode] = Mode.HYBRID

    def __init__(self, place: Place) -> None:
        """Open the index given, or the folder."""
        super().__init__(place)
        self._folder = place.ours or place.folder
        self._service: SearchService = open_service(self._settings())

    def _settings(self) -> Settings:
        url = f"sqlite:///{self._folder}/state.sqlite3"
        return read_settings(engine=f"embedded:{self._folder}", state=url)

    def build(self) -> None:
        """As `gongwen index` does, with vectors that are there; nothing if there is an index."""
        if not self._service.engine.generations():
            shutil.copy(self.place.vectors, self._folder / "vectors.sqlite3")
            service = with_cache(self._service, self._settings())
            service.store.create()
            generations.rebuild(service, [self.place.articles], cleaning=Cleaning.parse("all"))

    def search(self, query: str, limit: int) -> list[str]:
        """The first page."""
        request = SearchRequest(text=query[:MAX_QUERY], mode=self.mode, size=limit)
        page = search(self._service, request, Audience.PUBLIC)
        return [result.stored.view.id for result in page.results]

    def disk(self) -> int:
        """The whole folder: index, state and the embedding cache."""
        return folder_size(self._folder)

    def close(self) -> None:
        """Close its files."""
        self._service.close()


class OursKeyword(Ours):
    """Keyword search."""

    name = say("本项目，精确", "ours, keyword")
    how = (
        "嵌入式引擎，keyword；同一个索引",
        "embedded engine, keyword; the same index",
    )
    folder = Ours.__name__
    mode = Mode.KEYWORD
