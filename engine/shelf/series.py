"""Series: the days of every store-SKU that has a case, for charts and for SQL.

In: `Panel` with `expected`, cases. Out: one row per store-SKU with a case: `first_date` and one list per measure,
a value per panel day, null where unknown.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine import vocabulary as v
from engine.config import DetectSettings, ExpectSettings
from engine.kernels import rows
from engine.kernels.expectation import standard_errors
from engine.kernels.runs import dark_days
from engine.shelf.panel import Panel

MEASURES = ("actual", "expected", "expected_low", "expected_high", "on_hand", "price", "promo", "in_stock", "dark")
"""The lists of `daily.parquet`, in its order."""
FLAGS = ("promo", "in_stock", "dark")


PAIRS_PER_BLOCK = 50_000
"""So many store-SKUs are written at a time."""


def series_blocks(
    panel: Panel, cases: pl.DataFrame, expect: ExpectSettings, detect: DetectSettings
) -> Iterator[pl.DataFrame]:
    """The series of every store-SKU with a case, sorted by store and SKU, some at a time; one empty block without."""
    pair = cases["pair"].unique().sort().to_numpy()
    for first in range(0, max(pair.size, 1), PAIRS_PER_BLOCK):
        yield daily_series(panel, pair[first : first + PAIRS_PER_BLOCK], expect, detect)


def daily_series(
    panel: Panel, pair: NDArray[np.int64], expect: ExpectSettings, detect: DetectSettings
) -> pl.DataFrame:
    """Actual and expected units with the interval of the expectation, stock, price, promo and dark days.

    pair: rows of the panel.
    """
    shape = (pair.size, panel.n_days)
    lists: dict[str, NDArray[Any]] = {
        name: np.empty(shape, np.bool_ if name in FLAGS else np.float32) for name in MEASURES
    }

    def fill(block: slice) -> None:
        some = _Days(*(panel.array(name)[pair[block]] for name in _Days._fields))
        for name, values in _measures(some, expect, detect).items():
            lists[name][block] = values

    rows.in_blocks(fill, pair.size)
    return panel.pairs.select(v.PAIR)[pair].with_columns(
        pl.lit(panel.first_day).alias("first_date"),
        *(_as_lists(name, array) for name, array in lists.items()),
    )


class _Days(NamedTuple):
    """Some rows of the panel: (rows, days) each."""

    units: NDArray[np.float64]
    expected: NDArray[np.float64]
    in_stock: NDArray[np.uint8]
    on_hand: NDArray[np.float64]
    price: NDArray[np.float64]
    promo: NDArray[np.uint8]


def _measures(days: _Days, expect: ExpectSettings, detect: DetectSettings) -> dict[str, NDArray[Any]]:
    errors, dark = np.empty_like(days.units), np.empty(days.units.shape, np.bool_)
    window = (expect.window_days, expect.trim_sigmas, expect.min_kept_days)
    standard_errors(days.units, *window, v.TIE_TOLERANCE, errors)
    dark_days(days.units, days.expected, days.in_stock, detect.dark_ratio, v.TIE_TOLERANCE, dark)
    reach = expect.interval_z * errors
    return {
        "actual": days.units,
        "expected": days.expected,
        "expected_low": days.expected - reach,
        "expected_high": days.expected + reach,
        "on_hand": days.on_hand,
        "price": days.price,
        "promo": days.promo == 1,
        "in_stock": days.in_stock == 1,
        "dark": dark,
    }


def _as_lists(name: str, array: NDArray[Any]) -> pl.Series:
    flat = pl.Series(name, array.ravel())
    return (flat.fill_nan(None) if flat.dtype.is_float() else flat).reshape(array.shape)
