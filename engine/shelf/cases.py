"""Cases: what every dark run carries, however it was found (specification, section 5).

In: `Panel` and dark runs. Out: one row per run with its keys, id, dates, status, units a day, depth, price and stock.
"""

import datetime as dt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.stats import ratio
from engine.vocabulary import shelf as v

MONEY_DECIMALS = 6
"""Amounts equal to so many decimals rank as equal."""
RANKED_BY = ("revenue_at_risk", "case_id")
"""What `rank` needs to know of a case."""


def identify(
    panel: Panel,
    runs: pl.DataFrame,
    expected_units: Floats,
    actual_units: Floats,
    prices: tuple[Floats, Floats] | None = None,
) -> pl.DataFrame:
    """The runs as cases: keys, dates, status, duration, units a day, depth, price and on-hand.

    expected_units, actual_units: units a day of each run. prices: the own price that is believed and what was paid
    instead where there is none, of each run, NaN unknown; by default the price asked on the last day and nothing.
    """
    pair, first, last = (runs[name].to_numpy() for name in ("pair", "first", "last"))
    at_last = Points(panel, pair, last)
    own, paid = prices or (at_last.value("price"), np.full(pair.size, np.nan))
    return (
        runs.with_columns(
            panel.pairs.select(v.PAIR)[pair],
            detection_date=_dates(panel, first),
            last_dark_date=_dates(panel, last),
            duration_days=last - first + 1,
            expected_daily_units=expected_units,
            actual_daily_units=actual_units,
            own_price=own,
            paid_price=paid,
            category_price=at_last.category_price(),
            on_hand=at_last.value("on_hand"),
        )
        .with_columns(pl.col("own_price", "paid_price", "category_price", "on_hand").fill_nan(None))
        .with_columns(case_id(), _status(panel.as_of), *_price(), _gap())
        .with_columns(_underperformance())
        .drop("category_price", "own_price", "paid_price")
    )


def rank(cases: pl.DataFrame) -> pl.DataFrame:
    """The cases by revenue at risk, descending and unknown last, then by case id."""
    money = pl.col("revenue_at_risk").round(MONEY_DECIMALS)
    return cases.sort(money, "case_id", descending=[True, False], nulls_last=True)


def with_cost(panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
    """The cases with the unit cost of their SKU, null where it is not known."""
    return cases.with_columns(cost=panel.skus["cost"].gather(panel.pairs["sku"].gather(cases["pair"])))


def _dates(panel: Panel, day: NDArray[np.int64]) -> pl.Series:
    first_day = (panel.first_day - dt.date(1970, 1, 1)).days
    return pl.Series(day + first_day).cast(pl.Int32).cast(pl.Date)


def case_id() -> pl.Expr:
    """`{store_id}_{sku_id}_{detection_date}`: no two cases share it, whatever their ids contain.

    The store ends at the first `_` and the date begins after the last. A store whose id has one itself would end too
    early; then the length of that id follows, as in `A_1_2_2026-03-20~3`, which no date ends with.
    """
    store = pl.col("store_id").cast(pl.String)
    length = pl.when(store.str.contains("_", literal=True)).then(pl.format("~{}", store.str.len_chars()))
    plain = pl.concat_str(*v.PAIR, "detection_date", separator="_")
    return (plain + length.otherwise(pl.lit(""))).alias("case_id")


def _status(as_of: dt.date) -> pl.Expr:
    is_open = pl.col("last_dark_date") == as_of
    return pl.when(is_open).then(pl.lit(v.OPEN)).otherwise(pl.lit(v.CLOSED)).alias("status")


def _price() -> tuple[pl.Expr, pl.Expr]:
    known = {"own": "own_price", "revenue_per_unit": "paid_price", "category_average": "category_price"}
    bases = (pl.when(pl.col(column).is_not_null()).then(pl.lit(basis)) for basis, column in known.items())
    return pl.coalesce(*known.values()).alias("price"), pl.coalesce(*bases).alias("price_basis")


def _gap() -> pl.Expr:
    return (pl.col("expected_daily_units") - pl.col("actual_daily_units")).alias("gap_units")


def _underperformance() -> pl.Expr:
    return (ratio(pl.col("gap_units"), pl.col("expected_daily_units")) * 100).alias("underperformance_pct")
