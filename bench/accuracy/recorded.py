"""Recorded stock-outs of FreshRetailNet-50K as the truth: verdicts as its scorer gives them, over folds of stores.

The engine is told that everything is in stock, so a recorded stock-out is a dark shelf that the sales alone must give
away. The truth holds the hours, of 16 a day, that a store-SKU was out; days not listed had none.
"""

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np
import polars as pl

from engine.backtest.inject import seeds_of_pairs
from engine.backtest.replay import Night, alerts_of
from engine.vocabulary import shelf as v

NIGHTS = [dt.date(2024, 5, 12) + dt.timedelta(weeks=week) for week in range(7)]
RIGHT_HOURS = 8
"""Mean hours out, over the days an alert names, from which it is right."""
LEFT = (0.0, 0.15, 0.3, 0.45, 1.0)
"""Shares of the expectation that part alerts by depth."""
EVENT_HOURS, EVENT_DAYS = 12, 3
FOLDS = 5


def verdicts(nights: Sequence[Night], truth: pl.DataFrame) -> pl.DataFrame:
    """Every alert with is_right and is_fairly_right. Grain: night, store, SKU.

    Half of the hours out make an alert right. A shelf that still sells a share of its expectation was out for the
    rest of it at most: it is fairly right from `RIGHT_HOURS` times that rest. Null where the share is not known.
    """
    alerts = alerts_of(nights).with_columns(pl.col(name).cast(pl.Int64) for name in v.PAIR)
    hours = (
        alerts.select("as_of", *v.PAIR, "detection_date")
        .join(truth, on=v.PAIR)
        .filter(pl.col("date").is_between("detection_date", "as_of"))
        .group_by("as_of", *v.PAIR)
        .agg(pl.col("oos_hours").cast(pl.Int64).sum())
    )
    days = (pl.col("as_of") - pl.col("detection_date")).dt.total_days() + 1
    out = pl.col("oos_hours").fill_null(0)
    return (
        alerts.join(hours, on=["as_of", *v.PAIR], how="left")
        .with_columns(left=_left(alerts))
        .with_columns(
            is_right=out >= RIGHT_HOURS * days, is_fairly_right=out >= RIGHT_HOURS * days * (1 - pl.col("left"))
        )
    )


def _left(alerts: pl.DataFrame) -> pl.Series:
    """Share of its expectation that an alert still sold, (alerts,), 0 to 1; null where a contender tells none."""
    if "actual_daily_units" not in alerts.columns:
        return pl.Series([None] * alerts.height, dtype=pl.Float64)
    return (alerts["actual_daily_units"] / alerts["expected_daily_units"]).clip(0, 1)


def by_left(alerts: pl.DataFrame) -> list[dict[str, float]]:
    """Alerts by the share of the expectation left: how many, right by the hours, and right for their depth."""
    found = []
    for low, high in (*itertools.pairwise(LEFT), (LEFT[0], LEFT[-1])):
        some = alerts.filter(pl.col("left").is_between(low, high, closed="both" if high == LEFT[-1] else "left"))
        right, fair = (int(some[name].sum()) / max(some.height, 1) for name in ("is_right", "is_fairly_right"))
        found.append({"from": low, "to": high, "alerts": some.height, "right": right, "fairly_right": fair})
    return found


def stock_outs(nights: Sequence[Night], alerts: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Store-SKUs out for most of the night's day and the two before, with found. Grain: night, store, SKU."""
    out = truth.filter(pl.col("oos_hours") >= EVENT_HOURS)
    frames = []
    for night in nights:
        recent = out.filter(
            pl.col("date") > night.as_of - dt.timedelta(days=EVENT_DAYS), pl.col("date") <= night.as_of
        )
        whole = recent.group_by(v.PAIR).len().filter(pl.col("len") == EVENT_DAYS)
        frames.append(whole.select(pl.lit(night.as_of).alias("as_of"), *v.PAIR))
    named = alerts.select("as_of", *v.PAIR).with_columns(found=True)
    events = pl.concat(frames).join(named, on=["as_of", *v.PAIR], how="left")
    return events.with_columns(pl.col("found").fill_null(value=False)).sort("as_of", *v.PAIR)


def fold_of(stores: pl.Series) -> pl.Series:
    """Which fold each store is in, from its id alone."""
    keys = pl.DataFrame({"store_id": stores, "sku_id": pl.Series([0] * len(stores))})
    # The low bits of this hash follow the last letter of the text; the high ones mix all of it.
    return pl.Series((seeds_of_pairs(keys, "fold") >> np.uint64(33)) % np.uint64(FOLDS)).cast(pl.Int64)


def read_truth(file: object) -> pl.DataFrame:
    """The recorded hours, ids as whole numbers."""
    return pl.read_parquet(str(file)).with_columns(pl.col(name).cast(pl.Int64) for name in v.PAIR)


def counts(alerts: pl.DataFrame, events: pl.DataFrame) -> dict[str, float]:
    """Precision, recall and what they are made of; NaN where there is nothing."""
    right, found = int(alerts["is_right"].sum()), int(events["found"].sum())
    return {
        "alerts": alerts.height,
        "right": right,
        "events": events.height,
        "found": found,
        "precision": right / alerts.height if alerts.height else float("nan"),
        "recall": found / events.height if events.height else float("nan"),
    }


def by_fold(alerts: pl.DataFrame, events: pl.DataFrame) -> list[dict[str, float]]:
    """The counts of each fold of stores."""
    of_alert, of_event = fold_of(alerts["store_id"]), fold_of(events["store_id"])
    return [counts(alerts.filter(of_alert == fold), events.filter(of_event == fold)) for fold in range(FOLDS)]
