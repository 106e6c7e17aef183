"""Shelves that sell in lots, in pauses or not at all any more, and stores nobody knows the place of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from bench.faults.catalog import FAULTS, KINDS
from bench.faults.chain import BUSY_DAYS, BUSY_SHELF, DARK_SHELF, Chain, simulated, small
from bench.faults.fault import changed, of, plain, since, write
from bench.faults.measure import PLAN
from engine.outputs.shelf import shapes
from engine.vocabulary import shelf as v
from tests.cases.night import night

if TYPE_CHECKING:
    from bench.faults.chain import Pair

HANDFUL = 5
PAUSE_DAYS = 14


def sells(chain: Chain, pair: Pair, units: list[float]) -> Chain:
    """The chain with one shelf that sells so many units on its last days; a day of 0 has no row."""
    sales = chain.tables[v.SALES].filter(~(of(pair) & since(chain, len(units) - 1)))
    days = pl.date_range(chain.day(len(units) - 1), chain.last_day, eager=True)
    price = chain.tables[v.PRICING].filter(of(pair))["price"].last()
    rows = pl.DataFrame({"date": days, "units_sold": units}).filter(pl.col("units_sold") > 0)
    more = rows.select(
        store_id=pl.lit(pair[0]),
        sku_id=pl.lit(pair[1]),
        date="date",
        units_sold="units_sold",
        revenue=pl.col("units_sold") * price,
        promo_flag=pl.lit(value=False),
    )
    return replace(chain, tables=changed(chain, **{v.SALES: pl.concat([sales, more])}))


def misplaced() -> Chain:
    """A full shelf sells a third for three weeks, while a busy one sells far more of its SKU and has little left."""
    chain = sells(small(dark=()), DARK_SHELF, [2.0, 1.0, 3.0] * (BUSY_DAYS // 3))
    late = since(chain, BUSY_DAYS - 1)
    days_left = (chain.last_day - pl.col("date")).dt.total_days()
    on_hand = (
        pl.when(late & of(DARK_SHELF))
        .then(150.0 + days_left)
        .when(late & of(BUSY_SHELF))
        .then(6.0)
        .otherwise(pl.col("quantity_on_hand"))
    )
    stock = chain.tables[v.INVENTORY].with_columns(quantity_on_hand=on_hand)
    return replace(chain, tables=changed(chain, **{v.INVENTORY: stock}))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(11, 19))
def test_healthy_lots_are_at_most_a_handful_of_cases(seed, tmp_path, capsys):
    """Two hundred shelves sell on 18% of the days, 6 at a time in the mean; a day without a sale is a row of 0."""
    rng = np.random.default_rng(seed)
    chain = small(n_stores=10, n_skus=20, dark=())
    sales = chain.tables[v.SALES]
    grid = chain.tables[v.INVENTORY].select("store_id", "sku_id", "date")
    lots = rng.geometric(1 / 6, grid.height) * (rng.random(grid.height) < 0.18)
    rows = grid.with_columns(
        units_sold=pl.Series(lots.astype(float)), revenue=pl.Series(2.0 * lots), promo_flag=pl.lit(value=False)
    )
    tables = {
        v.SALES: rows.select(sales.columns),
        v.INVENTORY: grid.with_columns(quantity_on_hand=pl.lit(400.0)),
        v.PRICING: chain.tables[v.PRICING].with_columns(price=pl.lit(2.0)),
    }
    folder = write(tmp_path / "in", changed(chain, **tables))
    assert night(capsys, folder, tmp_path / "out").open.height <= HANDFUL


@pytest.mark.slow
@pytest.mark.parametrize("pause", [PAUSE_DAYS])
def test_the_pause_of_a_shelf_that_sells_all_at_once_is_ordinary(pause, tmp_path, capsys):
    chain = small()
    days = [4.0 * pause if day % pause == 0 else 0.0 for day in range(6 * pause)]
    folder = write(tmp_path / "in", plain(sells(chain, ("S03", "5002"), days)))
    assert night(capsys, folder, tmp_path / "out").open.select(v.PAIR).rows() == [DARK_SHELF]


@pytest.mark.slow
@pytest.mark.parametrize("name", [fault.name for fault in KINDS["Places"]])
def test_nothing_is_shipped_to_a_place_nobody_knows(name, tmp_path, capsys):
    folder = FAULTS[name].deliver(misplaced(), tmp_path / "in")
    ran = night(capsys, folder, tmp_path / "out")
    assert not ran.only_case()["recommended_action"].startswith("Transfer")
    assert ran.frame(shapes.TRANSFERS).height == 0


def test_a_busy_neighbour_whose_place_is_known_is_sent_some(tmp_path, capsys):
    chain = misplaced()
    near = chain.tables[v.STORES].with_columns(latitude=46.0 + pl.int_range(pl.len()) / 100, longitude=9.0)
    folder = write(tmp_path / "in", changed(chain, **{v.STORES: near}))
    assert night(capsys, folder, tmp_path / "out").only_case()["recommended_action"].startswith("Transfer")


def test_a_sku_that_ended_everywhere_is_told_as_an_event(tmp_path, capsys):
    folder = FAULTS["sku_discontinued"].deliver(small(), tmp_path / "in")
    ran = night(capsys, folder, tmp_path / "out")
    assert "end_of_life" in ran.frame(shapes.EVENTS)["kind"].to_list()
    assert ran.answer["revenue_at_risk_open"] == pytest.approx(ran.only_case()["revenue_at_risk"], abs=0.005)


@pytest.mark.slow
def test_a_best_seller_that_ended_everywhere_hides_few_other_shelves(tmp_path, capsys):
    chain = simulated(PLAN)
    usual = night(capsys, write(tmp_path / "usual", plain(chain)), tmp_path / "usual_out")
    ended = night(capsys, FAULTS["sku_discontinued"].deliver(chain, tmp_path / "in"), tmp_path / "out")
    others = usual.open.filter(pl.col("sku_id") != chain.sku)
    assert others.join(ended.open, on=v.PAIR, how="semi").height >= 0.85 * others.height


@pytest.mark.slow
@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param((("A", "1_2"), ("A_1", "2")), id="underscores"),
        pytest.param((("A-1", "2"), ("A", "1-2")), id="hyphens"),
        pytest.param((("A", "B/C"), ("A/B", "C")), id="slashes"),
        pytest.param((("A", "1__2"), ("A_", "1_2")), id="double_underscores"),
    ],
)
def test_two_cases_have_two_ids_whatever_the_ids_hold(pairs, tmp_path, capsys):
    chain = small(dark=(("S02", "5003"), ("S05", "5005")))
    names = dict(zip((("S02", "5003"), ("S05", "5005")), pairs, strict=True))
    stores = {old[0]: new[0] for old, new in names.items()}
    skus = {old[1]: new[1] for old, new in names.items()}
    tables = {
        table: frame.with_columns(
            pl.col(name).replace(new)
            for name, new in (("store_id", stores), ("sku_id", skus))
            if name in frame.columns
        )
        for table, frame in chain.tables.items()
    }
    ran = night(capsys, write(tmp_path / "in", tables), tmp_path / "out")
    assert set(ran.open.select(v.PAIR).rows()) == set(pairs)
    assert ran.open["case_id"].n_unique() == 2
    for case_id in ran.open["case_id"]:
        assert ran.command("explain", case_id, "--out", ran.out).code == 0
