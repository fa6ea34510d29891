"""Serialise articles for the ledger. Entry points: :func:`pack`, :func:`unpack`."""

import dataclasses
import json
import zlib

from search_service.metadata import metadata_from
from search_service.model import Article, Audience


def pack(article: Article) -> bytes:
    """An article as compressed JSON."""
    return zlib.compress(json.dumps(dataclasses.asdict(article), ensure_ascii=False).encode())


def unpack(blob: bytes) -> Article:
    """The inverse of :func:`pack`."""
    values = json.loads(zlib.decompress(blob))
    return Article(**{**metadata_from(values), "audience": Audience(values["audience"])})
