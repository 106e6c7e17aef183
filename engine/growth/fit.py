"""Fit: the plan under the stock there is (specification of growth, section 9.5).

In: scaled candidates, available units, store budgets. Out: the units each gets, and what the shortage costs. Never
more than Step 12 gave, so every cap and block holds.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.linear_programme import Lines, best_amounts
from engine.vocabulary import growth as v
from engine.vocabulary.common import TIE_TOLERANCE


@dataclass(frozen=True)
class Fit:
    """A plan. rows: key, `fitted_quantity`. spus: per SPU wanted, available and granted units, and `price_per_unit`.

    price_per_unit: expected gain of one more unit, 0 where there is enough. gain, gain_wanted: of the plan, and of
    everything Step 12 gave.
    """

    rows: pl.DataFrame
    spus: pl.DataFrame
    gain: float
    gain_wanted: float


def fit(scaled: pl.DataFrame, supply: pl.DataFrame, budgets: pl.DataFrame | None, min_units: float) -> Fit:
    """Maximise the expected gain: a linear programme over the scaled rows (HiGHS).

    scaled: key, `recommended_adjustment_quantity`, `gap_ratio`, `unit_price` (null counts as 1). A unit gains its
    price times the gap ratio: where a store lags more, a unit is more likely to sell. supply: SPU,
    `available_units`; an SPU without a row is not limited. budgets: store, `budget_amount`; a store without a row is
    not limited. Less than `min_units` left of a quantity is not moved at all.
    """
    rows = scaled.sort(v.STORE_SPU).select(
        *v.STORE_SPU,
        wanted=pl.col("recommended_adjustment_quantity"),
        price=pl.col("unit_price").fill_null(1.0),
        gain=pl.col("unit_price").fill_null(1.0) * pl.col("gap_ratio"),
    )
    limits = supply.sort("spu_code")
    granted, shadow = _solve(rows, limits, budgets)
    rows = rows.with_columns(fitted=pl.Series(granted)).with_columns(
        fitted_quantity=pl.when(pl.col("fitted") >= min_units - TIE_TOLERANCE).then("fitted").otherwise(0.0)
    )
    asked = rows.group_by("spu_code").agg(
        wanted_units=_ordered_sum("wanted"), granted_units=_ordered_sum("fitted_quantity")
    )
    spus = limits.with_columns(price_per_unit=pl.Series(shadow)).join(asked, on="spu_code").sort("spu_code")
    gains = rows.select(plan=(pl.col("gain") * pl.col("fitted_quantity")), all=pl.col("gain") * pl.col("wanted"))
    return Fit(
        rows.select(*v.STORE_SPU, "fitted_quantity"),
        spus.with_columns(shortage_units=pl.col("wanted_units") - pl.col("granted_units")),
        float(np.sum(gains["plan"].to_numpy())),
        float(np.sum(gains["all"].to_numpy())),
    )


def _ordered_sum(name: str) -> pl.Expr:
    return pl.col(name).sort().implode().list.sum()


def _solve(rows: pl.DataFrame, limits: pl.DataFrame, budgets: pl.DataFrame | None) -> tuple[Floats, Floats]:
    """The units of every row, and the price of a unit of every limited SPU."""
    if rows.is_empty():
        return np.zeros(0), np.zeros(limits.height)
    lines = _lines(rows, limits, budgets)
    upper = rows["wanted"].to_numpy()
    if not lines.most.size:
        return upper, np.zeros(0)
    done = best_amounts(rows["gain"].to_numpy(), upper, lines)
    # The solver may leave a hair outside: Step 12's quantity stays the limit.
    return np.clip(done.amounts, 0.0, upper), np.round(done.prices[: limits.height], 9)


def _lines(rows: pl.DataFrame, limits: pl.DataFrame, budgets: pl.DataFrame | None) -> Lines:
    """One line per limited SPU, then one per store with a budget; amounts are the rows of the plan."""
    most = limits["available_units"].to_numpy()
    line, row = _entries(rows["spu_code"], limits["spu_code"])
    weight = np.ones(row.size)
    if budgets is not None:
        ordered = budgets.sort("str_code")
        of_store, paid = _entries(rows["str_code"], ordered["str_code"])
        line, row = np.concatenate([line, of_store + limits.height]), np.concatenate([row, paid])
        weight = np.concatenate([weight, rows["price"].to_numpy()[paid]])
        most = np.concatenate([most, ordered["budget_amount"].to_numpy()])
    return Lines(line, row, weight, np.full(most.size, -np.inf), most.astype(np.float64))


def _entries(keys: pl.Series, limited: pl.Series) -> tuple[Integers, Integers]:
    """Of every row whose key is limited the position of its key among those, and its own."""
    places = pl.DataFrame({"key": limited, "line": np.arange(len(limited))})
    found = pl.DataFrame({"key": keys, "row": np.arange(len(keys))}).join(places, on="key", maintain_order="left")
    return found["line"].to_numpy(), found["row"].to_numpy()
