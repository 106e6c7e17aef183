"""Series: the days of every store-SKU that has a case, for charts and for SQL.

In: `Panel` with `expected`, cases. Out: one row per store-SKU with a case: `first_date` and one list per measure,
a value per panel day, null where unknown.
"""

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


def daily_series(panel: Panel, cases: pl.DataFrame, expect: ExpectSettings, detect: DetectSettings) -> pl.DataFrame:
    """Actual and expected units with the interval of the expectation, stock, price, promo and dark days."""
    pair = cases["pair"].unique().sort().to_numpy()
    units, expected = panel.array("units")[pair], panel.array("expected")[pair]
    reach = expect.interval_z * _standard_errors(units, expect)
    in_stock = panel.array("in_stock")[pair]
    dark = np.empty(units.shape, np.bool_)
    dark_days(units, expected, in_stock, detect.dark_ratio, v.TIE_TOLERANCE, dark)
    measures = {
        "actual": units,
        "expected": expected,
        "expected_low": expected - reach,
        "expected_high": expected + reach,
        "on_hand": panel.array("on_hand")[pair],
        "price": panel.array("price")[pair],
        "promo": panel.array("promo")[pair] == 1,
        "in_stock": in_stock == 1,
        "dark": dark,
    }
    return panel.pairs.select(v.PAIR)[pair].with_columns(
        pl.lit(panel.first_day).alias("first_date"),
        *(_as_lists(name, measures[name], panel.n_days) for name in MEASURES),
    )


def _standard_errors(units: NDArray[np.float64], settings: ExpectSettings) -> NDArray[np.float64]:
    errors = np.empty_like(units)

    def measure_block(block: slice) -> None:
        standard_errors(
            units[block],
            settings.window_days,
            settings.trim_sigmas,
            settings.min_kept_days,
            v.TIE_TOLERANCE,
            errors[block],
        )

    rows.in_blocks(measure_block, len(units))
    return errors


def _as_lists(name: str, array: NDArray[np.generic], n_days: int) -> pl.Series:
    flat = pl.Series(name, array.ravel())
    known = flat.cast(pl.Float32).fill_nan(None) if flat.dtype.is_float() else flat
    return known.reshape((-1, n_days)).arr.to_list()
