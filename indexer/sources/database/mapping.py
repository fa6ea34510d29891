"""The YAML file that maps the tables of a database to articles. Entry points: :class:`Mapping`, :func:`load`.

A column is named as it is in the table (``title``), or with the join it comes from (``data.newstext``). A
value may also be a text with columns in braces (``news-{id}``), or a list of which the first that is not
blank counts.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from analyzers.messages import say
from search_service.errors import BadInput
from search_service.intake.names import ALIASES, PROTECTING

PATH: Final = "path"  # of a join with `parent`: the names from the root down, joined by slashes
_NAME: Final = r"[^\s.{}]+(?:\.[^\s.{}]+)?"
_BRACES: Final = re.compile(rf"\{{({_NAME})\}}")
_SHOWN: Final = 20  # characters of a value in a message
_COMPARISON: Final = re.compile(r"(>=|<=|>|<)\s*(-?[0-9]+(?:\.[0-9]+)?)")
EMPTY, NOT_EMPTY = "empty", "not empty"
# The fields that a mapping can give; `public`, `otherwise` and `preview` declare who may read what.
FIELDS: Final = frozenset(ALIASES) - PROTECTING - {"id"}

Row = dict[str, object]  # the values of a row by the names of columns in the mapping
Value = str | list[str]
# Column -> a value, several, or a comparison; `any` -> a list of conditions of which one must hold.
Conditions = dict[str, Any]


def names_in(value: Value) -> Iterator[str]:
    """The columns that a value names."""
    for one in [value] if isinstance(value, str) else value:
        if "{" in one:
            yield from _BRACES.findall(one)
        elif one:
            yield one


def value_of(value: Value, row: Row) -> object:
    """The value for a row; None if it is blank, or if a column in braces is."""
    for one in [value] if isinstance(value, str) else value:
        found = row.get(one) if "{" not in one else _filled(one, row)
        if found is not None and str(found).strip():
            return found
    return None


def _filled(template: str, row: Row) -> str | None:
    if any(is_empty(row.get(name)) for name in _BRACES.findall(template)):
        return None
    return _BRACES.sub(lambda match: str(row[match[1]]).strip(), template)


def is_empty(value: object) -> bool:
    """Whether a value is missing or blank."""
    return value is None or not str(value).strip()


def columns_of(conditions: Conditions) -> Iterator[str]:
    """The columns that conditions name."""
    for name, expected in conditions.items():
        if name == "any":
            for one in expected:
                yield from columns_of(one)
        else:
            yield name


def failing(conditions: Conditions, row: Row) -> str:
    """The first condition that a row does not fulfil, as ``column=value``; empty if it fulfils all.

    NULL fulfils nothing but ``empty``, and the values of a joined row that is missing nothing at all: what
    cannot be told does not count.
    """
    for name, expected in conditions.items():
        if name == "any":
            reasons = [failing(one, row) for one in expected]
            if all(reasons):
                return reasons[0]
        elif name not in row or not _fulfils(row[name], expected):
            return f"{name}={_shown(row.get(name), expected)}"
    return ""


def _shown(value: object, expected: object) -> str:
    """The value for a message; not where anything may stand, as in a column of passwords."""
    text = "" if value is None else str(value).strip()
    return "…" if expected in (EMPTY, NOT_EMPTY) or len(text) > _SHOWN else text


def _fulfils(value: object, expected: object) -> bool:
    if isinstance(expected, list):
        return any(_fulfils(value, one) for one in expected)
    if expected == EMPTY:
        return is_empty(value)
    if expected == NOT_EMPTY:
        return not is_empty(value)
    if value is None:
        return False
    if isinstance(expected, str) and (match := _COMPARISON.fullmatch(expected.strip())):
        try:
            number, bound = float(str(value)), float(match[2])
        except ValueError:
            return False
        sign = match[1]
        equal = number == bound and "=" in sign
        return equal or (number > bound if ">" in sign else number < bound)
    return str(value).strip() == str(expected).strip()


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(_Part):
    """Where the database is. The password is in a file or an environment variable, never here.

    ``encoding``: of the texts as they are stored, where that is not what the tables declare; ``… in latin1``:
    encoded twice.
    """

    url: str
    password_file: Path | None = None
    password_env: str | None = None
    encoding: Literal["declared", "utf-8", "gb18030", "utf-8 in latin1", "gb18030 in latin1"] = (
        "declared"
    )


class Rows(_Part):
    """A table, or a SELECT in place of one. A table's name may have columns of the row in braces."""

    table: str = ""
    select: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> "Rows":
        if bool(self.table) == bool(self.select):
            raise ValueError(
                say(
                    "table 与 select 要有一个，也只有一个", "needs `table` or `select`, one of both"
                )
            )
        return self


class Join(Rows):
    """A row of another table: the one whose ``key`` has the value of our column ``by``.

    With ``parent`` and ``name`` the table is a tree (categories), and ``path`` is one more column.
    """

    key: str
    by: str
    parent: str = ""
    name: str = ""

    @model_validator(mode="after")
    def _tree(self) -> "Join":
        if bool(self.parent) != bool(self.name):
            raise ValueError(
                say("parent 与 name 要一起写", "`parent` needs `name`, and vice versa")
            )
        return self


class Preview(_Part):
    """What guests read of an article that is not public; exactly one of these."""

    column: str = ""
    until: list[Annotated[str, Field(min_length=1)]] = []
    first_page: bool = False
    characters: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _exactly_one(self) -> "Preview":
        if sum(map(bool, (self.column, self.until, self.first_page, self.characters))) != 1:
            raise ValueError(
                say(
                    "column、until、first_page、characters 只写一个；什么也不给写 preview: none",
                    "one of column, until, first_page, characters; to give nothing: preview: none",
                )
            )
        return self


class Files(_Part):
    """Texts in files: the column of the body has the path, without ``suffix``, below ``folder``.

    ``drop``: what such a file begins with and is not text.
    """

    folder: Path
    suffix: str = ""
    drop: str = ""


class Articles(Rows):
    """Rows -> articles. See the comments of the mappings that ``gongwen connect`` writes."""

    key: str
    id: str
    join: dict[str, Join] = {}
    include: Conditions = {}
    public: Literal["all", "none"] | Conditions
    otherwise: Literal["preview", "member", "staff"] = "preview"
    preview: Literal["none"] | Preview = "none"
    paid_parts: list[Annotated[str, Field(pattern=r"^[\w-]+$")]] = []
    files: Files | None = None
    fields: dict[str, Value]
    extra: dict[str, Value] = {}

    @model_validator(mode="after")
    def _known_fields(self) -> "Articles":
        if unknown := sorted(set(self.fields) - FIELDS):
            known = " ".join(sorted(FIELDS))
            raise ValueError(
                say(
                    f"fields 里没有 {', '.join(unknown)} 这样的字段；可用：{known}。别的放到 extra",
                    f"no such field: {', '.join(unknown)}; there are: {known}. Others go to `extra`",
                )
            )
        if missing := [name for name in ("title", "body") if name not in self.fields]:
            raise ValueError(
                say(f"fields 缺少 {'、'.join(missing)}", f"fields lack {', '.join(missing)}")
            )
        if len(list(names_in(self.fields["body"]))) != 1 or not isinstance(
            self.fields["body"], str
        ):
            raise ValueError(say("body 要是一列", "body must be one column"))
        if taken := sorted(set(self.extra) & set(ALIASES)):
            raise ValueError(
                say(
                    f"{', '.join(taken)} 要写在 fields 里",
                    f"{', '.join(taken)} belongs to `fields`",
                )
            )
        for conditions in (self.include, self.public):
            if isinstance(conditions, dict):
                _check(conditions)
        return self

    def named(self, *, texts: bool = True) -> set[str]:
        """All columns that it names, of its own rows and of joins; or without those of body and preview."""
        fields = [one for name, one in self.fields.items() if texts or name != "body"]
        values: list[Value] = [self.key, self.id, *fields, *self.extra.values()]
        values += [one.by for one in self.join.values()]
        found = {name for value in values for name in names_in(value)}
        for one in self.join.values():
            found.update(_BRACES.findall(one.table))
        for conditions in (self.include, self.public):
            if isinstance(conditions, dict):
                found.update(columns_of(conditions))
        if texts and isinstance(self.preview, Preview) and self.preview.column:
            found.add(self.preview.column)
        return found


def _check(conditions: Conditions) -> None:
    for name, expected in conditions.items():
        nested = isinstance(expected, list) and any(isinstance(one, dict) for one in expected)
        if nested != (name == "any") or (
            name == "any" and not all(isinstance(one, dict) for one in expected)
        ):
            raise ValueError(
                say(
                    f"{name}：any 下面列出几组条件，别的列名后面写值",
                    f"{name}: below `any` there are lists of conditions, after a column its value",
                )
            )
        if nested:
            for one in expected:
                _check(one)


class Mapping(_Part):
    """A whole file. ``site``: the address that paths of articles are relative to."""

    name: str = ""
    database: Database
    site: str = ""
    articles: dict[str, Articles] = Field(min_length=1)


def load(path: Path) -> Mapping:
    """Read a mapping; raises ``BadInput`` that names everything that is wrong with it."""
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(say(f"{path}: 读不了：{exc}", f"{path}: cannot be read: {exc}")) from exc


def parse(text: str, path: Path) -> Mapping:
    """The mapping that is the text of a file; ``path``: for messages."""
    import yaml  # here: commands that read no mapping start sooner

    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise BadInput(say(f"{path}: 不是 YAML：{exc}", f"{path}: not YAML: {exc}")) from exc
    try:
        return Mapping.model_validate(values)
    except ValidationError as exc:
        faults = say("；", "; ").join(_fault(error) for error in exc.errors())
        raise BadInput(f"{path}: {faults}") from exc


def _fault(error: ErrorDetails) -> str:
    place = ".".join(map(str, error["loc"])) or say("文件", "file")
    known = {
        "missing": say("必填", "required"),
        "extra_forbidden": say("没有这一项", "there is no such key"),
    }
    message = known.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return say(f"{place}：{message}", f"{place}: {message}")
