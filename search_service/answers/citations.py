"""Citations of an article in the three usual forms. Entry point: :func:`citations`. Pure.

In a sentence as official documents cite one another (标题 and 文号), as a footnote, and by GB/T 7714-2015.
The last has no date of access: a page does not know when it is read.
"""

from typing import NamedTuple

from search_service.model import View


class Citation(NamedTuple):
    """One form of a citation: its name and the text to copy."""

    name: str
    text: str


def citations(view: View, address: str | None = None) -> tuple[Citation, ...]:
    """The three forms; ``address``: the full URL under which the article can be read, if there is one."""
    number = f"（{view.document_number}）" if view.document_number else ""
    title = f"《{view.title}》{number}"
    issuer = "、".join(view.issuers) or view.author
    footnote = "，".join(filter(None, [f"{issuer}：{title}" if issuer else title, said(view.date)]))
    name = f"{view.title}: {view.document_number}" if view.document_number else view.title
    kind = "EB/OL" if address else "Z"
    standard = f"{issuer}. {name}[{kind}]." if issuer else f"{name}[{kind}]."
    if view.date:
        standard += f" ({view.date})." if address else f" {view.date}."
    if address:
        standard += f" {address}."
    return (
        Citation("行文引用", title),
        Citation("脚注", f"{footnote}。"),
        Citation("GB/T 7714", standard),
    )


def said(date: str | None) -> str:
    """A date as it is written in a text: 2024-03-18 → 2024年3月18日."""
    parts = (date or "").split("-")
    return "".join(
        f"{int(part)}{unit}" for part, unit in zip(parts, "年月日", strict=False) if part
    )
