"""Second opinion: what a newsvendor would add, beside Step 12's quantity and never instead of it (section 9.6).

In: audited candidates. Out: units, or null where nothing can be said.
"""

import numpy as np
import polars as pl

from engine.growth.settings import NewsvendorSettings


def second_opinion(audit: pl.DataFrame, settings: NewsvendorSettings) -> pl.Series:
    """`newsvendor_units`: the order-up-to level of the next half month less what is held, in whole units, 0 or more.

    audit: `store_sales`, `current_spu_count`, `peer_mean`, `peer_variance`, `recommended_adjustment_quantity`. The
    demand of a store is gamma-Poisson: its cluster's mean and its variance beyond chance are the prior, its own sales
    the one observation. Null where nothing is scaled or the peers sell nothing. Source: gamma-Poisson closed form.
    """
    from scipy.stats import nbinom

    scaled = (pl.col("recommended_adjustment_quantity") > 0) & (pl.col("peer_mean") > 0)
    told = (scaled & pl.col("peer_variance").is_not_null()).fill_null(value=False)
    rows = audit.with_row_index("row").filter(told)
    sold, held, mean, variance = (
        rows[name].to_numpy() for name in ("store_sales", "current_spu_count", "peer_mean", "peer_variance")
    )
    # Peers that vary no more than chance say that every store is alike: a steep prior, not a division by 0.
    beyond_chance = np.maximum(variance - mean, settings.least_dispersion * mean)
    rate = mean / beyond_chance
    shape = mean * rate + sold
    level = nbinom.ppf(settings.critical_ratio, shape, (rate + 1) / (rate + 2))
    units = np.maximum(np.nan_to_num(level - held), 0.0)
    opinion = np.full(audit.height, np.nan)
    opinion[rows["row"].to_numpy()] = np.ceil(units)
    return pl.Series("newsvendor_units", opinion).fill_nan(None).cast(pl.Int32)
