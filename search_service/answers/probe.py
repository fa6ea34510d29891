"""Whether searches work, for health checks. Entry point: :func:`probe`."""

from analyzers.messages import say
from analyzers.terms import exact_key
from search_service import relevance
from search_service.answers.search import search
from search_service.errors import EngineError
from search_service.model import Audience, Everything, Exact, Sort
from search_service.query.request import SearchRequest
from search_service.service import SearchService


def probe(service: SearchService, audience: Audience, number: int) -> None:
    """Search for one article of the audience's index by its title: the ``number``-th newest, in a circle.

    That reads aliases, rows, text index, vectors and state. Raises what makes searches fail.
    """
    reader = service.reader(audience)
    articles = reader.totals(Everything()).total
    if not articles:
        search(service, SearchRequest(text="通知", size=1), audience)
        return
    place = number % min(articles, relevance.MAX_RESULTS)
    hits = reader.keyword(Everything(), sort=Sort.DATE, offset=place, limit=1)
    stored = reader.fetch([hit.id for hit in hits])
    if not stored or not all(reader.totals(Exact(exact_key(key))).total for key in stored):
        raise EngineError(say("索引与自身不符", "the index is inconsistent"))
    for one in stored.values():
        title = one.view.title[: relevance.MAX_QUERY]
        search(service, SearchRequest(text=title, size=1), audience)
