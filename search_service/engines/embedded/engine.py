"""The embedded engine: generations in a folder, nothing to start, one host.

Entry point: :class:`EmbeddedEngine`. A generation is ``DATA/<audience>/<generation>/`` with

- ``articles.sqlite3``: the system of record (:mod:`.rows`, :mod:`.row_writer`);
- ``articles.index``, ``passages.index``: the text index (:mod:`.text_index`), disposable.

``DATA/aliases.json`` records which audience reads which generation, and each of these has a copy;
``DATA/<generation>.lock`` is the writer lock. This module manages generations; searching is in
:mod:`.reader`, writing in :mod:`.writer`.
"""

import json
import re
import shutil
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from analyzers.messages import say
from search_service.engines import Scope, Server
from search_service.engines.activation import Activation
from search_service.engines.embedded.aliases import FILE_NAME as ALIASES
from search_service.engines.embedded.aliases import (
    fsync_folder,
    generation_folder,
    newest_copy,
    read_aliases,
    write_aliases,
)
from search_service.engines.embedded.errors import translate_errors
from search_service.engines.embedded.locks import WriterLock, alias_lock
from search_service.engines.embedded.reader import EmbeddedReader
from search_service.engines.embedded.row_writer import RowWriter
from search_service.engines.embedded.rows import Rows
from search_service.engines.embedded.schema import FILE_NAME, FORMAT, create_rows
from search_service.engines.embedded.snapshots import OpenGeneration
from search_service.engines.embedded.sync import catch_up
from search_service.engines.embedded.text_index import TEXT_SCHEMA, create_folders
from search_service.engines.embedded.writer import EmbeddedWriter
from search_service.engines.ordering import Stamp
from search_service.errors import (
    AliasesLost,
    BadInput,
    EngineMisconfigured,
    NoIndex,
    NotFound,
    WriterBusy,
)
from search_service.model import Audience, Generation, Manifest

_UNFINISHED, _DROPPED = ".new-", ".dropped-"
_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)


class EmbeddedEngine:
    """A folder of generations; safe among threads and processes, with one writer per generation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._lock = threading.Lock()
        self._open: dict[str, OpenGeneration] = {}
        with translate_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        self._writers = WriterLock(self._folder)

    def create(self, audience: Audience, manifest: Manifest) -> Generation:
        """Start an empty generation that serves nobody yet.

        The name contains a number, schema, analysis and model. Each audience counts its own generations, so
        the order does not depend on the clock, and guests' numbers do not depend on other audiences.
        """
        marks = (f"s{manifest.schema}", manifest.analysis[:8], manifest.model[:8])
        parts = [re.sub("[^a-z0-9]", "", mark.lower()) for mark in marks]
        parts.append(uuid.uuid4().hex[:6])
        home = self._folder / audience.label
        with alias_lock(self._folder), translate_errors(self._folder):
            before = [_number(one.name) for one in self._folders() if one.parent == home]
            number = max(before, default=0) + 1
            name = "-".join(filter(None, [audience.label, f"{number:06d}", *parts]))
            home.mkdir(exist_ok=True)
            unfinished = home / f"{_UNFINISHED}{name}"
            unfinished.mkdir()
            create_rows(unfinished, manifest=manifest, text_schema=TEXT_SCHEMA)
            create_folders(unfinished)
            unfinished.rename(home / name)
            fsync_folder(home)
        return Generation(name=name, audience=audience, manifest=manifest)

    @contextmanager
    def writer(self, generation: str, *, loading: bool = False) -> Iterator[EmbeddedWriter]:  # noqa: ARG002  (every write is visible at once here)
        """Open a generation for writing; raises ``WriterBusy`` if another thread or process has it open."""
        with self._writers.acquire(self._find(generation).name):
            folder = self._find(generation)  # again: it may have been dropped meanwhile
            writer = EmbeddedWriter(folder, dimensions=_manifest(folder).dimensions)
            try:
                yield writer
                writer.complete()
            finally:
                writer.close()

    def count(self, generation: str) -> int:
        """Number of live articles in a generation."""
        folder = self._find(generation)
        with translate_errors(folder), _rows(folder) as rows:
            return rows.count()

    def stamps(self, generation: str, ids: Collection[str]) -> Mapping[str, Stamp]:
        """The stamps stored for these ids; needs no lock."""
        folder = self._find(generation)
        with translate_errors(folder), _rows(folder) as rows:
            return rows.stamps(ids)

    def activate(self, serving: Mapping[Audience, str]) -> None:
        """Make each audience read the named generation, in one step.

        Raises ``BadInput`` if a generation was built for a higher audience than the one to read it.
        """
        for audience, name in serving.items():
            _check_audience(self._find(name), audience)
        with alias_lock(self._folder):
            now = read_aliases(self._folder)
            merged = {**now.serving, **serving}
            if merged != now.serving:  # activating the same again keeps the rollback target
                write_aliases(self._folder, now.next(serving=merged, previous=now.serving))

    def rollback(self) -> Mapping[Audience, str]:
        """Make every audience read what it read before the last activation."""
        with alias_lock(self._folder):
            now = read_aliases(self._folder)
            if not now.previous:
                raise NotFound(
                    say(
                        "没有可以回退的上一代索引；至少要激活过两次",
                        "there is no generation to go back to; it takes two activations",
                    )
                )
            for name in now.previous.values():
                self._find(name)
            write_aliases(self._folder, now.next(serving=now.previous, previous=now.serving))
            return now.previous

    def restore(self) -> Mapping[Audience, str]:
        """Restore lost aliases from the newest copy in the generations."""
        with alias_lock(self._folder):
            try:
                return read_aliases(self._folder).serving
            except AliasesLost:
                copy = newest_copy(self._folder) or Activation()
                write_aliases(self._folder, copy)
                return copy.serving

    def generations(self) -> list[Generation]:
        """All generations, by audience, oldest first."""
        now = read_aliases(self._folder)
        return [
            Generation(
                name=folder.name,
                audience=_audience_of(folder),
                manifest=_manifest(folder),
                serves=tuple(a for a in Audience if now.serving.get(a) == folder.name),
                is_rollback_target=folder.name in now.previous.values(),
            )
            for folder in sorted(self._folders(), key=_sort_key)
        ]

    def _folders(self) -> list[Path]:
        """The folders of all generations."""
        return [
            folder
            for audience in Audience
            for folder in (self._folder / audience.label).glob("*")
            if _SAFE_NAME.fullmatch(folder.name) and (folder / FILE_NAME).is_file()
        ]

    def drop(self, generation: str) -> None:
        """Delete a generation; raises ``BadInput`` if it serves or is a rollback target."""
        folder = self._find(generation)
        with self._writers.acquire(generation), alias_lock(self._folder):
            now = read_aliases(self._folder)
            if generation in now.names:
                raise BadInput(
                    say(
                        f"索引 {generation} 正在使用或是回退目标，不能删除；请先激活别的一代",
                        f"generation {generation} is in use or is the rollback target;"
                        " activate another one first",
                    )
                )
            self._remove(folder)
        self._writers.forget(generation)

    def drop_unused(self) -> list[str]:
        """Delete generations that serve nobody and are no rollback target; opens no file but the locks."""
        with alias_lock(self._folder):
            named = read_aliases(self._folder).names
            unused = [folder for folder in self._folders() if folder.name not in named]
            for folder in unused:
                with self._writers.acquire(folder.name):
                    self._remove(folder)
                self._writers.forget(folder.name)
            for leftover in self._folder.glob(f"*/{_UNFINISHED}*"):
                shutil.rmtree(leftover, ignore_errors=True)
        return [folder.name for folder in unused]

    def _remove(self, folder: Path) -> None:
        """Delete a generation; the caller has acquired its writer lock and the alias lock."""
        with self._lock:
            self._open.pop(folder.name, None)
        with translate_errors(folder):
            # Renamed first, in one step; files in use (Windows) are deleted by a later call.
            folder.rename(folder.parent / f"{_DROPPED}{folder.name}")
            for leftover in folder.parent.glob(f"{_DROPPED}*"):
                shutil.rmtree(leftover, ignore_errors=True)

    def reader(
        self,
        scope: Scope,
        *,
        generation: str | None = None,
        shared: bool = False,  # noqa: ARG002  (opening one costs a statement)
    ) -> EmbeddedReader:
        """Open what the audience reads now, or the named generation, at its newest revision."""
        serving = read_aliases(self._folder).serving
        if generation is not None:
            folder = self._find(generation)
            _check_audience(folder, scope.audience)
        else:
            folder = self._serving_folder(scope.audience, serving.get(scope.audience))
        with self._lock:
            opened = self._open.get(folder.name)
            if opened is None:
                # Generations that serve no more are forgotten; the last reader closes their files.
                names = set(serving.values())
                self._open = {name: one for name, one in self._open.items() if name in names}
                opened = self._open[folder.name] = OpenGeneration(folder, self._repair)
        return EmbeddedReader(*opened.current(), scope)

    def servers(self) -> list[Server]:
        """None: the engine is in this process."""
        return []

    def close(self) -> None:
        """Close files and connections."""
        with self._lock:
            for opened in self._open.values():
                opened.rows.close()
            self._open = {}

    def _serving_folder(self, audience: Audience, generation: str | None) -> Path:
        folder = self._folder_of(generation) if generation else None
        if folder is None and generation:
            raise EngineMisconfigured(
                say(
                    f"{self._folder / ALIASES} 说 {audience.label} 使用 {generation}，但它的目录不见了；"
                    "请从备份恢复该目录，或运行 gongwen rollback 回到上一代，或运行 gongwen index 来源重建",
                    f"{self._folder / ALIASES} says that {audience.label} reads {generation}, whose folder"
                    " is gone; restore the folder from a backup, or go back: gongwen rollback, or index"
                    " again: gongwen index SOURCE",
                )
            )
        if folder is None:
            raise NoIndex(
                say(
                    f"{self._folder} 中还没有 {audience.label} 的索引；请先运行 gongwen index",
                    f"{self._folder} contains no index for {audience.label} yet;"
                    " run gongwen index first",
                )
            )
        return folder

    def _find(self, generation: str) -> Path:
        folder = self._folder_of(generation)
        if folder is None:
            raise NotFound(
                say(
                    f"{self._folder} 中没有索引 {generation!r}",
                    f"there is no generation {generation!r} in {self._folder}",
                )
            )
        return folder

    def _folder_of(self, generation: str) -> Path | None:
        """The folder of a generation, if there is one; names are untrusted, so unsafe ones are ignored."""
        if _SAFE_NAME.fullmatch(generation):
            folder = generation_folder(self._folder, generation)
            if (folder / FILE_NAME).is_file():
                return folder
        return None

    def _repair(self, folder: Path, *, rebuild: bool) -> None:
        """Synchronise or rebuild a text index for a reader, unless a writer has the lock."""
        with suppress(WriterBusy), self._writers.acquire(folder.name):
            _catch_up(folder, rebuild=rebuild)


def _catch_up(folder: Path, *, rebuild: bool) -> None:
    with translate_errors(folder), _rows(folder) as rows:
        writes = RowWriter(folder, dimensions=0)
        try:
            catch_up(folder, rows, writes, rebuild=rebuild)
        finally:
            writes.close()


@contextmanager
def _rows(folder: Path) -> Iterator[Rows]:
    rows = Rows(folder)
    try:
        yield rows
    finally:
        rows.close()


def _sort_key(folder: Path) -> tuple[Audience, int, str]:
    """Generations sort by audience, then by number."""
    return _audience_of(folder), _number(folder.name), folder.name


def _number(generation: str) -> int:
    """The number in a generation's name; 0 for a folder that we have not named."""
    number = generation.split("-")[1:2]
    return int(number[0]) if number and number[0].isdecimal() else 0


def _audience_of(folder: Path) -> Audience:
    return Audience[folder.parent.name.upper()]


def _check_audience(folder: Path, audience: Audience) -> None:
    """Raise ``BadInput`` if the generation was built for a higher audience."""
    owner = _audience_of(folder)
    if owner > audience:
        raise BadInput(
            say(
                f"索引 {folder.name} 属于 {owner.label}，不能供 {audience.label} 检索",
                f"generation {folder.name} was built for {owner.label};"
                f" {audience.label} may not read it",
            )
        )


def _manifest(folder: Path) -> Manifest:
    with translate_errors(folder), _rows(folder) as rows:
        state = rows.read_state()
        manifest = Manifest.from_dict(json.loads(state.manifest))
    if state.format != str(FORMAT):  # listed and dropped like one with an unknown key
        keys = (*manifest.mismatched_keys, f"format {state.format}")
        return replace(manifest, mismatched_keys=keys)
    return manifest
