"""What an article is compared by with an index, so that an unchanged record need not be cleaned again.

Entry points: :class:`ArticleDigest`, :func:`digest_of`, :func:`record_digest` (ADR 0034).
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Final, Self

import analyzers
import indexer
import search_service
from indexer.build.views import is_divided, source_view
from search_service.intake.cleaning import Cleaning
from search_service.intake.names import known_field
from search_service.model import Article, Audience

_BYTES: Final = 16
_OF_CODE: Final = frozenset({".py", ".tsv", ".txt"})
_LIBRARIES: Final = ("lxml", "pydantic", "rjieba")


@dataclass(frozen=True)
class ArticleDigest:
    """Who may read an article, its version, and the digests of what guests and others read.

    ``divided``: guests read another text than members. ``guests``: None if they may not read it at all.
    """

    audience: Audience
    version: int | None
    divided: bool
    guests: str | None
    others: str

    def of(self, audience: Audience) -> str | None:
        """The digest of the view of the audience; None if it may not see the article."""
        if audience < self.audience:
            return None
        return self.guests if audience is Audience.PUBLIC else self.others

    def packed(self) -> str:
        """A line of text; :meth:`unpacked` is the inverse."""
        values = (self.audience, self.version, self.divided, self.guests, self.others)
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def unpacked(cls, text: str) -> Self:
        """The inverse of :meth:`packed`."""
        audience, *values = json.loads(text)
        return cls(Audience(audience), *values)


def digest_of(article: Article) -> ArticleDigest:
    """The digest of an article."""
    others = source_view(article, max(Audience))
    guests = others if article.preview is None else source_view(article, Audience.PUBLIC)
    if others is None:  # the highest audience reads everything
        raise ValueError(article.id)
    return ArticleDigest(
        article.audience,
        article.version,
        is_divided(article),
        guests.digest if guests and article.audience is Audience.PUBLIC else None,
        others.digest,
    )


def record_digest(values: Mapping[str, object], cleaning: Cleaning) -> bytes:
    """A hash of a record, 16 bytes: while it is the same, so is the article made of it, except its views.

    It covers the cleaning rules and the code, so that another release makes every article again.
    """
    rest = {name: one for name, one in values.items() if known_field(name) != "views"}
    text = json.dumps(rest, ensure_ascii=False, default=repr)
    hashed = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_BYTES)
    hashed.update(_recipe(cleaning))
    return hashed.digest()


@functools.cache
def _recipe(cleaning: Cleaning) -> bytes:
    hashed = hashlib.blake2b(digest_size=_BYTES)
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    hashed.update(json.dumps([sorted(cleaning.rules), python_version(), libraries]).encode())
    for package in (analyzers, indexer, search_service):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*")):
            if path.suffix in _OF_CODE:
                hashed.update(path.read_bytes())
    return hashed.digest()
