"""A small company, drawn from a seed: returns, orders told late, renewed assets, contacts, and places."""

import datetime as dt

import numpy as np
import polars as pl

from engine.whitespace.tables import Tables

CUTOFF = dt.date(2020, 6, 30)
TRAINED = dt.date(2019, 12, 31)
CUSTOMERS = pl.Enum([f"C{number:02}" for number in range(12)])
DIVISIONS = pl.Enum(["Alpha", "Beta / Co", "Gamma"])
SKUS = pl.Enum([f"S{number:02}" for number in range(12)])
BEGIN = dt.date(2017, 9, 1)
DAYS = 1200


def _days(draws: np.ndarray) -> list[dt.date]:
    return [BEGIN + dt.timedelta(int(day)) for day in draws]


def company(seed: int = 0, lines: int = 400) -> Tables:
    """The tables of one company, whose last orders lie after the cutoff. One customer has none."""
    random = np.random.default_rng(seed)
    customer, sku = random.integers(0, 11, lines), random.integers(0, 12, lines)
    day, late = random.integers(0, DAYS, lines), random.choice([0, 0, 0, 5, 40], lines)
    units = random.integers(1, 20, lines)
    profit = np.where(random.random(lines) < 0.1, -1, 1) * random.integers(100, 90_000, lines)
    transactions = pl.DataFrame(
        {
            "customer_id": pl.Series(CUSTOMERS.categories.gather(customer)).cast(CUSTOMERS),
            "order_date": _days(day),
            "division": pl.Series(DIVISIONS.categories.gather(sku // 4)).cast(DIVISIONS),
            "sku_id": pl.Series(SKUS.categories.gather(sku)).cast(SKUS),
            "known_at": _days(day + late),
            "quantity": np.sign(profit) * units,
            "revenue_cents": profit * 3,
            "gross_profit_cents": profit,
            "order_id": [None] * lines,
            "rep": random.choice(["Ann", "Bob", "Cyd"], lines),
            "branch": random.choice(["North", "South"], lines),
        },
        schema_overrides={"order_id": pl.String},
    )
    return Tables(
        transactions, _customers(random), _products(), _assets(random), _contacts(random), BEGIN + dt.timedelta(DAYS)
    )


def _customers(random: np.random.Generator) -> pl.DataFrame:
    count = len(CUSTOMERS.categories)
    latitude = np.where(np.arange(count) == 3, np.nan, 41 + random.random(count))
    return pl.DataFrame(
        {
            "customer_id": pl.Series(CUSTOMERS.categories).cast(CUSTOMERS),
            "name": [f"Name {number}" for number in range(count)],
            "industry": random.choice(["Food", "Tools"], count),
            "industry_sub": random.choice(["Bakery", "Grocer", "Hand tools"], count),
            "region": random.choice(["East", "West"], count),
            "city": random.choice(["Ames", "Boone", "Clive"], count),
            "size": ["small", None] * (count // 2),
            "rep": ["Ann"] * count,
            "latitude": pl.Series(latitude, nan_to_null=True),
            "longitude": -93 + random.random(count),
            "open_deal": [False] * count,
            "do_not_call": [False] * count,
        }
    )


def _products() -> pl.DataFrame:
    places = range(len(SKUS.categories))
    return pl.DataFrame(
        {
            "sku_id": pl.Series(SKUS.categories).cast(SKUS),
            "division": [DIVISIONS.categories[place // 4] for place in places],
            "category": [f"K{place % 3}" if place else None for place in places],
            "family": [f"F{place % 2}" for place in places],
        }
    )


def _assets(random: np.random.Generator) -> pl.DataFrame:
    count = 40
    bought = random.integers(0, DAYS, count)
    return pl.DataFrame(
        {
            "customer_id": pl.Series(CUSTOMERS.categories.gather(random.integers(0, 12, count))).cast(CUSTOMERS),
            "product": random.choice(["S01", "S05", "S09", "Other"], count),
            "quantity": random.integers(1, 5, count),
            "purchase_date": _days(bought),
            "expiration_date": _days(bought + random.choice([100, 400, 700], count)),
            "known_at": _days(bought + random.choice([0, 90], count)),
        }
    )


def _contacts(random: np.random.Generator) -> pl.DataFrame:
    count = 40
    about = random.integers(0, 4, count)
    names = [DIVISIONS.categories[int(place)] if place < 3 else None for place in about]
    return pl.DataFrame(
        {
            "customer_id": pl.Series(CUSTOMERS.categories.gather(random.integers(0, 12, count))).cast(CUSTOMERS),
            "division": pl.Series(names, dtype=pl.String).cast(DIVISIONS),
            "date": _days(random.integers(0, DAYS, count)),
            "action": ["call"] * count,
        }
    )
