"""Explain: a decision in words, from the numbers of its row (specification of growth, section 5).

In: audited candidates. Out: the same rows with four texts. Texts are made for rows that are shown or exported; the
audit keeps the numbers.
"""

import polars as pl

from engine.outputs.growth.explanation_facts import ExplanationFacts, facts_of_run
from engine.runs.registry import Run
from engine.stats import round_half_up
from engine.vocabulary import growth as v

PERCENT = 100
DIGITS = 38
"""Of a decimal that takes any quantity."""
KNOWN_LOSS = "potential that similar stores realise"


def explained(run: Run, audited: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of a published audit with their texts; lazy, so that only rows which are asked for are explained."""
    return explain(audited, facts_of_run(run))


def explain(audited: pl.LazyFrame, facts: ExplanationFacts) -> pl.LazyFrame:
    """The rows with `gap_justification`, `scaling_explanation`, `no_conflict_reason` and `full_explanation`.

    audited: the columns of the audit. No text is null or empty. Units have one decimal, affinity two.
    """
    return audited.with_columns(
        gap_justification=_gap(facts),
        scaling_explanation=_scaling(facts),
        no_conflict_reason=_conflicts(facts),
    ).with_columns(full_explanation=_full(facts))


def _gap(facts: ExplanationFacts) -> pl.Expr:
    gap = pl.col("performance_gap")
    compared = pl.format(
        "Store sells {} {} units than cluster P75 benchmark (gap ratio: {}%). "
        "Store ranks at P{} among {} cluster peers.",
        _units(gap.abs()),
        pl.when(gap < 0).then(pl.lit("more")).otherwise(pl.lit("fewer")),
        _decimals(pl.col("gap_ratio") * PERCENT, 1),
        round_half_up(pl.col("peer_percentile"), 0).cast(pl.Int64),
        "peer_n",
    )
    lag = ""
    if facts.style == "extended":
        lag = f" It is below the level reached by the top quarter of peers: {KNOWN_LOSS}."
    approved = " Scaling is justified because Step 11 validated this as a growth candidate."
    is_scaled = pl.col("recommended_adjustment_quantity") > 0
    justified = compared + pl.when(is_scaled).then(pl.lit(lag + approved)).otherwise(pl.lit(""))
    return pl.coalesce(justified, pl.format("No benchmark: {}.", _without_benchmark(facts)))


def _scaling(facts: ExplanationFacts) -> pl.Expr:
    scaled = pl.format(
        "Gap: {} units ({}% below P75) | Base scaling: {} | Affinity modifier: {}x | Cap applied: {}",
        _units(pl.col("performance_gap")),
        _decimals(pl.col("gap_ratio") * PERCENT, 1),
        _units(pl.col("base_scaling")),
        _decimals(pl.col("affinity_modifier"), 2),
        pl.coalesce(_cap(facts), pl.lit("none")),
    )
    return pl.coalesce(pl.when(_is_scaled()).then(scaled), pl.format("Not scaled: {}", _reason(facts)))


def _cap(facts: ExplanationFacts) -> pl.Expr:
    """The binding cap with what made it; null without one."""
    of_what = {
        v.CAP_CURRENT: (facts.current_share, "current", "current_spu_count", "cap_current"),
        v.CAP_MEDIAN: (facts.median_share, "median", "cluster_median", "cap_median"),
    }
    applied = pl.col("cap_applied").cast(pl.String)
    texts = [
        pl.when(applied == cap).then(
            pl.format(f"{cap} ({_share(share)} of {name} {{}} = {{}})", _units(pl.col(base)), _units(pl.col(limit)))
        )
        for cap, (share, name, base, limit) in of_what.items()
    ]
    absolute = pl.format(f"{v.CAP_ABSOLUTE} ({{}} units)", _units(pl.col("cap_absolute")))
    return pl.coalesce(*texts, pl.when(applied == v.CAP_ABSOLUTE).then(absolute))


def _conflicts(facts: ExplanationFacts) -> pl.Expr:
    dampened = pl.lit(f"✓ Step 9 boost detected - {_share(1 - facts.step9_factor)} dampening applied")
    step9 = pl.when("step9_boosted").then(dampened).otherwise(pl.lit("✓ No Step 9 boost"))
    blocked = pl.lit("✗ Step 10 reduction - scaling blocked")
    step10 = pl.when(_is(v.BLOCKED_STEP10)).then(blocked).otherwise(pl.lit("✓ No Step 10 reduction"))
    return pl.format(
        "✓ Step 11 approved | {} | {}",
        step9 if facts.step9_supplied else pl.lit("Step 9 not supplied"),
        step10 if facts.step10_supplied else pl.lit("Step 10 not supplied"),
    )


def _full(facts: ExplanationFacts) -> pl.Expr:
    """Five lines, six in the extended style where a cap binds."""
    why = pl.format("WHY SCALED: Step 11 identified this as {}", _opportunity())
    first = pl.when(_is_scaled()).then(why).otherwise(pl.format("NOT SCALED: {}", _reason(facts)))
    tier = pl.coalesce(pl.col("scaling_tier").cast(pl.String), pl.lit("No Adjustment"))
    quantity = pl.format("+{} units ({})", _units(pl.col("recommended_adjustment_quantity")), tier)
    lines = [
        first,
        pl.format("\nBENCHMARK LAG: {}", _lag(facts)),
        pl.format("\nFACTORS: {}", _factors(facts)),
        pl.format("\nRECOMMENDATION: {}", quantity),
    ]
    if facts.style == "extended":
        lines.append(_cap_line(facts))
    return pl.concat_str([*lines, pl.format("\nNO CONFLICT: {}", pl.col("no_conflict_reason"))])


def _opportunity() -> pl.Expr:
    """`a High Confidence Growth opportunity`, in good English whatever the tier is called."""
    tier = pl.col("opportunity_tier")
    article = pl.when(tier.str.contains("(?i)^[aeiou]")).then(pl.lit("an")).otherwise(pl.lit("a"))
    noun = pl.when(tier.str.to_lowercase().str.ends_with("opportunity")).then(pl.lit(""))
    facts = pl.format("{} {}{}", article, tier, noun.otherwise(pl.lit(" opportunity")))
    return pl.coalesce(facts, pl.lit("a growth opportunity"))


def _lag(facts: ExplanationFacts) -> pl.Expr:
    gap = pl.col("performance_gap")
    side = pl.when(gap < 0).then(pl.lit("above")).otherwise(pl.lit("below"))
    known = pl.format(
        "Store sells {} units {} cluster P75 ({})", _units(gap.abs()), side, _units(pl.col("cluster_p75"))
    )
    return pl.coalesce(known, pl.format("No benchmark: {}", _without_benchmark(facts)))


def _factors(facts: ExplanationFacts) -> pl.Expr:
    base = pl.coalesce(_units(pl.col("base_scaling")), pl.lit("n/a"))
    text = pl.format(
        "base={}, affinity={}x, step9_dampen={}x",
        base,
        _decimals(pl.col("affinity_modifier"), 2),
        _decimals(pl.col("step9_dampener"), 1),
    )
    if facts.style == "seed":
        return text
    further = {"elasticity": "elasticity_dampener", "sell_through": "sell_through_boost"}
    return pl.concat_str(
        text,
        *(
            pl.when(pl.col(column) != 1)
            .then(pl.format(f", {name}={{}}x", _decimals(pl.col(column), 2)))
            .otherwise(pl.lit(""))
            for name, column in further.items()
        ),
    )


def _cap_line(facts: ExplanationFacts) -> pl.Expr:
    """The extended style's own line: what a cap took, or that the cap on current does not apply."""
    applied = pl.col("cap_applied").cast(pl.String)
    raw = _decimals(pl.col("raw_adjustment"), 2)
    of_what = (
        pl.when(applied == v.CAP_CURRENT)
        .then(pl.format(f" ({_share(facts.current_share)} x current {{}})", _units(pl.col("current_spu_count"))))
        .when(applied == v.CAP_MEDIAN)
        .then(pl.format(f" ({_share(facts.median_share)} x median {{}})", _units(pl.col("cluster_median"))))
        .otherwise(pl.lit(""))
    )
    limit = pl.min_horizontal("cap_current", "cap_median", "cap_absolute")
    capped = pl.format("\nCAP: raw {} -> {} by {}{}", raw, _units(limit), applied, of_what)
    not_stocked = pl.when(pl.col("cap_current").is_null()).then(pl.lit("; cap on current n/a (not carried)"))
    line = pl.concat_str(capped, not_stocked.otherwise(pl.lit("")))
    return pl.when(applied != v.NO_CAP).then(line).fill_null("")


def _reason(facts: ExplanationFacts) -> pl.Expr:
    """Why a candidate got nothing; null for the scaled."""
    applied, median = pl.col("cap_applied").cast(pl.String), pl.col("cluster_median")
    least = f"{facts.min_units:g} unit" + ("" if facts.min_units == 1 else "s")
    of_median = pl.format(
        f"{_share(facts.median_share)} of median {{}} = {{}} < {least}", _units(median), _units(pl.col("cap_median"))
    )
    of_current = pl.format(
        f"{_share(facts.current_share)} of current {{}} = {{}} < {least}",
        _units(pl.col("current_spu_count")),
        _units(pl.col("cap_current")),
    )
    gap = pl.format(
        f"gap {{}}% below {_share(facts.min_ratio)} threshold", _decimals(pl.col("gap_ratio") * PERCENT, 1)
    )
    above = pl.format("store already sells {} units more than cluster P75", _units(-pl.col("performance_gap")))
    small = pl.format(f"raw adjustment {{}} < {least}", _decimals(pl.col("raw_adjustment"), 2))
    return (
        pl.when(_is(v.BLOCKED_STEP10))
        .then(pl.lit("Step 10 reduction (blocked)"))
        .when(_is(v.NO_BENCHMARK))
        .then(_without_benchmark(facts))
        .when(_is(v.ABOVE_BENCHMARK))
        .then(above)
        .when(_is(v.BELOW_GAP))
        .then(gap)
        .when(_is(v.BELOW_MIN_QTY))
        .then(small)
        .when(_is(v.SUPPRESSED_BY_CAP) & (applied == v.CAP_CURRENT))
        .then(of_current)
        .when(_is(v.SUPPRESSED_BY_CAP) & (applied == v.CAP_MEDIAN))
        .then(of_median)
        .when(_is(v.SUPPRESSED_BY_CAP))
        .then(pl.format(f"{{}} units = absolute cap < {least}", _units(pl.col("cap_absolute"))))
    )


def _without_benchmark(facts: ExplanationFacts) -> pl.Expr:
    peers = pl.col("peer_n").fill_null(0)
    return (
        pl.when(pl.col("cluster_id").is_null())
        .then(pl.lit("the store belongs to no cluster"))
        .when(pl.col("store_sales").is_null() | pl.col("current_spu_count").is_null())
        .then(pl.lit("the store's own quantity is not known"))
        .when(pl.col("cluster_p75").is_null())
        .then(pl.format(f"{{}} cluster peers sell it, at least {facts.min_peers} are needed", peers))
        .otherwise(pl.lit("cluster P75 is 0"))
    )


def _is_scaled() -> pl.Expr:
    return _is(v.SCALED)


def _is(status: str) -> pl.Expr:
    return pl.col("status").cast(pl.String) == status


def _share(share: float) -> str:
    return f"{round(share * PERCENT, 2):g}%"


def _units(value: pl.Expr) -> pl.Expr:
    return _decimals(value, 1)


def _decimals(value: pl.Expr, decimals: int) -> pl.Expr:
    return round_half_up(value, decimals).cast(pl.Decimal(DIGITS, decimals)).cast(pl.String)
