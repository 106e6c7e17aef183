"""Follow: the sales of the half month after a run, read as the run read its own.

In: a folder of sales and a run. Out: store, SPU and units.
"""

import polars as pl

from engine.contracts.growth import growth_contracts
from engine.delivery.tables import Delivered, duplicates, open_tables, verify
from engine.errors import InputError, Problem
from engine.growth.check import UNDATED
from engine.growth.inputs import clean_sales, of_period
from engine.growth.periods import following
from engine.runs.registry import Run
from engine.settings.growth.scaling import GrowthSettings
from engine.vocabulary import growth as v


def following_sales(folder: Delivered, run: Run) -> pl.LazyFrame:
    """Store, SPU, `store_sales` of the next half month, with the run's own settings of the input.

    Raises InputError with every problem, also when the sales do not reach that far.
    """
    period = str(run.manifest["period"])
    sources, problems = open_tables(folder, growth_contracts((v.STORE_SPU_SALES,)), as_text=True)
    problems += verify(sources)[0]
    if period == UNDATED or (not problems and "period" not in sources[v.STORE_SPU_SALES].columns):
        what = f"the half month after {period} cannot be told"
        problems.append(Problem(v.STORE_SPU_SALES, what, "deliver sales with a column period, also to scale"))
    if problems:
        raise InputError(problems)
    rows = of_period(sources[v.STORE_SPU_SALES].usable(), following(period))
    settings = GrowthSettings.model_validate(run.manifest["settings"])
    repeated = None
    if settings.inputs.duplicate_sales == "refuse":
        repeated = duplicates(rows, v.STORE_SPU_SALES, v.STORE_SPU, "deliver one row a store and SPU")
    if repeated is not None:
        raise InputError([repeated])
    if rows.head(1).collect().is_empty():
        what = f"has no row of {following(period)}, the half month after the run"
        raise InputError([Problem(v.STORE_SPU_SALES, what, "deliver the sales of that half month")])
    return clean_sales(rows, settings.inputs).select(*v.STORE_SPU, pl.col("store_sales").fill_null(0.0))
