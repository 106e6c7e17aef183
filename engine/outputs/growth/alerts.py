"""What of a scaling people can be alerted to. Grain: a check of the boundary that fails; a candidate that grows."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from engine.outputs.alertable import Alertable, found
from engine.outputs.growth import shapes
from engine.outputs.growth.figures import QUANTITY
from engine.outputs.growth.read import STATEMENT, boundary_report
from engine.outputs.read import raising_damage, table
from engine.runs.registry import Run
from engine.vocabulary import growth as v

FAILS: Final = "FAIL"
OF_CHECKS: Final = ((STATEMENT, "name"), ("looked_at", "broken"))
OF_CANDIDATES: Final = ((*v.STORE_SPU, "store_name", "spu_name", "scaling_tier", "cap_applied"), (QUANTITY,))


def failing_checks(run: Run) -> pl.DataFrame:
    """The checks of the boundary that fail, most broken rows first."""
    failing = [check for check in boundary_report(run)["checks"] if check["verdict"] == FAILS]
    kinds = {"name": pl.String, STATEMENT: pl.String, "looked_at": pl.Int64, "broken": pl.Int64}
    rows = pl.DataFrame([{name: check.get(name) for name in kinds} for check in failing], schema=kinds)
    ranked = rows.lazy().sort("broken", STATEMENT, descending=[True, False], nulls_last=True)
    title = pl.format("{}: {} of {} rows break it", STATEMENT, "broken", "looked_at")
    return found(ranked, OF_CHECKS, title, STATEMENT)


def growing(run: Run) -> pl.DataFrame:
    """The candidates that grow, the largest first."""
    with raising_damage(run):
        rows = table(run, shapes.AUDIT).filter(pl.col("status").cast(pl.String) == v.SCALED)
        ranked = rows.sort(QUANTITY, *v.STORE_SPU, descending=[True, False, False])
        store, spu = (
            pl.coalesce(pl.col(name), pl.col(code).cast(pl.String))
            for code, name in (("str_code", "store_name"), ("spu_code", "spu_name"))
        )
        return found(ranked, OF_CANDIDATES, pl.format("{} at {}: +{} units", spu, store, QUANTITY), *v.STORE_SPU)


ALERTS: Final[Mapping[str, Alertable]] = {
    "checks": Alertable("failing check", "failing checks", *OF_CHECKS, failing_checks),
    "candidates": Alertable("candidate that grows", "candidates that grow", *OF_CANDIDATES, growing),
}
