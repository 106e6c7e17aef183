"""Charts of a shelf night as SVG text: stores on a map, and the days of a case.

In: a published run, or the series of a case. Out: SVG whose only letters are numbers and dates; names stand beside.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from engine.outputs.canvas import INK, canvas
from engine.outputs.outlines import Box, lines_within
from engine.outputs.read import raising_damage, table
from engine.outputs.shelf import shapes
from engine.outputs.shelf.severity import COLOURS, NONE, SEVERITIES, Limits, severity
from engine.runs.registry import Run

EXPECTED: Final = "#3b7dc4"
DARK: Final = "#d55e00"
MARKERS: Final = dict(zip(SEVERITIES, ("D", "^", "o", "o"), strict=True))
MAP_WIDTH_INCHES: Final = 6.0
MAP_HEIGHTS_INCHES: Final = (2.0, 6.5)
"""A map is as high as its box asks for, within these."""
CASE_INCHES: Final = (4.9, 2.9)
DAYS_BEFORE: Final = 28
"""So many days before a case are drawn."""
MARGIN_SHARE: Final = 0.06
LEAST_DEGREES: Final = 0.5
"""A map shows at least so much, also of a single store."""
MOST_MARKS: Final = 1000
"""More stores than this are drawn as an image inside the chart: single marks would make a file too big to mail."""
SMALLEST_MARK, LARGEST_MARK = 18.0, 260.0
"""Square points; the area grows with the revenue at risk."""


def stores_at_risk(run: Run) -> pl.DataFrame:
    """The stores of a night with `at_risk`, null without an open case; the worst last, so that they are on top."""
    at_risk = pl.when(pl.col("cases_open") > 0).then(pl.col("revenue_at_risk_open"))
    with raising_damage(run):
        stores = table(run, shapes.STORES).with_columns(at_risk=at_risk).collect()
    return stores.sort("revenue_at_risk_open", "store_id")


def stores_by_severity(stores: pl.DataFrame, parted: Limits) -> pl.DataFrame:
    """The stores of `stores_at_risk` with their severity."""
    return stores.with_columns(severity=severity(pl.col("at_risk"), parted))


def draw_map(stores: pl.DataFrame) -> str | None:
    """The stores with a place, sized and coloured by revenue at risk; None when none has a place."""
    placed = stores.drop_nulls(["latitude", "longitude"])
    if placed.is_empty():
        return None
    box = box_around(placed)
    # Degrees of longitude are narrower away from the equator.
    narrowing = np.cos(np.radians(np.clip((box.south + box.north) / 2, -75, 75)))
    height = MAP_WIDTH_INCHES * (box.north - box.south) / ((box.east - box.west) * narrowing)
    with canvas((), (MAP_WIDTH_INCHES, float(np.clip(height, *MAP_HEIGHTS_INCHES)))) as (axes, finish):
        for line in lines_within(box):
            axes.plot(line.longitude, line.latitude, color=INK, linewidth=0.6, alpha=0.35, zorder=1)
        most = max(placed["revenue_at_risk_open"].to_numpy().max(), 1.0)
        for name in reversed(SEVERITIES):
            some = placed.filter(pl.col("severity") == name)
            share = some["revenue_at_risk_open"].to_numpy() / most
            sizes = 7.0 if name == NONE else SMALLEST_MARK + (LARGEST_MARK - SMALLEST_MARK) * share
            axes.scatter(
                some["longitude"],
                some["latitude"],
                s=sizes,
                marker=MARKERS[name],
                color=COLOURS[name],
                alpha=0.55 if name == NONE else 0.85,
                linewidths=0,
                zorder=2,
                rasterized=some.height > MOST_MARKS,
            )
        axes.set(xlim=(box.west, box.east), ylim=(box.south, box.north))
        axes.set_aspect(1 / narrowing)
        axes.grid(visible=True, color=INK, alpha=0.08, linewidth=0.5)
        axes.tick_params(length=0, labelsize=7)
        axes.xaxis.set_major_formatter(lambda x, _: f"{abs(x):g}° {'W' if x < 0 else 'E'}")
        axes.yaxis.set_major_formatter(lambda y, _: f"{abs(y):g}° {'S' if y < 0 else 'N'}")
        return finish()


def box_around(placed: pl.DataFrame) -> Box:
    """The part of the map that holds the stores, with a margin."""
    sides = []
    for column in ("longitude", "latitude"):
        low, high = placed[column].to_numpy().min(), placed[column].to_numpy().max()
        margin = max((high - low) * MARGIN_SHARE, (LEAST_DEGREES - (high - low)) / 2)
        sides.append((low - margin, high + margin))
    (west, east), (south, north) = sides
    return Box(west, south, east, north)


def draw_case(case: Mapping[str, Any], daily: Mapping[str, Any]) -> str:
    """What a shelf sold against what was expected, its dark days shaded, and the stock below.

    case: a row of the cases. daily: the series of its store-SKU.
    """
    first, start = daily["first_date"], case["detection_date"] - dt.timedelta(days=DAYS_BEFORE)
    skipped = max((start - first).days, 0)
    days = [first + dt.timedelta(days=place) for place in range(skipped, len(daily["actual"]))]

    def series(name: str) -> Any:
        return np.array([np.nan if value is None else value for value in daily[name][skipped:]], dtype=float)

    with canvas((), CASE_INCHES, heights=(3, 1)) as ((units, stock), finish):
        for axes in (units, stock):
            end = case["last_dark_date"] + dt.timedelta(hours=12)
            axes.axvspan(case["detection_date"] - dt.timedelta(hours=12), end, color=DARK, alpha=0.16, linewidth=0)
            axes.tick_params(labelsize=8)
        units.fill_between(
            days, series("expected_low"), series("expected_high"), color=EXPECTED, alpha=0.2, linewidth=0
        )
        units.plot(days, series("expected"), color=EXPECTED, linewidth=1.6, linestyle="--")
        units.plot(days, series("actual"), color=INK, linewidth=1.4, marker=".", markersize=3)
        units.set_ylim(bottom=0)
        units.set_ylabel("units a day", fontsize=8)
        stock.fill_between(days, 0, series("on_hand"), step="mid", color=INK, alpha=0.25, linewidth=0)
        stock.set_ylim(bottom=0)
        stock.set_ylabel("on hand", fontsize=8)
        stock.margins(x=0.01)
        _date_ticks(stock, days)
        return finish()


def _date_ticks(axes: Any, days: Sequence[dt.date]) -> None:
    """About five dates, the last day among them."""
    step = max(len(days) // 5, 1)
    shown = list(days[::-1][::step])[::-1]
    axes.set_xticks(shown, [f"{day:%b} {day.day}" for day in shown])
