"""How much one article's file, or one record, may make of memory. Entry point: :func:`check_marks`.

A parser makes an object of each tag, attribute or value, a hundred bytes of three; so they are counted in
what is read before it is parsed.
"""

from typing import Final

from analyzers.messages import say
from search_service.errors import BadRecord

LARGEST: Final = 64 << 20  # bytes of a file that is one article, its markup unpacked
MOST_MARKS: Final = 1_000_000  # a paragraph that Word has formatted has about 25
MOST_FIELDS: Final = 1_000  # of a record, or columns of a table


def check_marks(count: int) -> None:
    """Raise ``BadRecord`` where so many tags, attributes or values are more than one article has."""
    if count > MOST_MARKS:
        raise BadRecord(
            say(
                f"有 {count} 个标记，一篇文章最多 {MOST_MARKS} 个；请分开，或另存为纯文本",
                f"has {count} marks of markup, one article has {MOST_MARKS} at most; divide it, or save it as"
                " plain text",
            )
        )


def check_fields(count: int) -> None:
    """Raise ``BadRecord`` for more fields than a record has."""
    if count > MOST_FIELDS:
        raise BadRecord(
            say(
                f"有 {count} 个字段，最多 {MOST_FIELDS} 个",
                f"has {count} fields, {MOST_FIELDS} at most",
            )
        )
