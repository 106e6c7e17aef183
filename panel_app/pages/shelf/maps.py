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
from panel_app.layout import CARD
from panel_app.markup import Html, render

SIGNS: Final[Mapping[str, tuple[str, str, str]]] = {
    SEVERE: ("diamond", "#c62828", "#7f1010"),
    HIGH: ("triangle", "#ef6c00", "#8f3f00"),
    MODERATE: ("circle", "#f2c037", "#8a6d00"),
    NONE: ("circle", "#ffffff00", "#2e7d32"),
}
"""Sign, fill and edge by severity."""
LINE: Final = "#8b979d"
MAP_TOOLS: Final = ("pan", "wheel_zoom", "reset")
SMALLEST, LARGEST = 7.0, 26.0
"""Width of a sign in pixels, of a store without cases and of the one with most at risk."""
MARGIN: Final = 0.12
"""Of the map around the outermost stores, as a share of its width."""
LEAST_MARGIN_METRES: Final = 25_000.0
OUTERMOST_LATITUDE: Final = 85.0
HEIGHT_OF_WIDTH: Final = 0.6


def store_map(
    stores: pl.DataFrame, chosen: Callable[[int], None], width: float, currency: str, tiles: str = ""
) -> pn.viewable.Viewable:
    """Every store with a place, sized by revenue at risk, about so many pixels wide.

    chosen: called with the row of a store that is clicked. currency: what stands before its money.
    """
    import holoviews as hv

    most = max(float(stores["revenue_at_risk_open"].max() or 0.0), 1e-9)  # type: ignore[arg-type]
    share = (pl.col("revenue_at_risk_open").fill_null(0.0) / most).clip(0, 1).sqrt()
    signs = _placed(stores).with_columns(
        size=(SMALLEST + (LARGEST - SMALLEST) * share).pow(2),
        marker=pl.col("severity").replace_strict({name: sign for name, (sign, _, _) in SIGNS.items()}),
        fill=pl.col("severity").replace_strict({name: fill for name, (_, fill, _) in SIGNS.items()}),
        edge=pl.col("severity").replace_strict({name: edge for name, (_, _, edge) in SIGNS.items()}),
        store=pl.col("store_name").fill_null(pl.lit("Store ") + pl.col("store_key")),
    )
    points = _points(signs, ["store", "cases_open", "revenue_at_risk_open"])
    fields = {"store": "store", "open cases": "cases_open", "at risk": "revenue_at_risk_open"}
    pointed_at = hover(fields, money="revenue_at_risk_open", count="cases_open", currency=currency)
    points = points.opts(
        default_tools=[], tools=[*MAP_TOOLS, "tap", pointed_at], nonselection_alpha=1, selection_alpha=1
    )
    selected = hv.streams.Selection1D(source=points)
    selected.param.watch(lambda event: chosen(event.new[0]) if event.new else None, "index")
    return _pane(_ground(signs, tiles) * points, signs, width, tools=True)


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
    points = _points(signs, ["store", "role"]).opts(default_tools=[], tools=[hover({"store": "store", "": "role"})])
    keys = [("sign star", "#c62828", "this store")]
    if (signs["role"] == "sells more").any():
        keys.append(("sign triangle", "#2a7f9e", "sells more of it than before"))
    keys.append(("sign circle", LINE, "other stores"))
    heading = Html(render("chart.html", title="Stores around it", keys=keys), margin=(12, 16, 0, 16))
    pane = _pane(_ground(signs, "") * points, signs, width, tools=False)
    return pn.Column(heading, pane, sizing_mode="stretch_width", styles=CARD)


def _placed(stores: pl.DataFrame) -> pl.DataFrame:
    """Stores with a place, with x and y in metres of Web Mercator."""
    from holoviews.util.transform import lon_lat_to_easting_northing

    placed = stores.filter(pl.col("latitude").is_not_null(), pl.col("longitude").is_not_null())
    latitude = placed["latitude"].clip(-OUTERMOST_LATITUDE, OUTERMOST_LATITUDE).to_numpy()
    x, y = lon_lat_to_easting_northing(placed["longitude"].to_numpy(), latitude)
    return placed.with_columns(x=pl.Series(x, dtype=pl.Float64), y=pl.Series(y, dtype=pl.Float64))


def _points(signs: pl.DataFrame, fields: list[str]) -> Any:
    import holoviews as hv

    columns = ["x", "y", "marker", "fill", "edge", "size", *fields]
    points = hv_plot(signs.select(columns)).points(
        "x", "y", hover_cols=columns[2:], legend=False, hover=False, responsive=True
    )
    dim = hv.dim
    # Sizes are areas in square pixels; holoviews asks for the side.
    return points.opts(
        marker=dim("marker"), fill_color=dim("fill"), line_color=dim("edge"), size=dim("size") ** 0.5, line_width=1.5
    )


def _bounds(signs: pl.DataFrame) -> tuple[tuple[float, float], tuple[float, float]]:
    """The part of the map that holds every store, wider than high and with some land around."""
    west, east = float(signs["x"].min()), float(signs["x"].max())  # type: ignore[arg-type]
    south, north = float(signs["y"].min()), float(signs["y"].max())  # type: ignore[arg-type]
    margin = max((east - west) * MARGIN, (north - south) * MARGIN, LEAST_MARGIN_METRES)
    width, height = east - west + 2 * margin, north - south + 2 * margin
    wider = max(0.0, height / HEIGHT_OF_WIDTH - width) / 2
    higher = max(0.0, width * HEIGHT_OF_WIDTH - height) / 2
    return (west - margin - wider, east + margin + wider), (south - margin - higher, north + margin + higher)


def _ground(signs: pl.DataFrame, tiles: str) -> Any:
    """Tiles where there are any, else outlines."""
    import holoviews as hv
    from holoviews.util.transform import easting_northing_to_lon_lat, lon_lat_to_easting_northing

    if tiles:
        # HoloViews knows the places in an address in capitals only.
        return hv.Tiles(tiles.replace("{x}", "{X}").replace("{y}", "{Y}").replace("{z}", "{Z}"))
    (west, east), (south, north) = _bounds(signs)
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


def _pane(plot: Any, signs: pl.DataFrame, width: float, *, tools: bool) -> pn.viewable.Viewable:
    x, y = _bounds(signs)
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
