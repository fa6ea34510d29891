"""The metadata of an article. Entry points: :class:`Metadata`, :func:`metadata_from`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to an article: its name, and its URL or path, if the source gives one."""

    name: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The metadata of an article; the same for every audience that may read it.

    ``length`` and ``slices``: as the source publishes them. ``date`` and ``effective_date``, from which on
    it is in force: ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``. ``category`` may be a path with ``/``.
    ``summary``, ``keywords`` and ``outline`` (headings) are public and searched, whatever the text is.
    ``attachments`` belong to the whole text. ``replaces`` and ``replaced_by``: ids, 文号 or titles.
    ``extra``: other fields of the source.
    """

    code: str | None = None
    author: str | None = None
    issuers: tuple[str, ...] = ()
    document_number: str | None = None
    kind: str | None = None
    category: str | None = None
    date: str | None = None
    effective_date: str | None = None
    summary: str | None = None
    keywords: tuple[str, ...] = ()
    outline: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    replaces: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    length: int | None = None
    slices: int | None = None
    status: str | None = None
    url: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def issuer(self) -> str | None:
        """All issuers in one line."""
        return " ".join(self.issuers) or None

    @property
    def declared(self) -> str:
        """What the source adds to the text for search, one piece a line."""
        names = (one.name for one in self.attachments)
        return "\n".join([*filter(None, [self.summary]), *self.keywords, *self.outline, *names])


# The fields of several values, except the attachments.
SEVERAL: Final = ("issuers", "keywords", "outline", "replaces", "replaced_by")


def metadata_from(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an article or a view that JSON has stored: its lists are tuples again."""
    lists = {name: tuple(values[name]) for name in SEVERAL if name in values}
    attachments = tuple(Attachment(**one) for one in values.get("attachments", ()))
    return {**values, **lists, "attachments": attachments}
