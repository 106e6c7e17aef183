"""Series: the days of every store-SKU that has a case, for charts and for SQL.

In: `Panel` with `expected`, cases. Out: one row per store-SKU with a case: `first_date` and one list per measure,
a value per panel day, null where unknown.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.kernels import rows
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

MEASURES = ("actual", "expected", "expected_low", "expected_high", "on_hand", "price", "promo", "in_stock", "dark")
"""The lists of `daily.parquet`, in its order."""
FLAGS = ("promo", "in_stock", "dark")


PAIRS_PER_BLOCK = 10_000
"""So many store-SKUs are written at a time."""


Bands = Callable[[NDArray[np.int64]], tuple[NDArray[np.float64], NDArray[np.bool_]]]
"""Standard error of the expectation and whether a day is dark, of some rows of the panel: (rows, days) each."""


def series_blocks(panel: Panel, pairs: pl.Series, bands: Bands, interval_z: float) -> Iterator[pl.DataFrame]:
    """The series of every store-SKU with a case, sorted by store and SKU, some at a time; one empty block without.

    pairs: that of every case.
    """
    pair = pairs.unique().sort().to_numpy()
    for first in range(0, max(pair.size, 1), PAIRS_PER_BLOCK):
        yield daily_series(panel, pair[first : first + PAIRS_PER_BLOCK], bands, interval_z)


def daily_series(panel: Panel, pair: NDArray[np.int64], bands: Bands, interval_z: float) -> pl.DataFrame:
    """Actual and expected units with the interval of the expectation, stock, price, promo and dark days.

    pair: rows of the panel. interval_z: half width of the interval in standard errors.
    """
    shape = (pair.size, panel.n_days)
    lists: dict[str, NDArray[Any]] = {
        name: np.empty(shape, np.bool_ if name in FLAGS else np.float32) for name in MEASURES
    }

    def fill(block: slice) -> None:
        for name, values in _measures(panel, pair[block], bands, interval_z).items():
            lists[name][block] = values

    rows.in_blocks(fill, pair.size)
    return panel.pairs.select(v.PAIR)[pair].with_columns(
        pl.lit(panel.first_day).alias("first_date"),
        *(_as_lists(name, array) for name, array in lists.items()),
    )


def _measures(panel: Panel, pair: NDArray[np.int64], bands: Bands, interval_z: float) -> dict[str, NDArray[Any]]:
    errors, dark = bands(pair)
    expected = panel.array("expected", pair)
    return {
        "actual": panel.array("units", pair),
        "expected": expected,
        "expected_low": expected - interval_z * errors,
        "expected_high": expected + interval_z * errors,
        "on_hand": panel.array("on_hand", pair),
        "price": panel.array("price", pair),
        "promo": panel.array("promo", pair) == 1,
        "in_stock": panel.array("in_stock", pair) == 1,
        "dark": dark,
    }


def _as_lists(name: str, array: NDArray[Any]) -> pl.Series:
    flat = pl.Series(name, array.ravel())
    return (flat.fill_nan(None) if flat.dtype.is_float() else flat).reshape(array.shape)
