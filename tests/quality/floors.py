"""What the judged sets have in common: a table of figures, and what of it is below its floors."""

from collections.abc import Mapping, Sequence

from indexer.evaluation.answers import DEPTH, run_queries
from indexer.evaluation.judgements import Judgements, Method
from indexer.evaluation.measures import MEASURES, measure
from search_service.model import Audience
from search_service.service import SearchService

Floors = Mapping[Method, Sequence[float]]
Table = Mapping[Method, Sequence[float]]


def table(
    service: SearchService,
    judgements: Judgements,
    methods: Sequence[Method],
    audience: Audience,
    *,
    names: Sequence[str] = MEASURES,
    depth: int = DEPTH,
) -> Table:
    """The mean of each measure for each way of asking; also printed, for whoever pins floors."""
    found: dict[Method, Sequence[float]] = {}
    print(f"\n{judgements.corpus:16}", *(f"{name:>10}" for name in names))  # noqa: T201  (for -s)
    for method in methods:
        run = run_queries(service, method, judgements.of(method.task), audience, depth=depth)
        found[method] = tuple(measure(run, judgements.grades, names).means.values())
        print(f"{method:16}", *(f"{value:10.3f}" for value in found[method]))  # noqa: T201
    return found


def below(values: Sequence[float], floors: Sequence[float]) -> list[str]:
    """The figures that do not reach their floor."""
    pairs = zip(values, floors, strict=True)
    return [f"{value:.3f} < {floor}" for value, floor in pairs if value < floor]
