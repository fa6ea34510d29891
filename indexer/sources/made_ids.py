"""Ids of records whose source has none. Entry point: :class:`MadeIds`.

An id is made of what identifies a record, so that the same record read again, from a renamed file or in
another order, is the same article: its address; else its title with 文号, date and issuer.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Final

from search_service.intake.names import known_field

_IDENTIFYING: Final = ("title", "document_number", "date", "issuer")
_LENGTH: Final = 8  # bytes; two of a million records are the same by chance once in 10⁷ times


class MadeIds:
    """Makes the ids of one source; ``count``: how many."""

    def __init__(self) -> None:
        self.count = 0
        self._made: dict[str, str] = {}

    def id_of(self, values: Mapping[str, object]) -> str:
        """The id of a record; if another record has the same title and so on, the body counts, too."""
        fields = {field: value for name, value in values.items() if (field := known_field(name))}
        address = _bare(fields.get("url"))
        parts = [address] if address else [_bare(fields.get(name)) for name in _IDENTIFYING]
        identifier, body = _hashed(parts), _hashed([_bare(fields.get("body"))])
        if self._made.setdefault(identifier, body) != body:
            identifier = _hashed([*parts, body])
            self._made.setdefault(identifier, body)
        self.count += 1
        return identifier


def _bare(value: object) -> str:
    return "" if value is None else "".join(unicodedata.normalize("NFKC", str(value)).split())


def _hashed(parts: list[str]) -> str:
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return f"h{hashlib.blake2b(joined, digest_size=_LENGTH).hexdigest()}"
