"""The request parameters of each URL, as pydantic models such as :class:`SearchParameters`.

:mod:`search_service.web.parameter_validation` validates them and has the error messages.
"""

import calendar
import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from analyzers.outline import ROLES
from search_service import relevance
from search_service.model import Filters, Sort
from search_service.query.request import Mode, SearchRequest

# A filter value is a facet value; the longest issuer of 6,195 documents has 60 characters.
MAX_FILTER = 200
# Bytes of a query string: the longest query and filters have 12,000, percent-encoded.
MAX_QUERY_STRING = 16_384
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _whole_number(value: object) -> object:
    # Pydantic would also accept "1.0", " 1 " and "1_0".
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    if type(value) is int:
        return value
    raise PydanticCustomError("not_whole", "not a whole number")


def _absent_if_empty(value: object) -> object:
    # A form sends an empty string for a field that was left empty.
    return None if isinstance(value, str) and not value.strip() else value


def _encodable(value: str) -> str:
    # JSON can contain half a surrogate pair, which cannot be stored or sent.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise PydanticCustomError("surrogate", "half a surrogate pair")
    return value


def _iso_date(value: str) -> str:
    match = _DATE.fullmatch(value)
    if match is None:
        raise PydanticCustomError("not_a_date", "not a date")
    year, month, day = (int(part or 1) for part in match.groups())
    if not (year and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        raise PydanticCustomError("not_a_date", "not a date")
    return value


def _role(value: str) -> str:
    if value not in ROLES:
        raise PydanticCustomError("not_a_role", "not a role")
    return value


Text = Annotated[str, AfterValidator(_encodable)]
FilterValue = Annotated[
    Annotated[Text, Field(max_length=MAX_FILTER)] | None, BeforeValidator(_absent_if_empty)
]
DateValue = Annotated[
    Annotated[str, AfterValidator(_iso_date)] | None, BeforeValidator(_absent_if_empty)
]
RoleValue = Annotated[
    Annotated[str, AfterValidator(_role)] | None, BeforeValidator(_absent_if_empty)
]
Size = Annotated[int, BeforeValidator(_whole_number), Field(ge=1, le=relevance.MAX_SIZE)]


class NoParameters(BaseModel):
    """A URL without parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RelatedParameters(NoParameters):
    """``GET articles/{id}/related``."""

    size: Size = 10


class SuggestParameters(NoParameters):
    """``GET suggest``."""

    q: Annotated[Text, Field(max_length=relevance.MAX_QUERY)] = ""


class CursorParameters(NoParameters):
    """``GET search`` with a cursor, which contains the whole query and excludes other parameters."""

    cursor: str


class FilterParameters(NoParameters):
    """The filters that search and precedents share."""

    category: FilterValue = None
    kind: FilterValue = None
    author: FilterValue = None
    issuer: FilterValue = None
    date_from: DateValue = None
    date_to: DateValue = None

    @field_validator("date_to")
    @classmethod
    def _not_before_the_start(cls, value: str | None, info: ValidationInfo) -> str | None:
        start = info.data.get("date_from")
        # 2024-05 to 2024 is a range: compare only as many characters as both dates have.
        if value and start and value < start[: len(value)]:
            raise PydanticCustomError("date_order", "ends before it starts")
        return value

    @property
    def filters(self) -> Filters:
        """The filters in the form that engines take."""
        names = ("category", "kind", "author", "issuer", "date_from", "date_to")
        return Filters(**{name: getattr(self, name) for name in names})


class SearchParameters(FilterParameters):
    """``GET search``. ``size`` is validated before ``page``, whose limit depends on it."""

    q: Annotated[Text, Field(max_length=relevance.MAX_QUERY)] = ""
    mode: Mode = Mode.HYBRID
    scope: Annotated[Literal["title", "all"], Field(alias="in")] = "all"
    sort: Sort = Sort.RELEVANCE
    size: Size = 10
    page: Annotated[int, BeforeValidator(_whole_number), Field(ge=1)] = 1
    explain: Literal["0", "1"] = "0"

    @field_validator("page")
    @classmethod
    def _within_the_limit(cls, value: int, info: ValidationInfo) -> int:
        if (value - 1) * info.data.get("size", 1) >= relevance.MAX_RESULTS:
            raise PydanticCustomError("beyond_cap", "beyond the last page")
        return value

    @field_validator("explain")
    @classmethod
    def _not_too_many(cls, value: str, info: ValidationInfo) -> str:
        if value == "1" and info.data.get("size", 1) > relevance.MAX_EXPLAINED:
            raise PydanticCustomError("too_many_explained", "too many to explain")
        return value

    @property
    def request(self) -> SearchRequest:
        """The search request of these parameters."""
        return SearchRequest(
            text=self.q,
            mode=self.mode,
            title_only=self.scope == "title",
            filters=self.filters,
            sort=self.sort,
            page=self.page,
            size=self.size,
            explain=self.explain == "1",
        )

    @property
    def query(self) -> dict[str, str]:
        """The query string of the same search: name to value of everything that is not a default."""
        values = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {name: str(value) for name, value in values.items()}


class PrecedentParameters(FilterParameters):
    """``POST precedents``."""

    text: Annotated[Text, Field(max_length=relevance.MAX_DRAFT)]
    size: Size = 10
    role: RoleValue = None

    @field_validator("text")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise PydanticCustomError("blank", "nothing but spaces")
        return value
