"""Guests cannot distinguish two services that differ only in content above guests.

A few worlds here; thousands with ``make fuzz`` (:mod:`tests.promises.differential`). The worlds themselves
are tested, too: with a guard of the promise taken out, they must tell the services apart.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from indexer.build import entries, live_writers, loading, views, write
from indexer.build.ingest import ArticleBuffer, batches
from search_service.engines.embedded import row_writer
from search_service.engines.ordering import Decision, decide
from search_service.model import Article, Audience, View
from search_service.service import SearchService
from search_service.state.view_counts import ViewCounts
from tests.promises.differential import compare_one

# Number of worlds in which the removal of any guard is detected.
_ENOUGH = 40


@pytest.mark.parametrize("seed", range(2))
def test_guests_cannot_tell_services_apart(seed: int) -> None:
    """Different paid texts and articles of members and staff, any sequence of writes: no difference."""
    compared = compare_one(seed)

    assert compared.answers > 50
    assert not compared.told


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120, 10))
def test_guests_cannot_tell_services_apart_in_more_worlds(seed: int) -> None:
    """Ten more worlds each."""
    for one in range(seed, seed + 10):
        assert not compare_one(one).told


@pytest.mark.elasticsearch
@pytest.mark.parametrize("seed", range(3))
def test_guests_cannot_tell_services_apart_on_elasticsearch(
    elasticsearch_url: str, seed: int
) -> None:
    """The same on the other engine."""
    assert not compare_one(seed, elasticsearch_url.rpartition("/")[0]).told


# --- the guards, taken out -------------------------------------------------------------------------

Patch = pytest.MonkeyPatch


def read_from_above(patch: Patch) -> None:
    """Requests of guests are answered from the index of the staff."""
    reader = SearchService._reader
    patch.setattr(
        SearchService,
        "_reader",
        lambda service, _audience, generation, **options: reader(
            service, Audience.STAFF, generation, **options
        ),
    )


def give_guests_everything(patch: Patch) -> None:
    """Guests' view is that of members."""
    source_view = views.source_view

    def open_to_all(article: Article, audience: Audience) -> View | None:
        return source_view(article, max(audience, Audience.MEMBER))

    patch.setattr(views, "source_view", open_to_all)
    patch.setattr(write, "source_view", open_to_all)


def derive_from_the_whole_text(patch: Patch) -> None:
    """Issuer, date and number of the guests' view come from the members' text."""

    def view_of(article: Article, audience: Audience) -> View | None:
        view = views.source_view(article, audience)
        if view is None:
            return None
        return replace(
            views._with_metadata(replace(view, text=article.body)), text=view.text, found=()
        )

    patch.setattr(entries, "view_of", view_of)


def write_what_is_unchanged(patch: Patch) -> None:
    """An unchanged view is written again."""

    def always(*given: Any) -> Decision:
        decision = decide(*given)
        return Decision.WRITE if decision is Decision.UNCHANGED else decision

    patch.setattr(row_writer, "decide", always)


def cut_batches_over_all(patch: Patch) -> None:
    """Batches are cut over the articles of all audiences."""
    write_for_audience = write.write_for_audience

    def in_batches(
        service: Any, audience: Any, writer: Any, given: Iterable[Any], **rest: Any
    ) -> write.AudienceResult:
        done = write.AudienceResult()
        for batch in batches(given):
            one = write_for_audience(service, audience, writer, batch, **rest)
            done.visible |= one.visible
            done.written += one.written
        return done

    for module in (live_writers, loading):
        patch.setattr(module, "write_for_audience", in_batches)


def count_views_from_above(patch: Patch) -> None:
    """The counters that guests see depend on the members' text."""
    set_views = ViewCounts.set

    def from_above(views: ViewCounts, audience: Audience, counts: Any) -> None:
        if audience is not Audience.PUBLIC:
            for one in Audience:
                set_views(views, one, counts)

    patch.setattr(ViewCounts, "set", from_above)


def suggest_from_above(patch: Patch) -> None:
    """Suggestions for guests come from the texts of the staff."""

    def vocabulary(service: SearchService, _reader: Any) -> Any:
        above = service.reader(Audience.STAFF)
        return service.store.vocabularies.vocabulary(above.generation, above.scope.hidden)

    patch.setattr(SearchService, "vocabulary", vocabulary)


def calibrate_from_above(patch: Patch) -> None:
    """The thresholds of the guests' index come from the titles of all."""
    titles = ArticleBuffer.titles
    patch.setattr(
        ArticleBuffer,
        "titles",
        lambda buffer, _audience, *rest: titles(buffer, Audience.STAFF, *rest),
    )


# Each guard, and a world that notices that it is missing: tried before the others, which cost minutes.
GUARDS = [
    (read_from_above, 0),
    (give_guests_everything, 0),
    (derive_from_the_whole_text, 0),
    (write_what_is_unchanged, 7),
    (cut_batches_over_all, 0),
    (count_views_from_above, 3),
    (suggest_from_above, 0),
    (calibrate_from_above, 0),
]


@pytest.mark.slow
@pytest.mark.parametrize(("take_out", "first"), GUARDS)
def test_a_missing_guard_is_detected(
    monkeypatch: pytest.MonkeyPatch, take_out: Callable[[Patch], None], first: int
) -> None:
    """The worlds detect each missing guard; otherwise they would prove nothing."""
    take_out(monkeypatch)

    assert any(compare_one(seed).told for seed in (first, *range(_ENOUGH)))
