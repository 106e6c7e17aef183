"""Score: alerts against what is known to have happened, and figures from the two.

In: alerts of all nights, `Planted`. Out: every alert with its verdict, every open episode of every night with whether
it was found, every episode with its delay. An alert is right when episodes fill at least half of its days; an
episode that is open on a night and old enough is an event of the night, found when an alert names its store-SKU.
"""

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.backtest.inject import Planted
from engine.backtest.plan import BacktestPlan
from engine.backtest.replay import Night
from engine.vocabulary import shelf as v

RIGHT_SHARE = 0.5
"""An alert is right when episodes fill this share of the days it names."""


def judged_alerts(alerts: pl.DataFrame, planted: Planted) -> pl.DataFrame:
    """The alerts with is_right, velocity and lost_revenue: what the store-SKU really lost from the start of its
    episodes up to the night, null where no episode was planted or no revenue is known. Grain: night, store, SKU.
    """
    last = pl.min_horizontal("last_date", "as_of")
    first = pl.max_horizontal("first_date", "detection_date")
    overlap = ((last - first).dt.total_days() + 1).clip(lower_bound=0)
    named = alerts.select("as_of", *v.PAIR, "detection_date")
    days = (
        named.join(planted.episodes.select(*v.PAIR, "first_date", "last_date"), on=v.PAIR)
        .group_by("as_of", *v.PAIR)
        .agg(overlap.sum().alias("dark_days"))
    )
    losses = (
        named.join(planted.losses, on=v.PAIR)
        .filter(pl.col("date") <= pl.col("as_of"))
        .group_by("as_of", *v.PAIR)
        .agg(pl.col("lost_revenue").sort().sum())
    )
    length = (pl.col("as_of") - pl.col("detection_date")).dt.total_days() + 1
    is_right = pl.col("dark_days").fill_null(0) >= RIGHT_SHARE * length
    return (
        alerts.join(days, on=["as_of", *v.PAIR], how="left")
        .join(losses, on=["as_of", *v.PAIR], how="left")
        .join(planted.pairs, on=v.PAIR, how="left")
        .with_columns(is_right=is_right)
        .drop("dark_days")
        .sort("as_of", *v.PAIR)
    )


def events(nights: Sequence[Night], alerts: pl.DataFrame, planted: Planted, plan: BacktestPlan) -> pl.DataFrame:
    """The episodes open on each night, with found, expected_loss: units they were expected to take by then, and
    is_findable: whether the night would alert, knew it the rate exactly (null where the depth or the
    threshold is not known).
    """
    days = pl.DataFrame({"as_of": [night.as_of for night in nights]}, schema={"as_of": pl.Date})
    age = (pl.col("as_of") - pl.col("first_date")).dt.total_days() + 1
    length = (pl.col("last_date") - pl.col("first_date")).dt.total_days() + 1
    open_ = (
        days.join(planted.episodes, how="cross")
        .with_columns(age=age)
        .filter(pl.col("age") >= plan.min_age_days, pl.col("as_of") <= pl.col("last_date"))
        .with_columns(expected_loss=pl.col("lost_units") * pl.col("age") / length)
    )
    thresholds = {night.as_of: night.threshold for night in nights}
    findable = [
        None
        if depth is None or math.isnan(thresholds[as_of])
        else could_alert(depth, rate * days_open, thresholds[as_of])
        for as_of, depth, rate, days_open in open_.select(
            "as_of", "depth", pl.col("velocity") / pl.col("grain"), "age"
        ).iter_rows()
    ]
    open_ = open_.with_columns(is_findable=pl.Series(findable, dtype=pl.Boolean))
    named = alerts.select("as_of", *v.PAIR).with_columns(found=True)
    return open_.join(named, on=["as_of", *v.PAIR], how="left").with_columns(pl.col("found").fill_null(value=False))


def delays(nights: Sequence[Night], alerts: pl.DataFrame, planted: Planted) -> pl.DataFrame:
    """Every episode with delay_days and floor_days, from its first day to the night that found it and to the first
    night that could have; null when none did or could within it. The floor knows the rate exactly and takes sales
    for a Poisson count of grains. is_watched: began since the first night; the others have neither.
    """
    within = (
        alerts.select("as_of", *v.PAIR)
        .join(planted.episodes, on=v.PAIR)
        .filter(pl.col("as_of").is_between("first_date", "last_date"))
        .group_by(*v.PAIR, "first_date")
        .agg(pl.col("as_of").min().alias("found_on"))
    )
    planted_episodes = planted.episodes.with_columns(
        floor_days=pl.Series(_floors(nights, planted.episodes), dtype=pl.Float64, strict=False),
        is_watched=pl.col("first_date") >= min(night.as_of for night in nights),
    ).join(within, on=[*v.PAIR, "first_date"], how="left")
    delay = (pl.col("found_on") - pl.col("first_date")).dt.total_days().cast(pl.Float64)
    return planted_episodes.with_columns(
        pl.when("is_watched").then("floor_days"), pl.when("is_watched").then(delay).alias("delay_days")
    ).sort(*v.PAIR, "first_date")


def _floors(nights: Sequence[Night], episodes: pl.DataFrame) -> list[float | None]:
    floors: list[float | None] = []
    facts = episodes.select("first_date", "last_date", "depth", pl.col("velocity") / pl.col("grain"))
    for first, last, depth, rate in facts.iter_rows():
        floors.append(None)
        for night in nights:
            age = (night.as_of - first).days + 1
            if age < 1 or night.as_of > last or depth is None or rate is None:
                continue
            if could_alert(depth, rate * age, night.threshold):
                floors[-1] = float(age - 1)
                break
    return floors


def could_alert(depth: float, expected_units: float, threshold: float) -> bool:
    """Whether the middle outcome of a depth has a chance of at most the threshold, when the rate is known exactly.

    expected_units: sales expected by now, in grains.
    """
    return poisson_at_most(math.floor(depth * expected_units), expected_units) <= threshold


def poisson_at_most(count: int, mean: float) -> float:
    """Chance that a Poisson count of this mean is at most `count`."""
    term = total = math.exp(-mean)
    for n in range(1, count + 1):
        term *= mean / n
        total += term
    return min(total, 1.0)


def reliability(chance: NDArray[np.float64], is_right: NDArray[np.bool_], bins: int = 10) -> pl.DataFrame:
    """Alerts by stated probability in equal bins of 0 to 1, empty ones left out: alerts, stated, right (means)."""
    place = np.minimum((chance * bins).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins)
    stated, right = (np.bincount(place, values, bins) for values in (chance, is_right.astype(np.float64)))
    kept = np.flatnonzero(count)
    return pl.DataFrame(
        {
            "from": kept / bins,
            "to": (kept + 1) / bins,
            "alerts": count[kept],
            "stated": stated[kept] / count[kept],
            "right": right[kept] / count[kept],
        }
    )


def calibration_error(table: pl.DataFrame) -> float:
    """Expected calibration error: mean distance of stated and right, weighted by alerts; NaN without any."""
    if table.is_empty():
        return float("nan")
    distance = np.abs(table["stated"].to_numpy() - table["right"].to_numpy())
    return float(np.average(distance, weights=table["alerts"].to_numpy()))
