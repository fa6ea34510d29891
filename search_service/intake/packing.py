"""Serialise articles for the ledger. Entry points: :func:`pack`, :func:`unpack`."""

import dataclasses
import json
import zlib

from search_service.model import Article, Audience


def pack(article: Article) -> bytes:
    """An article as compressed JSON."""
    values = {field.name: getattr(article, field.name) for field in dataclasses.fields(article)}
    return zlib.compress(json.dumps(values, ensure_ascii=False).encode())


def unpack(blob: bytes) -> Article:
    """The inverse of :func:`pack`."""
    values = json.loads(zlib.decompress(blob))
    return Article(**{**values, "audience": Audience(values["audience"])})
