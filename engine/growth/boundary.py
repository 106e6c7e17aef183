"""Boundary: what Step 12 may not do, counted on the rows of this run (specification of growth, sections 6 and 7).

In: the finished audit and the tables it came from. Out: one verdict a check. Every number is counted anew from the
published columns; no check asks the settings, or itself, whether it was kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from engine import vocabulary as v
from engine.growth.inputs import Inputs
from engine.growth.settings import GrowthSettings

PASS, FAIL, VACUOUS = "PASS", "FAIL", "VACUOUS"
KEY = v.STORE_SPU
TRACE_NUMBERS = ("performance_gap", "gap_ratio", "cluster_p75", "base_scaling", "raw_adjustment", "cap_applied")


@dataclass(frozen=True)
class Check:
    """One boundary. looked_at: rows the check is about. broken: rows that break it. requirement: what it proves."""

    name: str
    says: str
    requirement: str
    looked_at: int
    broken: int
    note: str = ""

    @property
    def verdict(self) -> str:
        """FAIL with a broken row, VACUOUS without any row to look at, else PASS."""
        return FAIL if self.broken else PASS if self.looked_at else VACUOUS


def boundary(audit: pl.DataFrame, step11: pl.LazyFrame, given: Inputs, settings: GrowthSettings) -> list[Check]:
    """Every check on the rows of this run.

    audit: one row per candidate. step11: its marked rows. given: the tables as Step 12 saw them.
    """
    scaled = audit.filter(pl.col("recommended_adjustment_quantity") > 0)
    return [
        *_keys(audit, scaled, step11),
        *_conflicts(audit, given, settings),
        *_amounts(audit, scaled, settings),
        *_trace(audit, scaled, step11),
    ]


def report(checks: list[Check]) -> dict[str, object]:
    """The content of `boundary_report.json`."""
    verdicts = [check.verdict for check in checks]
    return {
        "verdict": FAIL if FAIL in verdicts else PASS,
        "counts": {verdict: verdicts.count(verdict) for verdict in (PASS, FAIL, VACUOUS)},
        "checks": [{**vars(check), "verdict": check.verdict} for check in checks],
    }


def _keys(audit: pl.DataFrame, scaled: pl.DataFrame, step11: pl.LazyFrame) -> Iterator[Check]:
    candidates = step11.select(KEY).unique().collect()
    foreign = scaled.join(candidates, on=KEY, how="anti").height
    yield Check("only_candidates", "Every scaled row was marked by Step 11.", "R80", scaled.height, foreign)
    added = audit.join(candidates, on=KEY, how="anti").height
    yield Check("no_key_added", "Step 12 identified nothing on its own.", "R81", audit.height, added)
    repeated = audit.height - audit.select(KEY).n_unique()
    yield Check("keys_unique", "No store and SPU is scaled twice.", "R76", audit.height, repeated)
    lost = candidates.join(audit, on=KEY, how="anti").height
    yield Check("every_candidate_answered", "Every candidate has its row.", "R37", candidates.height, lost)


def _conflicts(audit: pl.DataFrame, given: Inputs, settings: GrowthSettings) -> Iterator[Check]:
    factor = settings.conflicts.step9_factor
    if given.step9 is None:
        yield Check("step9_checked", "Step 9's increases are dampened.", "R82", 0, 0, "Step 9 was not supplied")
    else:
        raised = audit.join(given.step9.filter(pl.col("step9_boosted")).collect(), on=KEY, how="semi")
        factors = ("affinity_modifier", "elasticity_dampener", "sell_through_boost")
        full = pl.col("base_scaling") * pl.col(factors[0]) * pl.col(factors[1]) * pl.col(factors[2])
        wrong = raised.filter(
            (pl.col("step9_dampener") != factor)
            | ((pl.col("raw_adjustment") - factor * full).abs() > v.TIE_TOLERANCE * full.abs().clip(1))
        )
        yield Check(
            "step9_checked",
            "Step 9's increases are dampened.",
            "R82",
            raised.height,
            wrong.height,
            _met(raised, "Step 9"),
        )
    if given.step10 is None:
        yield Check("step10_checked", "Step 10's reductions are blocked.", "R83", 0, 0, "Step 10 was not supplied")
        return
    reduced = audit.join(given.step10.filter(pl.col("step10_blocked")).collect(), on=KEY, how="semi")
    grown = reduced.filter((pl.col("recommended_adjustment_quantity") != 0) | (pl.col("status") != v.BLOCKED_STEP10))
    says = "Step 10's reductions are blocked."
    yield Check("step10_checked", says, "R83", reduced.height, grown.height, _met(reduced, "Step 10"))


def _met(rows: pl.DataFrame, step: str) -> str:
    return "" if rows.height else f"no candidate met a decision of {step}"


def _amounts(audit: pl.DataFrame, scaled: pl.DataFrame, settings: GrowthSettings) -> Iterator[Check]:
    quantity = pl.col("recommended_adjustment_quantity")
    caps, tolerance = settings.caps, v.TIE_TOLERANCE
    # From the quantities, not from the cap columns: a cap that was computed wrongly must show.
    over = scaled.filter(
        (
            (pl.col("current_spu_count") > 0)
            & (quantity > caps.current_share * pl.col("current_spu_count") + tolerance)
        )
        | (quantity > caps.median_share * pl.col("cluster_median") + tolerance)
        | (quantity > caps.absolute_units + tolerance)
        | (quantity > pl.col("raw_adjustment") + tolerance)
    )
    yield Check("caps_applied", "No quantity is above a cap.", "R84", scaled.height, over.height)
    noise = scaled.filter(quantity < caps.min_units)
    yield Check("no_noise", "Every quantity is at least the minimum.", "R51", scaled.height, noise.height)
    negative = audit.filter((quantity < 0) | (pl.col("recommended_units") > quantity + tolerance))
    yield Check("never_lowered", "No quantity is negative or rounded up.", "R18", audit.height, negative.height)
    small = scaled.filter((pl.col("gap_ratio") < settings.gap.min_ratio - tolerance) | pl.col("gap_ratio").is_null())
    yield Check("gap_large_enough", "Every scaled gap reaches the threshold.", "R34", scaled.height, small.height)
    joint = scaled.filter(pl.col("joint_increase") < pl.col("step9_units"))
    yield Check("step9_minimum_kept", "No total is below what Step 9 protects.", "R18", scaled.height, joint.height)


def _trace(audit: pl.DataFrame, scaled: pl.DataFrame, step11: pl.LazyFrame) -> Iterator[Check]:
    untold = scaled.filter(pl.any_horizontal(pl.col(name).is_null() for name in TRACE_NUMBERS))
    yield Check("traceable", "Every scaled row has every number of its trace.", "R85", scaled.height, untold.height)
    floats = [name for name, kind in audit.schema.items() if kind == pl.Float64]
    odd = audit.filter(pl.any_horizontal(~pl.col(name).is_finite() for name in floats))
    yield Check("finite", "No number is NaN or infinite.", "R85", audit.height, odd.height)
    said = step11.select(*KEY, said_tier="opportunity_tier", said_score="opportunity_score").collect()
    both = audit.join(said, on=KEY)
    changed = both.filter(
        pl.col("opportunity_tier").ne_missing(pl.col("said_tier"))
        | pl.col("opportunity_score").fill_null(-1.0).ne(pl.col("said_score").fill_nan(None).fill_null(-1.0))
    )
    yield Check("step11_unchanged", "What Step 11 said is passed on as it was.", "R43", both.height, changed.height)
