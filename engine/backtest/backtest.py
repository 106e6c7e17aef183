"""Backtest: replays nights over the history of a folder and says how right they were, by band of velocity.

In: a folder of tables, `BacktestPlan`, a judge. Out: a folder with backtest.json, alerts.parquet, events.parquet and
episodes.parquet. Without an injection and without a truth only the alerts can be counted.
"""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from engine.backtest.inject import EPISODE, Planted, inject, velocities
from engine.backtest.plan import BacktestPlan
from engine.backtest.replay import Night, alerts_of, by_desk, replay
from engine.backtest.score import calibration_error, delays, events, judged_alerts, reliability
from engine.blocks.cluster import executor
from engine.errors import InputError, OutputError, Problem
from engine.outputs.write import write_json, write_parquet
from engine.resampling import Clusters
from engine.settings.shelf.night import Settings
from engine.shelf.check import check
from engine.vocabulary import shelf as v

FIGURES, ALERTS, EVENTS, EPISODES = "backtest.json", "alerts.parquet", "events.parquet", "episodes.parquet"
ALL = "all"
"""The band of everything."""


@dataclass(frozen=True)
class Scored:
    """Nights against the truth, in the grains that `engine.backtest.score` names, and the figures from them."""

    alerts: pl.DataFrame
    events: pl.DataFrame
    episodes: pl.DataFrame
    figures: dict[str, Any]


def backtest(
    folder: Path,
    out: Path,
    settings: Settings,
    plan: BacktestPlan,
    truth: Path | None = None,
    *,
    cluster: str | None = None,
    watch: Callable[[dt.date], None] | None = None,
) -> dict[str, Any]:
    """Replay the nights of a plan by the desk, write what they were worth under `out`, and return the figures.

    truth: a Parquet file of known episodes: store_id, sku_id, first_date, last_date, and lost_units and lost_revenue
    where known; they are spared by the injection. cluster: where workers replay nights, see
    `engine.blocks.cluster.executor`; they see `folder` and `out` by the same names. watch: called with each night
    that is judged. Raises InputError, TryLaterError, OutputError.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out, prefix=".partial-") as scratch:
            room = Path(scratch)
            given, planted = prepare(folder, room, plan, truth)
            days, judge = night_days(folder, plan), by_desk(settings, room / "runs")
            with executor(cluster, room) as who:
                nights = replay(given, days, judge, who, watch)
        scored = score(nights, planted, plan)
        figures = {
            "input": str(folder),
            "profile": settings.profile,
            "settings_fingerprint": settings.fingerprint(),
            "plan": plan.model_dump(mode="json"),
            **scored.figures,
        }
        for name, frame in ((ALERTS, scored.alerts), (EVENTS, scored.events), (EPISODES, scored.episodes)):
            write_parquet(frame, out / name)
        write_json(figures, out / FIGURES)
    except OSError as error:
        raise OutputError(f"{out}: the backtest cannot be written: {error}") from error
    return figures


def prepare(folder: Path, room: Path, plan: BacktestPlan, truth: Path | None = None) -> tuple[Path, Planted]:
    """The folder that the judge sees, and what is true of it. room: where thinned tables may be written."""
    sources = check(folder)
    pairs = velocities(sources)
    known = _known(truth, pairs) if truth is not None else None
    if plan.injection is None:
        nothing = (
            pairs.select(*v.PAIR).clear().with_columns(pl.lit(None, kind).alias(n) for n, kind in EPISODE.items())
        )
        losses = pairs.select(*v.PAIR).clear().with_columns(_no_loss())
        planted = Planted(nothing, losses, pairs.select(*v.PAIR, "velocity"))
    else:
        planted = inject(sources, plan.injection, room / "tables", known.episodes if known is not None else None)
        folder = room / "tables"
    if known is None:
        return folder, planted
    episodes, losses = (pl.concat([getattr(planted, name), getattr(known, name)]) for name in ("episodes", "losses"))
    return folder, Planted(episodes, losses, planted.pairs)


def night_days(folder: Path, plan: BacktestPlan) -> list[dt.date]:
    """The days of the nights, oldest first; none before the fifth week of sales."""
    last = check(folder, plan.last).as_of
    first = velocities(check(folder, last))["first_date"].min()
    assert isinstance(first, dt.date)
    days = [last - dt.timedelta(days=plan.every_days * n) for n in range(plan.nights)]
    kept = sorted(day for day in days if (day - first).days >= 28)
    if not kept:
        advice = "deliver a longer history, or choose a later last night"
        raise InputError([Problem(v.SALES, f"fewer than 29 days of sales up to {last}", advice)])
    return kept


def score(nights: list[Night], planted: Planted, plan: BacktestPlan) -> Scored:
    """The nights against the truth: verdicts, and figures in all and by band of velocity."""
    alerts = alerts_of(nights)
    judged = judged_alerts(alerts, planted)
    missed = events(nights, alerts, planted, plan)
    waited = delays(nights, alerts, planted)
    since = waited.filter("is_watched")
    stores = Clusters(planted.pairs["store_id"], plan.replicates, plan.level)
    by_band = [
        _figures(name, judged.filter(where), missed.filter(where), since.filter(where), stores, plan)
        for name, where in _bands(plan)
    ]
    figures: dict[str, Any] = {
        "nights": [night.as_of.isoformat() for night in nights],
        "store_skus": planted.pairs.height,
        "episodes": planted.episodes.height,
        "bands": [band for band in by_band if band["alerts"] or band["episodes"]],
        "depths": _by_depth(missed, stores, plan),
        "money": money(judged, stores),
        **_confidence(judged, stores),
    }
    return Scored(judged, missed, waited, figures)


def _bands(plan: BacktestPlan) -> list[tuple[str, pl.Expr]]:
    velocity, bounds = pl.col("velocity"), plan.bands
    inner = [(f"{a:g}-{b:g}", (velocity >= a) & (velocity < b)) for a, b in itertools.pairwise(bounds)]
    outer = [(f"below {bounds[0]:g}", velocity < bounds[0]), (f"from {bounds[-1]:g}", velocity >= bounds[-1])]
    return [(ALL, pl.lit(value=True)), outer[0], *inner, outer[1]]


def _figures(
    name: str, alerts: pl.DataFrame, missed: pl.DataFrame, waited: pl.DataFrame, stores: Clusters, plan: BacktestPlan
) -> dict[str, Any]:
    """Of one band; each share and median is a list of value, low and high."""
    worth = missed.filter(pl.col("expected_loss") >= plan.worth_units)
    found = waited.drop_nulls("delay_days")
    could = waited.drop_nulls("floor_days")
    return {
        "band": name,
        "alerts": alerts.height,
        "right": int(alerts["is_right"].sum()),
        "events": missed.height,
        "found": int(missed["found"].sum()),
        "worth_events": worth.height,
        "precision": stores.share(alerts["store_id"], alerts["is_right"]).as_list(),
        "recall": stores.share(missed["store_id"], missed["found"]).as_list(),
        "worth_recall": stores.share(worth["store_id"], worth["found"]).as_list(),
        "worth_findable": _findable(worth, stores),
        "delay_days": stores.median(found["store_id"], found["delay_days"]).as_list(),
        "floor_days": stores.median(could["store_id"], could["floor_days"]).as_list(),
        "episodes": waited.height,
        "episodes_found": found.height,
        "episodes_findable": could.height,
    }


def _findable(worth: pl.DataFrame, stores: Clusters) -> list[float | None]:
    known = worth.drop_nulls("is_findable")
    return stores.share(known["store_id"], known["is_findable"]).as_list()


def _by_depth(missed: pl.DataFrame, stores: Clusters, plan: BacktestPlan) -> list[dict[str, Any]]:
    """Recall by share of the sales left, of all events and of those worth finding."""
    lines = []
    for depth in missed["depth"].drop_nulls().unique().sort():
        of_depth = missed.filter(pl.col("depth") == depth)
        worth = of_depth.filter(pl.col("expected_loss") >= plan.worth_units)
        lines.append(
            {
                "depth": depth,
                "events": of_depth.height,
                "worth_events": worth.height,
                "recall": stores.share(of_depth["store_id"], of_depth["found"]).as_list(),
                "worth_recall": stores.share(worth["store_id"], worth["found"]).as_list(),
                "worth_findable": _findable(worth, stores),
            }
        )
    return lines


def money(judged: pl.DataFrame, stores: Clusters) -> dict[str, Any]:
    """Revenue at risk of right alerts against what was really lost: median relative error, total, coverage."""
    known = judged.filter(pl.col("is_right"), pl.col("lost_revenue") > 0).drop_nulls("revenue_at_risk")
    error = (known["revenue_at_risk"] / known["lost_revenue"] - 1).abs()
    inside = known["lost_revenue"].is_between(known["revenue_at_risk_low"], known["revenue_at_risk_high"])
    return {
        "alerts": known.height,
        "median_error": stores.median(known["store_id"], error).as_list(),
        "total_ratio": stores.quotient(known["store_id"], known["revenue_at_risk"], known["lost_revenue"]).as_list(),
        "coverage": stores.share(known["store_id"], inside.fill_null(value=False)).as_list(),
    }


def _confidence(judged: pl.DataFrame, stores: Clusters) -> dict[str, Any]:
    """Brier score, reliability table and calibration error of the confidence in percent."""
    with_confidence = judged.drop_nulls("confidence_score")
    chance, right = with_confidence["confidence_score"] / 100, with_confidence["is_right"]
    table = reliability(chance.to_numpy(), right.to_numpy())
    distance = (chance - right.cast(pl.Float64)) ** 2
    error = calibration_error(table)
    return {
        "brier": stores.quotient(
            with_confidence["store_id"], distance, pl.Series([1.0] * with_confidence.height)
        ).as_list(),
        "calibration_error": None if table.is_empty() else round(error, 4),
        "reliability": table.to_dicts(),
    }


def _no_loss() -> list[pl.Expr]:
    nothing = {"date": pl.Date, "lost_units": pl.Float64, "lost_revenue": pl.Float64}
    return [pl.lit(None, kind).alias(name) for name, kind in nothing.items()]


def _known(truth: Path, pairs: pl.DataFrame) -> Planted:
    """Episodes of a truth file; their losses are spread evenly over their days."""
    try:
        truth_rows = pl.read_parquet(truth, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError([Problem(str(truth), f"cannot be read: {error}", "give a Parquet file")]) from error
    if missing := [name for name in (*v.PAIR, "first_date", "last_date") if name not in truth_rows.columns]:
        raise InputError([Problem(str(truth), f"has no column {', '.join(missing)}", "name the columns so")])
    unknown = [
        pl.lit(None, pl.Float64).alias(n) for n in ("lost_units", "lost_revenue") if n not in truth_rows.columns
    ]
    days = (pl.col("last_date") - pl.col("first_date")).dt.total_days() + 1
    truth_rows = truth_rows.with_columns(*unknown, *(pl.col(name).cast(pairs.schema[name]) for name in v.PAIR))
    episodes = truth_rows.join(pairs.select(*v.PAIR, "velocity"), on=v.PAIR, how="left").with_columns(
        depth=pl.lit(None, pl.Float64), grain=pl.lit(None, pl.Float64)
    )
    losses = truth_rows.with_columns(
        date=pl.date_ranges("first_date", "last_date"),
        lost_units=pl.col("lost_units") / days,
        lost_revenue=pl.col("lost_revenue") / days,
    ).explode("date")
    return Planted(
        episodes.select(*v.PAIR, *EPISODE),
        losses.select(*v.PAIR, "date", "lost_units", "lost_revenue"),
        pairs.select(*v.PAIR, "velocity"),
    )
