"""Building generations beside the live ones, checking and activating them, rolling back.

Entry points: :func:`rebuild`, and its steps :func:`create`, :func:`load`, :func:`check`,
:func:`activate`; :func:`rollback` and :func:`discard_build`. Each step may be repeated, and continues where a
killed one stopped. The steps must run inside ``ledger.exclusive()``; :func:`rebuild` enters it itself.

Searches are never interrupted: the live generations serve until the aliases are swapped in one step, and an
unfinished generation never serves. Changes made during a build are in the ledger and replayed.
"""

import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from analyzers.messages import say
from indexer.build import loading
from indexer.build.calibration import calibrate
from indexer.build.checks import check_size, verify
from indexer.build.disk_space import free_space
from indexer.build.fault_log import FaultLog
from indexer.build.ingest import (
    ArticleBuffer,
    Progress,
    RunReport,
    Sources,
    no_progress,
)
from indexer.build.live_writers import finish, open_live_writers, open_writers, replay
from indexer.build.vector_cache import cache_of
from indexer.build.vocabulary import Collector
from indexer.build.write import add_results
from search_service import logs, relevance
from search_service.disk import is_full
from search_service.engines import Scope
from search_service.errors import (
    BadInput,
    DiskFull,
    EngineError,
    EngineMisconfigured,
    FingerprintMismatch,
    NoIndex,
    NotFound,
    StateLost,
)
from search_service.formats import release
from search_service.intake.cleaning import Cleaning
from search_service.metrics import stage
from search_service.model import Audience, Generation, Manifest
from search_service.service import SCHEMA, SearchService
from search_service.state.ledger import Build

# Articles that a check searches for, evenly from the whole source.
_SAMPLE = 20
# Seconds that a rebuild waits for a process that writes the live index.
_LOCK_TIMEOUT = 600.0
_log = logs.Log(__name__)


def rebuild(  # noqa: PLR0913  (most are options of the command)
    service: SearchService,
    sources: Sources,
    *,
    cleaning: Cleaning,
    audience: Audience | None = Audience.PUBLIC,
    mapping: Mapping[str, str] | None = None,
    shrink: bool = False,
    new_state: bool = False,
    progress: Progress = no_progress,
    fault_folder: Path | None = None,
) -> RunReport:
    """Replace the index by the contents of the sources; the live one serves until the last step.

    Raises, with the live index unchanged: ``BadInput`` for sources that must not replace it
    (:func:`.check_size`), or do not say who may read them while ``audience`` is None (it and ``mapping`` as
    for :func:`.read_source`); ``EngineError`` if the new generations fail the check; ``WriterBusy`` if
    another process rebuilds; ``StateLost`` if the state does not belong to the index. With ``new_state`` the
    present state becomes the state of the index.
    """
    with service.store.ledger.exclusive():
        try:
            create(service, new_state=new_state)
            try:
                report = load(
                    service,
                    sources,
                    cleaning=cleaning,
                    audience=audience,
                    mapping=mapping,
                    shrink=shrink,
                    progress=progress,
                    fault_folder=fault_folder,
                )
            except BadInput:
                discard_build(service)
                raise
            try:
                check(service)
            except EngineError:
                discard_build(service)
                raise
            activate(service)
        except (DiskFull, OSError) as exc:
            if is_full(exc, Path(tempfile.gettempdir())):
                free_space(service)
            raise
    names = {generation.name for generation in report.generations}
    report.generations = tuple(g for g in service.engine.generations() if g.name in names)
    return report


def create(service: SearchService, *, new_state: bool = False) -> Build:
    """Start a build, or continue one that was started with the same settings.

    Raises ``StateLost`` if the state does not belong to the live index, unless ``new_state``.
    """
    service.store.upgrade()
    if not new_state:
        service.check_state()
    service.store.create()
    ledger = service.store.ledger
    build = ledger.build()
    if build is not None:
        _log.info("build-continued", generations=list(build.generations.values()))
    if build is not None and _serves(service, build):
        activate(service)  # killed after the swap, before its clean-up
        build = None
    if build is not None and not _usable(service, build):
        discard_build(service)
        build = None
    if build is None:
        ledger.set_build(Build(sequence=ledger.next()))
        if (cache := cache_of(service)) is not None:
            cache.begin()
    _generation(service, Audience.PUBLIC)
    return open_build(service)


def load(
    service: SearchService,
    sources: Sources,
    *,
    cleaning: Cleaning,
    audience: Audience | None = Audience.PUBLIC,
    mapping: Mapping[str, str] | None = None,
    shrink: bool = False,
    progress: Progress = no_progress,
    fault_folder: Path | None = None,
) -> RunReport:
    """Write the articles of the sources into the build, and nothing else.

    Articles that a killed load has written are not analysed again if they are unchanged. ``fault_folder``:
    where the file of faults is created. Raises ``BadInput`` as :func:`rebuild` does.
    """
    started = time.monotonic()
    report = RunReport(faults=FaultLog(fault_folder))
    ledger = service.store.ledger
    build = open_build(service)
    # Log position before reading; later changes are replayed on activation.
    sequence = _log_position(service)
    with tempfile.TemporaryFile() as file:
        buffer = ArticleBuffer(file)
        origins = loading.read(buffer, sources, cleaning, report, audience, mapping, progress)
        faults = len(report.faults)
        check_size(service, buffer.count, faults, report, shrink=shrink)
        service.store.sources.unstage()
        for name, read in origins.items():
            service.store.sources.stage(name, read)
        reads = buffer.audiences()
        ledger.set_build(
            replace(build, sequence=sequence, reads=reads, loaded=False, checked=False)
        )
        created = {own: _generation(service, own) for own in dict.fromkeys(reads.values())}
        drop_unused(service)
        with open_writers(service, created, loading=True) as writers:
            hidden = service.store.hidden.ids()
            set_aside = loading.set_aside_hidden(service, buffer, writers, sequence, hidden)
            collectors = {audience: Collector(service.analyzer) for audience in created}
            results = loading.load(
                service,
                buffer,
                writers,
                sequence,
                _readers(reads),
                set_aside,
                collectors,
                progress,
            )
            # Counted over the public view only: no other text decides whether guests get a new index.
            refused = len(results[Audience.PUBLIC].refused)
            check_size(service, buffer.count - refused, faults + refused, report, shrink=shrink)
            for own, writer in writers.items():
                with stage("write"):
                    writer.complete()
                result = results[own]
                loading.remove_obsolete(service, created[own], writer, result)
                excluded = hidden.union(result.refused)
                titles = buffer.titles(own, relevance.FLOOR_TITLES, excluded)
                loading.find_copies(service, created[own], collectors[own], result)
                inventory = loading.inventory_of(
                    service, created[own], buffer, collectors.pop(own), result
                )
                calibrate(service, created[own], writer, titles, inventory)
    if any(result.stale for result in results.values()):
        # Only a killed load can have left a version newer than the present one: start over.
        discard_build(service)
        create(service, new_state=True)  # checked when this build began
        return load(
            service,
            sources,
            cleaning=cleaning,
            audience=audience,
            mapping=mapping,
            shrink=shrink,
            progress=progress,
            fault_folder=fault_folder,
        )
    add_results(report, results)
    expected = {who: len(one.visible) - len(one.refused) for who, one in results.items()}
    ids = sorted(results[max(results)].visible)
    sample = ids[:: max(1, len(ids) // _SAMPLE)]
    ledger.set_build(replace(open_build(service), expected=expected, sample=sample, loaded=True))
    report.generations = tuple(created.values())
    report.seconds = time.monotonic() - started
    return report


@stage("check")
def check(service: SearchService) -> None:
    """Check the build: article counts, and a sample of articles found by id and by first vector.

    Raises ``EngineError`` naming what is wrong, ``BadInput`` if nothing was loaded.
    """
    build = open_build(service)
    if build.checked:
        return
    if not build.loaded:
        raise BadInput(
            say(
                "新索引还没有装入文章；请先运行 gongwen generation load 来源",
                "nothing has been loaded yet; run first: gongwen generation load SOURCE",
            )
        )
    for audience, expected in build.expected.items():
        name = build.generations[audience]
        reader = service.engine.reader(Scope(audience), generation=name)
        service.check_manifest(reader.manifest, model=True)
        verify(reader, expected=expected, sample=build.sample)
    service.store.ledger.set_build(replace(build, checked=True))


@stage("activate")
def activate(service: SearchService) -> Mapping[Audience, str]:
    """Activate the build after replaying all changes since it was loaded.

    Returns the generation of each audience. Without a build, undoes a rollback. Raises ``BadInput`` for a
    build that has not been checked.
    """
    ledger = service.store.ledger
    build = _build(service)
    if build is None:
        return _swap_with_previous(service) if _is_rolled_back(service) else _serving(service)
    if not build.checked:
        raise BadInput(
            say(
                "新索引还没有检查；请先运行 gongwen generation check",
                "the new index has not been checked; run first: gongwen generation check",
            )
        )
    serving = build.serving()
    created = {own: _generation(service, own) for own in dict.fromkeys(build.reads.values())}
    with open_writers(service, created) as writers:
        readers = _readers(build.reads)
        after = replay(service, writers, build.sequence, readers)
        with ledger.live(patience=_LOCK_TIMEOUT):
            replay(service, writers, after, readers)
            service.engine.activate(serving)
    _log.info("index-activated", **{who.label: name for who, name in serving.items()})
    service.store.sources.activate()
    service.store.hidden_articles.drop_before(build.sequence)
    # Later changes are kept: a rollback to the previous generation would need them.
    ledger.forget(build.sequence)
    ledger.set_build(None)
    finish(service)
    drop_unused(service)
    if (cache := cache_of(service)) is not None:
        models = {one.manifest.model for one in service.engine.generations()}
        cache.finish(service.model_fingerprint, models)
    return serving


def rollback(service: SearchService) -> Mapping[Audience, str]:
    """Activate the previous generation again, after replaying all changes since.

    Returns the generation of each audience. A second rollback changes nothing; :func:`activate` undoes the
    first. Raises ``NotFound`` if there is no previous generation.
    """
    return _serving(service) if _is_rolled_back(service) else _swap_with_previous(service)


def discard_build(service: SearchService) -> None:
    """Delete the build's generations, then its record; the live index is not touched.

    In this order, because a full disk cannot take the change of the record first. The next build discards a
    record without generations.
    """
    dropped = service.engine.drop_unused()
    _log.info("build-discarded", generations=dropped)
    service.store.ledger.set_build(None)
    _forget_others(service)


def drop_unused(service: SearchService) -> None:
    """Delete generations that neither serve, nor are being built, nor are the target of a rollback."""
    build = service.store.ledger.build()
    built = set(build.generations.values()) if build else set()
    for generation in service.engine.generations():
        if not (generation.serves or generation.is_rollback_target or generation.name in built):
            service.engine.drop(generation.name)
    _forget_others(service)


def _forget_others(service: SearchService) -> None:
    """Delete what the state has of generations that are gone."""
    names = [one.name for one in service.engine.generations()]
    service.store.vocabularies.keep(names)
    service.store.copies.keep(names)


def open_build(service: SearchService) -> Build:
    """The current build; raises ``NotFound`` if there is none."""
    build = _build(service)
    if build is None:
        raise NotFound(
            say(
                "没有正在建立的新索引；请先运行 gongwen generation create",
                "no new index is being built; run first: gongwen generation create",
            )
        )
    return build


def _build(service: SearchService) -> Build | None:
    """The current build; None before the first index, when there is no state either."""
    try:
        return service.store.ledger.build()
    except StateLost:
        if any(one.serves for one in service.engine.generations()):
            raise
        return None


def _generation(service: SearchService, audience: Audience) -> Generation:
    """The build's generation for this audience; created if it has none."""
    build = open_build(service)
    for generation in service.engine.generations():
        if generation.name == build.generations.get(audience):
            return generation
    manifest = Manifest(
        schema=SCHEMA,
        release=release(),
        analysis=service.analyzer.fingerprint,
        model=service.model_fingerprint,
        dimensions=service.embedder.dimensions if service.embedder else 0,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        state=service.store.hidden.read()[0],
    )
    created = service.engine.create(audience, manifest)
    names = {**build.generations, audience: created.name}
    service.store.ledger.set_build(replace(build, generations=names))
    return created


def _usable(service: SearchService, build: Build) -> bool:
    """Whether the build can be continued with the current settings."""
    present = {one.name: one for one in service.engine.generations()}
    try:
        for name in build.generations.values():
            service.check_manifest(present[name].manifest, model=True)
    except (KeyError, FingerprintMismatch):
        return False
    return True


def _serves(service: SearchService, build: Build) -> bool:
    names = set(build.generations.values())
    return any(one.serves for one in service.engine.generations() if one.name in names)


def _log_position(service: SearchService) -> int:
    """A log position below which no change is pending or being written, except what cannot be written."""
    ledger = service.store.ledger
    with (
        suppress(NoIndex, FingerprintMismatch, StateLost, EngineMisconfigured),
        open_live_writers(service, timeout=_LOCK_TIMEOUT) as serving,
    ):
        serving.finish()
        return ledger.next()
    with ledger.live(patience=_LOCK_TIMEOUT):
        return ledger.next()


def _readers(reads: Mapping[Audience, Audience]) -> dict[Audience, list[Audience]]:
    """For each index, by its audience, the audiences that read it."""
    return {own: [who for who, whose in reads.items() if whose == own] for own in reads.values()}


def _serving(service: SearchService) -> dict[Audience, str]:
    """The live generation of each audience; raises ``NoIndex`` if there is none."""
    service.reader(Audience.PUBLIC)
    return {a: one.name for one in service.engine.generations() for a in one.serves}


def _is_rolled_back(service: SearchService) -> bool:
    """Whether the generation kept for rollback is newer than the live one.

    Judged by the public generations: every build has one.
    """
    public = [one for one in service.engine.generations() if one.audience is Audience.PUBLIC]
    # If the live one is missing, none counts as newer.
    places = [place for place, one in enumerate(public) if one.serves]
    serving = max(places, default=len(public))
    return any(one.is_rollback_target for one in public[serving + 1 :])


def _swap_with_previous(service: SearchService) -> Mapping[Audience, str]:
    """Swap the live generations and those kept for rollback; replays the ledger."""
    previous = {one.audience: one for one in service.engine.generations() if one.is_rollback_target}
    for one in previous.values():
        service.check_manifest(one.manifest, model=True)
        service.store.check(one.manifest.state)
    with open_writers(service, previous) as writers:
        # No readers: the view counters stay as they are now.
        after = replay(service, writers, 0, {})
        with service.store.ledger.live(patience=_LOCK_TIMEOUT):
            replay(service, writers, after, {})
            serving = service.engine.rollback()
    _log.info("index-exchanged", **{who.label: name for who, name in serving.items()})
    finish(service)
    return serving
