"""The demonstration: the sample corpus of the package and its example searches.

Entry points: :data:`SAMPLE`, :func:`examples`. The corpus was written by the project.
"""

from importlib.resources import files
from pathlib import Path

from search_service.answers.search import search
from search_service.model import Audience
from search_service.query.request import SearchRequest
from search_service.service import SearchService
from search_service.web.app import Example

SAMPLE = Path(str(files("indexer") / "sample" / "corpus"))

# Each shows what LIKE cannot do: semantic search, traditional script, brackets, case; the last, who may read
# what. The notes are shown on a page, so they are Chinese in every locale.
_SEARCHES = (
    ("小区没人管怎么办", "按意思找到"),
    ("三無小區", "繁体查简体"),
    ("云政法(2023)9号", "文号括号不同也能找到"),
    ("b1890", "编号不分大小写"),
    ('"质价相符"', "只在付费部分：请在上方换成会员再检索"),
)


def examples(service: SearchService) -> list[Example]:
    """The example searches, each with its number of results and that of ``LIKE '%…%'`` for each audience."""
    texts = [
        [f"{one.view.title}\n{one.view.text}" for one in service.reader(audience).scan()]
        for audience in Audience
    ]
    return [
        Example(
            text=text,
            note=note,
            found=[
                search(service, SearchRequest(text=text, size=1), audience).total
                for audience in Audience
            ],
            like_count=[sum(text.strip('"') in whole for whole in mine) for mine in texts],
        )
        for text, note in _SEARCHES
    ]
