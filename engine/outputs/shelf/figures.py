"""Figures of a shelf night in numbers, one function a figure: what the report of a night and the dashboard show.

In: a published run. Out: small frames and facts. Money is summed in whole cents; unknown amounts are left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine.outputs.money import money
from engine.outputs.read import each_readable, raising_damage, summary, table
from engine.outputs.shelf import shapes
from engine.runs.registry import Registry, Run
from engine.vocabulary import shelf as v
from engine.vocabulary.common import DOLLARS

CENTS: Final = 100
HEADLINE: Final = (
    "cases_open",
    "cases_new",
    "revenue_at_risk_open",
    "projected_30d_loss_open",
    "recoverable_30d_open",
    "projected_recovery_open",
    "stores_with_open_cases",
    "mean_confidence_open",
    "expected_true_share",
)
"""The key figures of a night, in the order of reading."""
OF_COURSE: Final = ("cases_open", "revenue_at_risk_open", "projected_recovery_open")
OF_ONE_BASIS: Final = ("recoverable_30d", "projected_recovery")
SUMMED: Final = ("revenue_at_risk", "projected_30d_loss", *OF_ONE_BASIS)


@dataclass(frozen=True)
class Figure:
    """One key figure. value and before: None where unknown. before: of the previous night."""

    key: str
    value: float | None
    before: float | None = None


def previous(registry: Registry, run: Run) -> Run | None:
    """The last run of an earlier day on the same desk; None before the first."""
    earlier = [each for each in registry.runs(run.desk) if each.as_of < run.as_of]
    return earlier[-1] if earlier else None


def course(
    runs: Sequence[Run], run: Run, most: int, ask: Callable[[Run], Mapping[str, Any]] = summary
) -> pl.DataFrame:
    """Key figures of the last nights up to one, a row per as-of day: as_of, run_id, cases_open, at_risk, recovery.

    runs: in the order of the registry, the newest of a day last. ask: the key figures of a run. A damaged night is
    left out, with a warning of the log.
    """
    newest = {each.as_of: each for each in runs if each.as_of <= run.as_of} | {run.as_of: run}
    last = [each for _, each in sorted(newest.items())][-most:]
    rows = [
        (each.as_of, each.run_id, *(facts.get(name) for name in OF_COURSE))
        for each, facts in each_readable(last, ask)
    ]
    schema = {"as_of": pl.String, "run_id": pl.String, "cases_open": pl.Int64, "at_risk": pl.Float64}
    told = pl.DataFrame(rows, schema={**schema, "recovery": pl.Float64}, orient="row")
    return told.with_columns(pl.col("as_of").str.to_date())


def headline(run: Run, before: Run | None = None) -> list[Figure]:
    """The key figures of a night beside those of the one before."""
    now = _key_figures(run)
    then = _key_figures(before) if before else {}
    if before:
        old = open_cases(before).select("case_id").collect()
        now["cases_new"] = open_cases(run).select("case_id").collect().join(old, on="case_id", how="anti").height
    return [Figure(key, now.get(key), then.get(key)) for key in HEADLINE]


def open_cases(run: Run) -> pl.LazyFrame:
    """The open cases of a night."""
    return table(run, shapes.CASES).filter(pl.col("status") == v.OPEN)


def by(run: Run, column: str) -> pl.DataFrame:
    """Open cases and their revenue at risk by a column, descending. Columns: the column, cases, at_risk.

    A null of the column stays null: unknown, or no cause.
    """
    with raising_damage(run):
        found = open_cases(run).group_by(column).agg(cases=pl.len(), at_risk=money_sum("revenue_at_risk")).collect()
    return found.sort("at_risk", column, descending=[True, False], nulls_last=True)


def largest(run: Run, most: int) -> list[dict[str, Any]]:
    """The open cases with the most revenue at risk."""
    with raising_damage(run):
        ranked = open_cases(run).sort("revenue_at_risk", "case_id", descending=[True, False], nulls_last=True)
        return ranked.head(most).collect().to_dicts()


def money_sum(column: str) -> pl.Expr:
    """The sum of an amount, in whole cents: the order of rows changes no digit. Null where none of some is known."""
    cents = (pl.col(column) * CENTS).round().cast(pl.Int64)
    return pl.when((cents.count() > 0) | (pl.len() == 0)).then(cents.sum() / CENTS)


def recovery_sum(column: str) -> pl.Expr:
    """The sum of what cases bring; null where some are counted as margin and some as revenue."""
    return pl.when(pl.col("recovery_basis").n_unique() <= 1).then(money_sum(column))


def brought(facts: Mapping[str, Any], currency: str = DOLLARS) -> str:
    """What the actions of a night bring, in words; margin and revenue are told apart. facts: its `summary.json`."""
    margin, revenue = (facts.get(f"projected_recovery_{basis}_open") for basis in ("margin", "revenue"))
    if margin is not None and revenue is not None:
        return (
            f"{money(margin, currency)} of margin, and {money(revenue, currency)} of revenue where no cost is known"
        )
    basis = "" if margin is None and revenue is None else " of margin" if revenue is None else " of revenue"
    return f"{money(facts['projected_recovery_open'], currency)}{basis}"


def _sum_of(column: str) -> pl.Expr:
    return recovery_sum(column) if column in OF_ONE_BASIS else money_sum(column)


def _key_figures(run: Run) -> dict[str, float | None]:
    facts = summary(run)
    with raising_damage(run):
        cases = open_cases(run)
        known = cases.collect_schema().names()
        sums = [_sum_of(name).alias(f"{name}_open") for name in SUMMED if name in known]
        figures: dict[str, float | None] = (
            cases.select(*sums, worst=pl.col("q_value").max()).collect().row(0, named=True)
        )
    figures["cases_open"] = facts["cases_open"]
    figures["stores_with_open_cases"] = facts["stores_with_open_cases"]
    figures["mean_confidence_open"] = facts["mean_confidence_open"]
    worst = figures.pop("worst")
    # Where chance is misjudged nothing is promised.
    promised = worst is not None and facts.get("is_null_plausible") is True
    figures["expected_true_share"] = 1 - worst if promised and worst is not None else None
    if "is_null_plausible" not in facts:
        figures["recoverable_30d_open"] = None
    return figures
