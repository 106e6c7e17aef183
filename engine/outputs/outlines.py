"""Coasts, countries and states for maps that work without a network.

In: a box of degrees. Out: the lines that cross it, cut to it. Far from every line the answer is empty: a map then
shows its grid alone. The lines come with the package; outlines.LICENSE.txt says from where.
"""

from functools import cache
from importlib.resources import as_file, files
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

HUNDREDTHS: Final = 100
"""The file has hundredths of a degree."""
COUNTRY, STATE = "country", "state"


class Box(NamedTuple):
    """A part of the map, in degrees."""

    west: float
    south: float
    east: float
    north: float


class Line(NamedTuple):
    """A line of the map, in degrees. kind: `country` (coasts too) or `state`."""

    kind: str
    longitude: npt.NDArray[np.float64]
    latitude: npt.NDArray[np.float64]


def lines_within(box: Box) -> list[Line]:
    """The lines that cross the box, cut off one point beyond it."""
    near = _lines().filter(
        pl.col("west") <= box.east,
        pl.col("east") >= box.west,
        pl.col("south") <= box.north,
        pl.col("north") >= box.south,
    )
    return [
        piece
        for kind, longitude, latitude in near.select("kind", "longitude", "latitude").iter_rows()
        for piece in _cut(Line(kind, np.array(longitude) / HUNDREDTHS, np.array(latitude) / HUNDREDTHS), box)
    ]


@cache
def _lines() -> pl.DataFrame:
    with as_file(files("engine.outputs").joinpath("outlines.parquet")) as file:
        lines = pl.read_parquet(file)
    return lines.with_columns(
        west=pl.col("longitude").list.min() / HUNDREDTHS,
        east=pl.col("longitude").list.max() / HUNDREDTHS,
        south=pl.col("latitude").list.min() / HUNDREDTHS,
        north=pl.col("latitude").list.max() / HUNDREDTHS,
    )


def _cut(line: Line, box: Box) -> list[Line]:
    """The pieces of a line with an end inside the box."""
    x, y = line.longitude, line.latitude
    inside = (x >= box.west) & (x <= box.east) & (y >= box.south) & (y <= box.north)
    kept = inside.copy()
    kept[1:] |= inside[:-1]
    kept[:-1] |= inside[1:]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], kept, [False]))))
    return [Line(line.kind, x[start:stop], y[start:stop]) for start, stop in edges.reshape(-1, 2)]
