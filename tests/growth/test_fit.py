"""The plan under stock, and the newsvendor quantity."""

from __future__ import annotations

import math
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from engine.growth import desk
from engine.growth.fit import fit
from engine.growth.newsvendor import newsvendor_quantity
from engine.outputs.growth import shapes
from engine.settings.growth.scaling import GrowthSettings, NewsvendorSettings
from tests.growth.golden import GOLDEN
from tests.growth.tables import Tables, among_peers, merged

TINY = 1e-6


def wanted(seed: int, stores: int = 12, spus: int = 3) -> pl.DataFrame:
    """Scaled rows of a seed: every store wants every SPU."""
    rng = Random(seed)
    rows = [
        (f"s{n:02}", f"p{p}", rng.uniform(1, 30), rng.uniform(0.1, 1), rng.choice([5.0, 20.0, None]))
        for n in range(stores)
        for p in range(spus)
    ]
    names = ["str_code", "spu_code", "recommended_adjustment_quantity", "gap_ratio", "unit_price"]
    return pl.DataFrame(rows, schema=names, orient="row", schema_overrides={"unit_price": pl.Float64})


def supply(units: float, spus: int = 3) -> pl.DataFrame:
    return pl.DataFrame({"spu_code": [f"p{p}" for p in range(spus)], "available_units": [units] * spus})


def filled(rows: list[tuple[float, float]], available: float) -> float:
    """The best gain of one SPU by hand: the units that gain most first. rows: gain a unit, units."""
    gain = 0.0
    for each, units in sorted(rows, reverse=True):
        taken = min(units, available)
        gain += each * taken
        available -= taken
    return gain


@settings(max_examples=20)
@given(seed=st.integers(0, 999), units=st.sampled_from([0.0, 5.0, 40.0, 120.0, 1000.0]))
def test_the_plan_keeps_to_step_12_and_to_stock_and_gains_the_most(seed, units):
    scaled = wanted(seed)
    plan = fit(scaled, supply(units), None, 1e-9)
    both = scaled.join(plan.rows, on=["str_code", "spu_code"])
    assert both.height == scaled.height
    assert (both["fitted_quantity"] <= both["recommended_adjustment_quantity"] + TINY).all()
    assert (both.group_by("spu_code").agg(pl.col("fitted_quantity").sum())["fitted_quantity"] <= units + TINY).all()
    by_hand = 0.0
    for spu in ("p0", "p1", "p2"):
        rows = scaled.filter(pl.col("spu_code") == spu).select(
            (pl.col("unit_price").fill_null(1.0) * pl.col("gap_ratio")).alias("gain"),
            "recommended_adjustment_quantity",
        )
        by_hand += filled(rows.rows(), units)
    assert plan.gain == pytest.approx(by_hand, rel=1e-6, abs=1e-6)


def test_the_price_of_a_shortage_is_what_one_more_unit_would_gain():
    scaled = wanted(5)
    plan = fit(scaled, supply(40.0), None, 1e-9)
    more = fit(scaled, supply(40.1), None, 1e-9)
    assert more.gain - plan.gain == pytest.approx(0.1 * plan.spus["price_per_unit"].sum(), rel=1e-6)
    assert (plan.spus["shortage_units"] > 0).all()
    assert (fit(scaled, supply(1e6), None, 1e-9).spus["price_per_unit"] == 0).all()


def test_budgets_limit_what_a_store_may_spend():
    scaled = wanted(7).with_columns(unit_price=pl.lit(10.0))
    budgets = pl.DataFrame({"str_code": ["s00", "s01"], "budget_amount": [50.0, 0.0]})
    plan = fit(scaled, supply(1e6), budgets, 1e-9)
    spent = dict(plan.rows.group_by("str_code").agg(pl.col("fitted_quantity").sum() * 10).iter_rows())
    assert spent["s00"] <= 50 + TINY
    assert spent["s01"] == 0
    assert spent["s02"] == pytest.approx(
        10 * scaled.filter(pl.col("str_code") == "s02")["recommended_adjustment_quantity"].sum()
    )


def test_less_than_the_minimum_is_not_moved():
    scaled = wanted(1, stores=1, spus=1)
    assert fit(scaled, supply(0.6, 1), None, 1.0).rows["fitted_quantity"].to_list() == [0.0]


def test_an_spu_without_a_row_of_supply_is_not_limited():
    scaled = wanted(2)
    plan = fit(scaled, supply(0.0, 1), None, 1.0)
    both = scaled.join(plan.rows, on=["str_code", "spu_code"])
    free = both.filter(pl.col("spu_code") != "p0")
    assert free["fitted_quantity"].to_list() == pytest.approx(free["recommended_adjustment_quantity"].to_list())


def test_the_order_of_rows_changes_no_unit():
    scaled = wanted(3)
    one, other = (
        fit(rows, supply(50.0), None, 1.0) for rows in (scaled, scaled.sample(fraction=1, shuffle=True, seed=1))
    )
    assert one.rows.equals(other.rows)
    assert one.spus.equals(other.spus)


@pytest.mark.slow
def test_supply_brings_a_plan_into_the_run(tmp_path):
    tables = merged(
        *(among_peers(GOLDEN[name].case, f"S{name}", "A1", n) for n, name in enumerate(("seed", "aggressive")))
    )
    supplied = Tables({**tables.rows, "supply": [{"spu_code": "A1", "available_units": 12.0}]})
    made = desk.run(supplied.write(tmp_path / "in"), tmp_path / "out", GrowthSettings(profile="reference"))
    rows = pl.read_parquet(made.folder / shapes.RECOMMENDATIONS)
    assert rows["fitted_quantity"].sum() == pytest.approx(12)
    assert rows["recommended_adjustment_quantity"].sum() == pytest.approx(37.5)
    assert rows["fitted_units"].to_list() == [math.floor(units + 1e-9) for units in rows["fitted_quantity"]]
    assert made.summary["fit_to_stock"]["shortage_units"] == pytest.approx(25.5)
    assert pl.read_parquet(made.folder / shapes.SUPPLY_PLAN)["available_units"].to_list() == [12.0]
    without = desk.run(tables.write(tmp_path / "without"), tmp_path / "out2", GrowthSettings(profile="reference"))
    assert without.summary["fit_to_stock"] is None
    assert pl.read_parquet(without.folder / shapes.RECOMMENDATIONS)["fitted_quantity"].null_count() == 2


def quantity_of(sold: float, held: float, mean: float, variance: float, quantity: float = 3.0) -> int | None:
    row = {"store_sales": sold, "current_spu_count": held, "peer_mean": mean, "peer_variance": variance}
    return newsvendor_quantity(
        pl.DataFrame({**row, "recommended_adjustment_quantity": quantity}), NewsvendorSettings()
    )[0]


@pytest.mark.parametrize(
    ("sold", "held", "mean", "variance"), [(3.0, 3.0, 8.0, 24.0), (20.0, 5.0, 8.0, 40.0), (0.0, 0.0, 4.0, 6.0)]
)
def test_the_newsvendor_quantity_orders_up_to_the_critical_quantile_of_demand(sold, held, mean, variance):
    """Demand by hand: a gamma prior of the cluster, the store's own sales, the least level that is sure enough."""
    shape, rate = mean**2 / (variance - mean) + sold, mean / (variance - mean) + 1
    level = next(k for k in range(1000) if nbinom.cdf(k, shape, rate / (rate + 1)) >= 0.5 / 0.8)
    assert quantity_of(sold, held, mean, variance) == max(0, math.ceil(level - held))


def test_the_newsvendor_quantity_is_silent_where_nothing_is_scaled_or_nothing_sells():
    assert quantity_of(3.0, 3.0, 8.0, 24.0, quantity=0.0) is None
    assert quantity_of(3.0, 3.0, 0.0, 0.0) is None


def test_peers_that_vary_no_more_than_chance_do_not_upset_it():
    assert quantity_of(1.0, 0.0, 8.0, 8.0) == quantity_of(1.0, 0.0, 8.0, 2.0) > 0


@pytest.mark.slow
def test_shrinkage_shows_its_effect(tmp_path):
    folder = merged(*(among_peers(g.case, f"S{n:02}", "A1", n) for n, g in enumerate(GOLDEN.values()))).write(
        tmp_path / "in"
    )
    off = desk.run(folder, tmp_path / "off", GrowthSettings())
    on = desk.run(folder, tmp_path / "on", GrowthSettings(benchmark={"shrinkage_peers": 10}))
    assert off.summary["shrinkage"] is None
    effect = on.summary["shrinkage"]
    assert effect["units_without"] == off.summary["units"]
    assert effect["units"] == on.summary["units"] != effect["units_without"]
    audit = pl.read_parquet(on.folder / shapes.AUDIT)
    raw = pl.read_parquet(off.folder / shapes.AUDIT)
    assert audit["cluster_p75_unshrunk"].equals(raw["cluster_p75"].alias("cluster_p75_unshrunk"))
