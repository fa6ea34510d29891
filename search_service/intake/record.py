"""Convert a raw record to an ``Article``. Entry point: :func:`article_of`.

Required fields, the code at the start of a title, the preview. Names of fields are in
:mod:`search_service.intake.names`, values of single fields in :mod:`search_service.intake.fields`.
"""

import dataclasses
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from analyzers.messages import say
from analyzers.names import organs
from search_service.errors import BadRecord
from search_service.intake import fields
from search_service.intake.cleaning import Cleaning, Rule, clean, clean_head, clean_line
from search_service.intake.names import (
    ALIASES,
    PROTECTING,
    alias,
    known_field,
    likely_field,
    protects,
)
from search_service.metadata import SEVERAL, Attachment, Metadata
from search_service.model import Article, Audience

_MAX_FILE_NAMES: Final = 3  # example names per suffix
_MAX_KINDS: Final = 1_000  # distinct field names or suffixes that are counted
_MAX_NAME_LENGTH: Final = 60  # characters of a field's name in messages


@dataclass(frozen=True)
class RawRecord:
    """The raw values of a record by field name; ``place``: where it was read, ``file:line``.

    ``audience``: who may read it if it does not say so itself; None: whoever may read the source.
    """

    place: str
    values: Mapping[str, object]
    audience: Audience | None = None


@dataclass(frozen=True)
class Fault:
    """A record that cannot be converted to an article: where and why.

    ``id``: the record's id, if it has one. ``kind``: groups faults in reports; if empty, those whose reasons
    differ only in numbers and quoted values belong together.
    """

    place: str
    reason: str
    id: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass
class Notes:
    """Counts of records or files that may be mistakes, but are no faults; reported at the end of a run.

    ``similar``: by name of an unknown field and the known name that it resembles. ``ignored_texts``: by
    name of a second body or preview in a record. ``left_out``: rows that are not to be indexed (drafts), by
    reason. ``unknown_files``: by suffix of files that cannot be read;
    ``file_names``: examples of each. ``made_ids``: records without an id, by file. ``columns``: those of
    tables with the fields that they are, by file.
    """

    similar: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignored_texts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    unknown_files: Counter[str] = field(default_factory=Counter)
    made_ids: Counter[str] = field(default_factory=Counter)
    columns: dict[str, str] = field(default_factory=dict)
    file_names: dict[str, list[str]] = field(default_factory=dict)

    @property
    def doubts(self) -> int:
        """How many fields of records may be mistakes."""
        return self.similar.total() + self.ignored_texts.total()

    def list_files(self) -> str:
        """The unknown files in one line: suffix, count, names."""
        return say("；", "; ").join(
            f"{suffix or say('无后缀', 'no suffix')} {count} "
            f"({', '.join(self.file_names[suffix])}{', …' if count > len(self.file_names[suffix]) else ''})"
            for suffix, count in self.unknown_files.most_common()
        )

    def count_left_out(self, reason: str) -> None:
        """Count a row that is not to be indexed."""
        if reason not in self.left_out and len(self.left_out) >= _MAX_KINDS:
            reason = say("其他", "others")
        self.left_out[reason] += 1

    def count_made_ids(self, name: str, count: int) -> None:
        """Count records of a file that had no id."""
        if count and (len(self.made_ids) < _MAX_KINDS or name in self.made_ids):
            self.made_ids[name] += count

    def show_columns(self, name: str, columns: str) -> None:
        """Keep the columns of a table."""
        if len(self.columns) < _MAX_KINDS:
            self.columns.setdefault(name, columns)

    def count_similar(self, name: str, known: str) -> None:
        """Count an unknown field that resembles a known one."""
        if len(self.similar) < _MAX_KINDS or (name, known) in self.similar:
            self.similar[name, known] += 1

    def count_file(self, suffix: str, name: str) -> None:
        """Count a file that cannot be read."""
        if len(self.unknown_files) >= _MAX_KINDS and suffix not in self.unknown_files:
            suffix = say("其他", "others")
        self.unknown_files[suffix] += 1
        if len(names := self.file_names.setdefault(suffix, [])) < _MAX_FILE_NAMES:
            names.append(name)


_METADATA: Final = [
    one.name for one in dataclasses.fields(Metadata) if one.name not in {"issuers", "extra"}
]
_NOT_CLEANED: Final = frozenset({"date", "effective_date", "url"})  # checked by their own rules
# Only one name of each is used; the others do not become further fields.
_TEXTS: Final = frozenset({"body", "preview"})

_T = TypeVar("_T")
_Line = Annotated[str | None, BeforeValidator(fields.line)]
_Lines = Annotated[tuple[str, ...], BeforeValidator(fields.lines)]
_Number = Annotated[int | None, BeforeValidator(fields.number)]


class _Fields(BaseModel):
    """The fields of a record; pydantic collects the faults of all fields.

    Other fields become ``extra``, which is returned to everyone, guests included: they must not contain paid
    text.
    """

    model_config = ConfigDict(extra="allow")

    id: Annotated[str, BeforeValidator(fields.identifier)]
    title: Annotated[str, BeforeValidator(fields.line)]
    body: Annotated[str, BeforeValidator(fields.text)]
    code: _Line = None
    author: _Line = None
    issuer: _Lines = ()
    document_number: _Line = None
    kind: _Line = None
    category: Annotated[str | None, BeforeValidator(fields.category)] = None
    date: Annotated[str | None, BeforeValidator(fields.iso_date)] = None
    effective_date: Annotated[str | None, BeforeValidator(fields.iso_date)] = None
    summary: Annotated[str | None, BeforeValidator(fields.text)] = None
    keywords: Annotated[tuple[str, ...], BeforeValidator(fields.words)] = ()
    outline: _Lines = ()
    attachments: Annotated[tuple[Attachment, ...], BeforeValidator(fields.attachments)] = ()
    replaces: _Lines = ()
    replaced_by: _Lines = ()
    preview: Annotated[str | None, BeforeValidator(fields.text)] = None
    free_length: _Number = None
    length: _Number = None
    slices: _Number = None
    status: _Line = None
    views: _Number = None
    url: Annotated[str | None, BeforeValidator(fields.address)] = None
    version: _Number = None
    audience: Annotated[Audience, BeforeValidator(fields.audience)] = Audience.PUBLIC


def article_of(
    values: Mapping[str, object],
    *,
    cleaning: Cleaning,
    counts: Counter[str] | None = None,
    notes: Notes | None = None,
) -> Article:
    """Convert a record to an article; raises :class:`BadRecord` that names every invalid field.

    ``counts``: incremented for each cleaning rule that changed the article. ``notes``: gets fields that may
    be misspelt. A name that resembles a protecting field is a fault, and so is a field that may be a second
    body of a record that guests may read only in part, because unknown fields are kept as ``extra`` and
    returned to everyone.

    A blank value means that the field is missing, except for ``preview``: ``""``, or a blank cell of a
    table, means that guests may read nothing, so that a mistake does not publish paid text. ``free_length``
    N: guests may read the first N characters of the raw body, cleaned without regard to the rest. A
    ``preview`` that is not blank takes precedence.
    """
    notes = notes or Notes()
    faults = _check_names(values, notes)
    try:
        read = _Fields.model_validate(_named(values, notes))
    except ValidationError as exc:
        for error in exc.errors():
            faults[str(error["loc"][0])] = str(error.get("ctx", {}).get("error", "")) or _missing()
        raise _bad(faults) from None
    if faults:
        raise _bad(faults)
    rules: set[Rule] = set()
    title = clean_line(read.title, cleaning=cleaning)
    code, name = (read.code, title.text) if read.code else split_code(title.text)
    body = clean(read.body, cleaning=cleaning, title=name)
    rules |= title.fired | body.fired
    preview = None
    if read.preview is not None and (read.preview.strip() or read.free_length is None):
        guests = clean(read.preview, cleaning=cleaning, title=name)
        preview = guests.text
        rules |= guests.fired
    elif read.free_length is not None and read.free_length < len(read.body):
        preview = clean_head(read.body, read.free_length, cleaning=cleaning, title=name)
    if empty := {
        field: _empty()
        for field, text in (("title", name), ("body", body.text))
        if not text.strip()
    }:
        raise _bad(empty)
    if counts is not None:
        counts.update(str(rule) for rule in rules)

    metadata = {name: getattr(read, name) for name in _METADATA} | {"code": code}

    def line(value: str) -> str:
        return clean_line(value, cleaning=cleaning).text

    def lines(values: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, map(line, values))))

    for field_name in metadata.keys() - _NOT_CLEANED:
        if isinstance(value := metadata[field_name], str):
            metadata[field_name] = line(value) or None
    metadata |= {name: lines(getattr(read, name)) for name in SEVERAL if name != "issuers"}
    issuers = lines(read.issuer)
    metadata["issuers"] = organs(issuers[0]) if len(issuers) == 1 else issuers
    metadata["attachments"] = tuple(
        Attachment(label, fields.resolved(one.url, read.url))
        for one in read.attachments
        if (label := line(one.name))
    )
    return Article(
        id=read.id,
        title=name,
        body=body.text,
        preview=preview,
        views=read.views,
        version=read.version,
        audience=read.audience,
        extra=dict(read.model_extra or {}),
        **metadata,
    )


# Names that look like codes: G20峰会, C919客机, G318国道, A4纸, Q3 (a quarter).
_NOT_A_CODE: Final = re.compile(
    r"(?:G7|G8|G20|G60|C919|C929|K12|A[345]|H5|Q[1-4]|T[1-4])(?![0-9])"
    r"|[GSXYCD][0-9]+\s*(?:[国省县乡]道|高速|公路|次?列车|高铁|动车)"
)
_CODE: Final = re.compile(r"([A-Z][0-9]{1,6})(?:\s+(?=\S)|(?=[\u3400-\u9fff“‘《【「]))")


def split_code(title: str) -> tuple[str | None, str]:
    """Split ``C1212叠加…``, ``B1890 推进…``, or the same in full width, into code and title.

    The code is None if there is none: ``G20峰会…`` -> ``(None, "G20峰会…")``.
    """
    # Only the start is folded, one character for one, so that the rest stays unchanged.
    head = "".join(
        unicodedata.normalize("NFKC", c) if "Ａ" <= c <= "Ｚ" or "０" <= c <= "９" else c
        for c in title[:7]
    )
    folded = head + title[7:]
    match = _CODE.match(folded)
    if match is None or _NOT_A_CODE.match(folded):
        return None, title
    return match[1], title[match.end() :]


def _name(key: object) -> str:
    """A field's name without blanks and BOM; in lower case if it is a known English one."""
    name = _storable(str(key)).strip().lstrip("\ufeff")
    return name.lower() if name.lower() in ALIASES else name


def _is_absent(field: str | None, value: object) -> bool:
    """Whether a value counts as missing; a blank preview does not."""
    return value is None or (isinstance(value, str) and not value.strip() and field != "preview")


def _check_names(values: Mapping[str, object], notes: Notes) -> dict[str, str]:
    """The faults of a record's field names, by name; adds other findings to ``notes``."""
    faults: dict[str, str] = {}
    given: dict[str, object] = {}
    bodies: list[str] = []
    gapped = False
    for name, value in ((_name(key), value) for key, value in values.items()):
        field, label = known_field(name), _label(name)
        like = likely_field(name) if field is None and value is not None else None
        inner = [one for one in _names_within(value) if protects(one)]
        if like and like.protects:
            faults[label] = _misspelt(like.name)
        elif inner and field is None:
            faults[f"{label}.{_label(inner[0])}"] = _inside(_label(inner[0]))
        elif _is_absent(field, value):
            continue
        elif like and like.field == "body":
            bodies.append(label)
        elif like:
            notes.count_similar(label, like.name)
        elif field in PROTECTING:
            gapped |= field != "audience"
            # Of several previews the first is used; any other field must not have different values.
            if given.setdefault(name if field == "preview" else field, value) != value:
                faults[label] = _differing(field)
    if gapped:
        return faults | dict.fromkeys(bodies, _second_body())
    for name in bodies:
        notes.count_similar(name, "body")
    return faults


def _names_within(value: object) -> Iterator[str]:
    """The names of the fields inside a value, at any depth."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            yield from (_name(key) for key in one)
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one


def _label(name: str) -> str:
    """A name for a message: short, on one line."""
    if name.isprintable() and len(name) <= _MAX_NAME_LENGTH:
        return name
    printable = "".join(c if c.isprintable() else "\ufffd" for c in name[: _MAX_NAME_LENGTH + 1])
    return printable if len(name) <= _MAX_NAME_LENGTH else f"{printable[:-1]}…"


def _named(values: Mapping[str, object], notes: Notes) -> dict[str, object]:
    """The values by English name, without missing ones, storable."""
    named: dict[str, object] = {}
    aliased: dict[str, tuple[int, str]] = {}
    for key, value in values.items():
        name = _name(key)
        known = alias(name)
        field, place = known or (name, 0)
        if _is_absent(field, value):
            continue
        named[name] = value if field == "id" else _storable(value)
        if known:
            aliased[field] = min(aliased.get(field, (place, name)), (place, name))
    for field, (_, name) in aliased.items():
        if field not in named:
            named[field] = named.pop(name)
    for name, known in [(name, known) for name in named if (known := alias(name))]:
        # The others may contain paid text and must not become further fields.
        if known[0] in _TEXTS and named.pop(name) != named[known[0]]:
            notes.ignored_texts[name] += 1
    return named


_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def _storable(value: _T) -> _T:
    """Remove NUL, lone surrogates, and numbers that are not finite: databases and JSON refuse them."""
    result: object = value
    if isinstance(value, str):
        result = _UNSTORABLE.sub("", value)
    elif isinstance(value, Mapping):
        result = {_storable(str(key)): _storable(inner) for key, inner in value.items()}
    elif isinstance(value, list | tuple):
        result = [_storable(inner) for inner in value]
    elif isinstance(value, float) and not math.isfinite(value):
        result = None
    return result  # type: ignore[return-value]  # the same type, or None for a number that is not finite


def _missing() -> str:
    return say("必填，但没有给出", "required, but missing")


def _misspelt(name: str) -> str:
    return say(
        f"不认识这个字段，像是 {name} 写错了，照此收录会公开不该公开的内容；"
        f"请改成 {name}，或换一个不相像的名字",
        f"unknown field, but similar to {name}: accepted as it is, it would publish what {name} protects;"
        f" rename it to {name}, or to something dissimilar",
    )


def _inside(name: str) -> str:
    return say(
        f"{name} 在别的字段里面，不起作用，文章会公开；请把它放到记录的最外层，或换一个不相像的名字",
        f"{name} is inside another field, where it protects nothing: move it to the top level, beside id"
        " and title, or rename it to something dissimilar",
    )


def _differing(field: str) -> str:
    return say(
        f"{field} 给出了两个不同的值；请只留一个",
        f"{field} has two different values; keep one",
    )


def _second_body() -> str:
    return say(
        "像是又一份正文，而游客只能读到一部分：其他字段会返回给所有人。请并入 body，或删去",
        "looks like a second body, but guests may read only a part of this record, and unknown fields are"
        " returned to everyone; make it part of body, or remove it",
    )


def _empty() -> str:
    return say("清洗后没有文字", "no text left after cleaning")


def _bad(faults: Mapping[str, str]) -> BadRecord:
    colon, stop = say("：", ": "), say("；", "; ")
    return BadRecord(
        stop.join(f"{field}{colon}{why}" for field, why in faults.items()), field_errors=faults
    )
