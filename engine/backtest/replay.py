"""Replay: what a judge raises on each of some nights, seeing nothing later than the night.

In: a folder of tables, days, a judge. Out: `Nights`. The judge of the product is the desk itself, run as every night
is; whoever else answers to `Judge` is measured in the same way.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from engine.blocks.executor import IN_PROCESS, Executor
from engine.outputs.shelf import shapes
from engine.settings.shelf.night import Settings
from engine.shelf import desk
from engine.vocabulary import shelf as v

MONEY = ("revenue_at_risk", "revenue_at_risk_low", "revenue_at_risk_high")
TOLD = (
    *MONEY,
    "confidence_score",
    "log_likelihood_ratio",
    "expected_daily_units",
    "actual_daily_units",
    "duration_days",
)
"""What a judge may say of an alert beside its first day; null where it does not."""


@dataclass(frozen=True)
class Night:
    """One night's answer. alerts: store, SKU, detection_date, and of `TOLD` what the judge says; one row an open
    alert. threshold: the largest chance of a store-SKU that sells as ever at which the night still alerts, NaN when
    the judge has none.
    """

    as_of: dt.date
    alerts: pl.DataFrame
    threshold: float = float("nan")


Judge = Callable[[Path, dt.date], Night]
"""Judges the folder as of the day."""


def replay(
    folder: Path,
    days: Iterable[dt.date],
    judge: Judge,
    who: Executor = IN_PROCESS,
    watch: Callable[[dt.date], None] | None = None,
) -> list[Night]:
    """The nights in their order. who: judges them, each by itself. watch: called with each day that is judged."""
    return who.map(partial(judge, folder), days, watch=watch)


def alerts_of(nights: Sequence[Night]) -> pl.DataFrame:
    """The alerts of all nights, with as_of; each store-SKU's first day is the earliest of a night."""
    frames = [_uniform(night) for night in nights]
    return pl.concat(frames) if frames else pl.DataFrame()


def by_desk(settings: Settings, runs: Path) -> Judge:
    """The desk, publishing each night into a folder of its own: nights that are judged at once do not meet there."""
    return partial(_judged, settings, runs)


def _judged(settings: Settings, runs: Path, folder: Path, as_of: dt.date) -> Night:
    night = desk.run(folder, runs / as_of.isoformat(), settings, as_of, force=True, allow_partial=True)
    cases = pl.read_parquet(night.folder / shapes.CASES, glob=False).filter(status=v.OPEN)
    # Benjamini and Hochberg: the largest chance found is at most the rate times the share of findings.
    share = max(cases.height, 1) / max(night.summary["store_skus_judged"], 1)
    threshold = settings.episode.max_fdr * share if settings.profile == "calibrated" else float("nan")
    return Night(as_of, cases.select(*v.PAIR, "detection_date", *TOLD), threshold)


def _uniform(night: Night) -> pl.DataFrame:
    missing = [pl.lit(None, pl.Float64).alias(name) for name in TOLD if name not in night.alerts.columns]
    return (
        night.alerts.with_columns(*missing)
        .select(
            pl.lit(night.as_of).alias("as_of"), *v.PAIR, "detection_date", *(pl.col(n).cast(pl.Float64) for n in TOLD)
        )
        .sort(*v.PAIR, "detection_date")
        .unique(v.PAIR, keep="first", maintain_order=True)
    )
