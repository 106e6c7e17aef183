"""Pictures: the charts that a run publishes as PNG, the same bytes for the same numbers."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.arrays import Floats, Integers

SIZE_INCHES: Final = (4.8, 2.7)
LEFT_INCHES, BOTTOM_INCHES, EDGE_INCHES = 0.75, 0.45, 0.12
"""Around axes whose labels are numbers: to lay them out by what is drawn takes as long as drawing them."""
GAP_SHARE: Final = 0.12
"""Of a panel's height, between it and the next."""
BARS: Final = 30
INK, MARK, SHADE = "#44546a", "#c0392b", "#e8e4da"


@dataclass(frozen=True)
class Line:
    """A line with its band; arrays of one point each."""

    name: str
    across: Integers
    middle: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Zone:
    """A stretch of the axis that is shaded, and what that means."""

    name: str
    begin: float
    end: float


def histogram(permuted: Floats, true: float) -> bytes:
    """AUC of shuffled labels as bars, and of the true ones as a line. permuted: may be empty."""
    figure, axes = _axes("AUC out of time", "shuffles")
    if permuted.size:
        axes.stairs(*np.histogram(permuted, BARS), fill=True, color=INK, label="shuffled labels")
    if np.isfinite(true):
        axes.axvline(true, color=MARK, label="true labels")
    if permuted.size or np.isfinite(true):
        axes.legend(frameon=False)
    return _png(figure)


def bars(names: Sequence[str], means: Sequence[float], errors: Sequence[float]) -> bytes:
    """Shares of features with their spread, the largest on top."""
    figure, axes = _axes("share of gain", "")
    figure.set_layout_engine("constrained")
    places = np.arange(len(names))[::-1]
    axes.barh(places, means, xerr=errors, color=INK, ecolor=MARK)
    axes.set_yticks(places, names, fontsize=6)
    return _png(figure)


def curves(figures: Mapping[str, Sequence[Line]], across: str, zone: Zone | None = None) -> bytes:
    """A panel for every figure, one below the other, with its lines and their bands, and a shaded zone."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZE_INCHES[0], SIZE_INCHES[1] * len(figures) / 2))
    _with_margins(figure)
    panels = figure.subplots(len(figures), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (name, lines) in zip(panels, figures.items(), strict=True):
        for line, colour in zip(lines, (INK, MARK), strict=False):
            panel.plot(line.across, line.middle, color=colour, marker=".", label=line.name)
            panel.fill_between(line.across, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
        if zone is not None:
            panel.axvspan(zone.begin, zone.end, color=SHADE, linewidth=0, zorder=0, label=zone.name)
        panel.set_ylabel(name)
        panel.spines[["top", "right"]].set_visible(False)
    if any(figures.values()):
        panels[0].legend(frameon=False)
    panels[-1].set_xlabel(across)
    return _png(figure)


def _axes(across: str, up: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES)
    _with_margins(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _with_margins(figure: Any) -> None:
    """Leave room for the labels, so many inches whatever the size of the figure."""
    width, height = figure.get_size_inches()
    figure.subplots_adjust(
        left=LEFT_INCHES / width,
        right=1 - EDGE_INCHES / width,
        bottom=BOTTOM_INCHES / height,
        top=1 - EDGE_INCHES / height,
        hspace=GAP_SHARE,
    )


def _png(figure: Any) -> bytes:
    stream = io.BytesIO()
    # The program's version is left out: it would make other bytes of the same picture.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
