"""A canvas for charts: one house style, any script.

In: the texts that data bring in, and a size. Out: axes, and a function that turns them into SVG text, in which text
and axes take the colour of the page around them, or into the bytes of a PNG on white. This is the one file of the
engine that draws; others say what.
"""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from engine.outputs.fonts import families_for

INK: Final = "#0a0b0c"
"""Stands for the colour of the page's text while a chart is drawn."""


@contextmanager
def canvas(
    labels: Sequence[str], size_inches: tuple[float, float], heights: Sequence[float] = (1,)
) -> Iterator[tuple[Any, Callable[[], str]]]:
    """Axes in the house style, and a function that turns them into SVG.

    labels: every text that data bring in. heights: one for a single chart, else a row of axes each, sharing their x.
    Raises MissingGlyphError when no font can draw a label.
    """
    with _drawing(labels, size_inches, heights) as (figure, axes):

        def finish() -> str:
            text = io.StringIO()
            figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
            return text.getvalue()[text.getvalue().index("<svg") :].replace(INK, "currentColor")

        yield axes, finish


@contextmanager
def picture(
    labels: Sequence[str], size_inches: tuple[float, float], dots_per_inch: int = 120
) -> Iterator[tuple[Any, Callable[[], bytes]]]:
    """As `canvas`, of one chart, and a function that turns it into the bytes of a PNG, the same in every run."""
    with _drawing(labels, size_inches, (1,)) as (figure, axes):

        def finish() -> bytes:
            content = io.BytesIO()
            figure.savefig(content, format="png", dpi=dots_per_inch, facecolor="white", metadata={"Software": None})
            return content.getvalue()

        yield axes, finish


@contextmanager
def _drawing(
    labels: Sequence[str], size_inches: tuple[float, float], heights: Sequence[float]
) -> Iterator[tuple[Any, Any]]:
    """A figure and its axes, as long as the style holds."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    inks = dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), INK
    )
    style: Any = inks | {
        "font.family": families_for(labels),
        "svg.fonttype": "path",
        "text.parse_math": False,
        "font.enable_last_resort": False,
        "svg.hashsalt": "darkshelf",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titleweight": "bold",
        "axes.titlesize": 10,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
        "legend.labelcolor": INK,
        "font.size": 9,
    }
    with rc_context(style), warnings.catch_warnings():
        # A box where a letter should be is a fault, not a warning.
        warnings.filterwarnings("error", message="Glyph .* missing")
        figure = Figure(figsize=size_inches, layout="constrained")
        if len(heights) == 1:
            axes = figure.add_subplot()
        else:
            axes = figure.subplots(len(heights), sharex=True, height_ratios=list(heights))
        yield figure, axes
