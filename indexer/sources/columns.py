"""The columns of a table -> fields. Entry points: :class:`Columns`, :func:`find_header`,
:func:`known_names`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from analyzers.messages import say
from search_service.errors import BadRecord
from search_service.intake.names import ALIASES, duplicate_message, known_field

FIRST_ROWS: Final = 11  # rows among which the header is looked for
_REQUIRED: Final = ("title", "body")
_SHOWN: Final = 30  # columns that a message names
# How exports write a cell without a value.
_NULLS: Final = frozenset(
    ("NULL", "null", "\\N", "(NULL)", "(null)", "<null>", "None", "nan", "NaN")
)


def find_header(rows: Sequence[Sequence[str]], mapping: Mapping[str, str]) -> int:
    """The number of the row that names the columns; 0 if none does.

    Above it may stand the title of the table, a date and the like.
    """
    best, most = 0, 0
    for number, row in enumerate(rows[:FIRST_ROWS]):
        known = known_names(row, mapping)
        if known > most and (number == 0 or known > 1):
            best, most = number, known
    return best


def known_names(row: Sequence[str], mapping: Mapping[str, str]) -> int:
    """How many fields a row names."""
    names = (name.strip().lstrip("\ufeff") for name in row)
    return len({mapping.get(name) or known_field(name) for name in names} - {None})


@dataclass
class Columns:
    """The names of columns as written, and the fields that the owner says some of them are."""

    names: Sequence[str]
    mapping: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = [name.strip().lstrip("\ufeff") for name in self.names]

    @property
    def key(self) -> int | None:
        """The place of the ids; None if there are none."""
        return next(
            (place for place, name in enumerate(self.names) if self.field(name) == "id"), None
        )

    def field(self, name: str) -> str | None:
        """The field that a column is; None for further fields."""
        return self.mapping.get(name) or known_field(name)

    def check(self) -> None:
        """Raise ``BadRecord`` that names the columns, if none of them is a title or a body."""
        given = {self.field(name) for name in self.names}
        if missing := [name for name in _REQUIRED if name not in given]:
            raise BadRecord(self._missing(missing))

    def _missing(self, missing: Sequence[str]) -> str:
        seen = self.shown()
        labels = "、".join(f"{name}（{ALIASES[name][0]}）" for name in missing)
        other = next(
            (name for name in self.names if name and not self.field(name)), say("列名", "COLUMN")
        )
        return say(
            f"没有哪一列是 {labels}；看到的列：{seen}。用 --map {other}={missing[0]} 指明，或改列名",
            f"no column is {', '.join(missing)}; columns: {seen}. Say which one it is with"
            f" --map {other}={missing[0]}, or rename it",
        )

    def shown(self) -> str:
        """The columns, each with its field."""
        pairs = [
            f"{name} → {known}" if (known := self.field(name)) and known != name else name
            for name in self.names[:_SHOWN]
            if name
        ]
        return "、".join([*pairs, "…"] if len(self.names) > _SHOWN else pairs) or say(
            "（空）", "(none)"
        )

    def values(self, row: Sequence[str]) -> dict[str, object]:
        """The values of a row by name; raises ``BadRecord`` if it has another number of cells."""
        beyond = row[len(self.names) :]
        if len(row) < len(self.names) or any(beyond):
            raise BadRecord(
                say(
                    f"有 {len(row)} 列，表头有 {len(self.names)} 列；含逗号、换行的内容要加双引号",
                    f"has {len(row)} columns, the header has {len(self.names)};"
                    " quote cells that contain commas",
                )
            )
        values: dict[str, object] = {}
        for column, cell in zip(self.names, row, strict=False):
            name = self.mapping.get(column, column)
            text = "" if cell.strip() in _NULLS else cell
            # If two columns have the same name, a blank cell does not replace the other value.
            if text.strip() or name not in values:
                before = str(values.get(name, "")).strip()
                if before and before != text.strip() and known_field(name):
                    raise BadRecord(duplicate_message(name))
                values[name] = text
        return values
