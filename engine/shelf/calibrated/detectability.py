"""Detectability: what the night could see at all, had a shelf gone dark.

In: `Panel`, `Demand`, what the night's chances say. Out: one row per judged store-SKU. A shelf that sells nothing at
all from tomorrow on is the clearest case there is: the days until its log likelihood ratio passes the night's
threshold are the earliest alert, and what it would have sold by then is the smallest loss that sales can tell. A
shelf that goes on selling is told from an ordinary change only down from some share of its expectation: that is said,
too.
"""

import math

import numpy as np
import polars as pl

from engine.kernels import rows
from engine.kernels.compiling import given
from engine.kernels.darkness import Levels, days_to_alert, largest_share_left, learnt_before
from engine.settings.shelf.calibrated import DemandSettings, EpisodeSettings, WatchSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.null import NullDistribution, weighing_of
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

SALES, COUNTS = "sales", "counts"
"""What can watch a store-SKU."""


def detectability(
    panel: Panel,
    found: Demand,
    chance: float,
    null: NullDistribution,
    demand: DemandSettings,
    episode: EpisodeSettings,
    watch: WatchSettings,
) -> pl.DataFrame:
    """The rows of `detectability.parquet`, by store and SKU.

    chance: what a store-SKU has to show to be a finding, `Tonight.threshold`.
    level_daily_units, borrowed_weight, dispersion: of the judged. alert_days: days of complete darkness, null where
    the longest episode is too short. share_left: the most that may be left of the expectation for
    `watch.max_alert_days` and be told all the same, null where not even nothing would. smallest_loss_units,
    smallest_loss: lost by the alert; the money null without a price. watch: `counts` where no alert comes within the
    days of the settings.
    """
    judged = np.flatnonzero(panel.judged)
    known_days = found.usable.sum(axis=1, dtype=np.int64)[judged]
    level, unit, dispersion = found.level[judged], found.unit[judged], found.dispersion[judged]
    # A likelihood ratio of e^x has a chance of e^-x wherever one looks: a cell's own table may ask for more.
    bounds = np.maximum(null.needed(chance, level / unit, dispersion, known_days), -math.log(chance))
    days, left = np.empty(judged.size, np.int64), np.empty(judged.size)
    learnt_units, weighing = np.empty(judged.size), weighing_of(episode, found.level_drift)
    sales = found.sales(panel)
    levels = Levels(level / unit, learnt_units, dispersion)

    def look(block: slice) -> None:
        how = (demand.before_decay_factor, demand.left_out_variance, found.level_drift)
        learnt_before(sales, judged[block], *how, learnt_units[block])
        until = (weighing, episode.min_days, episode.max_days)
        days_to_alert(given(levels, block), bounds[block], *until, days[block])
        of_watch = (weighing, watch.max_alert_days, episode.max_ratio)
        largest_share_left(given(levels, block), bounds[block], *of_watch, left[block])

    rows.in_blocks(look, judged.size, rows.ROWS_ONE_BY_ONE)
    alert = pl.col("alert_days")
    return (
        panel.pairs.select(v.PAIR)[judged]
        .with_columns(
            level_daily_units=pl.Series(level).fill_nan(None),
            borrowed_weight=found.borrowed_weight[judged],
            dispersion=dispersion,
            alert_days=pl.Series(days).replace(-1, None),
            share_left=pl.Series(left).fill_nan(None),
            price=pl.Series(panel.at("price", judged, -1)).fill_nan(None),
        )
        .with_columns(smallest_loss_units=alert * pl.col("level_daily_units"))
        .select(
            *v.PAIR,
            *(
                "level_daily_units",
                "borrowed_weight",
                "dispersion",
                "alert_days",
                "share_left",
                "smallest_loss_units",
            ),
            smallest_loss=pl.col("smallest_loss_units") * pl.col("price"),
            watch=pl.when(alert <= watch.max_alert_days).then(pl.lit(SALES)).otherwise(pl.lit(COUNTS)),
        )
    )
