from datetime import date
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from engine.errors import OutputError
from engine.synth import tables
from engine.synth.chain import ChainPlan, write_chain
from engine.synth.plan import FILE_FORMATS
from engine.synth.tables import SCHEMAS
from synth.conftest import Chain, read_chain

DAILY = ("sales", "inventory", "pricing", "impressions")
KEY = ["store_id", "sku_id", "date"]

formats = pytest.mark.parametrize("file_format", FILE_FORMATS)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# The files


@formats
def test_the_same_plan_writes_the_same_bytes(tmp_path, file_format):
    plan = ChainPlan(stores=12, skus=9, days=60, file_format=file_format)
    write_chain(tmp_path / "one", plan)
    write_chain(tmp_path / "two", plan)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


@formats
def test_the_size_of_a_block_never_changes_a_byte(tmp_path, monkeypatch, file_format):
    monkeypatch.setattr(tables, "ROW_GROUP_ROWS", 1_000)
    plan = ChainPlan(stores=12, skus=9, days=60, file_format=file_format, extra_episodes=0.2)
    for stores in (1, 5, 12):
        write_chain(tmp_path / str(stores), plan, stores_per_block=stores)
    assert bytes_of(tmp_path / "1") == bytes_of(tmp_path / "5") == bytes_of(tmp_path / "12")


def test_another_seed_writes_another_chain(tmp_path):
    one = read_chain(ChainPlan(stores=2, skus=5, days=30, seed=1), tmp_path / "one")
    two = read_chain(ChainPlan(stores=2, skus=5, days=30, seed=2), tmp_path / "two")
    assert not one.sales.equals(two.sales)


def test_which_rows_a_store_leaves_does_not_depend_on_the_number_of_stores(tmp_path):
    few = read_chain(ChainPlan(stores=2, skus=5, days=40, extra_episodes=0), tmp_path / "few")
    many = read_chain(ChainPlan(stores=9, skus=5, days=40, extra_episodes=0), tmp_path / "many")
    shared = many.impressions.filter(pl.col("store_id") <= 2).select(KEY)
    assert few.impressions.select(KEY).equals(shared)


@formats
def test_every_format_holds_the_same_tables_and_the_truth_is_always_parquet(tmp_path, file_format):
    plan = ChainPlan(stores=4, skus=3, days=45)
    expected = read_chain(plan, tmp_path / "expected")
    folder = tmp_path / file_format
    write_chain(folder, plan.model_copy(update={"file_format": file_format}))
    assert {path.name for path in folder.iterdir()} == {
        "truth.parquet",
        *(f"{name}.{file_format}" for name in SCHEMAS if name != "truth"),
    }
    if file_format != "parquet":
        sales = pl.read_csv(folder / f"sales_transactions.{file_format}", schema=expected.sales.schema)
        pricing = pl.read_csv(folder / f"pricing.{file_format}", schema=expected.pricing.schema)
        assert sales.equals(expected.sales)
        assert pricing.equals(expected.pricing)


def test_the_tables_of_an_earlier_chain_are_replaced(tmp_path):
    plan = ChainPlan(stores=2, skus=2, days=30)
    write_chain(tmp_path, plan.model_copy(update={"file_format": "csv"}))
    write_chain(tmp_path, plan)
    assert {path.suffix for path in tmp_path.iterdir()} == {".parquet"}


def test_a_chain_that_fails_leaves_the_earlier_one_untouched(tmp_path, monkeypatch):
    write_chain(tmp_path, ChainPlan(stores=2, skus=2, days=30))
    before = bytes_of(tmp_path)
    monkeypatch.setattr("engine.synth.chain.trade", lambda days: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division"):
        write_chain(tmp_path, ChainPlan(stores=3, skus=2, days=30))
    assert bytes_of(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="taken: the chain cannot be written"):
        write_chain(tmp_path / "taken", ChainPlan(stores=1, skus=1, days=30))


def test_the_summary_counts_what_was_written(chain: Chain):
    assert chain.summary.rows["sales_transactions"] == chain.sales.height
    assert chain.summary.rows["pricing"] == chain.pricing.height
    assert chain.summary.store_skus == 60 * 40
    assert chain.summary.planted == chain.truth.height
    assert chain.summary.lost_revenue == pytest.approx(chain.truth["lost_revenue"].sum())


# The plan


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"store": 5}, id="misspelt"),
        pytest.param({"stores": 0}, id="no_store"),
        pytest.param({"assortment_share": 0.0}, id="empty_shelves"),
        pytest.param({"file_format": "xlsx"}, id="unknown_format"),
        pytest.param({"last_date": date(1, 2, 1)}, id="days_before_the_calendar"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError, match="1 validation error"):
        ChainPlan(**wrong)


def test_the_last_day_is_given_and_the_others_count_back(chain: Chain):
    assert chain.plan.last_date == date(2026, 3, 31)
    assert chain.plan.first_date == date(2026, 1, 1)
    assert chain.sales["date"].min() == chain.plan.first_date
    assert chain.sales["date"].max() == chain.plan.last_date


@pytest.mark.parametrize(
    ("stores", "skus", "days"),
    [
        pytest.param(5, 2, 90, id="ten_store_skus"),
        pytest.param(1, 10, 90, id="one_store"),
        pytest.param(10, 1, 60, id="one_sku"),
        pytest.param(1, 1, 7, id="one_store_sku_for_a_week"),
        pytest.param(41, 5, 35, id="scenarios_that_hardly_begin"),
    ],
)
def test_small_chains_hold_what_fits(tmp_path, stores, skus, days):
    small = read_chain(ChainPlan(stores=stores, skus=skus, days=days, extra_episodes=0.3), tmp_path)
    assert small.stores.height == stores
    assert small.skus.height == skus
    assert small.inventory["date"].max() <= small.plan.last_date
    assert small.truth["last_date"].max() is None or small.truth["last_date"].max() <= small.plan.last_date


# The tables


@pytest.mark.parametrize("name", DAILY)
def test_keys_are_unique_and_in_the_order_of_store_sku_and_date(chain: Chain, name):
    table = getattr(chain, name)
    assert table.select(KEY).is_duplicated().sum() == 0
    assert table.equals(table.sort(KEY))


def test_ids_count_from_one(chain: Chain):
    assert chain.stores["store_id"].to_list() == list(range(1, 61))
    assert chain.skus["sku_id"].to_list() == list(range(1, 41))


@pytest.mark.parametrize("name", [*DAILY, "stores", "skus", "truth"])
def test_nothing_is_null_but_the_type_of_no_promotion(chain: Chain, name):
    nulls = getattr(chain, name).null_count().row(0, named=True)
    assert {column for column, count in nulls.items() if count} <= {"promo_type"}
    promotions = chain.pricing.select((pl.col("promo_flag") == pl.col("promo_type").is_not_null()).all())
    assert promotions.item()


def test_stores_have_names_of_their_own_and_neighbours_in_their_city(chain: Chain):
    assert chain.stores["store_name"].n_unique() == chain.stores.height
    city = chain.stores.filter(pl.col("store_id").is_between(31, 40))
    north_km = (city["latitude"].max() - city["latitude"].min()) * 111.2
    assert 1 < north_km < 30


def test_unit_cost_is_sixty_to_seventy_five_percent_of_price(chain: Chain):
    regular = chain.pricing.filter(~pl.col("promo_flag")).group_by("sku_id").agg(pl.median("price"))
    share = chain.skus.join(regular, on="sku_id").select(pl.col("cost") / pl.col("price")).to_series()
    # Stores price within three percent of the chain.
    assert share.is_between(0.60 * 0.97, 0.75 * 1.03).all()


@pytest.mark.parametrize("price_spread", [1.0, 1.4, 10.0])
def test_the_price_spread_bounds_a_category(tmp_path, price_spread):
    plan = ChainPlan(stores=1, skus=80, days=7, price_spread=price_spread)
    wide = read_chain(plan, tmp_path)
    prices = wide.pricing.filter(~pl.col("promo_flag")).join(wide.skus, on="sku_id")
    spread = prices.group_by("category").agg(pl.max("price") / pl.min("price"))["price"].max()
    assert spread <= price_spread * 1.01
    assert spread >= price_spread * 0.75


def test_every_store_carries_its_share_of_the_assortment(tmp_path):
    part = read_chain(ChainPlan(stores=45, skus=30, days=60, assortment_share=0.4), tmp_path)
    carried = part.inventory.group_by("store_id").agg(pl.n_unique("sku_id"))["sku_id"]
    assert carried.to_list() == [12] * 45
    assert part.inventory["sku_id"].n_unique() == 30
    planted = part.truth.filter(pl.col("sku_id") <= 5)
    assert planted["store_id"].to_list() == list(range(1, 36))


# The days


def test_many_store_skus_sell_slowly_and_a_few_carry_the_store(chain: Chain):
    daily = chain.sales.filter(pl.col("sku_id") > 5).group_by("store_id", "sku_id").agg(pl.sum("units_sold"))
    daily_units = daily["units_sold"] / chain.plan.days
    assert 0.7 < daily_units.median() < 2.0
    assert daily_units.quantile(0.95) > 4 * daily_units.median()


def test_weekends_sell_more_than_the_middle_of_the_week(chain: Chain):
    by_weekday = dict(
        chain.sales.group_by(pl.col("date").dt.weekday()).agg(pl.sum("units_sold")).sort("date").iter_rows()
    )
    assert by_weekday[6] > 1.4 * by_weekday[2]
    assert by_weekday[7] > 1.2 * by_weekday[3]


def test_daily_counts_vary_more_than_pure_chance(tmp_path):
    rough = read_chain(ChainPlan(stores=40, skus=1, days=90, demand_cv=0.5, extra_episodes=0), tmp_path)
    wednesdays = rough.sales.filter(pl.col("store_id") > 10, pl.col("date").dt.weekday() == 3)
    by_store = wednesdays.group_by("store_id").agg(pl.var("units_sold") / pl.mean("units_sold"))
    assert by_store["units_sold"].mean() > 3


def test_nothing_is_sold_beyond_what_is_on_hand(chain: Chain):
    sold = chain.sales.join(chain.inventory, on=KEY)
    assert (sold["units_sold"] <= sold["quantity_on_hand"]).all()


def test_some_shelves_run_out_and_are_filled_again(chain: Chain):
    empty = chain.inventory.filter(pl.col("quantity_on_hand") == 0)
    assert 0.002 < empty.height / chain.inventory.height < 0.08
    sold = empty.join(chain.sales, on=KEY, how="left")["units_sold"]
    assert sold.fill_null(0).sum() == 0
    on_hand = chain.inventory.sort(KEY).with_columns(
        rise=pl.col("quantity_on_hand").diff().over("store_id", "sku_id")
    )
    assert (on_hand["rise"] > 0).mean() > 0.02


def test_revenue_is_units_at_the_price_of_the_day(chain: Chain):
    priced = chain.sales.join(chain.pricing, on=KEY)
    assert ((priced["units_sold"] * priced["price"] - priced["revenue"]).abs() < 0.006).all()
    assert (priced["promo_flag"] == priced["promo_flag_right"]).all()


def test_a_store_sells_nothing_on_its_closed_days(chain: Chain):
    open_days = chain.sales.group_by("store_id").agg(pl.n_unique("date"))["date"]
    assert open_days.to_list() == [chain.plan.days - chain.plan.closed_days] * chain.plan.stores
    trading = chain.sales.select("store_id", "date").unique()
    assert chain.impressions.join(trading, on=["store_id", "date"], how="anti").is_empty()


def test_most_days_without_a_sale_leave_no_row_and_the_others_a_zero(chain: Chain):
    store_days = 60 * 89
    zero_rows = chain.sales.filter(pl.col("units_sold") == 0).height
    without_sale = store_days * 40 - chain.sales.filter(pl.col("units_sold") > 0).height
    assert zero_rows / without_sale == pytest.approx(1 - chain.plan.zero_rows_omitted, abs=0.01)


@pytest.mark.parametrize("name", ["inventory", "pricing"])
def test_a_small_share_of_rows_is_missing(chain: Chain, name):
    kept = getattr(chain, name).height / (chain.summary.store_skus * chain.plan.days)
    assert 1 - kept == pytest.approx(chain.plan.missing_rows, abs=0.002)


def test_impressions_follow_the_traffic(chain: Chain):
    seen = chain.impressions.group_by("date").agg(pl.sum("impression_count"))
    sold = chain.sales.group_by("date").agg(pl.sum("units_sold"))
    both = seen.join(sold, on="date")
    assert both.select(pl.corr("impression_count", "units_sold")).item() > 0.9


def test_a_flyer_lowers_the_price_and_lifts_sales(chain: Chain):
    healthy = chain.sales.join(chain.truth, on=["store_id", "sku_id"], how="anti").filter(pl.col("sku_id") > 5)
    days = healthy.join(chain.pricing, on=KEY)
    flyer = pl.col("promo_flag")
    by_pair = days.group_by("store_id", "sku_id").agg(
        lift=pl.col("units_sold").filter(flyer).mean() / pl.col("units_sold").filter(~flyer).mean(),
        cut=pl.col("price").filter(flyer).mean() / pl.col("price").filter(~flyer).mean(),
    )
    assert 1.2 < by_pair["lift"].drop_nulls().median() < 2.0
    assert by_pair["cut"].drop_nulls().max() < 0.95
