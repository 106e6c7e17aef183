"""Value: what a case took, once its cause is known (specification, section 9).

In: `Panel`, `Demand`, diagnosed cases. Out: the same cases, with the money and units of two causes told by what they
are. A raised price took, at the usual price, what would have sold less the dearer units that did. Overstock took
sales since its cover began and not only since the fall stood out, against the days before that.
"""

import numpy as np
import polars as pl

from engine.arrays import Integers
from engine.kernels import rows
from engine.kernels.cover import cover_began
from engine.settings.shelf.calibrated import PatternSettings
from engine.settings.shelf.common import RecommendSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.measure import episode_totals
from engine.shelf.panel import Panel
from engine.stats import ratio
from engine.vocabulary import shelf as v

LOST = ("lost_units", "lost_units_low", "lost_units_high")
AT_RISK = ("revenue_at_risk", "revenue_at_risk_low", "revenue_at_risk_high")
MONEY = (*AT_RISK, "projected_30d_loss")


def value(
    panel: Panel, found: Demand, cases: pl.DataFrame, pattern: PatternSettings, recommend: RecommendSettings
) -> pl.DataFrame:
    """The cases with what their cause took: units, money and the money a day that it takes from now on.

    daily_revenue_at_risk: money a day, null without a price.
    """
    valued = _at_usual_price(_since_cover_began(panel, found, cases, pattern))
    return valued.with_columns(daily_revenue_at_risk=pl.col("projected_30d_loss") * (1 / recommend.projection_days))


def _at_usual_price(cases: pl.DataFrame) -> pl.DataFrame:
    """What a raised price kept from selling would have sold at the usual one: nobody lost the rise itself."""
    is_raised = (pl.col("primary_cause") == v.PRICE_TOO_HIGH) & (pl.col("usual_price") < pl.col("price"))
    share = ratio(pl.col("usual_price"), pl.col("price"))
    return cases.with_columns(pl.when(is_raised).then(pl.col(name) * share).otherwise(name) for name in MONEY)


def _since_cover_began(panel: Panel, found: Demand, cases: pl.DataFrame, pattern: PatternSettings) -> pl.DataFrame:
    has_grown = (pl.col("primary_cause") == v.OVERSTOCK) & (pl.col("stock_share") > 1)
    stocked = cases.with_row_index("position").filter(has_grown)
    if stocked.is_empty():
        return cases
    pair, first, last = (stocked[name].to_numpy() for name in ("pair", "first", "last"))
    began = _cover_began(panel, stocked, pattern)
    over = episode_totals(panel, found.usable, pair, began, last)
    case = episode_totals(panel, found.usable, pair, first, last)
    # The fall began unseen, and some of its days taught the level: the days before it tell what is due.
    before = episode_totals(panel, found.clean, pair, np.maximum(began - pattern.before_days, 0), began - 1)
    prior = found.learnt_units[pair]
    level = (before[:, 1] + prior) / (before[:, 2] + prior)
    lost = np.maximum(level * over[:, 2] - over[:, 1], 0.0)
    revised = stocked.with_columns(
        expected_daily_units=pl.Series(level * case[:, 2] / case[:, 0]), lost=pl.Series(lost)
    ).select("position", "expected_daily_units", grown=ratio(pl.col("lost"), pl.col("lost_units")))
    joined = cases.with_row_index("position").join(
        revised, on="position", how="left", maintain_order="left", suffix="_revised"
    )
    # Other cases keep their numbers to the last digit, whatever cases are beside them.
    is_revised = pl.col("expected_daily_units_revised").is_not_null()
    grown, expected = pl.col("grown").fill_null(1.0), pl.col("expected_daily_units_revised")
    gap = (expected - pl.col("actual_daily_units")).clip(lower_bound=0)
    changed = {
        **{name: pl.col(name) * grown for name in (*LOST, *AT_RISK)},
        "expected_daily_units": expected,
        "gap_units": gap,
        "projected_30d_loss": pl.col("projected_30d_loss") * ratio(gap, pl.col("gap_units")).fill_null(1.0),
        "underperformance_pct": 100 * ratio(gap, expected),
    }
    return joined.with_columns(
        pl.when(is_revised).then(new).otherwise(name).alias(name) for name, new in changed.items()
    ).drop("position", "expected_daily_units_revised", "grown")


def _cover_began(panel: Panel, stocked: pl.DataFrame, pattern: PatternSettings) -> Integers:
    pair, first = (stocked[name].to_numpy() for name in ("pair", "first"))
    least = stocked["expected_daily_units"].to_numpy() * pattern.cover_days[0]
    began = np.empty(pair.size, np.int64)

    def look(block: slice) -> None:
        on_hand, place = panel.array("on_hand", pair[block]), np.arange(block.stop - block.start)
        cover_began(on_hand, place, first[block], least[block], pattern.before_days, began[block])

    rows.in_blocks(look, pair.size)
    return began
