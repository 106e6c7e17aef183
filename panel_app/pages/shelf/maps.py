"""Maps: stores as signs over outlines of the package, in Web Mercator, with tiles only where they are reached.

Severity is told twice, by colour and by shape, and sign and list say the same: nobody needs the colours.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import panel as pn
import polars as pl

from engine.outputs.outlines import Box, lines_within
from engine.outputs.shelf.severity import HIGH, MODERATE, NONE, SEVERE
from panel_app.background import beside
from panel_app.charts import DRAWERS, Chart, Columns, Range, embed, frozen, thawed
from panel_app.forms import hover
from panel_app.language import say
from panel_app.layout import CARD
from panel_app.markup import Html, render
from panel_app.pages.shelf.clusters import clustered, fanned

SIGNS: Final[Mapping[str, tuple[str, str, str]]] = {
    SEVERE: ("diamond", "#c62828", "#7f1010"),
    HIGH: ("triangle", "#ef6c00", "#8f3f00"),
    MODERATE: ("circle", "#f2c037", "#8a6d00"),
    NONE: ("circle", "#ffffff00", "#2e7d32"),
}
"""Sign, fill and edge by severity."""
Window = tuple[Range, Range]
"""Of a map: west and east, south and north, in metres."""
Told = tuple[tuple[str, str], ...]
"""What is told of a sign that is pointed at: words in the language of the reader, and the column."""
NO_CASE_FILL: Final = "#e6f2e6"
"""Of several stores: their number has to be read on it, on dark paper too."""
LINE: Final = "#8b979d"
MAP_TOOLS: Final = "pan,wheel_zoom,reset,tap"
SIGN_COLUMNS: Final = ("x", "y", "marker", "fill", "edge", "size")
SIGNS_SOURCE, COUNTS_SOURCE = "signs", "counts"
MAPS_KEPT: Final = 32
"""Maps whose description stays in memory, some hundred kB each."""
GAP: Final = np.array([np.nan])
Coordinates = npt.NDArray[np.float64]
MARGIN_PIXELS: Final = (0, 10, 8, 10)
SMALLEST, LARGEST = 7.0, 26.0
"""Width of a sign in pixels, of a store without cases and of the one with most at risk."""
MARGIN: Final = 0.12
"""Of the map around the outermost stores, as a share of its width."""
LEAST_MARGIN_METRES: Final = 25_000.0
LEAST_WINDOW_METRES: Final = 1_500.0
"""Around stores that a click unfolds: nearer than this nothing more is to be seen between them."""
NEAREST: Final = 4.0
"""A window of so many of these is the nearest: stores that are still on one another are drawn around their place."""
CLUSTER_PIXELS: Final = 24.0
"""Signs nearer than this are drawn as one."""
OUTERMOST_LATITUDE: Final = 85.0
HEIGHT_OF_WIDTH: Final = 0.6


class StoreMap:
    """Every store with a place, sized by what is at risk; what would lie on one another is drawn as one sign.

    stores: with cases, at_risk and severity, in the order of their money. chosen: called with the row of a store that
    is clicked. width: of the map, about so many pixels. currency: what stands before its money. redraw: called when a
    sign of several stores was clicked, after which `view` shows these alone.
    """

    def __init__(
        self,
        stores: pl.DataFrame,
        chosen: Callable[[int], None],
        width: float,
        currency: str,
        redraw: Callable[[], None],
    ) -> None:
        self.stores = _placed(stores).with_row_index("row")
        self.chosen, self.width, self.currency, self.redraw = chosen, width, currency, redraw
        self.whole = _bounds(self.stores)
        self.window = self.whole
        self.shown = self.stores.head(0)
        self.chart: Chart | None = None

    def view(self, tiles: str = "") -> pn.viewable.Viewable:
        """The map as it is looked at now; it is parted anew when the reader comes nearer. tiles: their address."""
        chart = Chart(self._height, moved=self._moved, tapped=self._clicked, margin=MARGIN_PIXELS)
        self.chart, self.shown = chart, self._parted(*self.window)
        signs, window, height, currency = frozen(_columns(self.shown)), self.window, self._height, self.currency
        told = ((say("store"), "store"), (say("cases"), "cases"), (say("at risk"), "at_risk"))
        beside(DRAWERS, lambda tell: _store_map(signs, window, tiles, height, currency, told), chart.take)
        return chart

    def show_whole(self) -> None:
        """Look at every store again."""
        self.window = self.whole

    def _clicked(self, place: int) -> None:
        if not 0 <= place < self.shown.height:
            return
        sign = self.shown.row(place, named=True)
        rows = sign["rows"]
        if len(rows) == 1:
            self.chosen(rows[0])
            return
        self.window = _bounds(self.stores.filter(pl.col("row").is_in(rows)), LEAST_WINDOW_METRES)
        self.redraw()

    @property
    def _height(self) -> int:
        return round(self.width * HEIGHT_OF_WIDTH)

    def _moved(self, along: Range, up: Range) -> None:
        self.shown = self._parted(along, up)
        signs = _columns(self.shown)
        if self.chart is not None:
            self.chart.put({SIGNS_SOURCE: signs.to_dict(as_series=False), COUNTS_SOURCE: _counts(signs)})

    def _parted(self, x_seen: Range, y_seen: Range) -> pl.DataFrame:
        """The signs within a window: one for the stores that would lie on one another, the largest drawn last."""
        seen = x_seen[1] - x_seen[0]
        reach = CLUSTER_PIXELS * seen / self.width
        stores = self.stores
        x, y = stores["x"].to_numpy(), stores["y"].to_numpy()
        if seen <= NEAREST * LEAST_WINDOW_METRES:
            x, y = fanned(x, y, reach)
            leads = np.arange(len(x))
        else:
            leads = clustered(x, y, reach)
        named = stores["store_name"].fill_null(pl.Series(["Store "]) + stores["store_key"])
        order = {severity: place for place, severity in enumerate(SIGNS)}
        return (
            stores.with_columns(x=pl.Series(x), y=pl.Series(y), lead=pl.Series(leads), store=named)
            .group_by("lead", maintain_order=True)
            .agg(
                pl.col("x", "y", "store").first(),
                pl.col("cases", "at_risk").sum(),
                stores=pl.len(),
                rows=pl.col("row"),
                severity=pl.col("severity").sort_by(pl.col("severity").replace_strict(order)).first(),
            )
            .with_columns(
                store=pl.when(pl.col("stores") > 1)
                .then(pl.format(say("{1} stores", "{}"), "stores"))
                .otherwise("store"),
                size=self._size(),
                marker=pl.when(pl.col("stores") > 1).then(pl.lit("square")).otherwise(_look("severity", 0)),
                fill=pl.when(pl.col("stores") > 1, severity=NONE)
                .then(pl.lit(NO_CASE_FILL))
                .otherwise(_look("severity", 1)),
                ink=pl.when(severity=SEVERE).then(pl.lit("#ffffff")).otherwise(pl.lit("#1c2529")),
                edge=_look("severity", 2),
            )
            # Bokeh gives what is outside the window to what is within: signs there would get the shape of others.
            .filter(pl.col("x").is_between(*x_seen), pl.col("y").is_between(*y_seen))
            .reverse()
        )

    def _size(self) -> pl.Expr:
        """The width of a sign in pixels: of one store by its money, of several wide enough for their number."""
        most = max(float(self.stores["at_risk"].max() or 0.0), 1e-9)  # type: ignore[arg-type]
        share = (pl.col("at_risk") / most).clip(0, 1).sqrt()
        return pl.when(pl.col("stores") > 1).then(LARGEST).otherwise(SMALLEST + (LARGEST - SMALLEST) * share)


def _look(column: str, part: int) -> pl.Expr:
    return pl.col(column).replace_strict({name: look[part] for name, look in SIGNS.items()})


def small_map(stores: pl.DataFrame, width: float) -> pn.viewable.Viewable:
    """The stores around one. stores: with `role`, which is here, sells more, or other."""
    looks = {
        "here": ("star", "#c62828", 18.0),
        "sells more": ("triangle", "#2a7f9e", 14.0),
        "other": ("circle", LINE, 7.0),
    }
    signs = (
        _placed(stores)
        .with_columns(
            marker=pl.col("role").replace_strict({name: look[0] for name, look in looks.items()}),
            fill=pl.col("role").replace_strict({name: look[1] for name, look in looks.items()}),
            edge=pl.col("role").replace_strict({name: look[1] for name, look in looks.items()}),
            size=pl.col("role").replace_strict({name: look[2] for name, look in looks.items()}),
            store=pl.col("store_name").fill_null(pl.lit("Store ") + pl.col("store_key")),
        )
        .sort("size")
    )
    keys = [("sign star", "#c62828", say("this store"))]
    if (signs["role"] == "sells more").any():
        keys.append(("sign triangle", "#2a7f9e", say("sells more of it than before")))
    keys.append(("sign circle", LINE, say("other stores")))
    heading = Html(render("chart.html", title=say("Stores around it"), keys=keys), margin=(12, 16, 0, 16))
    window, height = _bounds(signs), round(width * HEIGHT_OF_WIDTH)
    chart, shown = Chart(height, margin=MARGIN_PIXELS), frozen(signs.select(*SIGN_COLUMNS, "store", "role"))
    told = ((say("store"), "store"), ("", "role"))
    beside(DRAWERS, lambda tell: _small_map(shown, window, height, told), chart.take)
    return pn.Column(heading, chart, sizing_mode="stretch_width", styles=CARD)


def _placed(stores: pl.DataFrame) -> pl.DataFrame:
    """Stores with a place, with x and y in metres of Web Mercator."""
    from holoviews.util.transform import lon_lat_to_easting_northing

    placed = stores.filter(pl.col("latitude").is_not_null(), pl.col("longitude").is_not_null())
    latitude = placed["latitude"].clip(-OUTERMOST_LATITUDE, OUTERMOST_LATITUDE).to_numpy()
    x, y = lon_lat_to_easting_northing(placed["longitude"].to_numpy(), latitude)
    return placed.with_columns(x=pl.Series(x, dtype=pl.Float64), y=pl.Series(y, dtype=pl.Float64))


def _columns(signs: pl.DataFrame) -> pl.DataFrame:
    """What the browser is told of signs."""
    return signs.select(*SIGN_COLUMNS, "store", "cases", "at_risk", "stores", "ink")


def _counts(signs: pl.DataFrame) -> dict[str, list[Any]]:
    """The numbers that stand on the signs of several stores."""
    several = signs.filter(pl.col("stores") > 1)
    return several.select("x", "y", "ink", text=pl.col("stores").cast(pl.String)).to_dict(as_series=False)


@lru_cache(MAPS_KEPT)
def _store_map(shown: Columns, window: Window, tiles: str, height: int, currency: str, told: Told) -> str:
    from bokeh.models import TapTool

    signs = thawed(shown)
    figure = _figure(window, tiles, tools=MAP_TOOLS)
    drawn = _draw_signs(figure, signs, hover(dict(told), money="at_risk", count="cases", currency=currency))
    figure.select_one({"type": TapTool}).renderers = [drawn]
    figure.text(
        source=_source(COUNTS_SOURCE, _counts(signs)),
        text_color="ink",
        text_font_size="10pt",
        text_align="center",
        text_baseline="middle",
    )
    return embed(figure, height)


@lru_cache(MAPS_KEPT)
def _small_map(shown: Columns, window: Window, height: int, told: Told) -> str:
    figure = _figure(window, "", tools="")
    _draw_signs(figure, thawed(shown), hover(dict(told)))
    return embed(figure, height)


def _figure(window: Window, tiles: str, *, tools: str) -> Any:
    """A part of the world: tiles where there are any, else outlines."""
    from bokeh.models import Range1d, WMTSTileSource
    from bokeh.plotting import figure

    made = figure(
        x_range=Range1d(start=window[0][0], end=window[0][1]),
        y_range=Range1d(start=window[1][0], end=window[1][1]),
        tools=tools,
        active_drag=None,
        active_scroll=None,
        toolbar_location="right" if tools else None,
    )
    made.toolbar.logo = None
    made.axis.visible = made.grid.visible = False
    if tiles:
        # Bokeh knows the places in an address in capitals only.
        address = tiles.replace("{x}", "{X}").replace("{y}", "{Y}").replace("{z}", "{Z}")
        made.add_tile(WMTSTileSource(url=address))
    else:
        x, y = _outlines(window)
        # One line with gaps: hundreds of lines take seconds to draw.
        made.line(x, y, color=LINE, line_width=1, alpha=0.8)
    return made


def _draw_signs(figure: Any, signs: pl.DataFrame, told: Any) -> Any:
    """Signs, and what is told of the one that is pointed at."""
    drawn = figure.scatter(
        "x",
        "y",
        source=_source(SIGNS_SOURCE, signs.to_dict(as_series=False)),
        marker="marker",
        fill_color="fill",
        line_color="edge",
        size="size",
        line_width=1.5,
    )
    # One that is clicked looks like the others: the click leads elsewhere.
    drawn.selection_glyph = drawn.nonselection_glyph = None
    told.renderers = [drawn]
    figure.add_tools(told)
    return drawn


def _source(name: str, columns: dict[str, list[Any]]) -> Any:
    from bokeh.models import ColumnDataSource

    return ColumnDataSource(columns, name=name)


def _bounds(signs: pl.DataFrame, least_margin: float = LEAST_MARGIN_METRES) -> Window:
    """The part of the map that holds every store, wider than high and with some land around."""
    west, east = float(signs["x"].min()), float(signs["x"].max())  # type: ignore[arg-type]
    south, north = float(signs["y"].min()), float(signs["y"].max())  # type: ignore[arg-type]
    margin = max((east - west) * MARGIN, (north - south) * MARGIN, least_margin)
    width, height = east - west + 2 * margin, north - south + 2 * margin
    wider = max(0.0, height / HEIGHT_OF_WIDTH - width) / 2
    higher = max(0.0, width * HEIGHT_OF_WIDTH - height) / 2
    return (west - margin - wider, east + margin + wider), (south - margin - higher, north + margin + higher)


def _outlines(window: Window) -> tuple[Coordinates, Coordinates]:
    """Coasts and borders around a window, with NaN between them."""
    from holoviews.util.transform import easting_northing_to_lon_lat, lon_lat_to_easting_northing

    (west, east), (south, north) = window
    longitudes, latitudes = easting_northing_to_lon_lat(np.array([west, east]), np.array([south, north]))
    width, height = longitudes[1] - longitudes[0], latitudes[1] - latitudes[0]
    box = Box(longitudes[0] - width, latitudes[0] - height, longitudes[1] + width, latitudes[1] + height)
    x, y = [], []
    for line in lines_within(box):
        latitude = np.clip(line.latitude, -OUTERMOST_LATITUDE, OUTERMOST_LATITUDE)
        easting, northing = lon_lat_to_easting_northing(line.longitude, latitude)
        x += [easting, GAP]
        y += [northing, GAP]
    return np.concatenate([GAP, *x]), np.concatenate([GAP, *y])
