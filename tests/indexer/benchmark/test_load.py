"""When a server counts as recovered from an overload."""

from indexer.benchmark.load import Sample, _recovery

NORMAL = [Sample(n / 10, 0.02, 200, False) for n in range(10)]


def after(seconds: float, status: int = 200) -> list[Sample]:
    """Two seconds of slow answers, or of others, then three of normal ones; it begins at 2."""
    slow = [Sample(2 + n / 10, seconds, status, False) for n in range(20)]
    return slow + [Sample(4 + n / 10, 0.02, 200, False) for n in range(30)]


def test_it_has_recovered_when_answers_are_as_fast_as_before() -> None:
    """A little slower is fast enough."""
    assert _recovery(NORMAL, after(0.5), 2.0) == 2.0
    assert _recovery(NORMAL, after(0.029), 2.0) == 0.0


def test_a_rejection_is_not_fast() -> None:
    """However soon it came."""
    assert _recovery(NORMAL, after(0.001, 503), 2.0) == 2.0


def test_it_may_not_recover_while_watched() -> None:
    """Then there is no figure."""
    assert _recovery(NORMAL, after(0.5)[:20], 2.0) is None
