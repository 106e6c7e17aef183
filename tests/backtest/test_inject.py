"""Episodes planted by thinning: what is inside them, and that nothing else changes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from engine.backtest.inject import inject, smallest_sales, thin, velocities
from engine.backtest.plan import Injection
from engine.shelf.check import check
from engine.vocabulary import shelf as v
from tests.backtest.conftest import FIRST, LAST, N_DAYS, tables
from tests.planted.small import write_csv, write_parquet

KEY = [*v.PAIR, "date"]
PLAN = Injection(share=0.5)


def planted(folder, into, plan=PLAN):
    return inject(check(folder), plan, into)


def sales_of(folder) -> pl.DataFrame:
    return pl.read_parquet(folder / f"{v.SALES}.parquet")


def inside(sales: pl.DataFrame, episodes: pl.DataFrame) -> pl.Series:
    spans = episodes.select(*v.PAIR, "first_date", "last_date")
    joined = sales.join(spans, on=v.PAIR, how="left", maintain_order="left")
    return joined.select(pl.col("date").is_between("first_date", "last_date").fill_null(value=False)).to_series()


def test_rows_outside_episodes_keep_every_value_and_their_order(chain, tmp_path):
    truth = planted(chain, tmp_path / "thinned")
    before, after = sales_of(chain), sales_of(tmp_path / "thinned")
    is_inside = inside(before, truth.episodes)
    assert 0 < is_inside.sum() < before.height
    assert after.select(before.columns).filter(~is_inside).equals(before.filter(~is_inside))
    assert after.select(KEY).equals(before.select(KEY))


def test_other_tables_are_the_same_files(chain, tmp_path):
    planted(chain, tmp_path / "thinned")
    for name in (v.INVENTORY, v.PRICING):
        file = f"{name}.parquet"
        assert (tmp_path / "thinned" / file).read_bytes() == (chain / file).read_bytes()


def test_the_input_folder_is_not_touched(chain, tmp_path):
    before = {file.name: file.read_bytes() for file in chain.iterdir()}
    planted(chain, tmp_path / "thinned")
    assert {file.name: file.read_bytes() for file in chain.iterdir()} == before


def test_what_is_lost_and_what_is_left_add_up_to_what_was_sold(chain, tmp_path):
    truth = planted(chain, tmp_path / "thinned")
    left = sales_of(tmp_path / "thinned").join(truth.losses, on=KEY)
    before = sales_of(chain).join(truth.losses, on=KEY)
    assert left.height == truth.losses.height
    for column, lost in (("units_sold", "lost_units"), ("revenue", "lost_revenue")):
        np.testing.assert_allclose(left[column] + left[lost], before[column])


def test_whole_units_stay_whole(chain, tmp_path):
    planted(chain, tmp_path / "thinned")
    assert (sales_of(tmp_path / "thinned")["units_sold"] % 1 == 0).all()


def test_an_episode_has_history_before_it_and_a_length_within_the_plan(chain, tmp_path):
    episodes = planted(chain, tmp_path / "thinned").episodes
    days = (episodes["last_date"] - episodes["first_date"]).dt.total_days() + 1
    assert ((episodes["first_date"] - FIRST).dt.total_days() >= PLAN.history_days).all()
    assert days.is_between(PLAN.shortest_days, PLAN.longest_days).all()
    assert (episodes["last_date"] <= LAST).all()
    assert set(episodes["depth"]) <= set(PLAN.depths)


def test_the_same_data_plant_the_same_whatever_the_order_of_the_rows(tmp_path):
    shuffled = tables()
    shuffled[v.SALES] = shuffled[v.SALES].sample(fraction=1, shuffle=True, seed=1)
    truths = [
        planted(write_parquet(tmp_path / name, some), tmp_path / f"{name} thinned")
        for name, some in (("sorted", tables()), ("shuffled", shuffled))
    ]
    assert truths[0].episodes.equals(truths[1].episodes)
    assert truths[0].losses.equals(truths[1].losses)
    sold = [sales_of(tmp_path / f"{name} thinned").sort(KEY) for name in ("sorted", "shuffled")]
    assert sold[0].equals(sold[1])


def test_a_store_sku_is_planted_alike_whichever_others_are_there(tmp_path):
    alone = {name: frame.filter(pl.col("store_id") == 2) for name, frame in tables().items()}
    of_all = planted(write_parquet(tmp_path / "all", tables()), tmp_path / "a").episodes
    of_one = planted(write_parquet(tmp_path / "one", alone), tmp_path / "b").episodes
    assert of_one.height > 0
    assert of_one.equals(of_all.filter(pl.col("store_id") == 2))


def test_another_seed_plants_other_episodes(chain, tmp_path):
    other = planted(chain, tmp_path / "b", Injection(share=0.5, seed=1)).episodes
    assert not planted(chain, tmp_path / "a").episodes.equals(other)


def test_spared_store_skus_get_no_episode(chain, tmp_path):
    first = planted(chain, tmp_path / "a").episodes
    again = inject(check(chain), PLAN, tmp_path / "b", spared=first).episodes
    assert again.join(first, on=v.PAIR, how="semi").is_empty()


def test_csv_tables_are_thinned_like_parquet(chain, tmp_path):
    of_csv = planted(write_csv(tmp_path / "csv", tables()), tmp_path / "a")
    of_parquet = planted(chain, tmp_path / "b")
    for told in ("episodes", "losses"):
        as_numbers = getattr(of_csv, told).with_columns(pl.col(name).cast(pl.Int64) for name in v.PAIR)
        assert as_numbers.equals(getattr(of_parquet, told))


@pytest.mark.parametrize("depth", [0.0, 0.25, 0.5])
def test_each_unit_is_kept_with_the_chance_of_the_depth(depth):
    sales = tables(stores=20)[v.SALES]
    pairs = sales.select(v.PAIR).unique().sort(v.PAIR)
    episodes = pairs.with_columns(first_date=pl.lit(FIRST), last_date=pl.lit(LAST), depth=depth, grain=pl.lit(1.0))
    left, losses = thin(sales, episodes, seed=3)
    sold = sales["units_sold"].sum()
    assert left["units_sold"].sum() / sold == pytest.approx(depth, abs=4 * (depth * (1 - depth) / sold) ** 0.5)
    assert losses.height == sales.height


def test_fractional_sales_are_thinned_in_units_of_the_smallest_sale_of_the_sku():
    sales = pl.DataFrame({"store_id": 1, "sku_id": [1, 1, 2], "units_sold": [0.5, 1.5, 0.3]})
    assert smallest_sales(sales).sort("sku_id")["grain"].to_list() == [0.5, 0.3]
    assert smallest_sales(sales.with_columns(pl.col("units_sold") * 10))["grain"].to_list() == [1.0, 1.0]


def test_velocity_counts_the_days_since_the_first_row(tmp_path):
    late = tables()
    late[v.SALES] = late[v.SALES].filter((pl.col("store_id") > 0) | (pl.col("date") > FIRST))
    found = velocities(check(write_parquet(tmp_path / "late", late))).filter(sku_id=0)
    units = late[v.SALES].filter(sku_id=0).group_by("store_id").agg(pl.col("units_sold").sum()).sort("store_id")
    assert found["velocity"].to_list() == pytest.approx(
        [total / (N_DAYS - (store == 0)) for store, total in units.rows()]
    )
