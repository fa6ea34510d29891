"""Guests cannot tell two services apart that differ in what stands above guests.

A few worlds here; thousands with ``make fuzz`` (:mod:`tests.differential`). And the worlds themselves are
tried: with each guard of the promise taken out, they must tell the services apart.
"""

import pytest

from tests.differential import compare_one

# Worlds within which the removal of any guard shows.
ENOUGH = 60


@pytest.mark.parametrize("seed", range(4))
def test_guests_cannot_tell_services_apart(seed: int) -> None:
    """Other paid texts, other articles of members and staff, in any sequence of writes: no difference."""
    compared = compare_one(seed)

    assert compared.answers > 50
    assert not compared.told


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140, 10))
def test_guests_cannot_tell_services_apart_in_more_worlds(seed: int) -> None:
    """Ten more worlds each."""
    for one in range(seed, seed + 10):
        assert not compare_one(one).told


@pytest.mark.elasticsearch
@pytest.mark.parametrize("seed", range(3))
def test_guests_cannot_tell_services_apart_on_elasticsearch(
    elasticsearch_url: str, seed: int
) -> None:
    """The same over the other engine."""
    assert not compare_one(seed, elasticsearch_url.rpartition("/")[0]).told
