"""Label timing: when within the horizon buyers first buy (G12).

Many purchases in the first days ask for more days between training and what is validated; a first purchase outside
its own window is a label that was cut wrongly.
"""

import datetime as dt

import numpy as np
import polars as pl

from engine.settings.whitespace.gauntlet import GauntletSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet.decide import Rule, decide, figure, figures
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.shapes import LabelTiming
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, findings, reading, readings

NAME = "label_timing"
DAYS_OF_WEEK = 7


def timing(rows: pl.DataFrame, cutoff: dt.date, settings: GauntletSettings) -> CheckResult:
    """Check when buyers first buy after the cutoff, of all divisions together and of each.

    rows: labelled panel. cutoff: that of the run, for the names of files. Too many early
    purchases warn; a first purchase outside its window is a finding, and fails.
    """
    buyers = rows.filter(pl.col("label") == 1).with_columns(
        division=pl.col(v.DIVISION).cast(pl.String),
        delay_days=(pl.col("first_purchase_date") - pl.col(v.CUTOFF)).dt.total_days(),
        horizon_days=(pl.col("window_end") - pl.col(v.CUTOFF)).dt.total_days(),
        is_outside=~pl.col("first_purchase_date").is_between("window_start", "window_end").fill_null(value=False),
    )
    divisions = [ALL, *rows[v.DIVISION].cast(pl.String).unique().sort()]
    early = settings.early_days[0]
    ratios = figures(_early_ratio(_of(buyers, division), division, early) for division in divisions)
    rule = Rule(f"early_ratio_{early}d", most=settings.early_max_ratio, breach_is=v.WARN)
    outside = buyers.filter("is_outside").group_by("division", maintain_order=True).len()
    found = findings(
        (division, "first_purchase_date", "first purchase outside the window of its label", count)
        for division, count in outside.sort("division").iter_rows()
    )
    cut = [_window_reading(division, int(_of(buyers, division)["is_outside"].sum())) for division in divisions]
    table = pl.concat([decide(ratios, rule, settings), readings(cut)])
    files = tuple(_file(_of(buyers, division), division, cutoff, table, settings) for division in divisions)
    return CheckResult(NAME, table, found, files)


def _of(buyers: pl.DataFrame, division: str) -> pl.DataFrame:
    return buyers if division == ALL else buyers.filter(pl.col("division") == division)


def _early_ratio(buyers: pl.DataFrame, division: str, early_days: int) -> dict[str, object]:
    """First purchases in the first days, of what an even spread over the horizon would bring, with its error."""
    n = buyers.height
    even = float((early_days / buyers["horizon_days"].to_numpy()).mean()) if n else np.nan
    share = buyers.filter(pl.col("delay_days") <= early_days).height / n if n else np.nan
    error = np.sqrt(even * (1 - even) / n) / even if n and even < 1 else np.nan
    return figure(division, share / even, float(error), n)


def _window_reading(division: str, outside: int) -> dict[str, object]:
    status = v.FAIL if outside else v.PASS
    note = f"{outside:,} first purchases outside their windows"
    return reading(status, note, division, "outside_window", value=float(outside), bound=0.0)


def _file(
    buyers: pl.DataFrame, division: str, cutoff: dt.date, table: pl.DataFrame, settings: GauntletSettings
) -> Artifact:
    n, longest = buyers.height, int(buyers["horizon_days"].to_numpy().max(initial=1))
    counts = {days: buyers.filter(pl.col("delay_days") <= days).height for days in settings.early_days}
    weeks = np.bincount(
        np.clip((buyers["delay_days"].fill_null(1).to_numpy() - 1) // DAYS_OF_WEEK, 0, None),
        minlength=-(-longest // DAYS_OF_WEEK),
    )
    verdict = CheckResult(NAME, table)
    content = LabelTiming(
        division=division,
        cutoffs=tuple(buyers[v.CUTOFF].unique().sort()),
        status=verdict.of_division(division),
        positives=n,
        outside_window=int(buyers["is_outside"].sum()),
        early={f"{days}d": count for days, count in counts.items()},
        early_share={f"{days}d": count / n if n else None for days, count in counts.items()},
        even_share={f"{days}d": min(1.0, days / longest) for days in settings.early_days},
        by_week=tuple(int(one) for one in weeks),
    )
    return Artifact(named(NAME, division, cutoff, ".json"), content.model_dump(mode="json"))
