"""Charts, drawn with hvPlot. hvPlot is loaded when the first one is drawn: no page waits for it to show its figures.

What a hover shows of the data is text: Bokeh escapes it, and no title or label of a chart is a text of the data.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, cast

import panel as pn
import polars as pl

from panel_app.layout import CARD
from panel_app.markup import Html, render

ACCENT: Final = "#2a7f9e"
HEIGHT: Final = 240
FRAME: Final = {"responsive": True, "grid": True, "legend": False, "xlabel": "", "ylabel": ""}
BARE: Final[dict[str, Any]] = {"default_tools": [], "toolbar": None}
Key = tuple[str, str, str]
"""An entry of a legend: the shape and the colour of its sign, and its words."""


def warm() -> None:
    """Load hvPlot and draw once, so that the first reader does not wait for it."""
    days = pl.DataFrame({"day": [date(2026, 1, 1), date(2026, 1, 2)], "amount": [1.0, 2.0]})
    card("", hv_plot(days).line(x="day", y="amount", **FRAME).opts(**BARE), HEIGHT).get_root()


def hv_plot(frame: pl.DataFrame) -> Any:
    """The ways to draw a frame that hvPlot has."""
    import hvplot.polars  # noqa: F401

    return cast("Any", frame).hvplot


def card(title: str, plot: Any, height: int, keys: Sequence[Key] = ()) -> pn.viewable.Viewable:
    """A chart in a card, under its title and what its colours mean."""
    heading = Html(render("chart.html", title=title, keys=keys), margin=(12, 16, 0, 16))
    pane = pn.pane.HoloViews(
        plot, sizing_mode="stretch_width", height=height, linked_axes=False, margin=(0, 10, 8, 4)
    )
    return pn.Column(heading, pane, sizing_mode="stretch_width", styles=CARD, margin=0)
