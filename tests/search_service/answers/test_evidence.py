"""The choice of passages under a result."""

from analyzers.outline import FRAME
from search_service.answers.search import search
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService


def test_on_ties_the_body_is_shown_before_the_frame(
    sample_service: SearchService,
) -> None:
    """The salutation is shown only if no other passage matches."""
    request = SearchRequest(text="物业", mode=Mode.KEYWORD, size=20)
    page = search(sample_service, request, Audience.PUBLIC)
    assert any(passage.role in FRAME for one in page.results for passage in one.stored.passages)
    for result in page.results:
        roles = [passage.role in FRAME for passage in result.passages]
        assert roles == sorted(roles)
    salutation = search(
        sample_service, SearchRequest(text='"辖区各经营单位"', mode=Mode.KEYWORD), Audience.PUBLIC
    )
    assert {one.passages[0].role for one in salutation.results} == {"主送"}
