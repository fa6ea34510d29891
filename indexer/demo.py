"""The demonstration: the sample corpus of the package, and searches that show what it is for.

Entry points: :data:`SAMPLE`, :func:`examples`. The corpus is the project's own writing.
"""

from importlib.resources import files
from pathlib import Path

from analyzers.language import say
from search_service.model import Audience
from search_service.retrieval import SearchRequest, search
from search_service.service import SearchService
from search_service.web import Example

SAMPLE = Path(str(files("indexer") / "sample" / "corpus"))

# Each is found in a way that LIKE has not: by meaning, script, bracket, case, and inside a word.
_SEARCHES = (
    ("家里穷没有收入怎么办", say("按意思找到", "found by meaning")),
    ("三無小區", say("繁体查简体", "traditional finds simplified")),
    ("云政法(2023)9号", say("文号括号不同也能找到", "a 文号 in another bracket")),
    ("b1890", say("编号不分大小写", "a code in any case")),
    (
        "人数最多",
        say(
            "词中之词，按词检索的引擎找不到", "inside a longer word, where engines of words miss it"
        ),
    ),
)


def examples(service: SearchService) -> list[Example]:
    """The example searches, each with what it finds and what ``LIKE '%…%'`` would have found."""
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
