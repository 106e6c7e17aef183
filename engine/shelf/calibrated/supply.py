"""Supply: how much of a store-SKU is delivered a day, and what lies there beyond its ordinary stock.

In: `Panel`, diagnosed cases. Out: the cases with `delivered_daily_units` and `surplus_units`.
"""

import numpy as np
import polars as pl

from engine.settings.shelf.calibrated import ActionSettings
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.stats import ratio
from engine.vocabulary import shelf as v


def with_supply(panel: Panel, cases: pl.DataFrame, settings: ActionSettings) -> pl.DataFrame:
    """The cases with the pace of deliveries and the surplus of overstocked ones.

    delivered_daily_units: what stock grew by and what was sold meanwhile, over days; never negative, null without
    stock at both ends. surplus_units: on hand beyond the stock before it grew, else beyond ordinary cover; null
    unless overstock names the case and stock is known.
    """
    pair = cases["pair"].to_numpy()
    days = min(settings.delivery_days, panel.n_days - 1)
    end = np.full(pair.size, panel.n_days - 1)
    stock = [Points(panel, pair, day).value("on_hand") for day in (end, end - days)]
    # Stock is counted in the morning: the last day's sales come after its count.
    sold = Points(panel, pair, end - 1).mean("units", max(days, 1)) * days
    grown = stock[0] - stock[1] + sold
    pace = np.maximum(grown / days, 0.0) if days else np.full(pair.size, np.nan)
    return cases.with_columns(delivered_daily_units=pl.Series(pace).fill_nan(None), surplus_units=_surplus(settings))


def supplied(units_a_day: pl.Expr, days: float) -> pl.Expr:
    """Units sold over some days, as far as stock and deliveries reach; unknown stock is no limit."""
    reach = pl.col("on_hand") + pl.col("delivered_daily_units").fill_null(0.0) * days
    return pl.min_horizontal(units_a_day * days, reach)


def _surplus(settings: ActionSettings) -> pl.Expr:
    before = ratio(pl.col("stock_at_start"), pl.col("stock_share"))
    has_grown = pl.col("stock_share") > 1
    ordinary = pl.col("expected_daily_units") * settings.ordinary_cover_days
    kept = pl.when(has_grown).then(before).otherwise(ordinary)
    is_overstock = (pl.col("primary_cause") == v.OVERSTOCK) & (pl.col("status") == v.OPEN)
    return pl.when(is_overstock).then((pl.col("on_hand") - kept).clip(lower_bound=0)).alias("surplus_units")
