"""Limits on the memory that one file or record may take.

Entry points: :func:`check_marks`, :func:`check_fields`, :class:`Unpacked`. A parser creates an object for
each tag, attribute or value, a hundred bytes for three in the file; so they are counted before parsing.
"""

from dataclasses import dataclass
from typing import Final

from analyzers.messages import say
from search_service.errors import BadRecord

MAX_SIZE: Final = 64 << 20  # bytes of a file of one article, its markup unpacked
MAX_MARKS: Final = 1_000_000  # tags, attributes, values; a paragraph of Word has about 25
MAX_FIELDS: Final = 1_000  # of a record, or columns of a table


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """What an archive of one document may unpack to; a small file may unpack to gigabytes.

    ``size``: bytes, with pictures; ``markup``: bytes of XML; ``marks``: tags and attributes; ``parts``:
    files.
    """

    size: int = 256 << 20
    markup: int = MAX_SIZE
    marks: int = MAX_MARKS
    parts: int = 100_000


OF_SOURCE: Final = Unpacked()


def check_marks(count: int, limit: int = MAX_MARKS) -> None:
    """Raise ``BadRecord`` for more tags, attributes or values."""
    if count > limit:
        raise BadRecord(
            say(
                f"有 {count} 个标记，一篇文章最多 {limit} 个；请分开，或另存为纯文本",
                f"has {count} tags and attributes, the limit is {limit}; split it or save as plain text",
            )
        )


def check_fields(count: int) -> None:
    """Raise ``BadRecord`` for more than ``MAX_FIELDS`` fields."""
    if count > MAX_FIELDS:
        raise BadRecord(
            say(
                f"有 {count} 个字段，最多 {MAX_FIELDS} 个",
                f"has {count} fields, the limit is {MAX_FIELDS}",
            )
        )
