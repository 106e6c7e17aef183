"""Ledger: what earlier runs already gave, so that nothing is scaled twice (specification of growth, I-29).

In: Step 9 and the published runs of the same half month. Out: the problem of increases that are this desk's own.
"""

from collections.abc import Iterable

import polars as pl

from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.growth.keys import PAIR, Codes
from engine.outputs.growth import shapes
from engine.outputs.read import each_readable, raising_damage, table
from engine.runs.registry import Run
from engine.vocabulary import growth as v
from engine.vocabulary.common import TIE_TOLERANCE


def fed_back(step9: pl.LazyFrame, codes: Codes, runs: Iterable[Run], period: str) -> list[Problem]:
    """A problem for every earlier run of the half month whose recommendations stand in Step 9 as increases.

    step9: pair as `codes` numbers it, `step9_units`; what is raised. An increase is fed back when it equals what the
    run recommended for the same store and SPU, and the run did not already know it from Step 9.
    """
    problems = []
    of_period = [run for run in runs if run.manifest.get("period") == period]
    for run, same in each_readable(of_period, lambda run: _same_increases(step9, codes, run)):
        if same.height:
            examples = tuple(
                f"str_code {store}, spu_code {spu}: {units:g} units"
                for store, spu, units in same.head(EXAMPLES).iter_rows()
            )
            problems.append(
                Problem(
                    v.STEP9,
                    f"increases of {period} are what run {run.run_id} recommended: they would be scaled twice",
                    "deliver what Step 9 decided, not what Step 12 recommended",
                    same.height,
                    int(step9.select(pl.len()).collect().item()),
                    examples,
                )
            )
    return problems


def _same_increases(step9: pl.LazyFrame, codes: Codes, run: Run) -> pl.DataFrame:
    with raising_damage(run):
        given = table(run, shapes.AUDIT).select(
            *v.STORE_SPU, "recommended_adjustment_quantity", "recommended_units", known_units="step9_units"
        )
        given = given.collect().lazy()
    units = pl.col("step9_units")
    is_given = pl.any_horizontal(
        (units - pl.col(name)).abs() <= TIE_TOLERANCE
        for name in ("recommended_adjustment_quantity", "recommended_units")
    )
    return (
        codes.keyed(given)
        .join(step9.filter(units > 0), on=PAIR)
        .filter(is_given, (units - pl.col("known_units")).abs() > TIE_TOLERANCE)
        .select(*v.STORE_SPU, "step9_units")
        .sort(v.STORE_SPU)
        .collect()
    )
