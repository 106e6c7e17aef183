"""The growth desk: the seven mutations of its specification first, then its other constants and operators."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

GOLDEN = ("tests/growth/test_golden.py",)
ORACLE = ("tests/growth/test_scale_oracle.py",)
INVARIANTS = ("tests/growth/test_invariants.py",)
BAD_INPUT = ("tests/growth/test_bad_input.py",)
DESK = ("tests/growth/test_desk.py",)
EXPORT = ("tests/growth/test_blocks.py",)
SETTINGS = "engine/settings/growth/scaling.py"
CAPS = "engine/growth/caps.py"
DECIDE = "engine/growth/decide.py"


def of_settings(old: str, new: str, name: str) -> Mutation:
    """Another default of a setting."""
    return Mutation(SETTINGS, old, new, f"default {name}", (*GOLDEN, *ORACLE))


GROWTH = (
    Mutation(
        DECIDE,
        '        pl.when("step10_blocked")\n',
        "        pl.when(pl.lit(value=False))\n",
        "the filter of Step 10",
        GOLDEN,
    ),
    Mutation(
        CAPS,
        "        .then(_cap(v.CAP_CURRENT))\n",
        "        .then(_cap(v.CAP_MEDIAN))\n",
        "the cap on current is called that on the median",
        GOLDEN,
    ),
    Mutation(
        CAPS,
        'cap_median=settings.median_share * pl.col("cluster_median")',
        "cap_median=settings.median_share * held",
        "the caps on median and current swap their base",
        GOLDEN,
    ),
    Mutation(
        "engine/growth/benchmark.py",
        'own_p75=sold.quantile(settings.quantile, "linear")',
        'own_p75=sold.quantile(settings.quantile, "nearest")',
        "the nearest quantile",
        ORACLE,
    ),
    Mutation(
        DECIDE,
        'pl.col("gap_ratio") < gap.min_ratio - TIE_TOLERANCE',
        'pl.col("gap_ratio") <= gap.min_ratio + TIE_TOLERANCE',
        "a gap of exactly a tenth",
        GOLDEN,
    ),
    Mutation(
        DECIDE,
        "recommended_units=(quantity + TIE_TOLERANCE).floor()",
        "recommended_units=(quantity + TIE_TOLERANCE).round()",
        "units are rounded, not cut",
        GOLDEN,
    ),
    Mutation(
        "engine/growth/check.py",
        'repeated = rows.group_by(key).len().filter(pl.col("len") > 1)',
        'repeated = rows.group_by(key).len().filter(pl.col("len") > 9)',
        "tables are joined without unique keys",
        BAD_INPUT,
    ),
    of_settings("step9_factor: float = Field(0.5,", "step9_factor: float = Field(0.6,", "step9_factor"),
    of_settings("base_factor: float = Field(0.5,", "base_factor: float = Field(0.49,", "base_factor"),
    of_settings("min_ratio: float = Field(0.10,", "min_ratio: float = Field(0.09,", "min_ratio"),
    of_settings("quantile: float = Field(0.75,", "quantile: float = Field(0.74,", "quantile"),
    of_settings("min_peers: int = Field(5,", "min_peers: int = Field(4,", "min_peers"),
    of_settings("        0.50, gt=0, le=10", "        0.51, gt=0, le=10", "current_share"),
    of_settings("        0.30, gt=0, le=10", "        0.31, gt=0, le=10", "median_share"),
    of_settings("        50, gt=0, le=100_000", "        51, gt=0, le=100_000", "absolute_units"),
    of_settings("min_units: float = Field(1,", "min_units: float = Field(1.01,", "min_units"),
    of_settings("minimal_units: float = Field(5,", "minimal_units: float = Field(4.9,", "minimal_units"),
    of_settings("moderate_units: float = Field(15,", "moderate_units: float = Field(9,", "moderate_units"),
    of_settings("max_boost: float = Field(0.2,", "max_boost: float = Field(0.25,", "affinity.max_boost"),
    of_settings("calm_cv: float = Field(0.5,", "calm_cv: float = Field(0.4,", "calm_cv"),
    of_settings("neutral_rate: float = Field(0.5,", "neutral_rate: float = Field(0.4,", "neutral_rate"),
    Mutation(
        CAPS, "is_capped = raw > tightest + TIE_TOLERANCE", "is_capped = raw > tightest * 2", "loose caps", GOLDEN
    ),
    Mutation(
        "engine/growth/inputs.py",
        'current = known(pl.col("current_spu_count")).clip(lower_bound=0)',
        'current = known(pl.col("current_spu_count"))',
        "negative quantities held",
        ORACLE,
    ),
    Mutation(
        "engine/growth/benchmark.py",
        'midrank = (sold.rank("average") - 0.5)',
        'midrank = (sold.rank("average") - 1)',
        "midranks",
        ORACLE,
    ),
    Mutation(
        "engine/growth/ledger.py",
        'if run.manifest.get("period") == period]',
        'if run.manifest.get("period") != period]',
        "the ledger of earlier runs",
        DESK,
    ),
    Mutation(
        "engine/growth/boundary.py",
        "return FAIL if self.broken else PASS if self.looked_at else VACUOUS",
        "return FAIL if self.broken else PASS",
        "vacuous checks",
        DESK,
    ),
    Mutation(
        "engine/growth/inputs.py",
        'return step11.filter(pl.col("is_growth_candidate").fill_null(value=False))',
        'return step11.filter(pl.col("is_growth_candidate").fill_null(value=True))',
        "an empty mark",
        INVARIANTS,
    ),
    Mutation(
        "engine/growth/blocks.py",
        "ends = [first - 1 for first in firsts[1:]]",
        "ends = [first - 2 for first in firsts[1:]]",
        "a candidate between two blocks",
        EXPORT,
    ),
    Mutation(
        "engine/growth/second_opinion.py",
        "is_sure = total >= sureness",
        "is_sure = total >= sureness / 2",
        "how sure a newsvendor is",
        ("tests/growth/test_fit.py",),
    ),
    Mutation(
        "engine/growth/boundary.py",
        "broken=sum(check.broken for check in same)",
        "broken=same[-1].broken",
        "a block that breaks the boundary",
        EXPORT,
    ),
)
