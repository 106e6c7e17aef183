"""Summary: the key figures of a growth run, and what its data were worth.

Units are added up in whole thousandths, so that the order of rows changes no digit.
"""

from dataclasses import dataclass

import polars as pl

from engine.contracts.contract import UNUSABLE, Consequence
from engine.delivery.source import Loaded, Source
from engine.errors import Problem
from engine.growth.check import Delivery
from engine.growth.fit import Fit
from engine.vocabulary import growth as v
from engine.vocabulary.common import TIE_TOLERANCE

THOUSANDTHS = 1000
QUALIFIED = (v.BELOW_MIN_QTY, v.SUPPRESSED_BY_CAP, v.SCALED)
"""Candidates whose gap is worth closing."""
NOT_NEUTRAL = pl.col("affinity_modifier") != 1


def key_figures(audit: pl.LazyFrame, period: str) -> dict[str, object]:
    """The content of `summary.json`: candidates by status, quantities by tier and cap, conflicts, the dead zone."""
    counts = _counted(audit).collect()
    scaled = audit.filter(pl.col("recommended_adjustment_quantity") > 0)
    codes = scaled.select(pl.col(v.STORE_SPU).n_unique()).collect().row(0)
    given = counts.filter(pl.col("status") == v.SCALED)
    suppressed = counts.filter(pl.col("status") == v.SUPPRESSED_BY_CAP)
    qualified, rows_scaled = (
        int(counts.filter(pl.col("status").is_in(QUALIFIED))["rows"].sum()),
        int(given["rows"].sum()),
    )
    return {
        "period": period,
        "candidates": int(counts["rows"].sum()),
        "scaled": rows_scaled,
        "stores_scaled": codes[0],
        "spus_scaled": codes[1],
        "units": _in_units(given, "quantity"),
        "whole_units": int(given["whole_units"].sum()),
        "current_units_of_scaled": _in_units(given, "current"),
        "by_status": _by(counts, "status", v.GROWTH_STATUSES),
        "by_tier": _units_by(given, "scaling_tier", v.SCALING_TIERS),
        "by_cap": _units_by(given, "cap_applied", v.GROWTH_CAPS),
        "suppressed_by_cap": _by(suppressed, "cap_applied", v.GROWTH_CAPS[1:]),
        "gap_qualified": qualified,
        "dead_zone_share": _share(qualified - rows_scaled, qualified),
        "dampened_step9": int(given["dampened"].sum()),
        "affinity_not_neutral": int(given["not_neutral"].sum()),
        "affinity_not_neutral_units": _in_units(given, "not_neutral_quantity"),
        "candidates_without_sales_row": int(counts["no_sales_row"].sum()),
    }


def _counted(audit: pl.LazyFrame) -> pl.LazyFrame:
    """Rows and sums, in whole thousandths, per status, cap and tier, which are text."""
    kinds = ("status", "cap_applied", "scaling_tier")
    return (
        audit.group_by(kinds)
        .agg(
            rows=pl.len(),
            quantity=_thousandths("recommended_adjustment_quantity"),
            current=_thousandths("current_spu_count"),
            whole_units=pl.col("recommended_units").cast(pl.Int64).sum(),
            dampened=pl.col("step9_boosted").sum(),
            not_neutral=NOT_NEUTRAL.sum(),
            not_neutral_quantity=_thousandths("recommended_adjustment_quantity", NOT_NEUTRAL),
            no_sales_row=pl.col("no_sales_row").sum(),
        )
        .with_columns(pl.col(kinds).cast(pl.String))
    )


def units(rows: pl.DataFrame, column: str) -> float:
    """The sum of a column of units, to a thousandth."""
    return float((rows.select(_thousandths(column)).item() or 0) / THOUSANDTHS)


def of_plan(plan: Fit) -> dict[str, object]:
    """What the stock allowed: units granted, the shortage, and what it costs in expected gain."""
    short = plan.spus.filter(pl.col("shortage_units") > TIE_TOLERANCE)
    return {
        "granted_units": units(plan.rows, "fitted_quantity"),
        "rows_granted": plan.rows.filter(pl.col("fitted_quantity") > 0).height,
        "spus_short": short.height,
        "shortage_units": units(short, "shortage_units"),
        "expected_gain": round(plan.gain, 2),
        "expected_gain_without_shortage": round(plan.gain_wanted, 2),
        "highest_price_short": None if short.is_empty() else round(float(short["price_per_unit"].max()), 4),  # type: ignore[arg-type]
    }


@dataclass
class Shrinkage:
    """What drawing benchmarks toward the chain changed, added up over the blocks of a run; units in thousandths."""

    scaled: int = 0
    scaled_without: int = 0
    thousandths: int = 0
    thousandths_without: int = 0
    status_changed: int = 0

    def add(self, shrunk: pl.DataFrame, raw: pl.DataFrame) -> None:
        """Count a block. shrunk, raw: the same candidates in the same order, with and without."""
        quantity = "recommended_adjustment_quantity"
        self.scaled += shrunk.filter(pl.col(quantity) > 0).height
        self.scaled_without += raw.filter(pl.col(quantity) > 0).height
        self.thousandths += shrunk.select(_thousandths(quantity)).item() or 0
        self.thousandths_without += raw.select(_thousandths(quantity)).item() or 0
        self.status_changed += int((shrunk["status"] != raw["status"]).sum())

    def facts(self) -> dict[str, object]:
        """Scaled rows and units with and without shrinkage, and how many candidates changed their status."""
        return {
            "scaled": self.scaled,
            "scaled_without": self.scaled_without,
            "units": self.thousandths / THOUSANDTHS,
            "units_without": self.thousandths_without / THOUSANDTHS,
            "status_changed": self.status_changed,
        }


def data_quality(delivery: Delivery) -> dict[str, object]:
    """The content of `data_quality.json`: where every input row went, and what a planner should know."""
    accounts = {name: _account(loaded, name, delivery.period) for name, loaded in delivery.loaded.items()}
    absent = [name for name in (v.TRAFFIC, v.STEP9, v.STEP10) if name not in delivery.sources]
    return {
        "period": delivery.label,
        "dataset_id": delivery.dataset_id,
        "rows": accounts,
        "quarantined_because": {
            name: reasons
            for name, source in delivery.sources.items()
            if (reasons := _reasons(source, delivery.loaded[name]))
        },
        "warnings": [
            *map(_in_one_line, delivery.remarks),
            *(f"the table {name} was not delivered" for name in absent),
        ],
    }


def _account(loaded: Loaded, table: str, period: str | None) -> dict[str, int]:
    """Rows read = used + quarantined + of another period."""
    others = 0
    if period is not None and table == v.STORE_SPU_SALES and "period" in loaded.rows.columns:
        others = loaded.rows.filter(pl.col("period").cast(pl.String) != period).height
    read, quarantined = loaded.counts["rows"], loaded.counts[UNUSABLE]
    return {
        "read": read,
        "quarantined": quarantined,
        "of_another_period": others,
        "used": read - quarantined - others,
    }


def _reasons(source: Source, loaded: Loaded) -> dict[str, int]:
    return {
        rule.complaint: loaded.counts[rule.complaint]
        for rule in source.rules()
        if rule.consequence is Consequence.QUARANTINE and loaded.counts[rule.complaint]
    }


def _in_one_line(problem: Problem) -> str:
    count = "" if problem.count is None else f": {problem.count:,} of {problem.of or 0:,} rows"
    return f"{problem.where}: {problem.what}{count}; {problem.advice}"


def _by(counts: pl.DataFrame, column: str, kinds: tuple[str, ...]) -> dict[str, int]:
    return {kind: int(counts.filter(pl.col(column) == kind)["rows"].sum()) for kind in kinds}


def _units_by(given: pl.DataFrame, column: str, kinds: tuple[str, ...]) -> dict[str, dict[str, float]]:
    of_kind = {kind: given.filter(pl.col(column) == kind) for kind in kinds}
    return {
        kind: {"rows": int(rows["rows"].sum()), "units": _in_units(rows, "quantity")}
        for kind, rows in of_kind.items()
    }


def _in_units(counts: pl.DataFrame, column: str) -> float:
    return int(counts[column].sum()) / THOUSANDTHS


def _thousandths(column: str, where: pl.Expr | None = None) -> pl.Expr:
    whole = (pl.col(column) * THOUSANDTHS).round().cast(pl.Int64)
    return (whole if where is None else whole.filter(where)).sum()


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
