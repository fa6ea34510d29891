"""Engine, state store, analyzer and embedder, opened once per process. Entry point: :func:`open_service`.

The service opens readers that are safe to search: limited to one audience, without hidden articles, of an
index built with the analysis in use.
"""

import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from analyzers.embed import Embedder, ModelError, embed_meanings, open_embedder
from analyzers.messages import say
from analyzers.terms import Analyzer
from search_service import logs
from search_service.engines import Access, Engine, Reader, Scope, open_engine
from search_service.errors import (
    BadInput,
    FingerprintMismatch,
    Gone,
    ModelMissing,
    NoIndex,
    NotFound,
    ReaderOutdated,
    StateLost,
)
from search_service.formats import REBUILD, mismatch
from search_service.metrics import stage
from search_service.model import Audience, Manifest, Vector
from search_service.settings import Settings
from search_service.state.store import Store
from search_service.state.vocabularies import LoadedVocabulary

# Increase it when the meaning of stored data changes.
SCHEMA = 7
NO_MODEL = "none"
_log = logs.Log(__name__)
Answer = TypeVar("Answer")
Parameters = ParamSpec("Parameters")


@functools.lru_cache(maxsize=8)  # once, not with every search
def _warn_other_model(theirs: str, mine: str) -> None:
    """Until a restart with the setting of the index, or a rebuild."""
    _log.warning("keyword-only", reason="other-model", index_model=theirs, model=mine)


@functools.lru_cache(maxsize=8)
def _warn_model_failed(kind: str) -> None:
    """Once for each type of exception."""
    _log.failure("keyword-only", sys.exception(), reason="model-failed", kind=kind)


class SemanticSearchUnavailable(Exception):
    """There is no model for this index, or it failed."""


@dataclass(frozen=True)
class SearchService:
    """Everything that a search needs. ``embedder`` is None with ``GONGWEN_MODEL=none``."""

    engine: Engine
    store: Store
    analyzer: Analyzer
    embedder: Embedder | None

    @property
    def model_fingerprint(self) -> str:
        """Fingerprint of the model in use; empty without one."""
        return self.embedder.fingerprint if self.embedder else ""

    def reader(self, audience: Audience, *, shared: bool = False) -> Reader:
        """Open the audience's index; ``shared``: for a function that :func:`reads_shared`.

        Raises ``NoIndex``; ``FingerprintMismatch`` if it was built with another analysis; ``StateLost`` if
        the state is not the one that it was built with, because the hidden articles are unknown then.

        An index of another model is accepted, for keyword search: after a rebuild with another model a
        running process must answer until it is restarted. See :meth:`embed_query`.
        """
        return self._reader(audience, None, shared=shared)

    def reader_of_generation(self, audience: Audience, generation: str) -> Reader:
        """Open an earlier generation, by name; raises ``Gone`` if the audience cannot read it.

        The error is the same for a generation that was dropped, never existed, belongs to a higher audience
        or was built with another analysis: a name from outside must not reveal which generations exist.
        """
        try:
            reader = self._reader(audience, generation)
            self.check_manifest(reader.manifest, model=self.embedder is not None)
        except (BadInput, FingerprintMismatch, NoIndex, NotFound, StateLost) as exc:
            raise Gone(
                say(
                    "这次检索开始时的索引已经撤换，不能再往下取；请去掉 cursor，从头重新提问",
                    "the index that this search began with is gone; search again without cursor",
                )
            ) from exc
        return reader

    def _reader(
        self, audience: Audience, generation: str | None, *, shared: bool = False
    ) -> Reader:
        try:
            identity, hidden = self.store.hidden.read()
        except StateLost:
            self.engine.reader(Scope(audience))  # without an index, raise NoIndex instead
            raise
        scope = Scope(audience, hidden)
        reader = self.engine.reader(scope, generation=generation, shared=shared)
        self.check_manifest(reader.manifest)
        self.store.check(reader.manifest.state, identity)
        return reader

    def check_state(self) -> None:
        """Raise ``StateLost`` if a serving generation was built with another state."""
        for one in self.engine.generations():
            if one.serves and one.manifest.state:
                self.store.check(one.manifest.state)

    def vocabulary(self, reader: Reader) -> LoadedVocabulary:
        """The vocabulary of the reader's generation, without the hidden articles."""
        return self.store.vocabularies.vocabulary(reader.generation, reader.scope.hidden)

    def check_manifest(self, manifest: Manifest, *, model: bool = False) -> None:
        """Raise ``FingerprintMismatch`` if an index was built with another schema or analysis.

        ``model``: also if with another model. Writers must pass it, or vectors of two models would mix.
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
                    f"the index was built with other settings ({named});"
                    " run: gongwen index SOURCE, or restore the settings",
                )
            )

    @stage("embed")
    def embed_query(self, manifest: Manifest, *texts: str) -> Vector | None:
        """The vector of a query: shape (dimensions,), L2-normalised; None if all its words are unknown.

        ``texts``: the query, or several that say the same.

        Raises ``SemanticSearchUnavailable`` if there is no model, it fails, or the index has vectors of
        another one; keyword search remains possible.
        """
        vector: Vector = self.embed_queries(manifest, [texts])[0]
        return vector if vector.any() else None

    def embed_queries(self, manifest: Manifest, queries: Sequence[Sequence[str]]) -> Vector:
        """The vectors of several queries, shape (number, dimensions); zeros for one of unknown words.

        Raises as :meth:`embed_query`.
        """
        if self.embedder is None:
            raise SemanticSearchUnavailable
        if manifest.model != self.embedder.fingerprint:
            _warn_other_model(manifest.model or NO_MODEL, self.embedder.fingerprint)
            raise SemanticSearchUnavailable
        try:
            return embed_meanings(self.embedder, queries)
        except (
            Exception
        ) as exc:  # a model is third-party code: whatever it raises, keyword search must answer
            _warn_model_failed(type(exc).__name__)
            raise SemanticSearchUnavailable from exc

    def close(self) -> None:
        """Close files and connections."""
        self.engine.close()
        self.store.close()


def reads_shared(
    answer: Callable[Concatenate[SearchService, Parameters], Answer],
) -> Callable[Concatenate[SearchService, Parameters], Answer]:
    """Decorate a function that opens a shared reader: it is called again if that was outdated.

    Not more often: then what the reader needs has just been opened.
    """

    @functools.wraps(answer)
    def wrapped(
        service: SearchService, /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Answer:
        try:
            return answer(service, *args, **kwargs)
        except ReaderOutdated:
            return answer(service, *args, **kwargs)

    return wrapped


def engine_of(settings: Settings) -> Engine:
    """Open the engine by the settings; raises ``ConfigurationError``."""
    access = Access(
        api_key=settings.engine_api_key.get_secret_value(),
        ca=settings.engine_ca,
        fingerprint=settings.engine_fingerprint,
        timeout=settings.engine_timeout,
    )
    return open_engine(settings.engine, access)


def embedder_of(settings: Settings, *, local_only: bool = False) -> Embedder | None:
    """Open the model by the settings, None with ``none``; raises ``ModelMissing``.

    ``local_only``: without a download.
    """
    if settings.model == NO_MODEL:
        return None
    try:
        return open_embedder(settings.model, local_only=local_only)
    except ModelError as exc:
        raise ModelMissing(str(exc)) from exc


def open_service(settings: Settings) -> SearchService:
    """Open all parts by the settings; raises ``ConfigurationError`` naming the invalid one."""
    embedder = embedder_of(settings)
    return SearchService(
        engine=engine_of(settings),
        store=Store(settings.state_url),
        analyzer=Analyzer(settings.segmenter),
        embedder=embedder,
    )
