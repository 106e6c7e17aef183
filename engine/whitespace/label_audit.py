"""Label audit: how often customers buy, how soon after a cutoff, and which windows the labels looked at.

In: the labelled panel. Out: tables and a manifest for the run folder.
"""

from collections.abc import Mapping

import polars as pl

from engine.settings.whitespace.labels import LabelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.panel import HORIZON, Blocks

SOON_DAYS = (14, 30)
COHORTS = ("is_new_logo", "is_expansion", "is_renewal_like")


def prevalence(rows: pl.DataFrame) -> pl.DataFrame:
    """How many buy. Grain: division, cutoff, cohort (`population`, or a flag of the panel), sorted by them.

    horizon_months, total (rows whose window is whole), positives, prevalence (null of no rows), censored (others).
    """
    parts = [_counted(rows.filter("in_population"), "population")]
    parts += [_counted(rows.filter(cohort), cohort) for cohort in COHORTS]
    return pl.concat(parts).sort(v.DIVISION, v.CUTOFF, "cohort")


def _counted(rows: pl.DataFrame, cohort: str) -> pl.DataFrame:
    positives = pl.col("label").cast(pl.Int64).sum()
    counted = rows.group_by(v.DIVISION, v.CUTOFF, HORIZON).agg(
        total=pl.col("label").count().cast(pl.Int64),
        positives=positives,
        prevalence=pl.when(pl.col("label").count() > 0).then(positives / pl.col("label").count()),
        censored=pl.col("censored_flag").cast(pl.Int64).sum(),
    )
    order = (v.DIVISION, v.CUTOFF, "cohort", HORIZON, "total", "positives", "prevalence", "censored")
    return counted.with_columns(cohort=pl.lit(cohort)).select(order)


def label_timing(rows: pl.DataFrame) -> pl.DataFrame:
    """How soon those buy who buy. Grain: division, cutoff, sorted by both; rows of the population alone.

    positives; on_or_before: those whose first purchase is dated at the cutoff or earlier, which must be 0;
    within_14_days, within_30_days after the cutoff. Many soon ones speak for a longer purge.
    """
    bought = rows.filter(pl.col("in_population"), pl.col("label") == 1)
    days = (pl.col("first_purchase_date") - pl.col(v.CUTOFF)).dt.total_days()
    return (
        bought.group_by(v.DIVISION, v.CUTOFF)
        .agg(
            pl.len().cast(pl.Int64).alias("positives"),
            (days <= 0).sum().cast(pl.Int64).alias("on_or_before"),
            *(days.is_between(1, soon).sum().cast(pl.Int64).alias(f"within_{soon}_days") for soon in SOON_DAYS),
        )
        .sort(v.DIVISION, v.CUTOFF)
    )


def artifacts(rows: pl.DataFrame, blocks: Blocks, settings: LabelSettings) -> list[Artifact]:
    """`labels/prevalence.csv`, `labels/timing.csv` and `labels/cutoff_manifest.json`."""
    return [
        Artifact("labels/prevalence.csv", prevalence(rows)),
        Artifact("labels/timing.csv", label_timing(rows)),
        Artifact("labels/cutoff_manifest.json", _manifest(rows, blocks, settings)),
    ]


def _manifest(rows: pl.DataFrame, blocks: Blocks, settings: LabelSettings) -> Mapping[str, object]:
    """Every cutoff with its role, and the windows of its labels by their length."""
    windows = rows.select(v.CUTOFF, HORIZON, "window_start", "window_end", "censored_flag", "active_days_cut")
    roles = dict.fromkeys(blocks.tuning, "tuning") | {
        blocks.calibration: "calibration",
        blocks.scoring: "scoring",
    }
    return {
        "horizon_months": settings.horizon_months,
        "population": settings.population,
        "active_months": settings.active_months,
        "absent_months": settings.absent_months,
        "gp_min_threshold": settings.gp_min_threshold,
        "buffer_days": settings.buffer_days,
        "denied_skus": list(settings.denied_skus),
        "windows": [
            {
                "cutoff": row["cutoff"].isoformat(),
                "role": roles.get(row["cutoff"], "report"),
                "horizon_months": row[HORIZON],
                "window_start": row["window_start"].isoformat(),
                "window_end": row["window_end"].isoformat(),
                "is_whole": row["censored_flag"] == 0,
                "active_days_cut": row["active_days_cut"],
            }
            for row in windows.unique().sort(v.CUTOFF, HORIZON).iter_rows(named=True)
        ],
    }
