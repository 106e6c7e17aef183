"""Boundary: what Step 12 may not do, counted on the rows of this run (specification of growth, sections 6 and 7).

In: the finished audit and the tables it came from. Out: one verdict a check. Every number is counted anew from the
published columns; no check asks the settings, or itself, whether it was kept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from engine.growth.inputs import Inputs
from engine.growth.keys import PAIR
from engine.settings.growth.scaling import GrowthSettings
from engine.vocabulary import growth as v
from engine.vocabulary.common import TIE_TOLERANCE

PASS, FAIL, VACUOUS = "PASS", "FAIL", "VACUOUS"
Rule = tuple[pl.Expr, pl.Expr]
"""Which rows a check is about, and which of them break it."""
QUANTITY = pl.col("recommended_adjustment_quantity")
IS_SCALED, EVERY = QUANTITY > 0, pl.col("is_candidate").is_not_null()
STATEMENTS = {
    "only_candidates": ("Every scaled row was marked by Step 11.", "R80"),
    "no_key_added": ("Step 12 identified nothing on its own.", "R81"),
    "keys_unique": ("No store and SPU is scaled twice.", "R76"),
    "every_candidate_answered": ("Every candidate has its row.", "R37"),
    "step9_checked": ("Step 9's increases are dampened.", "R82"),
    "step10_checked": ("Step 10's reductions are blocked.", "R83"),
    "caps_applied": ("No quantity is above a cap.", "R84"),
    "no_noise": ("Every quantity is at least the minimum.", "R51"),
    "never_lowered": ("No quantity is negative or rounded up.", "R18"),
    "gap_large_enough": ("Every scaled gap reaches the threshold.", "R34"),
    "step9_minimum_kept": ("No total is below what Step 9 protects.", "R18"),
    "traceable": ("Every scaled row has every number of its trace.", "R85"),
    "finite": ("No number is NaN or infinite.", "R85"),
    "step11_unchanged": ("What Step 11 said is passed on as it was.", "R43"),
}
"""Every check in its order: its statement, and the requirement it proves."""
READ = (
    "recommended_adjustment_quantity",
    "recommended_units",
    "performance_gap",
    "gap_ratio",
    "cluster_p75",
    "cluster_median",
    "current_spu_count",
    "base_scaling",
    "affinity_modifier",
    "elasticity_dampener",
    "sell_through_boost",
    "step9_dampener",
    "step9_units",
    "joint_increase",
    "raw_adjustment",
    "cap_applied",
    "status",
    "opportunity_tier",
    "opportunity_score",
)
"""What the checks read of the audit."""
TRACE_NUMBERS = ("performance_gap", "gap_ratio", "cluster_p75", "base_scaling", "raw_adjustment", "cap_applied")


@dataclass(frozen=True)
class Check:
    """One boundary. looked_at: rows the check is about. broken: rows that break it. requirement: what it proves.

    idle: what to say when there was no row to look at.
    """

    name: str
    statement: str
    requirement: str
    looked_at: int
    broken: int
    idle: str = ""

    @property
    def verdict(self) -> str:
        """FAIL with a broken row, VACUOUS without any row to look at, else PASS."""
        return FAIL if self.broken else PASS if self.looked_at else VACUOUS

    def facts(self) -> dict[str, object]:
        """The check as it stands in `boundary_report.json`."""
        facts = {name: value for name, value in vars(self).items() if name != "idle"}
        return {**facts, "note": "" if self.looked_at else self.idle, "verdict": self.verdict}


def boundary(audit: pl.DataFrame, step11: pl.LazyFrame, given: Inputs, settings: GrowthSettings) -> list[Check]:
    """Every check on the rows of this run, or of a part of its candidates.

    audit: one row per candidate. step11: its marked rows. given: the tables as Step 12 saw them.
    """
    said = given.codes.keyed(step11).select(
        PAIR, said_tier="opportunity_tier", said_score=pl.col("opportunity_score").fill_nan(None)
    )
    candidates = said.unique(PAIR).with_columns(is_candidate=pl.lit(value=True)).collect()
    keyed = given.codes.keyed(audit.lazy()).join(candidates.lazy(), on=PAIR, how="left")
    rows = keyed.select(
        PAIR, *READ, pl.col("is_candidate").fill_null(value=False), "said_tier", "said_score"
    ).collect()
    counts = _counted(rows, {**_keys(), **_amounts(settings), **_trace()})
    answered, pairs = rows.filter("is_candidate")[PAIR].n_unique(), rows[PAIR].n_unique()
    counts["every_candidate_answered"] = (candidates.height, candidates.height - answered)
    counts["keys_unique"] = (rows.height, rows.height - pairs)
    counts["finite"] = (rows.height, _not_finite(audit))
    found = {name: _check(name, *both) for name, both in counts.items()}
    found |= {check.name: check for check in _conflicts(rows, given, settings)}
    return [found[name] for name in STATEMENTS]


def together(parts: Iterable[list[Check]]) -> list[Check]:
    """The checks of a whole run from those of its parts, which have no key in common."""
    return [
        replace(same[0], looked_at=sum(check.looked_at for check in same), broken=sum(check.broken for check in same))
        for same in zip(*parts, strict=True)
    ]


def report(checks: list[Check]) -> dict[str, object]:
    """The content of `boundary_report.json`."""
    verdicts = [check.verdict for check in checks]
    return {
        "verdict": FAIL if FAIL in verdicts else PASS,
        "counts": {verdict: verdicts.count(verdict) for verdict in (PASS, FAIL, VACUOUS)},
        "checks": [check.facts() for check in checks],
    }


def _check(name: str, looked_at: int, broken: int, idle: str = "") -> Check:
    return Check(name, *STATEMENTS[name], looked_at, broken, idle)


def _counted(rows: pl.DataFrame, rules: dict[str, Rule]) -> dict[str, tuple[int, int]]:
    """Per rule the rows it is about, and those of them that break it; a null breaks nothing."""
    about = {name: about.sum() for name, (about, _) in rules.items()}
    broken = {f"broken {name}": (about & breaks).sum() for name, (about, breaks) in rules.items()}
    sums = rows.lazy().select(**about, **broken).collect().row(0, named=True)
    return {name: (sums[name], sums[f"broken {name}"]) for name in rules}


def _not_finite(audit: pl.DataFrame) -> int:
    """Rows with a number that is NaN or infinite."""
    floats = [name for name, kind in audit.schema.items() if kind == pl.Float64]
    return audit.filter(pl.any_horizontal(~pl.col(name).is_finite() for name in floats)).height


def _keys() -> dict[str, Rule]:
    foreign = ~pl.col("is_candidate")
    return {"only_candidates": (IS_SCALED, foreign), "no_key_added": (EVERY, foreign)}


def _conflicts(rows: pl.DataFrame, given: Inputs, settings: GrowthSettings) -> Iterator[Check]:
    factor = settings.conflicts.step9_factor
    if given.step9 is None:
        yield _check("step9_checked", 0, 0, "Step 9 was not supplied")
    else:
        raised = rows.join(given.step9.select(PAIR).collect(), on=PAIR, how="semi")
        full = pl.col("base_scaling") * pl.col("affinity_modifier")
        full = full * pl.col("elasticity_dampener") * pl.col("sell_through_boost")
        wrong = raised.filter(
            (pl.col("step9_dampener") != factor)
            | ((pl.col("raw_adjustment") - factor * full).abs() > TIE_TOLERANCE * full.abs().clip(1))
        )
        yield _check("step9_checked", raised.height, wrong.height, "no candidate met a decision of Step 9")
    if given.step10 is None:
        yield _check("step10_checked", 0, 0, "Step 10 was not supplied")
        return
    reduced = rows.join(given.step10.select(PAIR).collect(), on=PAIR, how="semi")
    grown = reduced.filter((QUANTITY != 0) | (pl.col("status") != v.BLOCKED_STEP10))
    yield _check("step10_checked", reduced.height, grown.height, "no candidate met a decision of Step 10")


def _amounts(settings: GrowthSettings) -> dict[str, Rule]:
    caps, tolerance = settings.caps, TIE_TOLERANCE
    # From the quantities, not from the cap columns: a cap that was computed wrongly must show.
    current = pl.col("current_spu_count")
    over_current = (current > 0) & (caps.current_share * current + tolerance < QUANTITY)
    limits = (caps.median_share * pl.col("cluster_median"), pl.lit(caps.absolute_units), pl.col("raw_adjustment"))
    over = pl.any_horizontal(over_current, *(limit + tolerance < QUANTITY for limit in limits))
    ratio = pl.col("gap_ratio")
    return {
        "caps_applied": (IS_SCALED, over),
        "no_noise": (IS_SCALED, caps.min_units > QUANTITY),
        "never_lowered": (EVERY, (QUANTITY < 0) | (pl.col("recommended_units") > QUANTITY + tolerance)),
        "gap_large_enough": (IS_SCALED, (ratio < settings.gap.min_ratio - tolerance) | ratio.is_null()),
        "step9_minimum_kept": (IS_SCALED, pl.col("joint_increase") < pl.col("step9_units")),
    }


def _trace() -> dict[str, Rule]:
    score, tier = pl.col("opportunity_score"), pl.col("opportunity_tier")
    changed = tier.ne_missing(pl.col("said_tier")) | score.ne_missing(pl.col("said_score"))
    return {
        "traceable": (IS_SCALED, pl.any_horizontal(pl.col(name).is_null() for name in TRACE_NUMBERS)),
        "step11_unchanged": (pl.col("is_candidate"), changed),
    }
