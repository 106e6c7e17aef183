"""Digest: what is new of a run for one subscription, in words.

In: a run, the run that was told last, a subscription. Out: `News`. New is what fits and did not fit the run before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from engine.decisions.alerts.subscriptions import Subscription
from engine.outputs.alertable import KEY, TITLE, Alertable
from engine.outputs.money import currency_of, money
from engine.runs.registry import Run

CENTS = 100
SHOWN = 5
"""Values named when one that was asked for is not there."""


@dataclass(frozen=True)
class News:
    """The findings of a run that fit a subscription. rows: the new ones. fitting: how many fit, new or not."""

    rows: pl.DataFrame
    fitting: int
    notes: tuple[str, ...]


def news(kind: Alertable, asked: Subscription, run: Run, before: Run | None) -> News | None:
    """What is new of a run for a subscription against the run told last; None where it has no such table."""
    rows = kind.find(run)
    if rows is None:
        return None
    fitting = rows.filter(_fits(asked))
    known = None if before is None else kind.find(before)
    fresh = fitting if known is None else fitting.join(known.filter(_fits(asked)), on=KEY, how="anti")
    return News(fresh, fitting.height, tuple(_absent(rows, asked)))


def _fits(asked: Subscription) -> pl.Expr:
    """Whether a finding is what is asked for; what is unknown is not."""
    wanted = [pl.col(column).is_in(list(values)) for column, values in asked.where.items()]
    enough = [pl.col(column) >= least for column, least in asked.at_least.items()]
    return pl.all_horizontal(pl.lit(value=True), *wanted, *enough).fill_null(value=False)


def _absent(rows: pl.DataFrame, asked: Subscription) -> Iterator[str]:
    """The values asked for that no finding has, with some there are: a wrong name would be quiet for ever."""
    for column, values in asked.where.items():
        there = rows[column].drop_nulls().unique().sort()
        for value in values:
            if value not in there:
                known = ", ".join(there.head(SHOWN)) or "none"
                yield f"no finding has {column} {value!r}; there are {known}"


def title_of(kind: Alertable, found: News, run: Run) -> str:
    """The subject of a message: how many are new, and what they come to."""
    count = found.rows.height
    return f"{count:,} new {kind.one if count == 1 else kind.many}{_sum(kind, found.rows, run)}, {run.as_of}"


def body_of(kind: Alertable, asked: Subscription, found: News, run: Run) -> str:
    """The text of a message: by part of the digest, the dearest part first, its first findings."""
    lines = [f"{found.rows.height:,} new of {found.fitting:,} {kind.many}{_sum(kind, found.rows, run)}.", ""]
    for name, rows in _parts(kind, asked, found.rows):
        indent = ""
        if asked.by:
            lines.append(f"{name}: {rows.height:,}{_sum(kind, rows, run)}")
            indent = "  "
        told = rows.head(asked.most)
        lines += [f"{indent}- {row[TITLE]}{_amount(kind, row, run)}" for row in told.iter_rows(named=True)]
        if rows.height > told.height:
            lines.append(f"{indent}- and {rows.height - told.height:,} more")
        lines.append("")
    lines.append(f"Run {run.run_id} of the {run.desk} desk. Subscription {asked.name}, for {asked.who}.")
    return "\n".join(lines)


def _parts(kind: Alertable, asked: Subscription, rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    if not asked.by:
        return [("", rows)]
    named = rows.with_columns(part=pl.col(asked.by).fill_null("unknown"))
    parts = [(str(name), part) for (name,), part in named.group_by("part", maintain_order=True)]
    return sorted(parts, key=lambda part: (-(_cents(kind, part[1]) or 0), -part[1].height, part[0]))


def _cents(kind: Alertable, rows: pl.DataFrame) -> int | None:
    """The sum of what the findings come to, in whole cents: no digit depends on their order. None of none known."""
    known = rows[kind.amount].drop_nulls() if kind.amount else pl.Series()
    return int((known * CENTS).round().cast(pl.Int64).sum()) if known.len() else None


def _sum(kind: Alertable, rows: pl.DataFrame, run: Run) -> str:
    cents = _cents(kind, rows)
    return "" if cents is None else f", {money(cents / CENTS, currency_of(run.manifest))}"


def _amount(kind: Alertable, row: dict[str, object], run: Run) -> str:
    amount = row.get(kind.amount)
    return f" ({money(amount, currency_of(run.manifest))})" if isinstance(amount, float) else ""
