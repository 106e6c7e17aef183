"""Scores of real customers as of one day, against what they bought in the half year after, beside four baselines.

    python -m bench.whitespace.iowa DIR [--cutoff 2020-06-30]   writes `bench/whitespace/iowa.json` and its page

The data are the wholesale liquor deliveries of the State of Iowa, 2017 to 2020; they are not shipped. Models are
tuned and calibrated on labels that end at the cutoff; the labels after it are read once, to score.
"""

import argparse
import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from bench.whitespace.page import write_page
from engine.resampling import Clusters
from engine.settings.whitespace.run import Sections
from engine.vocabulary import whitespace as v
from engine.whitespace.baselines import BASELINES, baselines
from engine.whitespace.bootstrap import Replicated, replicate
from engine.whitespace.check import check
from engine.whitespace.dataset import Dataset
from engine.whitespace.features.build import features, fit
from engine.whitespace.panel import Blocks, cutoffs_for, labels
from engine.whitespace.tables import Tables
from engine.whitespace.train import train
from engine.whitespace.trained import USABLE, Trained, of_division

FILE = Path(__file__).with_name("iowa.json")
REPLICATES = 1000
LEVEL = 0.95
MODEL = "p_icp"
FIGURES = ("auc", "average_precision", "lift@10", "cal_mae")


@dataclass(frozen=True)
class Scored:
    """The rows of the cutoff with the chances of the champions and the scores of every baseline."""

    rows: pl.DataFrame
    trained: Trained
    seconds: Mapping[str, float]


def score(tables: Tables, blocks: Blocks, settings: Sections) -> Scored:
    """Train on what was known at the scoring cutoff, and score its customers."""
    seconds, started = {}, time.perf_counter()

    def lap(name: str) -> None:
        nonlocal started
        seconds[name], started = round(time.perf_counter() - started, 1), time.perf_counter()

    rows = labels(tables, (*blocks.labelled, blocks.scoring), settings.labels)
    lap("labels")
    state = fit(tables, blocks.tuning[-1], settings.features)
    made = features(tables, (*blocks.labelled, blocks.scoring), state, settings.features)
    lap("features")
    known = Dataset(rows.filter(pl.col(v.CUTOFF) < blocks.scoring), made)
    trained = train(known, blocks, settings.modeling, settings.waivers, settings.features)
    lap("training")
    now = Dataset(rows.filter(USABLE, pl.col(v.CUTOFF) == blocks.scoring), made)
    chances = trained.predict(made, now.rows)
    lap("scoring")
    learned = known.where(USABLE & pl.col(v.CUTOFF).is_in(blocks.tuning))
    beside = baselines(tables, now.rows, learned, now, settings.labels, settings.modeling)
    lap("baselines")
    return Scored(beside.with_columns(chances["p_raw"], chances["p_icp"]), trained, seconds)


def measure(scored: Scored, settings: Sections) -> dict[str, Any]:
    """Figures with intervals, pooled and by division, as JSON takes them."""
    rows = scored.rows
    customers = Clusters(rows[v.CUSTOMER].cast(pl.String), REPLICATES, LEVEL)
    divisions = [_of_division(one, rows, scored.trained, settings) for one in scored.trained.divisions]
    return {
        "cutoff": str(scored.trained.cutoff),
        "rows": rows.height,
        "customers": rows[v.CUSTOMER].n_unique(),
        "positives": int(rows["label"].sum()),
        "seconds": dict(scored.seconds),
        "pooled": _figures(rows, customers, settings),
        "divisions": sorted(divisions, key=lambda one: -one["positives"]),
    }


def main() -> None:
    """Score, measure, and write both files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="the folder with transactions, customers and products")
    parser.add_argument("--cutoff", type=dt.date.fromisoformat, default=dt.date(2020, 6, 30))
    given, settings = parser.parse_args(), Sections()
    tables = check(given.data, settings.inputs).tables
    scored = score(tables, cutoffs_for(given.cutoff, settings.labels), settings)
    measured = measure(scored, settings)
    FILE.write_text(json.dumps(measured, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    write_page(measured)


def _of_division(name: str, rows: pl.DataFrame, trained: Trained, settings: Sections) -> dict[str, Any]:
    ours, one = of_division(rows, name), trained.divisions[name]
    measured = {
        "division": name,
        "rows": ours.height,
        "positives": int(ours["label"].sum()),
        "status": one.status,
        "champion": one.champion,
        "calibration": one.calibrator.method if one.calibrator else "none",
    }
    if ours["label"].n_unique() < 2:
        return measured
    return measured | _figures(ours, Clusters(ours[v.CUSTOMER].cast(pl.String), REPLICATES, LEVEL), settings)


def _figures(rows: pl.DataFrame, customers: Clusters, settings: Sections) -> dict[str, Any]:
    """Figures of the champions and of every baseline, and how far the champions are above the best of those."""
    chosen = settings.modeling
    found = {
        # A baseline is no chance: its calibration means nothing, but every figure of rank does.
        name: replicate(rows, name, customers, chosen.top_k_percents, chosen.calibration_bins)
        for name in (MODEL, *BASELINES)
    }
    best = max(BASELINES, key=lambda name: found[name].values["average_precision"])
    measured: dict[str, Any] = {"best_baseline": best, "prevalence": found[MODEL].values["prevalence"]}
    measured |= {
        name: {
            figure: one.estimate(figure, customers).as_list()
            for figure in FIGURES
            if name == MODEL or figure != "cal_mae"
        }
        for name, one in found.items()
    }
    measured["relative_cal_error"] = _quotient(found[MODEL], found[MODEL], "cal_mae", "prevalence", customers)
    measured["times_best"] = _quotient(found[MODEL], found[best], "average_precision", "average_precision", customers)
    return measured


def _quotient(part: Replicated, whole: Replicated, above: str, below: str, customers: Clusters) -> list[float | None]:
    """One figure relative to another, over the same draws, with its interval."""
    value = part.values[above] / whole.values[below]
    return customers.estimate(value, part.drawn[above] / whole.drawn[below]).as_list()


if __name__ == "__main__":
    main()
