"""Maps: stores as signs over outlines of the package, in Web Mercator, with tiles only where they are reached.

Severity is told twice, by colour and by shape, and sign and list say the same: nobody needs the colours.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import panel as pn
import polars as pl

from engine.outputs.outlines import Box, lines_within
from engine.outputs.shelf.severity import HIGH, MODERATE, NONE, SEVERE
from panel_app.charts import hv_plot
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
Range = tuple[float, float]
Window = tuple[Range, Range]
"""Of a map: west and east, south and north, in metres."""
NO_CASE_FILL: Final = "#e6f2e6"
"""Of several stores: their number has to be read on it, on dark paper too."""
LINE: Final = "#8b979d"
MAP_TOOLS: Final = ("pan", "wheel_zoom", "reset")
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

    def view(self, tiles: str = "") -> pn.viewable.Viewable:
        """The map as it is looked at now; it is parted anew when the reader comes nearer. tiles: their address."""
        import holoviews as hv

        moved = hv.streams.RangeXY()
        signs = hv.DynamicMap(self._signs, streams=[moved])
        counts = hv.DynamicMap(self._counts, streams=[moved])
        selected = hv.streams.Selection1D(source=signs)
        selected.param.watch(lambda event: self._clicked(event.new[0]) if event.new else None, "index")
        return _pane(_ground(self.window, tiles) * signs * counts, self.window, self.width, tools=True)

    def show_whole(self) -> None:
        """Look at every store again."""
        self.window = self.whole

    def _clicked(self, place: int) -> None:
        sign = self.shown.row(place, named=True)
        rows = sign["rows"]
        if len(rows) == 1:
            self.chosen(rows[0])
            return
        self.window = _bounds(self.stores.filter(pl.col("row").is_in(rows)), LEAST_WINDOW_METRES)
        self.redraw()

    def _signs(self, x_range: Any = None, y_range: Any = None) -> Any:
        self.shown = self._parted(x_range, y_range)
        told = {say("store"): "store", say("cases"): "cases", say("at risk"): "at_risk"}
        pointed_at = hover(told, money="at_risk", count="cases", currency=self.currency)
        return _points(self.shown, ["store", "cases", "at_risk"]).opts(
            default_tools=[],
            tools=[*MAP_TOOLS, "tap", pointed_at],
            nonselection_alpha=1,
            selection_alpha=1,
            xlim=self.window[0],
            ylim=self.window[1],
        )

    def _counts(self, x_range: Any = None, y_range: Any = None) -> Any:
        import holoviews as hv

        several = self._parted(x_range, y_range).filter(pl.col("stores") > 1)
        told = (
            several["x"].to_numpy(),
            several["y"].to_numpy(),
            several["stores"].cast(pl.String).to_numpy(),
            several["ink"].to_numpy(),
        )
        return hv.Labels(told, ["x", "y"], ["stores", "ink"]).opts(
            default_tools=[],
            text_color=hv.dim("ink"),
            text_font_size="10pt",
            xlim=self.window[0],
            ylim=self.window[1],
        )

    def _parted(self, x_range: Range | None, y_range: Range | None) -> pl.DataFrame:
        """The signs within a window: one for the stores that would lie on one another, the largest drawn last."""
        x_seen, y_seen = x_range or self.window[0], y_range or self.window[1]
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
                size=self._size().pow(2),
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
        "here": ("star", "#c62828", 320.0),
        "sells more": ("triangle", "#2a7f9e", 190.0),
        "other": ("circle", LINE, 50.0),
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
    points = _points(signs, ["store", "role"]).opts(
        default_tools=[], tools=[hover({say("store"): "store", "": "role"})]
    )
    keys = [("sign star", "#c62828", say("this store"))]
    if (signs["role"] == "sells more").any():
        keys.append(("sign triangle", "#2a7f9e", say("sells more of it than before")))
    keys.append(("sign circle", LINE, say("other stores")))
    heading = Html(render("chart.html", title=say("Stores around it"), keys=keys), margin=(12, 16, 0, 16))
    window = _bounds(signs)
    pane = _pane(_ground(window, "") * points, window, width, tools=False)
    return pn.Column(heading, pane, sizing_mode="stretch_width", styles=CARD)


def _placed(stores: pl.DataFrame) -> pl.DataFrame:
    """Stores with a place, with x and y in metres of Web Mercator."""
    from holoviews.util.transform import lon_lat_to_easting_northing

    placed = stores.filter(pl.col("latitude").is_not_null(), pl.col("longitude").is_not_null())
    latitude = placed["latitude"].clip(-OUTERMOST_LATITUDE, OUTERMOST_LATITUDE).to_numpy()
    x, y = lon_lat_to_easting_northing(placed["longitude"].to_numpy(), latitude)
    return placed.with_columns(x=pl.Series(x, dtype=pl.Float64), y=pl.Series(y, dtype=pl.Float64))


def _points(signs: pl.DataFrame, told: list[str]) -> Any:
    import holoviews as hv

    columns = ["x", "y", "marker", "fill", "edge", "size", *told]
    points = hv_plot(signs.select(columns)).points(
        "x", "y", hover_cols=columns[2:], legend=False, hover=False, responsive=True
    )
    dim = hv.dim
    # Sizes are areas in square pixels; holoviews asks for the side.
    return points.opts(
        marker=dim("marker"), fill_color=dim("fill"), line_color=dim("edge"), size=dim("size") ** 0.5, line_width=1.5
    )


def _bounds(signs: pl.DataFrame, least_margin: float = LEAST_MARGIN_METRES) -> Window:
    """The part of the map that holds every store, wider than high and with some land around."""
    west, east = float(signs["x"].min()), float(signs["x"].max())  # type: ignore[arg-type]
    south, north = float(signs["y"].min()), float(signs["y"].max())  # type: ignore[arg-type]
    margin = max((east - west) * MARGIN, (north - south) * MARGIN, least_margin)
    width, height = east - west + 2 * margin, north - south + 2 * margin
    wider = max(0.0, height / HEIGHT_OF_WIDTH - width) / 2
    higher = max(0.0, width * HEIGHT_OF_WIDTH - height) / 2
    return (west - margin - wider, east + margin + wider), (south - margin - higher, north + margin + higher)


def _ground(window: Window, tiles: str) -> Any:
    """Tiles where there are any, else outlines."""
    import holoviews as hv
    from holoviews.util.transform import easting_northing_to_lon_lat, lon_lat_to_easting_northing

    if tiles:
        # HoloViews knows the places in an address in capitals only.
        return hv.Tiles(tiles.replace("{x}", "{X}").replace("{y}", "{Y}").replace("{z}", "{Z}"))
    (west, east), (south, north) = window
    longitudes, latitudes = easting_northing_to_lon_lat(np.array([west, east]), np.array([south, north]))
    width, height = longitudes[1] - longitudes[0], latitudes[1] - latitudes[0]
    box = Box(longitudes[0] - width, latitudes[0] - height, longitudes[1] + width, latitudes[1] + height)
    x, y = [], []
    for line in lines_within(box):
        latitude = np.clip(line.latitude, -OUTERMOST_LATITUDE, OUTERMOST_LATITUDE)
        easting, northing = lon_lat_to_easting_northing(line.longitude, latitude)
        # One curve with gaps: a path of hundreds of lines takes seconds to draw.
        x += [*easting, np.nan]
        y += [*northing, np.nan]
    return hv.Curve((x, y), "x", "y").opts(default_tools=[], color=LINE, line_width=1, alpha=0.8)


def _pane(plot: Any, window: Window, width: float, *, tools: bool) -> pn.viewable.Viewable:
    x, y = window
    drawn = plot.opts(
        xlim=x,
        ylim=y,
        xaxis=None,
        yaxis=None,
        show_grid=False,
        show_legend=False,
        responsive=True,
        active_tools=[],
        toolbar="right" if tools else None,
        backend_opts={"plot.toolbar.logo": None},
    )
    height = round(width * HEIGHT_OF_WIDTH)
    return pn.pane.HoloViews(
        drawn, sizing_mode="stretch_width", height=height, linked_axes=False, margin=(0, 10, 8, 10)
    )
