"""Plots as SVG. Entry point: :func:`svg`. Needs matplotlib (the extra ``eval``)."""

import io
import os
import tempfile
import warnings
from collections.abc import Callable
from typing import Any


def svg(draw: Callable[[Any], None], *, legend_columns: int) -> str:
    """A plot: ``draw`` gets the axes; the legend is below. The same figures give the same file."""
    with tempfile.TemporaryDirectory() as folder:
        # Otherwise matplotlib writes settings and a list of fonts to the home folder.
        os.environ["MPLCONFIGDIR"] = folder
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        out = io.StringIO()
        # No date and no random ids. Text stays text, so that the viewer's fonts show Chinese names;
        # matplotlib's own lack them, and it warns.
        with (
            rc_context({"svg.hashsalt": "gongwen", "svg.fonttype": "none"}),
            warnings.catch_warnings(),
        ):
            warnings.filterwarnings("ignore", message="Glyph")
            figure = Figure(figsize=(9, 4.5), layout="constrained")
            draw(figure.subplots())
            figure.legend(loc="outside lower center", ncols=legend_columns)
            figure.savefig(out, format="svg", metadata={"Date": None})
        return out.getvalue()
