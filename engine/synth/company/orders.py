"""The lines of the orders of a generated company: SKUs, quantities, money, returns."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers, Marks
from engine.synth.company.customers import Customers
from engine.synth.company.plan import CompanyPlan

MAX_LINES: Final = 3
MARGIN: Final = 0.28
RETURNED: Final = 0.03
"""Share of the lines of which half comes back within a month."""


@dataclass(frozen=True)
class Catalog:
    """The SKUs: their ids, prices in money and divisions, (n_skus,)."""

    ids: list[str]
    price: Floats
    division: Integers

    def table(self, plan: CompanyPlan) -> pl.DataFrame:
        """The products as they are delivered."""
        names = [plan.divisions[at] for at in self.division]
        return pl.DataFrame({"sku_id": self.ids, "division": names, "category": [f"{name} goods" for name in names]})


def catalog(plan: CompanyPlan, rng: np.random.Generator) -> Catalog:
    """Draw the SKUs of every division."""
    division = np.repeat(np.arange(len(plan.divisions)), plan.skus_per_division)
    # Numbers go through all divisions: two of them may begin with the same letters.
    ids = [f"{plan.divisions[at][:4].strip().upper()}-{number:03d}" for number, at in enumerate(division, 1)]
    return Catalog(ids, np.exp(rng.normal(5.5, 0.8, division.size)).astype(np.float64).round(2), division)


def lines(
    plan: CompanyPlan, who: Customers, goods: Catalog, ordered: Marks, starts: np.ndarray, rng: np.random.Generator
) -> pl.DataFrame:
    """The transactions. ordered: (n_months, n_customers, n_divisions). starts: first day of every month."""
    month, customer, division = np.nonzero(ordered)
    n_orders = month.size
    days = ((starts.astype("datetime64[M]") + 1).astype("datetime64[D]") - starts).astype(np.int64)
    day = starts[month] + rng.integers(days[month])
    n_lines = rng.integers(1, MAX_LINES + 1, size=n_orders)
    order = np.repeat(np.arange(n_orders), n_lines)
    sku = division[order] * plan.skus_per_division + rng.integers(plan.skus_per_division, size=order.size)
    quantity = 1.0 + rng.poisson(np.exp(0.6 * who.size_score[customer[order]]), order.size)
    revenue = np.round(quantity * goods.price[sku] * np.exp(rng.normal(0.0, 0.1, order.size)), 2)
    profit = np.maximum(np.round(revenue * np.clip(rng.normal(MARGIN, 0.06, order.size), 0.05, 0.6), 2), 0.01)
    sold = pl.DataFrame(
        {
            "customer_id": pl.Series(who.ids).gather(customer[order]),
            "order_date": pl.Series(day[order]).cast(pl.Date),
            "division": pl.Series(plan.divisions).gather(division[order]),
            "sku_id": pl.Series(goods.ids).gather(sku),
            "quantity": quantity,
            "revenue": revenue,
            "gross_profit": profit,
            "order_id": order + 1,
            "rep": who.rep[customer[order]] + 1,
        }
    ).with_columns(
        order_id="SO" + pl.col("order_id").cast(pl.String).str.zfill(7),
        rep="rep " + pl.col("rep").cast(pl.String),
    )
    end = starts[-1].astype("datetime64[M]") + 1
    return _with_returns(sold, end.astype("datetime64[D]"), rng)


def _with_returns(sold: pl.DataFrame, end: np.datetime64, rng: np.random.Generator) -> pl.DataFrame:
    """The lines, and half of some of them back again some days later: never more than was bought."""
    back = sold.with_columns(late=pl.Series(rng.integers(3, 30, sold.height)))
    back = back.filter(rng.random(sold.height) < RETURNED).with_columns(
        pl.col("order_date") + pl.duration(days="late"),
        *((-pl.col(name) / 2).round(2) for name in ("quantity", "revenue", "gross_profit")),
        order_id=pl.lit("R") + pl.col("order_id"),
    )
    back = back.drop("late").filter(pl.col("order_date") < pl.lit(end).cast(pl.Date))
    both = pl.concat([sold, back])
    return both.sort("order_date", "customer_id", "order_id", "sku_id", "quantity", "gross_profit")
