"""Features: what is known of every judged store-SKU as of the night, for planners and other systems.

In: `Panel` with `expected`. Out: one row per judged store-SKU; undefined numbers are null.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.kernels import rows
from engine.outputs.write import evenly
from engine.settings.shelf.common import CauseSettings, ExpectSettings
from engine.shelf.baseline import Baseline, baseline_at
from engine.shelf.cause_measures import measures
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.stats import PERCENT, ratio
from engine.vocabulary import shelf as v

PAIRS_PER_BLOCK = 50_000
"""So many store-SKUs are measured and written at a time."""


def feature_blocks(panel: Panel, expect: ExpectSettings, causes: CauseSettings) -> Iterator[pl.DataFrame]:
    """The features of every judged store-SKU, sorted by store and SKU, some at a time; one empty block without."""
    judged = np.flatnonzero(panel.judged)
    some = evenly(judged.size, PAIRS_PER_BLOCK)
    for first in range(0, max(judged.size, 1), some):
        yield features(panel, judged[first : first + some], expect, causes)


def features(panel: Panel, pair: Integers, expect: ExpectSettings, causes: CauseSettings) -> pl.DataFrame:
    """The columns of `features.parquet` (specification, section 5). pair: rows of the panel."""
    day = np.full(pair.size, panel.n_days - 1)
    measured = measures(Points(panel, pair, day), causes)
    return (
        pl.concat([panel.pairs.select(v.PAIR)[pair], measured], how="horizontal")
        .with_columns(**_baselines(panel, pair, day, expect))
        .with_columns(pl.col("^baseline_(mean|std)_.*$").fill_nan(None))
        .with_columns(baseline_cv=ratio(pl.col("baseline_std_units"), pl.col("baseline_mean_units")))
        .select(
            *v.PAIR,
            "baseline_mean_units",
            "baseline_std_units",
            "baseline_cv",
            "baseline_mean_revenue",
            sales_velocity_7d="velocity_recent",
            sales_velocity_28d="velocity_baseline",
            velocity_trend=pl.col("trend_pct") * PERCENT,
            current_inventory="on_hand",
            days_of_supply="days_of_supply",
            inventory_age_days=pl.col("inventory_age_days").cast(pl.Int32),
            current_price="price",
            price_90d_avg="own_price",
            category_price_avg="category_price",
            price_vs_own_history=ratio(pl.col("price"), pl.col("own_price")),
            price_vs_category=ratio(pl.col("price"), pl.col("category_price")),
            conversion_rate_current="conversion_current",
            conversion_rate_baseline="conversion_baseline",
            conversion_drop_pct="conversion_drop_pct",
            promo_active="promo",
            promo_lift_pct="promo_lift_pct",
        )
    )


def _baselines(panel: Panel, pair: Integers, day: Integers, expect: ExpectSettings) -> dict[str, Floats]:
    """Mean and deviation of the kept days, and their mean revenue. Those days are held for a block of rows only."""
    columns = {f"baseline_{name}": np.empty(pair.size) for name in ("mean_units", "std_units", "mean_revenue")}

    def measure_block(block: slice) -> None:
        baseline = baseline_at(panel, pair[block], day[block], expect)
        columns["baseline_mean_units"][block] = baseline.means
        columns["baseline_std_units"][block] = baseline.deviations
        columns["baseline_mean_revenue"][block] = _mean_revenue(panel, pair[block], baseline)

    rows.in_blocks(measure_block, pair.size)
    return columns


def _mean_revenue(panel: Panel, pair: Integers, baseline: Baseline) -> Floats:
    """Mean revenue of the kept days on which it is known; NaN without an expectation."""
    revenue = panel.array("revenue", pair)
    back = np.clip(baseline.days - (panel.n_days - 1 - revenue.shape[1]), 0, None)
    is_kept = np.arange(back.shape[1]) < baseline.counts[:, None]
    earned = np.where(is_kept, revenue[np.arange(pair.size)[:, None], back], np.nan)
    known = ~np.isnan(earned)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, earned, 0.0).sum(axis=1) / known.sum(axis=1)
    return np.where(np.isnan(baseline.means), np.nan, mean)
