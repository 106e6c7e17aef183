"""Components: the four percentiles of a candidate, and the compatible score that weighs them.

In: candidates with chance, signals and expected money. Out: the same rows with percentiles, weights and score. What
a signal counts for shrinks with how rarely it is known: its coverage, taken from what is present, within a cell of
customers and drawn toward the division's where the cell is small.
"""

import polars as pl

from engine.settings.whitespace.ranking import BlendSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.signals import BACKFILL, BY_ASSETS, LIFT, SIMILARITY
from engine.whitespace.ranking.value import EXPECTED

PARTS = ("p_icp_pct", "lift_norm", "als_norm", "EV_norm")
WEIGHTS = ("weight_p_icp", "weight_lift", "weight_als", "weight_ev")
NEUTRAL = 0.5
"""What an unknown signal counts: the mean of a percentile, so that nobody gains or loses by it."""
BY_BOTH, BY_PURCHASES, BY_ASSETS_ALONE, BACKFILLED, ABSENT = "als_blend", "als", "als_assets", "item2vec", "none"
"""Where a similarity comes from; the first three are genuine."""
IS_SIMILAR = pl.any_horizontal(pl.col(SIMILARITY, BY_ASSETS).is_not_null())
"""Whether a genuine similarity is known."""
GRADES = ("A", "B", "C", "D")


def components(candidates: pl.DataFrame, settings: BlendSettings) -> pl.DataFrame:
    """The candidates with percentiles, coverage, weights and `score`, in their order.

    candidates: division, cutoff, p_icp, lift, similarity, similarity_by_assets, backfill, expected_gp_if_buys and
    what cells are made of.
    Percentiles are average ranks over (0, 1], within a division and cutoff, or a cutoff where they are pooled. An
    unknown signal has the neutral percentile. als_source says where a similarity comes from. score lies in (0, 1].
    """
    within = [v.CUTOFF] if settings.normalize == "pooled" else [v.CUTOFF, v.DIVISION]
    ranked = candidates.with_columns(
        p_icp_pct=_percentile(pl.col("p_icp")).over(within),
        lift_norm=_percentile(pl.col(LIFT)).over(within).fill_null(NEUTRAL),
        EV_norm=_percentile(pl.col(EXPECTED)).over(within),
    )
    return weighed(_similar(ranked, within, settings), settings)


def coverage_of(candidates: pl.DataFrame) -> pl.DataFrame:
    """Per division: rows, the shares whose lift and whose genuine similarity are known, and the mean weights.

    Grain: division, sorted.
    """
    return (
        candidates.group_by(pl.col(v.DIVISION).cast(pl.String))
        .agg(
            rows=pl.len(),
            lift_coverage=pl.col(LIFT).is_not_null().mean(),
            als_coverage=IS_SIMILAR.mean(),
            backfilled=(pl.col("als_source") == BACKFILLED).sum(),
            **{name: pl.col(name).sort().mean().round(6) for name in WEIGHTS},
        )
        .sort(v.DIVISION)
    )


def grades(name: str, column: str, settings: BlendSettings) -> pl.Expr:
    """A to D by the place of a percentile from the top. name: of the grade. column: a percentile, null stays null."""
    from_top = 1 - pl.col(column)
    best, good, fair = settings.grade_shares
    grade = pl.when(from_top < best).then(pl.lit("A")).when(from_top < good).then(pl.lit("B"))
    grade = grade.when(from_top < fair).then(pl.lit("C")).when(from_top.is_not_null()).then(pl.lit("D"))
    return grade.alias(name)


def _percentile(value: pl.Expr) -> pl.Expr:
    """The average rank among what is known, over (0, 1]."""
    return value.rank("average") / value.count()


def _similar(rows: pl.DataFrame, within: list[str], settings: BlendSettings) -> pl.DataFrame:
    """`als_norm` and `als_source`: percentiles by purchases and by assets, blended where both are known; where too
    few are known at all, stand-ins below every genuine one.
    """
    by_purchases, by_assets = settings.als_blend_weights
    is_bought, is_owned = pl.col(SIMILARITY).is_not_null(), pl.col(BY_ASSETS).is_not_null()
    bought, owned = (_percentile(pl.col(name)).over(within) for name in (SIMILARITY, BY_ASSETS))
    blend = (by_purchases * bought + by_assets * owned) / (by_purchases + by_assets)
    is_thin = (IS_SIMILAR.mean() < settings.coverage_threshold).over(within)
    sourced = rows.with_columns(
        genuine=pl.coalesce(blend, bought, owned),
        als_source=pl.when(is_bought & is_owned)
        .then(pl.lit(BY_BOTH))
        .when(is_bought)
        .then(pl.lit(BY_PURCHASES))
        .when(is_owned)
        .then(pl.lit(BY_ASSETS_ALONE))
        .when(is_thin & pl.col(BACKFILL).is_not_null())
        .then(pl.lit(BACKFILLED))
        .otherwise(pl.lit(ABSENT)),
    )
    is_backfilled = pl.col("als_source") == BACKFILLED
    stand_ins, genuine = is_backfilled.sum(), pl.col("genuine").count()
    above = stand_ins + pl.col("genuine") * genuine
    below = pl.when(is_backfilled).then(BACKFILL).rank("average")
    placed = pl.coalesce(above, below) / (stand_ins + genuine)
    return sourced.with_columns(als_norm=placed.over(within).fill_null(NEUTRAL)).drop("genuine")


def weighed(rows: pl.DataFrame, settings: BlendSettings) -> pl.DataFrame:
    """Rows with percentiles, with weights after coverage and `score`; what stood there is replaced."""
    columns = [name for name in settings.segment_columns if name in rows.columns]
    cell = [v.CUTOFF, v.DIVISION, *columns]
    factor = {
        LIFT: _factor(pl.col(LIFT).is_not_null(), cell, settings),
        SIMILARITY: _factor(IS_SIMILAR, cell, settings),
    }
    chance, lift, similarity, money = settings.weights
    shrunk = rows.with_columns(
        weight_p_icp=pl.lit(chance),
        weight_lift=lift * factor[LIFT],
        weight_als=similarity * factor[SIMILARITY],
        weight_ev=pl.lit(money),
    )
    total = pl.sum_horizontal(WEIGHTS)
    # Weights that are all 0 leave what the settings say, and equal ones where those are all 0, too.
    base = settings.weights if any(settings.weights) else (1.0, 1.0, 1.0, 1.0)
    fair = [pl.lit(weight / sum(base)) for weight in base]
    even = shrunk.with_columns(
        pl.when(total > 0).then(pl.col(name) / total).otherwise(instead).alias(name)
        for name, instead in zip(WEIGHTS, fair, strict=True)
    )
    terms = [pl.col(weight) * pl.col(part) for weight, part in zip(WEIGHTS, PARTS, strict=True)]
    return even.with_columns(score=terms[0] + terms[1] + terms[2] + terms[3])


def _factor(is_known: pl.Expr, cell: list[str], settings: BlendSettings) -> pl.Expr:
    """What is left of a signal's weight: 1 from the threshold of coverage on, less in proportion below.

    The coverage of a cell is drawn toward its division's by as many rows as a cell needs to stand for itself.
    """
    of_division = is_known.mean().over(v.CUTOFF, v.DIVISION)
    drawn = (is_known.sum().over(cell) + settings.segment_min_rows * of_division) / (
        pl.len().over(cell) + settings.segment_min_rows
    )
    return (drawn / settings.coverage_threshold).clip(upper_bound=1.0)
