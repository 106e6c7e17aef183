"""Small deliveries in plain rows, and the same checked."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl

from engine.delivery.frames import frames_of
from engine.settings.whitespace.inputs import InputSettings
from engine.whitespace.check import Delivery, check

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, Any]
DAY = dt.date(2024, 1, 1)


def line(customer: str = "A", day: dt.date | int = 0, **others: Any) -> Row:
    """An order line. day: a date, or days after the first one."""
    date = day if isinstance(day, dt.date) else DAY + dt.timedelta(days=day)
    usual = {"division": "Tools", "sku_id": "S1", "quantity": 1.0, "revenue": 100.0, "gross_profit": 30.0}
    return {"customer_id": customer, "order_date": date, **usual, **others}


def daily(n_days: int = 400, customers: Sequence[str] = ("A", "B", "C"), **others: Any) -> list[Row]:
    """A line of every customer on every day."""
    return [line(customer, day, **others) for day in range(n_days) for customer in customers]


def delivered(transactions: list[Row], settings: InputSettings | None = None, **tables: list[Row]) -> Delivery:
    """The delivery of these rows. Customers are those of the orders where they are not given."""
    ids = sorted({str(row["customer_id"]) for row in transactions})
    rows = {"customers": [{"customer_id": one, "name": f"{one} & sons"} for one in ids], **tables}
    frames = {name: pl.DataFrame(each, infer_schema_length=None) for name, each in rows.items()}
    frames["transactions"] = pl.DataFrame(transactions, infer_schema_length=None)
    return check(frames_of(frames), settings or InputSettings())


def told(delivery: Delivery, words: str) -> str:
    """The one remark that has these words."""
    (found,) = [str(remark) for remark in delivery.remarks if words in str(remark)]
    return found
