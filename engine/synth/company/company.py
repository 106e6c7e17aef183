"""Company: the tables of a generated company, and the true probabilities behind them.

In: a plan. Out: transactions, customers, products, assets and contacts, and what a forecast can know at best.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from engine.arrays import Floats, Marks
from engine.errors import OutputError
from engine.synth.company.assets import assets, contacts
from engine.synth.company.customers import Customers, customers
from engine.synth.company.demand import ASSET_DIVISION, Driver, State, beginning, drivers, step
from engine.synth.company.leaks import leaking
from engine.synth.company.orders import catalog, lines
from engine.synth.company.plan import CompanyPlan

QUARTER_MONTHS: Final = 3
DRAWN_PAIRS: Final = 2_000_000
"""Futures are drawn for so many pairs together, give or take a draw."""


@dataclass(frozen=True)
class Company:
    """A generated company. tables: by name, as delivered.

    truth: grain customer, division, cutoff; `probability` that an order of the division falls into the months after
    the cutoff, given all that has happened until then, and whether one did (`bought`, null where the months are not
    all simulated). drivers: the planted causes; what, source and target division, strength (added to a log hazard).
    """

    tables: Mapping[str, pl.DataFrame]
    truth: pl.DataFrame
    drivers: pl.DataFrame


def simulate(plan: CompanyPlan) -> Company:
    """Draw a company in memory."""
    roots = np.random.SeedSequence(plan.seed).spawn(4)
    of_people, of_demand, of_goods, of_futures = (np.random.default_rng(root) for root in roots)
    who = customers(plan, of_people)
    causes = drivers(len(plan.divisions))
    starts = month_starts(plan)
    ordered, states = _history(plan, who, causes, of_demand)
    goods = catalog(plan, of_goods)
    transactions = lines(plan, who, goods, ordered, starts, of_goods)
    tables = {
        "transactions": transactions,
        "customers": who.table(of_people),
        "products": goods.table(plan),
        "assets": assets(transactions, plan.divisions[ASSET_DIVISION], of_goods),
        "contacts": contacts(plan, who, starts, of_people),
    }
    truth = _truth(plan, who, causes, (ordered, states), of_futures)
    return Company(leaking(tables, truth, plan), truth, _named(causes, plan))


def company(folder: Path, plan: CompanyPlan) -> Company:
    """Draw a company and write its tables, `truth.parquet` and `drivers.parquet` into a folder, made when missing.

    Raises OutputError when the folder cannot be written.
    """
    drawn = simulate(plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in {**drawn.tables, "truth": drawn.truth, "drivers": drawn.drivers}.items():
            table.write_parquet(folder / f"{name}.parquet")
    except OSError as error:
        raise OutputError(f"{folder}: the company cannot be written: {error}") from error
    return drawn


def month_starts(plan: CompanyPlan) -> np.ndarray:
    """The first days of the months of a company, datetime64[D]."""
    last = np.datetime64(plan.last_month, "M")
    months = np.arange(last - plan.months + 1, last + 1)
    return months.astype("datetime64[D]")


def _history(
    plan: CompanyPlan, who: Customers, causes: tuple[Driver, ...], rng: np.random.Generator
) -> tuple[Marks, list[State]]:
    """Which pairs ordered, (n_months, n_customers, n_divisions), and the state after every month."""
    state, ordered, states = beginning(who, rng), [], []
    for month in range(plan.months):
        state, orders = step(state, month, who, causes, rng)
        ordered.append(orders[0])
        states.append(state)
    return np.stack(ordered), states


def _truth(
    plan: CompanyPlan,
    who: Customers,
    causes: tuple[Driver, ...],
    history: tuple[Marks, list[State]],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """The true probabilities as of the last quarter ends."""
    ordered, states = history
    starts = month_starts(plan)
    ends = [
        at for at in range(plan.months) if (starts[at].astype("datetime64[M]").astype(int) + 1) % QUARTER_MONTHS == 0
    ]
    shape = (plan.customers, len(plan.divisions))
    frames = []
    for month in ends[-plan.truth_cutoffs :]:
        window = ordered[month + 1 : month + 1 + plan.horizon_months]
        is_whole = len(window) == plan.horizon_months
        day: dt.date = (starts[month].astype("datetime64[M]") + 1).astype("datetime64[D]").item() - dt.timedelta(
            days=1
        )
        frames.append(
            pl.DataFrame(
                {
                    "customer_id": np.repeat(np.array(who.ids), shape[1]),
                    "division": np.tile(np.array(plan.divisions), shape[0]),
                    "cutoff": [day] * (shape[0] * shape[1]),
                    "probability": _chances(plan, who, causes, states[month], month, rng).ravel(),
                    "bought": pl.Series(window.any(axis=0).ravel()) if is_whole else None,
                },
                schema_overrides={"bought": pl.Boolean},
            )
        )
    return pl.concat(frames).sort("division", "cutoff", "customer_id")


def _chances(
    plan: CompanyPlan,
    who: Customers,
    causes: tuple[Driver, ...],
    now: State,
    month: int,
    rng: np.random.Generator,
) -> Floats:
    """How many of the futures drawn from a state hold an order of a pair, (n_customers, n_divisions)."""
    hits = np.zeros(who.taste.shape)
    at_once = max(1, min(plan.truth_draws, DRAWN_PAIRS // who.taste.size))
    for first in range(0, plan.truth_draws, at_once):
        n_draws = min(at_once, plan.truth_draws - first)
        state = State(np.repeat(now.buys, n_draws, axis=0), np.repeat(now.last, n_draws, axis=0))
        buys = np.zeros(state.buys.shape, np.bool_)
        for ahead in range(1, plan.horizon_months + 1):
            state, orders = step(state, month + ahead, who, causes, rng)
            buys |= orders
        hits += buys.sum(axis=0)
    chances: Floats = hits / plan.truth_draws
    return chances


def _named(causes: tuple[Driver, ...], plan: CompanyPlan) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "what": [cause.what for cause in causes],
            "source": [plan.divisions[cause.source] for cause in causes],
            "target": [plan.divisions[cause.target] for cause in causes],
            "strength": [cause.strength for cause in causes],
        }
    )
