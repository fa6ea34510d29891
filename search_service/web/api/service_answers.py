"""The shapes of pushes and the answers to them, of errors, and of what says how the service is."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

# Of answers that have no other members than these.
CLOSED = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=False)


class _Closed(BaseModel):
    model_config = CLOSED


class Record(BaseModel):
    """一条记录，字段名与来源文件中的相同 / A record, with the names that source files use."""

    model_config = ConfigDict(extra="allow")

    id: str | int = ""
    title: str
    body: str
    audience: Literal["public", "member", "staff"] | None = None
    preview: Annotated[str | None, Field(description="游客可读的部分 / what guests may read")] = (
        None
    )
    version: Annotated[
        int | None, Field(ge=0, description="旧的不会覆盖新的 / an older one replaces no newer one")
    ] = None


class Records(_Closed):
    """多条记录；deleted 为 true 的是删除 / Several records; one with ``deleted`` is a deletion."""

    articles: list[dict[str, object]]


class Entered(_Closed):
    """一条记录的结果 / What became of a record."""

    id: str
    number: Annotated[int | None, Field(description="改动的编号 / number of the change")]
    state: Literal["pending", "visible", "refused", "superseded", "outdated", "invalid"]
    detail: Annotated[str, Field(description="没有收录的原因 / why it is not in the index")]


class EnteredAnswer(_Closed):
    """各条记录的结果，顺序与提交的相同 / What became of each record, in their order."""

    results: list[Entered]


class ChangeAnswer(_Closed):
    """一次改动到哪一步了 / How far a change has come."""

    number: int
    state: Literal["pending", "visible", "refused", "superseded"]
    detail: str


class Description(RootModel[dict[str, object]]):
    """OpenAPI 3.1."""


class Status(_Closed):
    """正常 / In order."""

    status: Literal["ok"]


class Health(Status):
    """正常 / In order."""

    synced: Annotated[
        int | None,
        Field(
            description="来源最久多少秒没有同步，设了 GONGWEN_SYNC_LIMIT 才有 / seconds since the source that"
            " was synchronised longest ago was, with GONGWEN_SYNC_LIMIT"
        ),
    ] = None


class ParameterFault(_Closed):
    """一个不能使用的参数 / A parameter that cannot be used."""

    parameter: str
    value: str | None
    reason: str


class Problem(_Closed):
    """出错时的回答，RFC 9457 / Problem details."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    code: Annotated[str, Field(description="供程序判断 / for programs")]
    errors: Annotated[
        list[ParameterFault], Field(description="422 才有 / only with 422", max_length=20)
    ] = []
    id: Annotated[str, Field(description="日志中的编号 / the id in the log")] = ""
