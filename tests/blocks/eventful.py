"""A simulated chain to which everything happens that is no dark shelf, what a night learns of it, and its blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.memory import Memory
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf.calibrated import Calibrated, Recalibration
from engine.shelf.check import check
from engine.shelf.desk import panel_plan
from engine.shelf.panel import panel
from engine.synth.chain import ChainPlan, write_chain

if TYPE_CHECKING:
    from pathlib import Path

    from engine.shelf.calibrated.expect import Demand
    from engine.shelf.calibrated.method import Learnt
    from engine.shelf.panel import Panel

LAST_DATE = date(2026, 3, 31)
PLAN = ChainPlan(
    stores=40,
    skus=24,
    seed=5,
    last_date=LAST_DATE,
    extra_episodes=0.05,
    median_daily_units=4.0,
    further_causes=True,
    half_traffic_stores=2,
    fading_skus=2,
)
HOLIDAY = 52
"""The first of five days, of the panel's, the last of which is 89."""
WEIGHED, RARE, NEW, BIGGER, ENDED, REGIONAL = 11, 12, 13, 14, 15, 16
"""SKUs: sold by weight; in few stores; listed of late; in another pack; ended; dark in a whole region."""
_UNITS, _PRICE, _STOCK, _STORE, _SKU, _DAY = (
    pl.col(name) for name in ("units_sold", "price", "quantity_on_hand", "store_id", "sku_id", "day")
)


def write_eventful_chain(folder: Path) -> None:
    """Write its tables, a calendar of two days among them."""
    write_chain(folder, PLAN)
    sales, stock, prices = (_read(folder, name) for name in ("sales_transactions", "inventory_snapshot", "pricing"))
    is_bigger = (_SKU == BIGGER) & (_STORE > 20) & (_DAY >= 78)
    runs_out = (_STORE + _SKU) % 19 == 0
    left = (
        pl.when(_DAY.is_between(HOLIDAY, HOLIDAY + 4))
        .then(0.4)
        .when((_SKU == ENDED) & (_DAY >= 62))
        .then(0.0)
        .when((_SKU == REGIONAL) & (_STORE <= 10) & (_DAY >= 81))
        .then(0.0)
        .when((_STORE == 7) & (_DAY >= 74))
        .then(0.4)
        .when(runs_out & (_DAY >= 79))
        .then(0.0)
        .when(is_bigger)
        .then(1 / 6)
        .otherwise(1.0)
    )
    sold = (_UNITS * left).ceil()
    sales = sales.with_columns(pl.when(_SKU == WEIGHED).then(sold * 0.437).otherwise(sold), _revenue(sold))
    # One store's deliveries have stopped; one had a day on which nothing was reported.
    sales = sales.filter(~((_STORE == 9) & (_DAY >= 86)), ~((_STORE == 12) & (_DAY == 60)))
    stock = stock.with_columns(pl.when(runs_out & (_DAY >= 72)).then(2.0).otherwise(_STOCK).alias("quantity_on_hand"))
    prices = prices.with_columns(pl.when(is_bigger).then(_PRICE * 6).otherwise(_PRICE))
    for name, table in (("sales_transactions", sales), ("inventory_snapshot", stock), ("pricing", prices)):
        _listed(table).drop("day").write_parquet(folder / f"{name}.parquet")
    days = pl.DataFrame({"date": [_date(HOLIDAY), _date(74)], "kind": ["public holiday", "closed"]})
    told = days.with_columns(name=pl.Series(["Equinox", "New roof"]), store_id=pl.Series([None, 7], dtype=pl.Int64))
    told.write_parquet(folder / "events.parquet")


def _read(folder: Path, name: str) -> pl.DataFrame:
    day = (pl.col("date") - _date(0)).dt.total_days()
    return pl.read_parquet(folder / f"{name}.parquet").with_columns(day=day)


def _revenue(sold: pl.Expr) -> pl.Expr:
    return (pl.col("revenue") * (sold / _UNITS).fill_nan(0.0)).alias("revenue")


def _listed(table: pl.DataFrame) -> pl.DataFrame:
    """Without what came later: a rare SKU, a new one, and some store-SKUs listed of late."""
    is_late = (_STORE * 7 + _SKU) % 23 == 0
    return table.filter(
        (_SKU != RARE) | (_STORE % 9 == 0), (_SKU != NEW) | (_DAY >= 72), ~is_late | (_DAY >= 66) | (_SKU < 6)
    )


def _date(day: int) -> date:
    return LAST_DATE - timedelta(days=89 - day)


@dataclass(frozen=True)
class Eventful:
    """The chain with all that is expected of it."""

    settings: CalibratedSettings
    method: Calibrated
    panel: Panel
    learnt: Learnt

    def learnt_by(self, block: Panel) -> Learnt:
        """What a block of the chain knows of it: its own store-SKUs and SKUs, and what is of the whole chain."""
        demand, course = self.learnt.demand, self.learnt.course
        own = np.flatnonzero(self._is_of(block, self.panel.pairs))
        sku = np.flatnonzero(self._is_of(block, self.panel.skus))
        tables = ("sku_sold", "sku_expected", "price_totals", "price_counts")
        return replace(
            self.learnt,
            demand=self._demand_of(block, demand, own, sku),
            course=course._replace(**{name: getattr(course, name)[sku] for name in tables}),
            ended=self.learnt.ended[own],
        )

    def cases_of(self, block: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """The cases of a block, with the numbers of its own pairs."""
        number = (
            block.pairs.select("store_id", "sku_id").with_row_index("own").with_columns(pl.col("own").cast(pl.Int64))
        )
        own = cases.join(number, on=["store_id", "sku_id"], how="inner", maintain_order="left")
        return own.with_columns(pair="own").drop("own")

    @staticmethod
    def _is_of(block: Panel, table: pl.DataFrame) -> pl.Series:
        return table["sku_id"].is_in(block.skus["sku_id"].implode())

    def _demand_of(
        self, block: Panel, demand: Demand, own: np.ndarray[Any, Any], sku: np.ndarray[Any, Any]
    ) -> Demand:
        of_pairs = ("level", "exposure", "category", "offers", "usual_price", "usable", "clean", "is_weighed", "unit")
        of_pairs = (*of_pairs, "dispersion", "in_lots")
        return replace(
            demand,
            **{name: np.ascontiguousarray(getattr(demand, name)[own]) for name in of_pairs},
            borrowed=type(demand.borrowed)(*(table[own] for table in demand.borrowed)),
            occasions=replace(demand.occasions, group=demand.occasions.group[own]),
            sku_day=demand.sku_day[sku],
            unusual=demand.unusual.filter(self._is_of(block, demand.unusual)),
        )


def learn(folder: Path) -> Eventful:
    """Write the chain and learn what a night learns of it."""
    settings = CalibratedSettings()
    method = Calibrated(settings, Recalibration())
    write_eventful_chain(folder)
    whole, learnt = method.expect(panel(check(folder), panel_plan(settings), Memory()))
    return Eventful(settings, method, whole, learnt)
