"""Generations beside the live ones: built, checked, activated, gone back to.

Entry points: :func:`rebuild`, and its steps :func:`create`, :func:`load`, :func:`check`,
:func:`activate`; :func:`rollback` and :func:`give_up`. Each step may be repeated, and goes on where a
killed one stopped. Steps are run inside ``ledger.exclusive()``; :func:`rebuild` takes it itself.

Searches go on all the time: the live generations serve until the aliases are swapped in one step, and a
half-built one never does. What is written meanwhile is in the ledger, and replayed.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from analyzers.messages import say
from indexer.build import loading
from indexer.build.calibration import calibrate
from indexer.build.checks import check_size, hold
from indexer.build.disk_space import make_room
from indexer.build.fault_file import Faults
from indexer.build.live_writers import finish, live, open_writers, replay
from indexer.build.spool import Progress, Report, Spool, read, silent
from indexer.build.vector_cache import cache_of
from indexer.build.write import report_passes
from search_service import relevance
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
from search_service.model import (
    Audience,
    Generation,
    Manifest,
)
from search_service.service import SCHEMA, SearchService
from search_service.state.ledger import Build

# Articles that a check looks for, evenly from the whole source.
_SAMPLE = 20
# Seconds that a rebuild waits for who writes what serves.
_PATIENCE = 600.0


def rebuild(
    service: SearchService,
    sources: Sequence[Path],
    *,
    cleaning: Cleaning,
    shrink: bool = False,
    new_state: bool = False,
    progress: Progress = silent,
    reports: Path | None = None,
) -> Report:
    """Replace the index by exactly what the sources hold; the live one serves until the last step.

    Raises ``BadInput`` for sources that must not replace what serves (:func:`.check_size`);
    ``EngineError`` if the new generations do not hold what was loaded; ``WriterBusy`` where another
    process rebuilds; ``StateLost`` where the state is not the one of the index (unless ``new_state``:
    then it is from now on). Then nothing changes.
    """
    with service.store.ledger.exclusive():
        try:
            create(service, new_state=new_state)
            try:
                report = load(
                    service,
                    sources,
                    cleaning=cleaning,
                    shrink=shrink,
                    progress=progress,
                    reports=reports,
                )
            except BadInput:
                give_up(service)
                raise
            try:
                check(service)
            except EngineError:
                give_up(service)
                raise
            activate(service)
        except (DiskFull, OSError) as exc:
            if is_full(exc, Path(tempfile.gettempdir())):
                make_room(service)
            raise
    names = {generation.name for generation in report.generations}
    report.generations = tuple(g for g in service.engine.generations() if g.name in names)
    return report


def create(service: SearchService, *, new_state: bool = False) -> Build:
    """Begin a build, or go on with the one that was begun with the same settings.

    Raises ``StateLost`` where the state is not the one of the index that serves, unless ``new_state``.
    """
    if not new_state:
        service.check_state()
    service.store.create()
    ledger = service.store.ledger
    build = ledger.build()
    if build is not None and _serves(service, build):
        activate(service)  # killed between the swap and its end
        build = None
    if build is not None and not _usable(service, build):
        give_up(service)
        build = None
    if build is None:
        ledger.set_build(Build(sequence=ledger.next()))
        if (cache := cache_of(service)) is not None:
            cache.begin()
    _generation(service, Audience.PUBLIC)
    return open_build(service)


def load(
    service: SearchService,
    sources: Sequence[Path],
    *,
    cleaning: Cleaning,
    shrink: bool = False,
    progress: Progress = silent,
    reports: Path | None = None,
) -> Report:
    """Write what the sources hold into the build, and nothing else.

    What a load that was killed has written is not analysed again where it is still the same. ``reports``:
    the folder of the files of faults.
    """
    started = time.monotonic()
    report = Report(faults=Faults(reports))
    ledger = service.store.ledger
    build = open_build(service)
    # Taken before reading: what is entered from here on may be missing in the new generations.
    sequence = _number(service)
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        for article in read(sources, cleaning, report):
            spool.put(article)
            progress("read", spool.count, 0)
        faults = len(report.faults)
        check_size(service, spool.count, faults, report, shrink=shrink)
        reads = spool.audiences()
        ledger.set_build(
            replace(build, sequence=sequence, reads=reads, loaded=False, checked=False)
        )
        created = {own: _generation(service, own) for own in dict.fromkeys(reads.values())}
        drop_leftovers(service)
        with open_writers(service, created, loading=True) as writers:
            hidden = service.store.hidden.ids()
            out = loading.shelve(service, spool, writers, sequence, hidden)
            passes = loading.load(service, spool, writers, sequence, _readers(reads), out, progress)
            # Of what guests may read alone: no other text decides whether they get a new index.
            lost = len(passes[Audience.PUBLIC].refused)
            check_size(service, spool.count - lost, faults + lost, report, shrink=shrink)
            for audience, writer in writers.items():
                writer.complete()
                done = passes[audience]
                loading.remove_others(service, created[audience], writer, done)
                others = hidden.union(done.refused)
                titles = spool.titles(audience, relevance.FLOOR_TITLES, others)
                calibrate(service, created[audience], writer, titles)
    if any(done.stale for done in passes.values()):
        # Only what a killed load has left can be in the way: a newer version than that of now.
        give_up(service)
        create(service, new_state=True)  # as it was when this build began
        return load(
            service, sources, cleaning=cleaning, shrink=shrink, progress=progress, reports=reports
        )
    report_passes(report, passes)
    expected = {audience: len(done.own) - len(done.refused) for audience, done in passes.items()}
    ids = sorted(passes[max(passes)].own)
    sample = ids[:: max(1, len(ids) // _SAMPLE)]
    ledger.set_build(replace(open_build(service), expected=expected, sample=sample, loaded=True))
    report.generations = tuple(created.values())
    report.seconds = time.monotonic() - started
    return report


def check(service: SearchService) -> None:
    """Hold the build against what was loaded; raises ``EngineError`` naming what is wrong.

    Every article is counted; of a sample each is found by its id and by its first vector.
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
        hold(reader, expected=expected, sample=build.sample)
    service.store.ledger.set_build(replace(build, checked=True))


def activate(service: SearchService) -> Mapping[Audience, str]:
    """Let the build serve, with all that was entered since it was loaded; who reads what now.

    Without a build: after a rollback, go forward again.
    """
    ledger = service.store.ledger
    build = _build(service)
    if build is None:
        return _exchange(service) if _is_rolled_back(service) else _serving(service)
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
        with ledger.live(patience=_PATIENCE):
            replay(service, writers, after, readers)
            service.engine.activate(serving)
    service.store.hidden_articles.drop_before(build.sequence)
    # Later ones may be missing in the generation before, where a rollback would need them.
    ledger.forget(build.sequence)
    ledger.set_build(None)
    finish(service)
    drop_leftovers(service)
    if (cache := cache_of(service)) is not None:
        models = {one.manifest.model for one in service.engine.generations()}
        cache.finish(service.model_fingerprint, models)
    return serving


def rollback(service: SearchService) -> Mapping[Audience, str]:
    """Let the generation before serve again, with all that was entered since; who reads what now.

    Once: a second time changes nothing, :func:`activate` goes forward again. Raises ``NotFound``
    where there is nothing to go back to.
    """
    return _serving(service) if _is_rolled_back(service) else _exchange(service)


def give_up(service: SearchService) -> None:
    """Drop the build's generations and forget it; what serves is not touched.

    In this order: on a full disk there is no room for the note before. A build of which the note alone is
    left is given up by the next one.
    """
    service.engine.drop_unread()
    service.store.ledger.set_build(None)
    service.store.vocabularies.keep([one.name for one in service.engine.generations()])


def drop_leftovers(service: SearchService) -> None:
    """Drop the generations that serve nobody, that are not built and that no rollback goes back to."""
    build = service.store.ledger.build()
    built = set(build.generations.values()) if build else set()
    for generation in service.engine.generations():
        if not (generation.serves or generation.is_rollback_target or generation.name in built):
            service.engine.drop(generation.name)
    service.store.vocabularies.keep([one.name for one in service.engine.generations()])


def open_build(service: SearchService) -> Build:
    """The build under way; raises ``NotFound`` where there is none."""
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
    """The build under way; none before the first index, when there is no state either."""
    try:
        return service.store.ledger.build()
    except StateLost:
        if any(one.serves for one in service.engine.generations()):
            raise
        return None


def _generation(service: SearchService, audience: Audience) -> Generation:
    """The build's generation of this audience; created where it has none."""
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
    """Whether these settings may go on with it."""
    found = {one.name: one for one in service.engine.generations()}
    try:
        for name in build.generations.values():
            service.check_manifest(found[name].manifest, model=True)
    except (KeyError, FingerprintMismatch):
        return False
    return True


def _serves(service: SearchService, build: Build) -> bool:
    names = set(build.generations.values())
    return any(one.serves for one in service.engine.generations() if one.name in names)


def _number(service: SearchService) -> int:
    """A number of the ledger below which nothing waits, or is being written, that can be written."""
    ledger = service.store.ledger
    with (
        suppress(NoIndex, FingerprintMismatch, StateLost, EngineMisconfigured),
        live(service, patience=_PATIENCE) as serving,
    ):
        serving.finish()
        return ledger.next()
    with ledger.live(patience=_PATIENCE):
        return ledger.next()


def _readers(reads: Mapping[Audience, Audience]) -> dict[Audience, list[Audience]]:
    """Who reads the index of each audience."""
    return {own: [who for who, whose in reads.items() if whose == own] for own in reads.values()}


def _serving(service: SearchService) -> dict[Audience, str]:
    """Who reads what; raises ``NoIndex`` where nothing serves."""
    service.reader(Audience.PUBLIC)
    return {a: one.name for one in service.engine.generations() for a in one.serves}


def _is_rolled_back(service: SearchService) -> bool:
    """Whether what a rollback would go to is newer than what serves, by the generations of guests.

    Every build has one of those.
    """
    public = [one for one in service.engine.generations() if one.audience is Audience.PUBLIC]
    # Where it is gone, nothing is known to be newer.
    places = [place for place, one in enumerate(public) if one.serves]
    serving = max(places, default=len(public))
    return any(one.is_rollback_target for one in public[serving + 1 :])


def _exchange(service: SearchService) -> Mapping[Audience, str]:
    """Exchange what serves and what is kept, with all that was entered since the activation."""
    kept = {one.audience: one for one in service.engine.generations() if one.is_rollback_target}
    for one in kept.values():
        service.check_manifest(one.manifest, model=True)
        service.store.check(one.manifest.state)
    with open_writers(service, kept) as writers:
        # The counters of views are those of now.
        after = replay(service, writers, 0, {})
        with service.store.ledger.live(patience=_PATIENCE):
            replay(service, writers, after, {})
            serving = service.engine.rollback()
    finish(service)
    return serving
