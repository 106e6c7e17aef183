"""Newsvendor quantity: what a newsvendor would add, beside Step 12's quantity and never instead of it (section 9.6).

In: audited candidates. Out: units, or null where nothing can be said.
"""

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.settings.growth.scaling import NewsvendorSettings


def newsvendor_quantity(audit: pl.DataFrame, settings: NewsvendorSettings) -> pl.Series:
    """`newsvendor_units`: the order-up-to level of the next half month less what is held, in whole units, 0 or more.

    audit: `store_sales`, `current_spu_count`, `peer_mean`, `peer_variance`, `recommended_adjustment_quantity`. The
    demand of a store is gamma-Poisson: its cluster's mean and its variance beyond chance are the prior, its own sales
    the one observation. Null where nothing is scaled or the peers sell nothing. Source: gamma-Poisson closed form.
    """
    scaled = (pl.col("recommended_adjustment_quantity") > 0) & (pl.col("peer_mean") > 0)
    is_computed = (scaled & pl.col("peer_variance").is_not_null()).fill_null(value=False)
    rows = audit.with_row_index("row").filter(is_computed)
    sold, held, mean, variance = (
        rows[name].to_numpy() for name in ("store_sales", "current_spu_count", "peer_mean", "peer_variance")
    )
    # Peers that vary no more than chance say that every store is alike: a steep prior, not a division by 0.
    beyond_chance = np.maximum(variance - mean, settings.least_dispersion * mean)
    rate = mean / beyond_chance
    level = order_up_to(mean * rate + sold, (rate + 1) / (rate + 2), settings.critical_ratio)
    quantity = np.full(audit.height, np.nan)
    quantity[rows["row"].to_numpy()] = np.ceil(np.maximum(level - held, 0.0))
    return pl.Series("newsvendor_units", quantity).fill_nan(None).cast(pl.Int32)


def order_up_to(shape: Floats, share: Floats, sureness: float) -> Floats:
    """The fewest units that negative binomial demand does not exceed with a given chance, row by row.

    shape: above 0. share: success probability, in (0, 1). sureness: in (0, 1). Chances are added up unit by unit,
    for all rows at once: exact, and quick for the few units that a store sells. A chance is carried as its
    logarithm, since that of no unit at all may be too small for a number.
    """
    miss = np.log1p(-share)
    log_chance = shape * np.log(share)
    level, waiting, units = np.zeros(shape.size), np.arange(shape.size), 0
    total: Floats = np.exp(log_chance)
    while True:
        is_sure = total >= sureness
        if is_sure.any():
            level[waiting[is_sure]] = units
            left = ~is_sure
            waiting, total, log_chance = waiting[left], total[left], log_chance[left]
            shape, miss = shape[left], miss[left]
        if not waiting.size:
            return level
        log_chance += np.log((shape + units) / (units + 1)) + miss
        total += np.exp(log_chance)
        units += 1
