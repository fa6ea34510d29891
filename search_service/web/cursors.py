"""Cursors: a question and the place to go on at, as a token that a caller hands back.

Entry points: :func:`encode`, :func:`decode`. The server remembers nothing. A token is not signed: it is
read as strictly as parameters are, and can ask nothing that they could not, but for an older generation
of the caller's own audience; which generations an audience may read is the engine's to decide. The
checksum is there so that a token cut short or edited is refused and never read as another question.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from analyzers.language import say
from search_service.model import Audience
from search_service.page import Place
from search_service.web.faults import BadParameters, Fault
from search_service.web.parameters import SearchParameters

# Raise it when what a token holds changes its meaning: those handed out before are then refused.
_VERSION = b"cursor 1"
_CHECKSUM = 6  # bytes
_Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Token(BaseModel):
    """What a token holds. ``question``: the parameters that are not defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    audience: str
    generation: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,200}$")]
    revision: _Count
    total: _Count
    offset: _Count
    question: Mapping[str, str]


def encode(parameters: SearchParameters, place: Place, audience: Audience) -> str:
    """The token for what follows a page."""
    question = {name: value for name, value in parameters.query.items() if name != "page"}
    token = _Token(audience=audience.label, question=question, **asdict(place))
    return _sealed(token.model_dump_json().encode())


def decode(token: str, audience: Audience) -> tuple[SearchParameters, Place]:
    """The question of a token, and where to go on; raises :class:`BadParameters`.

    A token is its audience's: one that was handed to members is refused to guests, and theirs to them.
    """
    try:
        payload = urlsafe_b64decode(token + "=" * (-len(token) % 4))[_CHECKSUM:]
        if _sealed(payload) != token:  # Python's decoder skips what is not base64
            raise ValueError(token)
        values = _Token.model_validate_json(payload)
        if values.audience != audience.label:
            raise ValueError(values.audience)
        parameters = SearchParameters.model_validate(values.question)
    except ValueError as exc:
        reason = say(
            "不是可用的游标（残缺、被改动，或出自别的版本、别的身份）；请去掉 cursor，从头重新提问",
            "no usable cursor (cut, edited, or of another version or audience);"
            " leave it out and ask again",
        )
        raise BadParameters([Fault.of("cursor", token, reason)]) from exc
    names = ("generation", "revision", "total", "offset")
    return parameters, Place(**{name: getattr(values, name) for name in names})


def _sealed(payload: bytes) -> str:
    checksum = hashlib.blake2b(payload, digest_size=_CHECKSUM, person=_VERSION).digest()
    return urlsafe_b64encode(checksum + payload).decode().rstrip("=")
