"""Summary: the key figures of a growth run, and what its data were worth.

Units are added up in whole thousandths, so that the order of rows changes no digit.
"""

from collections.abc import Mapping

import polars as pl

from engine import vocabulary as v
from engine.contracts.contract import UNUSABLE, Consequence
from engine.errors import Problem
from engine.growth.check import Delivery
from engine.growth.fit import Fit
from engine.lake import Source

THOUSANDTHS = 1000
QUALIFIED = (v.BELOW_MIN_QTY, v.SUPPRESSED_BY_CAP, v.SCALED)
"""Candidates whose gap is worth closing."""


def key_figures(audit: pl.DataFrame, period: str) -> dict[str, object]:
    """The content of `summary.json`: candidates by status, quantities by tier and cap, conflicts, the dead zone."""
    scaled = audit.filter(pl.col("recommended_adjustment_quantity") > 0)
    qualified = audit.filter(pl.col("status").cast(pl.String).is_in(QUALIFIED))
    return {
        "period": period,
        "candidates": audit.height,
        "scaled": scaled.height,
        "stores_scaled": scaled["str_code"].n_unique(),
        "spus_scaled": scaled["spu_code"].n_unique(),
        "units": units(scaled, "recommended_adjustment_quantity"),
        "whole_units": int(scaled["recommended_units"].cast(pl.Int64).sum()),
        "current_units_of_scaled": units(scaled, "current_spu_count"),
        "by_status": _rows_by(audit, "status", v.GROWTH_STATUSES),
        "by_tier": _units_by(scaled, "scaling_tier", v.SCALING_TIERS),
        "by_cap": _units_by(scaled, "cap_applied", v.GROWTH_CAPS),
        "suppressed_by_cap": _rows_by(
            audit.filter(pl.col("status") == v.SUPPRESSED_BY_CAP), "cap_applied", v.GROWTH_CAPS[1:]
        ),
        "gap_qualified": qualified.height,
        "dead_zone_share": _share(qualified.height - scaled.height, qualified.height),
        "dampened_step9": scaled.filter(pl.col("step9_boosted")).height,
        "affinity_not_neutral": scaled.filter(pl.col("affinity_modifier") != 1).height,
        "candidates_without_sales_row": audit.filter(pl.col("no_sales_row")).height,
    }


def units(rows: pl.DataFrame, column: str) -> float:
    """The sum of a column of units, to a thousandth."""
    return _thousandths(rows, column) / THOUSANDTHS


def of_plan(plan: Fit) -> dict[str, object]:
    """What the stock allowed: units granted, the shortage, and what it costs in expected gain."""
    short = plan.spus.filter(pl.col("shortage_units") > v.TIE_TOLERANCE)
    return {
        "granted_units": units(plan.rows, "fitted_quantity"),
        "rows_granted": plan.rows.filter(pl.col("fitted_quantity") > 0).height,
        "spus_short": short.height,
        "shortage_units": units(short, "shortage_units"),
        "expected_gain": round(plan.gain, 2),
        "expected_gain_without_shortage": round(plan.gain_wanted, 2),
        "dearest_shortage_per_unit": None if short.is_empty() else round(float(short["price_per_unit"].max()), 4),  # type: ignore[arg-type]
    }


def side_by_side(shrunk: pl.DataFrame, raw: pl.DataFrame) -> dict[str, object]:
    """Scaled rows and units with and without shrinkage, and how many candidates changed their status."""
    quantity = "recommended_adjustment_quantity"
    both = shrunk.select(*v.STORE_SPU, "status").join(raw.select(*v.STORE_SPU, raw_status="status"), on=v.STORE_SPU)
    return {
        "scaled": shrunk.filter(pl.col(quantity) > 0).height,
        "scaled_without": raw.filter(pl.col(quantity) > 0).height,
        "units": units(shrunk, quantity),
        "units_without": units(raw, quantity),
        "status_changed": both.filter(pl.col("status") != pl.col("raw_status")).height,
    }


def data_quality(delivery: Delivery) -> dict[str, object]:
    """The content of `data_quality.json`: where every input row went, and what a planner should know."""
    accounts = {name: _account(source, delivery.period) for name, source in delivery.sources.items()}
    absent = [name for name in (v.TRAFFIC, v.STEP9, v.STEP10) if name not in delivery.sources]
    return {
        "period": delivery.label,
        "dataset_id": delivery.dataset_id,
        "rows": accounts,
        "quarantined_because": {
            name: reasons for name, source in delivery.sources.items() if (reasons := _reasons(source))
        },
        "warnings": [
            *map(_in_one_line, delivery.remarks),
            *(f"the table {name} was not delivered" for name in absent),
        ],
    }


def _account(source: Source, period: str | None) -> dict[str, int]:
    """Rows read = used + quarantined + of another period."""
    facts = source.judged()
    is_used = ~pl.col(UNUSABLE)
    is_other = pl.lit(value=False)
    if period is not None and "period" in source.columns and source.contract.table == v.STORE_SPU_SALES:
        is_other = is_used & (pl.col("period") != period)
    counts = facts.select(
        read=pl.len(), quarantined=pl.col(UNUSABLE).sum(), of_another_period=is_other.fill_null(value=False).sum()
    )
    row = counts.collect().row(0, named=True)
    return {**row, "used": row["read"] - row["quarantined"] - row["of_another_period"]}


def _reasons(source: Source) -> dict[str, int]:
    counts = source.complaints()
    return {
        rule.complaint: counts[rule.complaint]
        for rule in source.rules()
        if rule.consequence is Consequence.QUARANTINE and counts[rule.complaint]
    }


def _in_one_line(problem: Problem) -> str:
    count = "" if problem.count is None else f": {problem.count:,} of {problem.of or 0:,} rows"
    return f"{problem.where}: {problem.what}{count}; {problem.advice}"


def _rows_by(rows: pl.DataFrame, column: str, kinds: tuple[str, ...]) -> dict[str, int]:
    counts = _counted(rows, column)
    return {kind: counts.get(kind, 0) for kind in kinds}


def _units_by(scaled: pl.DataFrame, column: str, kinds: tuple[str, ...]) -> dict[str, dict[str, float]]:
    counts = _counted(scaled, column)
    return {
        kind: {
            "rows": counts.get(kind, 0),
            "units": units(scaled.filter(pl.col(column) == kind), "recommended_adjustment_quantity"),
        }
        for kind in kinds
    }


def _counted(rows: pl.DataFrame, column: str) -> Mapping[str, int]:
    counts = rows.group_by(pl.col(column).cast(pl.String)).len()
    return dict(counts.iter_rows())


def _thousandths(rows: pl.DataFrame, column: str) -> int:
    return int(rows.select((pl.col(column) * THOUSANDTHS).round().cast(pl.Int64).sum()).item() or 0)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
