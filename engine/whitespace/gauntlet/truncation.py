"""Truncation: no feature changes when the future is deleted, or poisoned (G3).

The features of two cutoffs and the fitted state are computed again, from tables in which every row that happened or
became known later is gone, and from tables in which its numbers are a thousandfold and its customers are others'.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal

import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace import fingerprint
from engine.whitespace.artifact import Artifact
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.gauntlet.context import Context
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.shapes import Rebuild, Truncation
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, findings, found
from engine.whitespace.tables import Tables

NAME: Final = "truncation"
POISON: Final = 1000
"""By which the numbers of later rows are multiplied."""
LATER: Final = {
    v.TRANSACTIONS: ("order_date", "known_at"),
    v.ASSETS: ("purchase_date", "known_at"),
    v.CONTACTS: ("date",),
}
"""Tables of events, and the dates of which the later one says since when a row may be seen."""
NUMBERS: Final = {
    v.TRANSACTIONS: ("quantity", "revenue_cents", "gross_profit_cents"),
    v.ASSETS: ("quantity",),
    v.CONTACTS: (),
}


def truncation(context: Context) -> CheckResult:
    """Check that features and state are the same without, and with a false, future."""
    rebuilds = tuple(_rebuilds(context))
    rows = [
        (ALL, f"{feature} at {one.cutoff}", f"differs when the future is {one.tables}", one.rows_altered)
        for one in rebuilds
        for feature in one.features_differing
    ]
    content = Truncation(status=v.FAIL if rows else v.PASS, rebuilds=rebuilds)
    file = Artifact(named(NAME, ALL, context.cutoff, ".json"), content.model_dump(mode="json"))
    return found(NAME, findings(rows), f"{len(rebuilds)} rebuilds are equal", artifacts=(file,))


def truncated(tables: Tables, cutoff: dt.date) -> Tables:
    """The tables without any row that happened or became known after a day."""
    earlier = _with_events(tables, lambda name, table: table.filter(~_is_later(name, cutoff)))
    return replace(earlier, data_as_of=min(cutoff, tables.data_as_of))


def poisoned(tables: Tables, cutoff: dt.date) -> Tables:
    """The tables with every such row falsified: numbers a thousandfold, and each the customer of the row before."""
    return _with_events(tables, lambda name, table: _falsified(table, name, cutoff))


def _with_events(tables: Tables, altered: Callable[[str, pl.DataFrame], pl.DataFrame]) -> Tables:
    return replace(
        tables,
        transactions=altered(v.TRANSACTIONS, tables.transactions),
        assets=altered(v.ASSETS, tables.assets),
        contacts=altered(v.CONTACTS, tables.contacts),
    )


def later_rows(tables: Tables, cutoff: dt.date) -> int:
    """How many rows happened or became known after a day."""
    return sum(getattr(tables, name).filter(_is_later(name, cutoff)).height for name in LATER)


def _rebuilds(context: Context) -> Iterator[Rebuild]:
    for cutoff in (min(context.blocks.tuning), context.blocks.scoring):
        first = _columns(context.dataset.features.matrices[cutoff])
        for name, tables in _altered(context.tables, cutoff):
            again = _columns(context.build(tables, cutoff))
            yield _rebuild(context, cutoff, "matrix", name, (_hash(first), _hash(again)), _differing(first, again))
    last = max(context.blocks.tuning)
    for name, tables in _altered(context.tables, last):
        state = context.builders.fit(tables, last, context.settings.features)
        hashes = (context.state.hash(), state.hash())
        yield _rebuild(context, last, "state", name, hashes, () if len(set(hashes)) == 1 else ("fitted state",))


def _altered(tables: Tables, cutoff: dt.date) -> Iterator[tuple[Literal["truncated", "poisoned"], Tables]]:
    yield "truncated", truncated(tables, cutoff)
    yield "poisoned", poisoned(tables, cutoff)


def _rebuild(
    context: Context,
    cutoff: dt.date,
    what: Literal["matrix", "state"],
    tables: Literal["truncated", "poisoned"],
    hashes: tuple[str, str],
    differing: tuple[str, ...],
) -> Rebuild:
    return Rebuild(
        cutoff=cutoff,
        what=what,
        tables=tables,
        hash_first=hashes[0],
        hash_again=hashes[1],
        rows_altered=later_rows(context.tables, cutoff),
        features_differing=differing,
    )


def _columns(matrix: Matrix) -> tuple[fingerprint.Columns, ...]:
    """Of the features of customers, and of those of pairs."""
    return fingerprint.Columns.of(matrix.customers), fingerprint.Columns.of(matrix.pairs)


def _hash(parts: Sequence[fingerprint.Columns]) -> str:
    return fingerprint.of_json([part.together() for part in parts])


def _differing(first: Sequence[fingerprint.Columns], again: Sequence[fingerprint.Columns]) -> tuple[str, ...]:
    return tuple(name for ours, theirs in zip(first, again, strict=True) for name in ours.differing(theirs))


def _is_later(name: str, cutoff: dt.date) -> pl.Expr:
    return (pl.max_horizontal(LATER[name]) > cutoff).fill_null(value=False)


def _falsified(table: pl.DataFrame, name: str, cutoff: dt.date) -> pl.DataFrame:
    later = _is_later(name, cutoff)
    other = pl.col(v.CUSTOMER).shift(1, fill_value=pl.col(v.CUSTOMER).last())
    numbered = table.with_row_index("order")
    rows = numbered.filter(later).with_columns(other, *(pl.col(number) * POISON for number in NUMBERS[name]))
    return pl.concat([numbered.filter(~later), rows]).sort("order").drop("order")
