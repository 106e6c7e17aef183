"""Two runs of every desk, one of which nobody knows by name, made once a session for every test that asks."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.decisions.whitespace.gaps import gap_id
from engine.outputs.desks import desk_named, entry
from engine.outputs.growth.desk import candidate_id
from engine.outputs.whitespace.shapes import ranking_file
from engine.runs.registry import Registry
from engine.synth.company.company import company
from engine.synth.company.plan import CompanyPlan
from engine.vocabulary import growth as v
from tests.growth.golden import golden_tables
from tests.once import once
from tests.planted.small import DARK_CASE, small_chain, write_parquet
from tests.toy.desk import write_toy

if TYPE_CHECKING:
    from pathlib import Path

    from engine.runs.registry import Run


def write_company(folder: Path) -> Path:
    company(folder, CompanyPlan(customers=60, truth_draws=2))
    return folder


INPUTS = {
    "shelf": (lambda folder: write_parquet(folder, small_chain()), DARK_CASE, ["episode.max_fdr=0.05"]),
    "growth": (lambda folder: golden_tables().write(folder), None, ["caps.min_units=2"]),
    "whitespace": (write_company, None, ["whitespace.gauntlet.permutations=99"]),
    "toy": (write_toy, "1", ["max_buying_share=0.06"]),
}
"""Per desk what writes its tables, a finding, and settings that make another run: those of whitespace are of the
examples of the documentation."""
SMALL = {
    "whitespace": [
        "whitespace.gauntlet.permutations=99",
        "whitespace.gauntlet.repro_customers=60",
        "whitespace.modeling.boosting.trees=20",
        "whitespace.modeling.own_boosting.trees=20",
        "whitespace.modeling.most_features=50",
        "whitespace.modeling.bootstrap_replicates=50",
        "whitespace.horizons.bootstrap_replicates=100",
    ],
}
"""Settings of the second run of a desk whose usual models take long: how right they are is not asked here."""
TIMES = {"whitespace": pytest.mark.slow}
"""Desks whose runs take more than a few seconds."""
EVERY = [pytest.param(name, marks=TIMES.get(name, ())) for name in INPUTS]
"""The desks as parameters of a fixture."""


@dataclass(frozen=True)
class Made:
    """Two runs of one desk: its name, its tables as Parquet, the output folder, and what it found first.

    The second run is by the usual settings, or those of `SMALL`. Nobody writes where the tables are.
    """

    desk: str
    place: Path
    out: Path
    runs: tuple[Run, Run]

    @property
    def finding(self) -> str:
        """The id of what the second run found first."""
        run, finding = self.runs[1], INPUTS[self.desk][1]
        if finding is not None:
            return finding
        if self.desk == "growth":
            return candidate_id(*pl.read_parquet(run.folder / "audit.parquet").select(v.STORE_SPU).row(0))
        ranking = pl.read_parquet(run.folder / ranking_file(dt.date.fromisoformat(run.as_of)))
        return gap_id(*ranking.select("customer_id", "division").row(0))


def two_runs(factory: pytest.TempPathFactory, name: str) -> Made:
    """Two runs of a desk in an output folder of the caller's own. The toy desk has to be installed."""
    shared = once(factory, f"two-runs-of-{name}", lambda folder: make(name, folder))
    out = factory.mktemp(name) / "out"
    shutil.copytree(shared / "out", out)
    ids = (shared / "runs.txt").read_text(encoding="utf-8").split()
    first, second = map(Registry(out).find, ids)
    return Made(name, shared / "in", out, (first, second))


def make(name: str, folder: Path) -> None:
    """Run a desk twice; `runs.txt` keeps the order."""
    write, _, further = INPUTS[name]
    place, desk = write(folder / "in"), desk_named(name)
    for file in place.glob("*.csv"):
        pl.read_csv(file).write_parquet(file.with_suffix(".parquet"))
        file.unlink()
    runs = (
        entry(desk.run)(place, folder / "out", desk.load(None, given), None).run
        for given in (further, SMALL.get(name, []))
    )
    (folder / "runs.txt").write_text("\n".join(run.run_id for run in runs), encoding="utf-8")
