"""Cursors: a query and the position of its next page, as a token that the caller sends back.

Entry points: :func:`encode`, :func:`decode`. The server stores nothing. Tokens are signed, so that the older
generation that a token names can be used for no other query than the original one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict

from itsdangerous import BadData, URLSafeSerializer
from pydantic import BaseModel, ConfigDict

from analyzers.messages import say
from search_service.answers.page import CursorPosition
from search_service.model import Audience
from search_service.web.parameter_validation import BadParameters, ParameterError
from search_service.web.parameters import SearchParameters

# Increase it when the contents of tokens change; earlier tokens are then rejected.
_VERSION = "cursor 3"


class _Token(BaseModel):
    """The contents of a token. ``question``: the parameters that are not defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    audience: str
    generation: str
    revision: int
    total: int
    offset: int
    question: Mapping[str, str | list[str]]


def encode(
    parameters: SearchParameters, position: CursorPosition, audience: Audience, key: bytes
) -> str:
    """Return the token of the next page; ``key``: that of the state (:attr:`.Store.cursor_key`)."""
    question = {name: value for name, value in parameters.query.items() if name != "page"}
    token = _Token(audience=audience.label, question=question, **asdict(position))
    return _signer(key).dumps(token.model_dump())


def decode(token: str, audience: Audience, key: bytes) -> tuple[SearchParameters, CursorPosition]:
    """Return the query of a token and the position of the next page.

    Raises :class:`BadParameters` for an invalid token, and for one that was issued to another audience.
    """
    try:
        signed = _signer(key).loads(token)
        if _signer(key).dumps(signed) != token:  # Python's decoder skips what is not base64
            raise ValueError(token)
        values = _Token.model_validate(signed)
        if values.audience != audience.label:
            raise ValueError(values.audience)
        parameters = SearchParameters.model_validate(values.question)
    except (BadData, ValueError) as exc:
        reason = say(
            "不是可用的游标（残缺、被改动，或出自别的版本、别的身份）；请去掉 cursor，从头重新提问",
            "invalid cursor (truncated, modified, or of another version or audience);"
            " leave it out and start again",
        )
        raise BadParameters([ParameterError.of("cursor", token, reason)], 1) from exc
    names = ("generation", "revision", "total", "offset")
    return parameters, CursorPosition(**{name: getattr(values, name) for name in names})


def _signer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=_VERSION, signer_kwargs={"digest_method": hashlib.sha256})
