"""The docstring of the errors draws their hierarchy."""

import re
from collections.abc import Iterator

from search_service import errors
from search_service.errors import GongwenError

_LINE = re.compile(r"^    ([│├└─ ]*)(\w+) +(\d{3}) ([\w-]+)", re.MULTILINE)


def _tree(error: type[GongwenError], parent: str = "") -> Iterator[tuple[str, str, int, str]]:
    yield parent, error.__name__, error.status, error.code
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child, error.__name__)


def _drawing() -> Iterator[tuple[str, str, int, str]]:
    path: list[str] = []
    for indent, name, status, code in _LINE.findall(errors.__doc__ or ""):
        del path[len(indent) // 4 :]
        yield path[-1] if path else "", name, int(status), code
        path.append(name)


def test_the_docstring_draws_the_hierarchy() -> None:
    """Parents, names, statuses and codes are the same, and the codes are unique."""
    drawn = list(_drawing())

    assert sorted(drawn) == sorted(_tree(GongwenError))
    assert len({code for *_, code in drawn}) == len(drawn)
