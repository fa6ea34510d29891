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

# Each shows what LIKE cannot do: semantic search, traditional script, brackets, case, inside a word. The
# notes are shown on a page, so they are Chinese in every locale.
_SEARCHES = (
    ("小区没人管怎么办", "按意思找到"),
    ("三無小區", "繁体查简体"),
    ("云政法(2023)9号", "文号括号不同也能找到"),
    ("b1890", "编号不分大小写"),
    ("人数最多", "词中之词，按词检索的引擎找不到"),
)


def examples(service: SearchService) -> list[Example]:
    """The example searches, each with its number of results and that of ``LIKE '%…%'``."""
    reader = service.reader(Audience.PUBLIC)
    texts = [f"{stored.view.title}\n{stored.view.text}" for stored in reader.scan()]
    return [
        Example(
            text=text,
            note=note,
            found=search(service, SearchRequest(text=text, size=1), Audience.PUBLIC).total,
            like_count=sum(text in whole for whole in texts),
        )
        for text, note in _SEARCHES
    ]
