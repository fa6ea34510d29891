"""The parts that answer together, opened once per process. Entry point: :func:`open_service`.

Holds the engine, the store, the analysis and the embedder; hands out readers that are safe to ask: of
one audience, without the articles taken down, made by the same analysis and model.
"""

import functools
import logging
from dataclasses import dataclass

from analyzers.embed import Embedder, ModelError, open_embedder
from analyzers.messages import say
from analyzers.terms import Analyzer
from search_service.engines import Access, Engine, Reader, Scope, open_engine
from search_service.errors import (
    BadInput,
    FingerprintMismatch,
    Gone,
    ModelMissing,
    NoIndex,
    NotFound,
    StateLost,
)
from search_service.formats import REBUILD, mismatch
from search_service.model import Audience, Manifest, Vector
from search_service.settings import Settings
from search_service.state.store import Store
from search_service.state.vocabularies import LoadedVocabulary

# Raise it when what a generation stores changes its meaning.
SCHEMA = 5
NO_MODEL = "none"
_log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=8)  # once, not with every search
def _say_other_model(theirs: str, mine: str) -> None:
    _log.warning(
        "search by keyword alone: the index was made with the model %s, GONGWEN_MODEL is %s;"
        " restart with the setting of the index, or run: gongwen index SOURCE",
        theirs,
        mine,
    )


class SemanticSearchUnavailable(Exception):
    """There is no model to ask, or it failed."""


@dataclass(frozen=True)
class SearchService:
    """Everything a question needs. ``embedder`` is None where only keywords are wanted."""

    engine: Engine
    store: Store
    analyzer: Analyzer
    embedder: Embedder | None

    @property
    def model_fingerprint(self) -> str:
        """Of the model in use; empty without one."""
        return self.embedder.fingerprint if self.embedder else ""

    def reader(self, audience: Audience) -> Reader:
        """Open the audience's index; raises ``NoIndex``, or ``FingerprintMismatch`` for the analysis.

        ``StateLost`` where the state is not the one that the index was built with: nobody knows then what
        was taken down.

        One of another model can be read, by keyword: until a process is started anew with the settings
        of a rebuild, it must answer. See :meth:`embed_query`.
        """
        return self._reader(audience, None)

    def reader_of_generation(self, audience: Audience, generation: str) -> Reader:
        """Open a generation that the audience may have read before; raises ``Gone``.

        One answer for all that cannot be asked: dropped, never there, of an audience above, of another
        analysis. Names come from outside, and must not tell which generations there are.
        """
        try:
            reader = self._reader(audience, generation)
            self.check_manifest(reader.manifest, model=self.embedder is not None)
        except (BadInput, FingerprintMismatch, NoIndex, NotFound, StateLost) as exc:
            raise Gone(
                say(
                    "这次检索开始时的索引已经撤换，不能再往下取；请去掉 cursor，从头重新提问",
                    "the index that this search began with is gone; leave out cursor and ask again",
                )
            ) from exc
        return reader

    def _reader(self, audience: Audience, generation: str | None) -> Reader:
        try:
            identity, hidden = self.store.hidden.read()
        except StateLost:
            self.engine.reader(Scope(audience))  # where there is no index, that is what to say
            raise
        reader = self.engine.reader(Scope(audience, hidden), generation=generation)
        self.check_manifest(reader.manifest)
        self.store.check(reader.manifest.state, identity)
        return reader

    def check_state(self) -> None:
        """Raise ``StateLost`` unless what serves was built with this state; quiet where nothing serves."""
        for one in self.engine.generations():
            if one.serves and one.manifest.state:
                self.store.check(one.manifest.state)

    def vocabulary(self, reader: Reader) -> LoadedVocabulary:
        """The vocabulary of what a reader reads, less what is taken down, ready to be asked."""
        return self.store.vocabularies.vocabulary(reader.generation, reader.scope.hidden)

    def check_manifest(self, manifest: Manifest, *, model: bool = False) -> None:
        """Raise ``FingerprintMismatch`` if an index was made by another schema or analysis.

        ``model``: or by another model. Whoever writes must ask it, or vectors of two models would mix.
        """
        if manifest.mismatched_keys:
            raise mismatch(
                ("索引", "the index"),
                f"schema {manifest.schema}: {', '.join(manifest.mismatched_keys)}",
                expected=f"schema {SCHEMA}",
                remedy=REBUILD,
                written_by=manifest.release,
            )
        differing = [
            f"{say(*name)} {theirs or NO_MODEL} ≠ {mine or NO_MODEL}"
            for name, theirs, mine in (
                (("结构", "schema"), manifest.schema, SCHEMA),
                (("分析", "analysis"), manifest.analysis, self.analyzer.fingerprint),
                (("模型", "model"), manifest.model, self.model_fingerprint),
            )
            if theirs != mine and (model or name[1] != "model")
        ]
        if differing:
            named = say("；", "; ").join(differing)
            raise FingerprintMismatch(
                say(
                    f"建立索引时的设置与当前设置不同（{named}）。"
                    "请运行 gongwen index 来源 重建，或恢复原来的设置",
                    f"the index was made by other settings ({named});"
                    " run: gongwen index SOURCE, or restore the settings",
                )
            )

    def embed_query(self, manifest: Manifest, text: str) -> Vector | None:
        """The vector of a question to an index; None if the model knows no word of it.

        Raises ``SemanticSearchUnavailable`` where there is no model, it fails, or the index has vectors of
        another: keyword search goes on.
        """
        if self.embedder is None:
            raise SemanticSearchUnavailable
        if manifest.model != self.embedder.fingerprint:
            _say_other_model(manifest.model or NO_MODEL, self.embedder.fingerprint)
            raise SemanticSearchUnavailable
        try:
            vector = self.embedder.embed([text], query=True)[0]
        except (
            Exception
        ) as exc:  # a model is foreign code: whatever it raises, keywords must answer
            _log.exception("embedding failed")
            raise SemanticSearchUnavailable from exc
        return vector if vector.any() else None

    def close(self) -> None:
        """Let go of files and connections."""
        self.engine.close()
        self.store.close()


def open_service(settings: Settings) -> SearchService:
    """Open all parts by the settings; raises ``ConfigurationError`` naming the wrong one."""
    embedder = None
    if settings.model != NO_MODEL:
        try:
            embedder = open_embedder(settings.model)
        except ModelError as exc:
            raise ModelMissing(str(exc)) from exc
    access = Access(
        api_key=settings.engine_api_key.get_secret_value(),
        ca=settings.engine_ca,
        fingerprint=settings.engine_fingerprint,
        timeout=settings.engine_timeout,
    )
    engine = open_engine(settings.engine, access)
    return SearchService(
        engine=engine,
        store=Store(settings.state_url),
        analyzer=Analyzer(settings.segmenter),
        embedder=embedder,
    )
