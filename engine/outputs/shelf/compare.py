"""What changed between two nights: cases that opened, cases that are gone, and the key figures of both."""

from dataclasses import dataclass

import polars as pl

from engine.outputs.compare import Change, key_figures
from engine.outputs.money import currency_of, money
from engine.outputs.read import raising_damage, table
from engine.outputs.shelf import shapes
from engine.outputs.shown import Grid
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

COLUMNS = ("case_id", "status", "revenue_at_risk", "primary_cause", "recommended_action")
HEADERS = ("case", "at risk", "cause", "action")


@dataclass(frozen=True)
class OpenCases:
    """The open cases of two nights: those of the new one alone, of the old one alone, and how many of both."""

    opened: pl.DataFrame
    gone: pl.DataFrame
    still_open: int


def open_cases(old: Run, new: Run) -> OpenCases:
    """What became of the open cases between two nights. Columns: `COLUMNS`. Raises DamagedRunError."""
    before, after = _open_cases(old), _open_cases(new)
    opened = after.join(before, on="case_id", how="anti")
    return OpenCases(opened, before.join(after, on="case_id", how="anti"), after.height - opened.height)


def compare(old: Run, new: Run) -> Change:
    """Compare the open cases and the key figures of two nights; cases by revenue at risk, descending."""
    cases = open_cases(old, new)
    sentence = f"{cases.still_open:,} cases are open in both."
    parts = (("opened", cases.opened, new), ("gone", cases.gone, old))
    lists = tuple(_listed(title, part, currency_of(run.manifest)) for title, part, run in parts)
    return Change(key_figures(old, new), sentence, lists)


def _open_cases(run: Run) -> pl.DataFrame:
    with raising_damage(run):
        return table(run, shapes.CASES).filter(pl.col("status") == v.OPEN).select(COLUMNS).collect()


def _listed(title: str, cases: pl.DataFrame, currency: str) -> Grid:
    ranked = cases.sort("revenue_at_risk", "case_id", descending=[True, False], nulls_last=True)
    rows = [
        (case, money(at_risk, currency), cause or "–", action)
        for case, _, at_risk, cause, action in ranked.select(COLUMNS).iter_rows()
    ]
    return Grid(HEADERS, rows, numbers=("at risk",), title=title)
