"""Shapes that several answers of the API have. Entry points: :class:`Closed`, ``ListedArticle``."""

from typing import Annotated, get_type_hints

from pydantic import BaseModel, Field, create_model

from search_service.answers.presentation import LISTED
from search_service.metadata import Metadata
from search_service.web.api.service_answers import CLOSED

_METADATA = get_type_hints(Metadata)


class Closed(BaseModel):
    """An answer has no other members than these."""

    model_config = CLOSED


class PassagePosition(Closed):
    """一段的位置：text 的第 start 到 end 个字 / A passage: text[start:end] of the article."""

    id: str
    path: Annotated[list[str], Field(description="所在的各级标题 / headings above it")]
    role: str
    start: int
    end: int


ListedArticle = create_model(
    "ListedArticle",
    __base__=Closed,
    __doc__="列表中的一篇 / An article in a list",
    id=str,
    title=str,
    **{name: _METADATA[name] for name in LISTED},
    issuer=Annotated[str | None, Field(description="全部发文机关，一行 / all issuers in one line")],
    url=Annotated[
        str | None, Field(description="在门户里的网址，或本服务的 / in the portal, or our own page")
    ],
    derived=Annotated[
        list[str], Field(description="由正文得出的字段 / fields derived from the text")
    ],
)
