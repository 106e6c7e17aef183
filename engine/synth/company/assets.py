"""The assets and contacts of a generated company."""

from typing import Final

import numpy as np
import polars as pl

from engine.synth.company.customers import Customers
from engine.synth.company.plan import CompanyPlan

LIFE: Final = "12mo"
RENEWED: Final = 0.5
"""Share of the assets that are extended for another year when they run out."""
ACTIONS: Final = ("call", "visit", "mail")
CONTACTS_PER_CUSTOMER: Final = 4


def assets(transactions: pl.DataFrame, division: str, rng: np.random.Generator) -> pl.DataFrame:
    """What customers own: every line of a division is an asset for a year, known some days after it was bought.

    A renewed one has a second record with a later end, known when it was renewed.
    """
    bought = transactions.filter(pl.col("division") == division, pl.col("quantity") > 0)
    late = pl.Series("late", rng.integers(0, 15, bought.height))
    first = bought.with_columns(late).select(
        "customer_id",
        product="sku_id",
        quantity="quantity",
        purchase_date="order_date",
        expiration_date=pl.col("order_date").dt.offset_by(LIFE),
        known_at=pl.col("order_date") + pl.duration(days="late"),
    )
    end = transactions["order_date"].max()
    renewed = first.filter(rng.random(first.height) < RENEWED).with_columns(
        known_at=pl.col("expiration_date"), expiration_date=pl.col("expiration_date").dt.offset_by(LIFE)
    )
    records = pl.concat([first, renewed]).filter(pl.col("known_at") <= end)
    return records.sort("customer_id", "purchase_date", "product", "known_at", "quantity")


def contacts(plan: CompanyPlan, who: Customers, starts: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """Who was spoken to, when and of what; it moves nobody to buy."""
    n = plan.customers * CONTACTS_PER_CUSTOMER
    day = starts[rng.integers(starts.size, size=n)] + rng.integers(28, size=n)
    return pl.DataFrame(
        {
            "customer_id": pl.Series(who.ids).gather(rng.integers(plan.customers, size=n)),
            "division": pl.Series(plan.divisions).gather(rng.integers(len(plan.divisions), size=n)),
            "date": pl.Series(day).cast(pl.Date),
            "action": pl.Series(ACTIONS).gather(rng.integers(len(ACTIONS), size=n)),
        }
    ).sort("date", "customer_id", "division", "action")
