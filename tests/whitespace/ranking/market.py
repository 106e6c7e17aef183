"""A market made by hand: customers, divisions, chances that come true, and what is known of the past."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from engine.decisions.whitespace.words import VERDICT_SCHEMA
from engine.whitespace.features.matrix import Features, Matrix
from engine.whitespace.features.registry import Feature
from engine.whitespace.linear import Preparation
from engine.whitespace.models import Linear
from engine.whitespace.months import add_months
from engine.whitespace.ranking.before import NOTHING
from engine.whitespace.ranking.learn import Learned, learn
from engine.whitespace.ranking.rank import Market
from engine.whitespace.tables import Tables
from engine.whitespace.trained import DivisionModel, Trained

if TYPE_CHECKING:
    from engine.settings.whitespace.ranking import RankingSettings

TODAY = dt.date(2020, 6, 30)
CUTOFFS = tuple(add_months(TODAY, -months) for months in (24, 21, 18, 15, 12, 6))
REGISTRY = (
    Feature("rfm__all__gp_sum__12m", "windows", "transactions", "all", "money", 365),
    Feature("rfm__all__recency_days__life", "recency", "transactions", "all", "days"),
    Feature("log_odds", "planted", "transactions", "div", "score", uses_target=True),
    Feature("mb_lift_max_lag60d", "basket", "transactions", "div", "ratio", 305, 60),
    Feature("als__div__owner_likeness__12m", "embeddings", "transactions", "div", "score", 365, is_embedding=True),
    Feature("ppmi__div__owner_likeness__12m", "embeddings", "transactions", "div", "score", 365, is_embedding=True),
)
SCORED_ON = ("log_odds", "rfm__all__gp_sum__12m")


@dataclass(frozen=True)
class Scene:
    """Everything that a ranking is given, before anything was learned."""

    labels: pl.DataFrame
    trained: Trained
    features: Features
    tables: Tables
    rows: pl.DataFrame

    def learned(self, settings: RankingSettings) -> Learned:
        return learn(self.labels, self.trained, self.features, self.tables, TODAY, settings)

    def market(self, **changes: object) -> Market:
        given = {
            "cutoff": TODAY,
            "tables": self.tables,
            "rows": self.rows,
            "features": self.features,
            "trained": self.trained,
            "verdicts": pl.DataFrame(schema=VERDICT_SCHEMA),
            "before": NOTHING,
            "currency": "$",
        }
        return Market(**{**given, **changes})


def scene(customers: int = 60, divisions: int = 4, seed: int = 1, known_signals: float = 0.8) -> Scene:
    """Customers whose size makes them buy more, and divisions of unlike prices."""
    chance = np.random.default_rng(seed)
    ids = pl.Enum([f"c{number:05}" for number in range(customers)])
    names = pl.Enum([f"division {number:02}" for number in range(divisions)])
    who = _customers(ids, chance)
    features = Features(
        REGISTRY, {day: _matrix(day, ids, names, who, known_signals, chance) for day in (*CUTOFFS, TODAY)}
    )
    price = np.exp(chance.normal(5, 1, divisions))
    parts = [_rows(day, features, ids, names, price, chance) for day in CUTOFFS]
    labels = pl.concat(parts).sort("division", "cutoff", "customer_id")
    today = _rows(TODAY, features, ids, names, price, chance)
    trained = _trained(names, labels, features)
    return Scene(labels, trained, features, _tables(who, ids, names, chance), today)


def _customers(ids: pl.Enum, chance: np.random.Generator) -> pl.DataFrame:
    n = len(ids.categories)
    return pl.DataFrame(
        {
            "customer_id": pl.Series(list(ids.categories), dtype=ids),
            "name": [f"Customer {number}" for number in range(n)],
            "industry": chance.choice(["bakery", "garage", "school"], n),
            "industry_sub": [None] * n,
            "region": chance.choice(["north", "south"], n),
            "city": ["town"] * n,
            "size": [None] * n,
            "rep": chance.choice(["ann", "bob", "cy"], n),
            "latitude": np.zeros(n),
            "longitude": np.zeros(n),
            "open_deal": np.zeros(n, np.bool_),
            "do_not_call": np.zeros(n, np.bool_),
            "gross_profit_12m": np.round(np.exp(chance.normal(7, 1, n)), 2),
        }
    )


def _matrix(
    day: dt.date,
    ids: pl.Enum,
    names: pl.Enum,
    who: pl.DataFrame,
    known_signals: float,
    chance: np.random.Generator,
) -> Matrix:
    n, d = len(ids.categories), len(names.categories)
    log_odds = chance.normal(-2, 1, n * d)
    signals = log_odds[:, None] + chance.normal(0, 1, (n * d, 3))
    signals[chance.random((n * d, 3)) > known_signals] = np.nan
    of_customers = who.select(
        "customer_id", rfm__all__gp_sum__12m="gross_profit_12m", rfm__all__recency_days__life=pl.lit(10.0)
    )
    pairs = pl.DataFrame(
        {
            "customer_id": pl.Series(np.repeat(list(ids.categories), d), dtype=ids),
            "division": pl.Series(np.tile(list(names.categories), n), dtype=names),
            "log_odds": log_odds,
            **{feature.name: signals[:, place] for place, feature in enumerate(REGISTRY[3:])},
        },
        nan_to_null=True,
    )
    return Matrix(day, of_customers, pairs, pl.DataFrame())


def _rows(
    day: dt.date, features: Features, ids: pl.Enum, names: pl.Enum, price: np.ndarray, chance: np.random.Generator
) -> pl.DataFrame:
    pairs = features.matrices[day].pairs.select("customer_id", "division").with_columns(cutoff=pl.lit(day))
    log_odds, size = features.of(pairs, SCORED_ON).astype(float).T
    bought = chance.random(pairs.height) < 1 / (1 + np.exp(-log_odds))
    worth = price[pairs["division"].to_physical().to_numpy()] * np.sqrt(size / 1000)
    spent = np.round(bought * worth * np.exp(chance.normal(0, 0.5, pairs.height)), 2)
    segments = np.where(pairs["customer_id"].to_physical().to_numpy() % 5 == 0, "cold", "warm")
    return pairs.with_columns(
        label=pl.Series(bought.astype(np.int8)),
        net_gp_window=pl.Series(spent),
        window_end=pl.lit(add_months(day, 6)),
        segment=pl.Series(segments),
        in_population=pl.lit(value=True),
    )


def _trained(names: pl.Enum, labels: pl.DataFrame, features: Features) -> Trained:
    zero, one = np.zeros(2), np.ones(2)
    preparation = Preparation(np.zeros(2, np.bool_), zero, zero, one, np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
    model = Linear(SCORED_ON, preparation, np.array([1.0, 0.0]), 0.0)
    divisions = {
        name: DivisionModel(name, "pooled", "", "model", "logreg", "pooled", {}, model, None, {})
        for name in names.categories
    }
    untold = Trained(TODAY, CUTOFFS[:-1], CUTOFFS[-1], divisions, pl.DataFrame(), pl.DataFrame(), {}, ())
    keys = ["customer_id", "division", "cutoff", "label", "net_gp_window"]
    chances = untold.predict(features, labels)
    rolled = labels.select(keys).with_columns(fold=pl.lit(0), p=chances["p_raw"])
    later = labels.select(keys).with_columns(chances.select("p_raw", "p_icp"))
    calibrating = pl.col("cutoff") == CUTOFFS[-1]
    return replace(untold, out_of_time=rolled.filter(~calibrating), calibration_rows=later.filter(calibrating))


def _tables(who: pl.DataFrame, ids: pl.Enum, names: pl.Enum, chance: np.random.Generator) -> Tables:
    """Every customer bought once of the first division, a year ago, as much as it is large."""
    cents = (who["gross_profit_12m"] * 100).round().cast(pl.Int64)
    owned = pl.Series([names.categories[0]] * who.height, dtype=names)
    sales = pl.DataFrame(
        {
            "customer_id": who["customer_id"],
            "division": owned,
            "order_date": [dt.date(2019, 7, 1)] * who.height,
            "known_at": [dt.date(2019, 7, 1)] * who.height,
            "quantity": chance.integers(1, 9, who.height),
            "gross_profit_cents": cents,
        }
    )
    contacts = pl.DataFrame(schema={"customer_id": ids, "division": names, "date": pl.Date, "action": pl.String})
    customers = who.drop("gross_profit_12m")
    return Tables(sales, customers, pl.DataFrame(), pl.DataFrame(), contacts, TODAY)
