"""What the actions of a night bring on planted causes: simulated against doing nothing, and how well losses are told.

Long episodes run up to the night, where there is something to undo. Whatever was planted counts, found or not.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from engine.synth.scorecard import CauseScore, score
from engine.vocabulary import shelf as v


def night(plan: ChainPlan) -> dict[str, Any]:
    """The figures of one chain: by planted cause what is brought, and the error of revenue at risk of named cases."""
    with TemporaryDirectory() as scratch:
        room = Path(scratch)
        write_chain(room / "chain", plan)
        run = desk.run(room / "chain", room / "out", CalibratedSettings())
        cases = pl.read_parquet(run.folder / shapes.CASES, glob=False)
        transfers = pl.read_parquet(run.folder / shapes.TRANSFERS, glob=False)
        truth = pl.read_parquet(room / "chain" / "truth.parquet", glob=False)
    card = score(truth, cases, transfers)
    return {
        "by_cause": {one.cause: _brought(one) for one in (*card.causes, card.total)},
        **_errors(truth, cases),
    }


def _brought(one: CauseScore) -> dict[str, float]:
    return {
        "undoing_brings": one.undoing_brings,
        "shelf_misses": one.shelf_misses,
        "actions_bring": one.actions_bring,
        "projected": one.projected_recovery,
    }


def _errors(truth: pl.DataFrame, cases: pl.DataFrame) -> dict[str, float]:
    """Median relative error of the revenue at risk of cases that overlap what was planted, and their total's."""
    touching = (
        cases.drop_nulls("primary_cause")
        .join(truth, on=v.PAIR, suffix="_planted")
        .filter(pl.col("detection_date") <= pl.col("last_date"), pl.col("last_dark_date") >= pl.col("first_date"))
    )
    at_risk, lost = (touching[name].to_numpy() for name in ("revenue_at_risk", "lost_revenue"))
    return {
        "median_error": float(np.nanmedian(np.abs(at_risk / lost - 1))),
        "total_ratio": float(np.nansum(at_risk) / lost.sum()),
    }
