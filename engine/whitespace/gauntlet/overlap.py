"""Overlap: no customer is on both sides of a fold, under one id or two, and no label reaches into validation (G4).

Two ids are one customer where their orders are the same. Ids of one name and place may be branches, or one customer
that was registered anew: they are told, and warn.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from engine.settings.whitespace.gauntlet import GauntletSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.shapes import OVERLAP
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, findings, reading, readings
from engine.whitespace.names import alike
from engine.whitespace.splits import Fold
from engine.whitespace.tables import Tables, as_of

NAME: Final = "fold_customer_overlap"
SAME_ID, SAME_ORDERS, LABEL_REACHES, SAME_NAME = (
    "customer on both sides",
    "same orders under another id on the other side",
    "training label ends too late",
    "same name and place under another id on the other side",
)


def overlap(
    rows: pl.DataFrame,
    folds: Sequence[Fold],
    tables: Tables,
    purge_days: int,
    settings: GauntletSettings,
    cutoff: dt.date,
) -> CheckResult:
    """Check every fold. rows: those that were split. purge_days: 0 where waived. cutoff: that of the run.

    No fold at all fails: nothing was validated then.
    """
    seen = as_of(tables, cutoff)
    twins = pl.concat([alike_orders(seen.transactions, settings.alike_orders_least), alike_names(seen.customers)])
    parts = [OVERLAP.to_frame()]
    for fold in folds:
        parts += [_shared(rows, fold), _straddling(rows, fold, twins), _late(rows, fold, purge_days)]
    table = pl.concat(parts).unique(maintain_order=True)
    wrong = table.filter(pl.col("what") != SAME_NAME)
    counted = table.group_by("what", "customer_id", "other_id", maintain_order=True).agg(
        pl.len(), pl.col("fold").first()
    )
    listed = findings(
        (ALL, f"fold {row['fold']}, customer {row['customer_id']}", _described(row), row["len"])
        for row in counted.iter_rows(named=True)
    )
    found = [
        _reading("shared customers", wrong.height, v.FAIL) if folds else reading(v.FAIL, "there is no fold"),
        _reading("customers of one name", table.height - wrong.height, v.WARN),
    ]
    files = (Artifact(named(NAME, ALL, cutoff, ".csv"), table),)
    return CheckResult(NAME, readings(found), listed, files, shared=True)


def alike_orders(transactions: pl.DataFrame, least: int) -> pl.DataFrame:
    """Pairs of ids whose order lines (day, SKU, quantity, money) are all the same, `least` or more of them.

    Result: customer_id, other_id (String, both ways), what.
    """
    facts = ("order_date", "sku_id", "quantity", "revenue_cents", "gross_profit_cents")
    lines = transactions.lazy().select(v.CUSTOMER, mark=pl.struct(facts).hash(seed=0))
    # A sum of hashes knows no order of lines; wrapping is harmless.
    sums = lines.group_by(v.CUSTOMER).agg(pl.len().alias("lines"), pl.col("mark").sum())
    counted = sums.filter(pl.col("lines") >= least).with_columns(pl.col(v.CUSTOMER).cast(pl.String)).collect()
    return _pairs(counted, ["lines", "mark"], SAME_ORDERS)


def alike_names(customers: pl.DataFrame) -> pl.DataFrame:
    """Pairs of ids with the same name and city, but for case and signs. As `alike_orders`."""
    known = customers.drop_nulls("name").with_columns(pl.col(v.CUSTOMER).cast(pl.String))
    plain = pl.Series("plain", [alike(name) for name in known["name"]], pl.String)
    return _pairs(known.with_columns(plain, place=pl.col("city").fill_null("")), ["plain", "place"], SAME_NAME)


def _pairs(rows: pl.DataFrame, same: list[str], what: str) -> pl.DataFrame:
    """Ids that share some columns, both ways."""
    ids = rows.select(v.CUSTOMER, *same).filter(pl.struct(same).is_duplicated())
    pairs = ids.join(ids, on=same).filter(pl.col(v.CUSTOMER) != pl.col(f"{v.CUSTOMER}_right"))
    listed = pairs.select(v.CUSTOMER, other_id=f"{v.CUSTOMER}_right", what=pl.lit(what))
    return listed.sort(v.CUSTOMER, "other_id")


def _sides(rows: pl.DataFrame, fold: Fold) -> Iterator[pl.DataFrame]:
    for side in (fold.train, fold.valid):
        yield rows.filter(pl.Series(side)).select(pl.col(v.CUSTOMER).cast(pl.String)).unique().sort(v.CUSTOMER)


def _shared(rows: pl.DataFrame, fold: Fold) -> pl.DataFrame:
    train, valid = _sides(rows, fold)
    both = valid.join(train, on=v.CUSTOMER, how="semi")
    return _listed(both.with_columns(other_id=pl.col(v.CUSTOMER)), fold, SAME_ID)


def _straddling(rows: pl.DataFrame, fold: Fold, twins: pl.DataFrame) -> pl.DataFrame:
    train, valid = _sides(rows, fold)
    pairs = twins.join(valid, on=v.CUSTOMER, how="semi").join(
        train, left_on="other_id", right_on=v.CUSTOMER, how="semi"
    )
    parts = [_listed(pairs.filter(pl.col("what") == what), fold, what) for what in (SAME_ORDERS, SAME_NAME)]
    return pl.concat(parts)


def _late(rows: pl.DataFrame, fold: Fold, purge_days: int) -> pl.DataFrame:
    """Training rows whose label does not end so many days before the cutoff that is validated."""
    bound = fold.cutoff - dt.timedelta(days=purge_days)
    late = np.flatnonzero(fold.train & (rows["window_end"] > bound).to_numpy())
    ids = rows[late].select(pl.col(v.CUSTOMER).cast(pl.String)).unique().sort(v.CUSTOMER)
    return _listed(ids.with_columns(other_id=pl.lit(None, pl.String)), fold, LABEL_REACHES)


def _listed(pairs: pl.DataFrame, fold: Fold, what: str) -> pl.DataFrame:
    return pairs.select(
        pl.lit(fold.name).alias("fold"), "customer_id", "other_id", cutoff=pl.lit(fold.cutoff), what=pl.lit(what)
    )


def _described(row: dict[str, object]) -> str:
    other = row["other_id"]
    return f"{row['what']}: {other}" if other not in {None, row["customer_id"]} else str(row["what"])


def _reading(measure: str, count: int, otherwise: str) -> dict[str, object]:
    status = otherwise if count else v.PASS
    return reading(status, f"{count:,} {measure} across folds", measure=measure, value=float(count), bound=0.0)
