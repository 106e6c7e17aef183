"""Charts, drawn with hvPlot. hvPlot is loaded when the first one is drawn: no page waits for it to show its figures.

A chart is described once, beside the event loop, and the description is shared by every reader of the same figures:
nothing of it is kept for a session. The browser draws it. What a hover shows of the data is text: Bokeh escapes it,
and no title or label of a chart is a text of the data.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any, Final, cast

import panel as pn
import param
import polars as pl
from panel.custom import JSComponent

from panel_app.background import beside
from panel_app.layout import CARD
from panel_app.markup import Html, render

ACCENT: Final = "#2a7f9e"
HEIGHT: Final = 240
FRAME: Final = {"responsive": True, "grid": True, "legend": False, "xlabel": "", "ylabel": ""}
BARE: Final[dict[str, Any]] = {"default_tools": [], "toolbar": None}
KEPT: Final = 128
"""Charts of a kind whose description stays in memory, some 15 kB each."""
DRAWERS: Final = ThreadPoolExecutor(1, "darkshelf-charts")
"""One thread: HoloViews keeps the styles of what it draws for the whole process."""
Key = tuple[str, str, str]
"""An entry of a legend: the shape and the colour of its sign, and its words."""
Columns = tuple[tuple[str, pl.DataType, tuple[Any, ...]], ...]
"""A frame as a value that can be looked up: name, type and values of each column."""
Range = tuple[float, float]


class Chart(JSComponent):
    """A chart that the browser draws from its description.

    moved: called with what the reader looks at, along and up. tapped: called with the row of a source that was
    clicked. Both are for charts with named sources, whose columns `put` replaces.
    """

    item = param.String(doc="What `described` gives; empty until there is something to draw.")
    columns = param.Dict({}, doc="Columns by the name of the source that takes them.")
    is_live = param.Boolean(doc="Whether it tells what is looked at and clicked.")

    _esm = Path(__file__).parent / "assets" / "chart.js"

    def __init__(
        self,
        height: int,
        *,
        moved: Callable[[Range, Range], None] | None = None,
        tapped: Callable[[int], None] | None = None,
        **params: Any,
    ) -> None:
        super().__init__(height=height, sizing_mode="stretch_width", is_live=moved is not None, **params)
        self._moved, self._tapped = moved, tapped

    def take(self, item: str) -> None:
        """Draw what is described."""
        self.item = item

    def put(self, columns: dict[str, dict[str, list[Any]]]) -> None:
        """Replace the columns of named sources."""
        self.columns = columns

    def _handle_msg(self, data: Any) -> None:
        if not isinstance(data, dict):
            return
        ends = data.get("moved")
        if self._moved is not None and isinstance(ends, list) and len(ends) == 4 and all(map(_is_finite, ends)):
            self._moved((ends[0], ends[1]), (ends[2], ends[3]))
        elif self._tapped is not None and type(data.get("tapped")) is int:
            self._tapped(data["tapped"])


def _is_finite(end: Any) -> bool:
    return type(end) in {int, float} and isfinite(end)


def warm() -> None:
    """Load hvPlot and draw once, so that the first reader does not wait for it."""
    days = pl.DataFrame({"day": [date(2026, 1, 1), date(2026, 1, 2)], "amount": [1.0, 2.0]})
    described(hv_plot(days).line(x="day", y="amount", **FRAME).opts(**BARE), HEIGHT)


def hv_plot(frame: pl.DataFrame) -> Any:
    """The ways to draw a frame that hvPlot has."""
    import hvplot.polars  # noqa: F401

    return cast("Any", frame).hvplot


def described(plot: Any, height: int) -> str:
    """A plot of HoloViews as `embed` describes its figure."""
    import holoviews as hv

    figure = hv.render(plot, backend="bokeh")
    for axis in figure.axis:
        axis.update(axis_line_alpha=0, major_tick_line_alpha=0, minor_tick_line_alpha=0)
        axis.major_label_text_font_size = "0.925em"
    return embed(figure, height)


def embed(figure: Any, height: int) -> str:
    """A figure of Bokeh as JSON, as wide as there is room; for `Bokeh.embed.embed_item`."""
    from bokeh.core.json_encoder import serialize_json
    from bokeh.document import Document

    figure.update(height=height, width=None, sizing_mode="stretch_width", outline_line_color=None)
    # What lies below shows through, so that only inks follow the theme.
    figure.background_fill_color = figure.border_fill_color = None
    document = Document()
    document.add_root(figure)
    told = dict(document.to_json(deferred=False))
    # Of components, which no figure is made of; ten times as long as the figure.
    told.pop("defs", None)
    return serialize_json({"doc": told, "root_id": figure.id})


def card(title: str, draw: Callable[[], str], height: int, keys: Sequence[Key] = ()) -> pn.viewable.Viewable:
    """A chart in a card, under its title and what its colours mean. draw: describes it, called in another thread."""
    heading = Html(render("chart.html", title=title, keys=keys), margin=(12, 16, 0, 16))
    chart = Chart(height, margin=(0, 10, 8, 4))
    beside(DRAWERS, lambda tell: draw(), chart.take)
    return pn.Column(heading, chart, sizing_mode="stretch_width", styles=CARD, margin=0)


def frozen(frame: pl.DataFrame) -> Columns:
    """A frame as a value by which its chart can be looked up."""
    return tuple((column.name, column.dtype, tuple(column)) for column in frame)


def thawed(columns: Columns) -> pl.DataFrame:
    """The frame again."""
    return pl.DataFrame([pl.Series(name, values, dtype) for name, dtype, values in columns])
