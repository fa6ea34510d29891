"""The parts of the service that several checks use, each opened once. Entry point: :class:`Parts`."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final, TypeVar, cast

from analyzers.embed import Embedder, ModelError
from analyzers.messages import say
from analyzers.terms import Analyzer
from search_service.engines import Engine, Server
from search_service.errors import GongwenError, MissingPrivilege, NoIndex
from search_service.service import SearchService, embedder_of, engine_of
from search_service.settings import PREFIX, Settings
from search_service.state.store import Store

_T = TypeVar("_T")
_TIMEOUT: Final = 10.0  # seconds for a call of the engine: nobody waits for a page


class Parts:
    """State, engine, model, and the service over them. ``now``: of all checks.

    A part that cannot be opened raises the same error at each use, without waiting again.
    """

    def __init__(self, settings: Settings, opened: ExitStack) -> None:
        timeout = max(settings.engine_timeout, _TIMEOUT)
        self.settings = settings.model_copy(update={"engine_timeout": timeout})
        self.now = time.time()
        self._opened = opened
        self._made: dict[str, object] = {}

    def store(self) -> Store:
        """The state."""

        def make() -> Store:
            file = self.settings.state_file
            _require(file.parent if file else None)
            return self._opened.enter_context(closing(Store(self.settings.state_url)))

        return self._once("store", make)

    def engine(self) -> Engine:
        """The engine."""

        def make() -> Engine:
            _require(self.settings.embedded_folder)
            return self._opened.enter_context(closing(engine_of(self.settings)))

        return self._once("engine", make)

    def servers(self) -> list[Server] | None:
        """The servers of the engine; None where this user may not see them."""

        def make() -> list[Server] | None:
            try:
                return self.engine().servers()
            except MissingPrivilege:
                return None

        return self._once("servers", make)

    def embedder(self) -> Embedder | None:
        """The model, which is not downloaded."""
        return self._once("embedder", lambda: embedder_of(self.settings, local_only=True))

    def service(self) -> SearchService:
        """All of it; without the model if that cannot be opened, which is another line."""
        embedder = None
        with suppress(GongwenError):
            embedder = self.embedder()
        self.servers()  # fails at once, where each read would wait
        analyzer = self._once("analyzer", lambda: Analyzer(self.settings.segmenter))
        return SearchService(self.engine(), self.store(), analyzer, embedder)

    def _once(self, name: str, make: Callable[[], _T]) -> _T:
        if name not in self._made:
            try:
                self._made[name] = make()
            except (GongwenError, ModelError) as exc:
                self._made[name] = exc
        made = self._made[name]
        if isinstance(made, GongwenError | ModelError):
            raise made
        return cast("_T", made)


def _require(folder: Path | None) -> None:
    """Raise ``NoIndex`` where the folder is missing: opening it would make it."""
    if folder is not None and not folder.is_dir():
        place = folder.absolute()
        raise NoIndex(
            say(
                f"没有 {place} 这个文件夹；还没有索引的话先运行 gongwen index 来源，否则请核对"
                f" {PREFIX}ENGINE、{PREFIX}STATE（相对路径从当前目录算起）",
                f"there is no folder {place}; where nothing was indexed yet, run: gongwen index SOURCE, else"
                f" check {PREFIX}ENGINE and {PREFIX}STATE (relative paths begin at the current folder)",
            )
        )
