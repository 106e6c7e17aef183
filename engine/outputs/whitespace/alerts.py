"""What of a whitespace run people can be alerted to. Grain: a check of a gate that is not PASS; a gap to call."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

import polars as pl

from engine.outputs.alertable import Alertable, found
from engine.outputs.read import raising_damage, table
from engine.outputs.whitespace import shapes
from engine.runs.registry import Run
from engine.vocabulary import whitespace as v

GATES: Final = (shapes.CHECKS, shapes.PREQUENTIAL_CHECKS, shapes.ABLATION_CHECKS, shapes.FORWARD_CHECKS)
MILD: Final = (v.PASS, v.WAIVED)
OF_GATES: Final = ((v.DIVISION, "check", "measure", "status"), ())
OF_CALLS: Final = ((*v.PAIR, "customer_name", "region", "rep", "segment"), ("value", "p_icp", "rank"))


def turned_gates(run: Run) -> pl.DataFrame | None:
    """The checks that warn or fail, the worst first; None where the run checked nothing.

    A check that turns from PASS to WARN, and one from WARN to FAIL, is a finding that was not there before.
    """
    checked = [name for name in GATES if run.holds(name)]
    if not checked:
        return None
    columns = (v.DIVISION, "check", "measure", "status", "note")
    with raising_damage(run):
        rows = pl.concat([table(run, name).select(pl.col(columns).cast(pl.String)) for name in checked])
        bad = rows.filter(~pl.col("status").is_in(MILD)).unique()
        severity = pl.col("status").replace_strict({status: n for n, status in enumerate(v.STATUSES)}, default=0)
        ranked = bad.sort(-severity, v.DIVISION, "check", "measure", "note", nulls_last=True)
        division = pl.when(pl.col(v.DIVISION) == "").then(pl.lit("all together")).otherwise(v.DIVISION)
        named = pl.concat_str("check", "measure", separator=" ", ignore_nulls=True)
        title = pl.format("{}, {}: {} {}", "status", division, named, pl.col("note").fill_null(""))
        return found(ranked, OF_GATES, title.str.strip_chars(), *OF_GATES[0]).unique("key", maintain_order=True)


def calls(run: Run) -> pl.DataFrame | None:
    """The gaps to call, the best first; None where the run did not rank."""
    name = shapes.ranking_file(dt.date.fromisoformat(run.as_of))
    if not run.holds(name):
        return None
    with raising_damage(run):
        rows = table(run, name).filter("is_selected").sort("rank")
        named = "customer_name" in rows.collect_schema().names()
        customer = pl.col(v.CUSTOMER).cast(pl.String)
        who = pl.coalesce("customer_name", customer) if named else customer
        title = pl.format("{} for {}", pl.col(v.DIVISION).cast(pl.String), who)
        return found(rows, OF_CALLS, title, *v.PAIR)


ALERTS: Final[Mapping[str, Alertable]] = {
    "gates": Alertable("check that is not PASS", "checks that are not PASS", *OF_GATES, turned_gates),
    "calls": Alertable("gap to call", "gaps to call", *OF_CALLS, calls, amount="value"),
}
