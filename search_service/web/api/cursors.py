"""Cursors: a question and the place to go on at, as a token that a caller hands back.

Entry points: :func:`encode`, :func:`decode`. The server remembers nothing. A token is signed, so that the
older generation it names answers no other question than the one that was put to it while it served.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict

from itsdangerous import BadData, URLSafeSerializer
from pydantic import BaseModel, ConfigDict

from analyzers.messages import say
from search_service.answers.page import CursorPosition
from search_service.model import Audience
from search_service.web.faults import BadParameters, Fault
from search_service.web.parameters import SearchParameters

# Raise it when what a token holds changes its meaning: those handed out before are then refused.
_VERSION = "cursor 2"


class _Token(BaseModel):
    """What a token holds. ``question``: the parameters that are not defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    audience: str
    generation: str
    revision: int
    total: int
    offset: int
    question: Mapping[str, str]


def encode(
    parameters: SearchParameters, position: CursorPosition, audience: Audience, key: bytes
) -> str:
    """The token for what follows a page; ``key`` is the state's (:attr:`.Store.cursor_key`)."""
    question = {name: value for name, value in parameters.query.items() if name != "page"}
    token = _Token(audience=audience.label, question=question, **asdict(position))
    return _signer(key).dumps(token.model_dump())


def decode(token: str, audience: Audience, key: bytes) -> tuple[SearchParameters, CursorPosition]:
    """The question of a token, and where to go on; raises :class:`BadParameters`.

    A token is its audience's: one that was handed to members is refused to guests, and theirs to them.
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
            "no usable cursor (cut, edited, or of another version or audience);"
            " leave it out and ask again",
        )
        raise BadParameters([Fault.of("cursor", token, reason)], 1) from exc
    names = ("generation", "revision", "total", "offset")
    return parameters, CursorPosition(**{name: getattr(values, name) for name in names})


def _signer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=_VERSION, signer_kwargs={"digest_method": hashlib.sha256})
