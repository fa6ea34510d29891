"""The request parameters of each URL, as pydantic models such as :class:`SearchParameters`.

:mod:`search_service.web.parameter_validation` validates them and has the error messages.
"""

import re
from dataclasses import replace
from typing import Annotated, Final, Literal, TypeVar

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
from search_service.answers.precedents import Wanted
from search_service.drafting import headings
from search_service.drafting.manuscript import Manuscript, Paragraph, manuscript_of
from search_service.intake.fields import MAX_ID_LENGTH, MAX_LINE_LENGTH, category_path
from search_service.model import FACETS, Filters, Sort
from search_service.query.request import Mode, SearchRequest
from search_service.query.typed_dates import read_date
from search_service.state.read_counts import Period

# A filter value is a facet value; the longest issuer of 6,195 documents has 60 characters.
MAX_FILTER = 200
MAX_REGION = 40
# Values of a filter.
MAX_VALUES = 20
# Bytes of a query string: the longest query and filters have 12,000, percent-encoded.
MAX_QUERY_STRING = 16_384
# Of lists by views: as the source counts.
ALL: Final = "all"
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _within_the_results(page: int, info: ValidationInfo) -> int:
    if (page - 1) * info.data.get("size", 1) >= relevance.MAX_RESULTS:
        raise PydanticCustomError("beyond_cap", "beyond the last page")
    return page


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


def _whole_number_if_any(value: object) -> object:
    value = _absent_if_empty(value)
    return None if value is None else _whole_number(value)


def _several(value: object) -> object:
    # JSON may have one value or a list, a query string is read as a list.
    return [value] if isinstance(value, str) else value


def _each_once(values: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(dict.fromkeys(values))


def _encodable(value: str) -> str:
    # JSON can contain half a surrogate pair, which cannot be stored or sent.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise PydanticCustomError("surrogate", "half a surrogate pair")
    return value


def _iso_date(value: str) -> str:
    if date := read_date(value):
        return date
    raise PydanticCustomError("not_a_date", "not a date")


def _role(value: str) -> str:
    if value not in ROLES:
        raise PydanticCustomError("not_a_role", "not a role")
    return value


Text = Annotated[str, AfterValidator(_encodable)]
# A filter may be given several times: one of its values. An empty one: the articles without a value, as the
# facet counts them.
FilterValue = Annotated[Text, AfterValidator(str.strip), Field(max_length=MAX_FILTER)]
CategoryValue = Annotated[Text, AfterValidator(category_path), Field(max_length=MAX_FILTER)]
YearValue = Annotated[str, Field(pattern=r"^([0-9]{4})?$")]
Value = TypeVar("Value")
Several = Annotated[
    tuple[Value, ...],
    BeforeValidator(_several),
    AfterValidator(_each_once),
    Field(max_length=MAX_VALUES),
]
DateValue = Annotated[
    Annotated[str, AfterValidator(_iso_date)] | None, BeforeValidator(_absent_if_empty)
]
RoleValue = Annotated[
    Annotated[str, AfterValidator(_role), Field(json_schema_extra={"enum": [*ROLES]})] | None,
    BeforeValidator(_absent_if_empty),
]
# The limits are inside, so that they are those of JSON Schema.
Size = Annotated[Annotated[int, Field(ge=1, le=relevance.MAX_SIZE)], BeforeValidator(_whole_number)]
# Validated after ``size``, on which its limit depends.
PageNumber = Annotated[
    Annotated[int, Field(ge=1)],
    BeforeValidator(_whole_number),
    AfterValidator(_within_the_results),
]


class NoParameters(BaseModel):
    """A URL without parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PushParameters(NoParameters):
    """``PUT articles/{id}`` and ``POST articles:bulk``."""

    wait: Literal["0", "1"] = "0"
    source: Annotated[Text, Field(max_length=MAX_FILTER)] = ""


class RemovalParameters(NoParameters):
    """``DELETE articles/{id}``."""

    wait: Literal["0", "1"] = "0"
    version: Annotated[str, Field(pattern=r"^[0-9]{0,18}$")] = ""


class RelatedParameters(NoParameters):
    """``GET articles/{id}/related``."""

    size: Size = 10


class PageParameters(NoParameters):
    """The pages of lists."""

    size: Size = 20
    page: PageNumber = 1


class HottestParameters(PageParameters):
    """``GET hottest``, and its page."""

    period: Literal["all", "day", "week", "month"] = ALL

    @property
    def counted(self) -> Period | None:
        """The period; None: everything, as the source counts."""
        return None if self.period == ALL else Period(self.period)


class CategoryParameters(NoParameters):
    """``GET feed.atom``."""

    category: Several[CategoryValue] = ()


class SuggestParameters(NoParameters):
    """``GET suggest``."""

    q: Annotated[Text, Field(max_length=relevance.MAX_QUERY)] = ""


class CursorParameters(NoParameters):
    """``GET search`` with a cursor, which contains the whole query and excludes other parameters."""

    cursor: str


class FilterParameters(NoParameters):
    """The filters that search and precedents share."""

    validity: Several[Literal["现行有效", "已修改", "已废止", ""]] = ()
    kind: Several[FilterValue] = ()
    level: Several[Literal["国家", "省", "市", "县", "乡镇", ""]] = ()
    issuer: Several[FilterValue] = ()
    year: Several[YearValue] = ()
    category: Several[CategoryValue] = ()
    author: Several[FilterValue] = ()
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
        names = (*FACETS, "date_from", "date_to")
        return Filters(**{name: getattr(self, name) for name in names})


class OutlineParameters(FilterParameters):
    """``GET outlines``."""

    q: Annotated[Text, Field(max_length=relevance.MAX_QUERY)] = ""
    size: Size = 5


class HeadingParameters(FilterParameters):
    """``GET headings``."""

    q: Annotated[Text, Field(max_length=relevance.MAX_QUERY)] = ""
    length: Annotated[
        Annotated[int, Field(ge=1, le=headings.LONGEST)] | None,
        BeforeValidator(_whole_number_if_any),
    ] = None
    pattern: Annotated[headings.Pattern | None, BeforeValidator(_absent_if_empty)] = None
    size: Size = 20


class QueryParameters(FilterParameters):
    """What search and export share: all but pages."""

    q: Annotated[Text, Field(max_length=relevance.MAX_QUERY)] = ""
    mode: Mode = Mode.HYBRID
    scope: Annotated[Literal["title", "all"], Field(alias="in")] = "all"
    sort: Sort = Sort.RELEVANCE

    @property
    def request(self) -> SearchRequest:
        """The search request of these parameters."""
        return SearchRequest(
            text=self.q,
            mode=self.mode,
            title_only=self.scope == "title",
            filters=self.filters,
            sort=self.sort,
        )


class ExportParameters(QueryParameters):
    """``GET export``."""

    format: Literal["csv", "json", "bibtex", "gbt7714"] = "csv"


class SearchParameters(QueryParameters):
    """``GET search``."""

    size: Size = 10
    page: PageNumber = 1
    explain: Literal["0", "1"] = "0"

    @field_validator("explain")
    @classmethod
    def _not_too_many(cls, value: str, info: ValidationInfo) -> str:
        if value == "1" and info.data.get("size", 1) > relevance.MAX_EXPLAINED:
            raise PydanticCustomError("too_many_explained", "too many to explain")
        return value

    @property
    def request(self) -> SearchRequest:
        """The search request of these parameters."""
        explain = self.explain == "1"
        return replace(super().request, page=self.page, size=self.size, explain=explain)

    @property
    def query(self) -> dict[str, str | list[str]]:
        """The query string of the same search: name to value of everything that is not a default.

        Of a filter, a list of its values.
        """
        values = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {
            name: value if isinstance(value, list) else str(value) for name, value in values.items()
        }


class PassageParameters(FilterParameters):
    """What precedents for a topic and for a draft share: all but the length of the text."""

    text: Text
    size: Size = 10
    place: Several[Literal["开头", "总体要求", "主要任务", "保障措施", "结尾", ""]] = ()
    role: RoleValue = None
    region: Several[Annotated[Text, AfterValidator(str.strip), Field(max_length=MAX_REGION)]] = ()

    @property
    def wanted(self) -> Wanted:
        """Which passages are wanted."""
        return Wanted(
            filters=self.filters,
            places=self.place,
            roles=(self.role,) if self.role else (),
            regions=tuple(filter(None, self.region)),
        )

    @field_validator("text", check_fields=False)
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise PydanticCustomError("blank", "nothing but spaces")
        return value


class QuotedParagraph(BaseModel):
    """A paragraph of a draft, with the article and passage that it was taken from, if any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Text
    article: Annotated[
        Text, Field(max_length=MAX_ID_LENGTH, description="引自哪一篇 / the article it is from")
    ] = ""
    passage: Annotated[
        Text, Field(max_length=MAX_ID_LENGTH, description="哪一段 / the passage")
    ] = ""


TitleValue = Annotated[
    Text, Field(min_length=1, max_length=MAX_LINE_LENGTH, description="题目 / the title")
]


class DraftParameters(NoParameters):
    """``POST drafts/export``."""

    title: TitleValue
    paragraphs: Annotated[
        tuple[QuotedParagraph, ...],
        Field(
            max_length=relevance.MAX_PARAGRAPHS,
            description="各段；层次由序号认出 / the paragraphs; numbers make headings",
        ),
    ]
    sources: Annotated[
        Literal["none", "footnotes", "list"],
        Field(description="出处：不要、脚注、文末清单 / sources: none, as footnotes, as a list"),
    ] = "footnotes"
    file: Annotated[
        Literal["docx", "md"], Field(description="Word 或 Markdown / Word or Markdown")
    ] = "docx"

    @field_validator("paragraphs")
    @classmethod
    def _not_too_long(cls, value: tuple[QuotedParagraph, ...]) -> tuple[QuotedParagraph, ...]:
        if sum(len(one.text) for one in value) > relevance.MAX_MANUSCRIPT:
            raise PydanticCustomError("too_long", "too long")
        return value


class CheckParameters(NoParameters):
    """``POST drafts/check``: the draft as for an export, or its text, of which each line is a paragraph."""

    title: TitleValue
    paragraphs: Annotated[
        tuple[QuotedParagraph, ...],
        Field(
            max_length=relevance.MAX_PARAGRAPHS,
            description="各段，或者给 text / the paragraphs; or give text",
        ),
    ] = ()
    text: Annotated[
        Text,
        Field(
            max_length=relevance.MAX_DRAFT,
            validate_default=True,
            description="正文，一行一段，空行不算 / the text: a paragraph in each line that is not blank",
        ),
    ] = ""

    @field_validator("paragraphs")
    @classmethod
    def _short_enough(cls, value: tuple[QuotedParagraph, ...]) -> tuple[QuotedParagraph, ...]:
        if sum(len(one.text) for one in value) > relevance.MAX_DRAFT:
            raise PydanticCustomError("draft_too_long", "too long")
        return value

    @field_validator("text")
    @classmethod
    def _instead_of_paragraphs(cls, value: str, info: ValidationInfo) -> str:
        if "paragraphs" in info.data and bool(value.strip()) == bool(info.data["paragraphs"]):
            raise PydanticCustomError("text_or_paragraphs", "one of both")
        return value

    @property
    def manuscript(self) -> Manuscript:
        """The draft."""
        texts = [one.text for one in self.paragraphs]
        return (
            manuscript_of(self.title, self.text)
            if not texts
            else Manuscript(self.title, tuple(map(Paragraph, texts)))
        )


class TopicParameters(PassageParameters):
    """``GET precedents``."""

    text: Annotated[Text, Field(max_length=relevance.MAX_QUERY)]


class PrecedentParameters(PassageParameters):
    """``POST precedents``."""

    text: Annotated[Text, Field(max_length=relevance.MAX_DRAFT)]
