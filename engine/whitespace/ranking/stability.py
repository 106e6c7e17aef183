"""Stability: what changed since the list before, and why.

In: this ranking and an earlier one. Out: the overlap of the lists, and who entered and left, with the change of
priority and one reason each.
"""

from dataclasses import dataclass

import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.value import EXPECTED

SCHEMA = pl.Schema(
    {
        "customer_id": pl.String(),
        "division": pl.String(),
        "change": pl.String(),
        "reason": pl.String(),
        "priority_before": pl.Float64(),
        "priority_after": pl.Float64(),
        "priority_change": pl.Float64(),
    }
)
"""change: entered or left. reason: see `_reason`. Priorities are null where there was no such candidate."""
NEEDED = (*v.PAIR, "is_selected", "is_held_out", "excluded_because", "priority", "p_icp", EXPECTED, "cooldown_factor")


@dataclass(frozen=True)
class Stability:
    """overlap: Jaccard of the two lists, None without an earlier one. changes: `SCHEMA`, sorted."""

    overlap: float | None
    changes: pl.DataFrame


def stability(ranking: pl.DataFrame, previous: pl.DataFrame | None) -> Stability:
    """Hold a ranking against an earlier one; both of grain customer_id, division with the columns `NEEDED`."""
    if previous is None:
        return Stability(None, pl.DataFrame(schema=SCHEMA))
    after, before = (rows.select(pl.col(v.PAIR).cast(pl.String), *NEEDED[2:]) for rows in (ranking, previous))
    both = after.join(before, on=v.PAIR, how="full", coalesce=True, suffix="_before")
    now = pl.col("is_selected").fill_null(False)
    then = pl.col("is_selected_before").fill_null(False)
    kept, either = both.select((now & then).sum(), (now | then).sum().alias("either")).row(0)
    lowest = ranking.filter("is_selected")["priority"].min()
    changes = (
        both.filter(now != then)
        .with_columns(change=pl.when(now).then(pl.lit("entered")).otherwise(pl.lit("left")))
        .with_columns(
            reason=_reason(lowest),
            priority_before=pl.col("priority_before"),
            priority_after=pl.col("priority"),
            priority_change=pl.col("priority") - pl.col("priority_before"),
        )
        .select(list(SCHEMA))
        .sort("change", *v.PAIR)
    )
    return Stability(round(kept / either, 4) if either else None, changes.cast(SCHEMA))


def _reason(lowest: object) -> pl.Expr:
    """Why a candidate entered or left: the first of these that holds.

    entered: new_candidate, was_<excluded because>, was_held_out, cooldown_over, chance_rose, worth_rose, room.
    left: no_candidate, <excluded because>, held_out, cooldown, chance_fell, worth_fell, cap, crowded_out.
    """
    entered = pl.col("change") == "entered"
    rose = pl.col("priority") > pl.col("priority_before")
    fell = pl.col("priority") < pl.col("priority_before")
    factor, factor_before = pl.col("cooldown_factor"), pl.col("cooldown_factor_before")
    chance = (pl.col("p_icp") / pl.col("p_icp_before")).log().abs()
    worth = (pl.col(EXPECTED) / pl.col(f"{EXPECTED}_before")).log().abs()
    leads = (chance >= worth).fill_null(True)
    rules = [
        (entered & pl.col("priority_before").is_null(), pl.lit("new_candidate")),
        (entered & pl.col("excluded_because_before").is_not_null(), "was_" + pl.col("excluded_because_before")),
        (entered & pl.col("is_held_out_before"), pl.lit("was_held_out")),
        (entered & (factor > factor_before), pl.lit("cooldown_over")),
        (entered & rose & leads, pl.lit("chance_rose")),
        (entered & rose, pl.lit("worth_rose")),
        (entered, pl.lit("room")),
        (pl.col("priority").is_null(), pl.coalesce("excluded_because", pl.lit("no_candidate"))),
        (pl.col("excluded_because").is_not_null(), pl.col("excluded_because")),
        (pl.col("is_held_out"), pl.lit("held_out")),
        (factor < factor_before, pl.lit("cooldown")),
        (fell & leads, pl.lit("chance_fell")),
        (fell, pl.lit("worth_fell")),
        (pl.col("priority") >= pl.lit(lowest, pl.Float64), pl.lit("cap")),
    ]
    found = pl.coalesce([pl.when(rule).then(word) for rule, word in rules])
    return pl.coalesce(found, pl.lit("crowded_out"))
