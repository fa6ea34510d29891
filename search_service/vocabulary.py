"""What the texts of one generation are called and made of: titles, headings and terms.

Entry point: :class:`Vocabulary`. A function of what one audience may read, and of nothing else: what
people typed is not in it.
"""

import enum
import json
import re
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from analyzers.normalize import normalize

# Ids remembered of the articles that an entry stands in: if these are gone, it is not suggested.
WITNESSES = 2
_SPOKEN = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """The form in which texts are compared: letters and digits in one width, case and script."""
    return "".join(_SPOKEN.findall(normalize(text)))


class Kind(enum.StrEnum):
    """What an entry is."""

    TITLE = "title"
    HEADING = "heading"
    TERM = "term"


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that may be suggested. ``count``: the articles that it stands in; ``articles``: some ids.

    ``sounds``: the syllables of its folded text, separated by spaces; empty without Chinese.
    """

    kind: Kind
    text: str
    count: int
    sounds: str
    articles: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The entries of one generation, of each kind the first to suggest first."""

    entries: Sequence[Entry]

    def of(self, kind: Kind) -> list[Entry]:
        """The entries of a kind, in order."""
        return [entry for entry in self.entries if entry.kind is kind]

    def to_bytes(self) -> bytes:
        """For the database; :meth:`from_bytes` is the way back."""
        rows = [[e.kind, e.text, e.count, e.sounds, e.articles] for e in self.entries]
        return zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), level=6)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Vocabulary":
        """The vocabulary that :meth:`to_bytes` was made of."""
        rows = json.loads(zlib.decompress(content))
        kinds = {kind.value: kind for kind in Kind}
        # Interned: the same few thousand ids stand in all the rows.
        return cls(
            [
                Entry(kinds[kind], text, count, sounds, tuple(map(sys.intern, ids)))
                for kind, text, count, sounds, ids in rows
            ]
        )
