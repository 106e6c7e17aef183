import math

import polars as pl
import pytest

from engine.synth.chain import ChainPlan
from engine.vocabulary.shelf import (
    CAUSES,
    CONVERSION_DROP,
    MISALLOCATION,
    OVERSTOCK,
    PRICE_TOO_HIGH,
    PROMO_INEFFECTIVE,
)
from synth.conftest import Chain, read_chain

KEY = ["store_id", "sku_id", "date"]


def shelves(table: pl.DataFrame, sku_id: int, first_store: int, last_store: int) -> pl.DataFrame:
    return table.filter(pl.col("sku_id") == sku_id, pl.col("store_id").is_between(first_store, last_store))


def mean_of(table: pl.DataFrame, days: pl.Expr, column: str) -> float:
    return table.filter(days)[column].mean()


def ratio(chain: Chain, table: pl.DataFrame, column: str, first_day: int, last_day: int | None = None) -> float:
    """Mean of whole weeks from the first day over the mean of the four weeks before it."""
    last_day = last_day or first_day + 7 * ((chain.plan.days - first_day + 1) // 7) - 1
    before = chain.between(first_day - 28, first_day - 1)
    return mean_of(table, chain.between(first_day, last_day), column) / mean_of(table, before, column)


def test_the_five_scenarios_are_planted_in_their_stores(chain: Chain):
    fixed = chain.truth.filter(pl.col("sku_id") <= 5).group_by("cause", "sku_id").agg("store_id")
    stores = {cause: (sku_id, sorted(ids)) for cause, sku_id, ids in fixed.iter_rows()}
    assert stores == {
        PRICE_TOO_HIGH: (1, list(range(1, 11))),
        CONVERSION_DROP: (2, list(range(11, 16))),
        OVERSTOCK: (3, list(range(16, 24))),
        PROMO_INEFFECTIVE: (4, list(range(24, 31))),
        MISALLOCATION: (5, list(range(31, 36))),
    }


def test_price_rises_by_a_quarter_on_day_30_and_sales_fall_to_forty_percent(chain: Chain):
    prices = shelves(chain.pricing, 1, 1, 10)
    by_store = prices.group_by("store_id").agg(
        ratio=pl.col("price").filter(chain.between(30, 90)).mean()
        / pl.col("price").filter(chain.between(1, 29)).mean()
    )
    assert by_store["ratio"].is_between(1.249, 1.251).all()
    assert ratio(chain, shelves(chain.sales, 1, 1, 10), "units_sold", 30) == pytest.approx(0.40, abs=0.03)
    assert ratio(chain, shelves(chain.impressions, 1, 1, 10), "impression_count", 30) == pytest.approx(1, abs=0.04)


def test_conversion_halves_on_day_35_at_steady_impressions(chain: Chain):
    seen = ratio(chain, shelves(chain.impressions, 2, 11, 15), "impression_count", 35)
    sold = ratio(chain, shelves(chain.sales, 2, 11, 15), "units_sold", 35)
    assert seen == pytest.approx(1, abs=0.04)
    assert sold / seen == pytest.approx(0.50, abs=0.03)


def test_stock_stands_at_three_times_normal_while_velocity_falls(chain: Chain):
    on_hand = shelves(chain.inventory, 3, 16, 23)
    normal = mean_of(on_hand, chain.between(1, 24), "quantity_on_hand")
    assert mean_of(on_hand, chain.between(30, 90), "quantity_on_hand") / normal == pytest.approx(3, abs=0.3)
    sales = shelves(chain.sales, 3, 16, 23)
    weeks = [mean_of(sales, chain.between(day, day + 6), "units_sold") for day in range(23, 52, 7)]
    assert weeks == sorted(weeks, reverse=True)
    assert weeks[-1] < 0.45 * weeks[0]


def test_stock_is_there_before_velocity_falls(chain: Chain):
    on_hand = shelves(chain.inventory, 3, 16, 23)
    normal = mean_of(on_hand, chain.between(1, 24), "quantity_on_hand")
    assert mean_of(on_hand, chain.between(29, 29), "quantity_on_hand") > 2.5 * normal


def test_a_promotion_runs_and_sales_fall_instead_of_rise(chain: Chain):
    prices = shelves(chain.pricing, 4, 24, 30)
    assert prices.filter("promo_flag").select(pl.col("date").min() == chain.day(38)).item()
    assert prices.filter(chain.between(38, 58))["promo_flag"].all()
    assert not prices.filter(~chain.between(38, 58))["promo_flag"].any()
    assert ratio(chain, prices, "price", 38, 58) < 0.9
    assert ratio(chain, shelves(chain.sales, 4, 24, 30), "units_sold", 38, 58) == pytest.approx(0.45, abs=0.04)


def test_stores_sell_under_while_neighbours_within_fifty_kilometres_sell_well_over(chain: Chain):
    assert ratio(chain, shelves(chain.sales, 5, 31, 35), "units_sold", 38) == pytest.approx(0.45, abs=0.03)
    assert ratio(chain, shelves(chain.sales, 5, 36, 40), "units_sold", 29) > 1.6
    places = {row["store_id"]: row for row in chain.stores.iter_rows(named=True)}
    for dark in range(31, 36):
        for over in range(36, 41):
            assert distance_km(places[dark], places[over]) < 50


def distance_km(one: dict[str, float], other: dict[str, float]) -> float:
    north = math.radians(one["latitude"] - other["latitude"])
    east = math.radians(one["longitude"] - other["longitude"]) * math.cos(math.radians(one["latitude"]))
    return 6371 * math.hypot(north, east)


def test_the_same_skus_elsewhere_stay_as_they_were(chain: Chain):
    for sku_id in range(1, 6):
        sales = shelves(chain.sales, sku_id, 41, 60)
        assert ratio(chain, sales, "units_sold", 35) == pytest.approx(1, abs=0.05)
        assert (
            shelves(chain.pricing, sku_id, 41, 60).group_by("store_id").agg(pl.n_unique("price"))["price"].max() == 1
        )


def test_planted_shelves_are_in_stock_throughout_their_episode(tmp_path):
    busy = read_chain(ChainPlan(stores=45, skus=60, days=90, late_share=0.5, extra_episodes=0.2), tmp_path)
    stock = busy.truth.join(busy.inventory, on=["store_id", "sku_id"]).filter(
        pl.col("date").is_between("first_date", "last_date")
    )
    assert busy.truth.height > 400
    assert stock["quantity_on_hand"].min() > 0


def test_extra_episodes_are_planted_on_further_store_skus_of_every_cause(chain: Chain):
    extra = chain.truth.filter(pl.col("sku_id") > 5)
    assert set(extra["cause"]) == set(CAUSES)
    assert extra.height <= 0.02 * chain.summary.store_skus
    assert extra["first_date"].min() >= chain.plan.first_date.replace(day=30)
    lengths = extra.select((pl.col("last_date") - pl.col("first_date")).dt.total_days() + 1).to_series()
    assert lengths.is_between(14, 35).all()


def test_without_extra_episodes_only_the_scenarios_are_planted(tmp_path):
    plain = read_chain(ChainPlan(stores=41, skus=8, days=60, extra_episodes=0), tmp_path)
    assert plain.truth.height == 35
    assert plain.truth["sku_id"].max() == 5


def test_truth_has_one_row_a_store_sku_in_their_order(chain: Chain):
    pairs = chain.truth.select("store_id", "sku_id")
    assert pairs.is_duplicated().sum() == 0
    assert pairs.equals(pairs.sort("store_id", "sku_id"))


def test_truth_agrees_with_the_tables(chain: Chain):
    episodes = chain.truth.filter(pl.col("sku_id") <= 5)
    sold = (
        episodes.join(chain.sales, on=["store_id", "sku_id"])
        .filter(pl.col("date").is_between("first_date", "last_date"))
        .group_by("store_id", "sku_id")
        .agg(pl.sum("units_sold"), trading_days=pl.len())
    )
    told = episodes.join(sold, on=["store_id", "sku_id"])
    normal_units = told["normal_daily_units"] * told["trading_days"]
    assert ((normal_units - told["lost_units"]) / told["units_sold"]).is_between(0.85, 1.15).all()
    before = (
        episodes.join(chain.sales, on=["store_id", "sku_id"])
        .filter(pl.col("date") < pl.col("first_date").dt.offset_by("-5d"))
        .group_by("store_id", "sku_id")
        .agg(pl.mean("units_sold"))
    )
    level = episodes.join(before, on=["store_id", "sku_id"])
    assert (level["normal_daily_units"] / level["units_sold"]).is_between(0.85, 1.15).all()


def test_lost_revenue_is_lost_units_at_the_regular_price(chain: Chain):
    regular = (
        chain.pricing.join(chain.truth, on=["store_id", "sku_id"])
        .filter(pl.col("date") < pl.col("first_date"), ~pl.col("promo_flag"))
        .group_by("store_id", "sku_id")
        .agg(pl.median("price"))
    )
    told = chain.truth.join(regular, on=["store_id", "sku_id"])
    assert told.height == chain.truth.height
    assert (told["lost_revenue"] / (told["lost_units"] * told["price"])).is_between(0.999, 1.001).all()


def test_a_chain_of_the_given_size_loses_real_money(chain: Chain):
    assert chain.truth["lost_revenue"].sum() > 200_000
