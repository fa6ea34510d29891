"""A manuscript as Markdown. Entry point: :func:`markdown`."""

import re
from collections.abc import Sequence

from search_service.drafting.manuscript import Line, Manuscript
from search_service.drafting.references import Reference

# What begins a block or marks text, wherever it is: more than needed, but always right.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#+|~])")
_NUMBERED = re.compile(r"^([0-9]+)([.)])(?=\s|$)")
_DASH = re.compile(r"^(-)(?=\s|-|$)")


def markdown(
    manuscript: Manuscript, references: Sequence[Reference], *, footnotes: bool, listed: bool
) -> str:
    """The text; headings as headings, rows as tables, notes as footnotes, the list at the end."""
    by_paragraph = {one.paragraph: number for number, one in enumerate(references, start=1)}
    blocks = [f"# {_escaped(manuscript.title)}"]
    for place, line in enumerate(manuscript.lines):
        number = by_paragraph.get(line.number) if line.is_last else None
        mark = f"[^{number}]" if footnotes and number else ""
        if line.cells:
            row = _row(line.cells)
            if place and manuscript.lines[place - 1].cells:
                blocks[-1] += f"\n{row}"
            else:
                blocks.append(f"{row}\n{_row(['---'] * len(line.cells), escaped=True)}")
            blocks += [mark] if mark else []
        else:
            blocks.append(_line(line) + mark)
    if footnotes:
        blocks += [
            f"[^{number}]: {_escaped(one.note)}" for number, one in enumerate(references, start=1)
        ]
    if listed and references:
        blocks.append("## 引用清单")
        blocks += [
            f"{number}. {_escaped('；'.join(filter(None, one.row[1:])))}"
            for number, one in enumerate(references, start=1)
        ]
    return "\n\n".join(blocks) + "\n"


def _line(line: Line) -> str:
    text = _escaped("".join(run.text for run in line.runs))
    return f"{'#' * (line.level + 1)} {text}" if line.level else text


def _row(cells: Sequence[str], *, escaped: bool = False) -> str:
    return f"| {' | '.join(cell if escaped else _escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _DASH.sub(r"\\\1", _NUMBERED.sub(r"\1\\\2", text))
