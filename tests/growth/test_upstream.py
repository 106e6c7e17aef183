"""Steps 9, 10 and 11 by default: every decision with its reason, and never a quantity from Step 11."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from random import Random

import polars as pl
import pytest

from engine.errors import InputError
from engine.growth import desk
from engine.growth.upstream import desk as upstream
from engine.growth.upstream.clusters import find_clusters
from engine.growth.upstream.nominate import COLUMNS, nominate
from engine.growth.upstream.protect import protect
from engine.growth.upstream.reduce import reduce
from engine.growth.upstream.shelf_run import overstock, stars
from engine.outputs.read import find_run
from engine.outputs.shelf import shapes
from engine.settings.growth.scaling import GrowthSettings
from engine.settings.growth.upstream import (
    ClusterSettings,
    DiscoverSettings,
    NominateSettings,
    ProtectSettings,
    ReduceSettings,
    ShelfSettings,
)
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk as shelf_desk
from tests.command import without_seal
from tests.growth.tables import PERIOD, Row, Tables
from tests.planted.small import AS_OF, small_chain, write_parquet

ROOT = Path(__file__).parents[2]
QUANTITY_LIKE = re.compile(r"quantity|qty|units|adjustment", re.IGNORECASE)


def held(**columns: object) -> Row:
    """A row of stock as the producers read it."""
    row = {"str_code": "a", "spu_code": "x", "cluster_id": 1, "current_spu_count": 5.0, "store_sales": 5.0}
    row |= {
        "target_units": None,
        "adjusted_by_step8": False,
        "on_hand": None,
        "sell_through_rate": None,
        "sub_cate_name": None,
        "sex_name": None,
        "is_eligible": True,
    }
    row |= columns
    return {"recent_sales": row["store_sales"], **row}


def stock_of(rows: list[Row]) -> pl.LazyFrame:
    text = dict.fromkeys(("sub_cate_name", "sex_name"), pl.String)
    units = ("target_units", "on_hand", "sell_through_rate", "store_sales", "recent_sales", "current_spu_count")
    number = dict.fromkeys(units, pl.Float64)
    return pl.LazyFrame(rows, schema_overrides=text | number)


def sellers(units: list[float], **columns: object) -> list[Row]:
    """Stores p0, p1, … that sell and hold so much of one SPU."""
    return [held(str_code=f"p{n}", current_spu_count=u, store_sales=u, **columns) for n, u in enumerate(units)]


TEN = [10.0] * 10


@pytest.mark.parametrize(
    ("columns", "reason", "increase"),
    [
        pytest.param(
            {"current_spu_count": 2.0, "store_sales": 90.0}, "BELOW_MINIMUM", 8.0, id="below_the_tenth_percentile"
        ),
        pytest.param(
            {"current_spu_count": 2.0, "store_sales": 10.0}, "BELOW_MINIMUM", 2.0, id="at_most_a_fifth_of_sales"
        ),
        pytest.param({"current_spu_count": 9.9, "store_sales": 90.0}, "BELOW_MINIMUM", 1.0, id="at_least_one_unit"),
        pytest.param({"current_spu_count": 10.0}, "ABOVE_MINIMUM", 0.0, id="at_the_minimum"),
        pytest.param({"current_spu_count": 1.0, "is_eligible": False}, "SKIPPED_INELIGIBLE", 0.0, id="not_eligible"),
        pytest.param({"current_spu_count": 1.0, "store_sales": 0.0}, "SKIPPED_NO_DEMAND", 0.0, id="no_demand"),
        pytest.param(
            {"current_spu_count": 1.0, "adjusted_by_step8": True}, "SKIPPED_STEP8", 0.0, id="adjusted_by_step_8"
        ),
        pytest.param({"current_spu_count": None}, "SKIPPED_UNKNOWN_QUANTITY", 0.0, id="quantity_unknown"),
        pytest.param(
            {"current_spu_count": 1.0, "store_sales": 90.0, "is_eligible": False, "sub_cate_name": "直筒裤"},
            "BELOW_MINIMUM",
            9.0,
            id="core_is_always_looked_at",
        ),
    ],
)
def test_step_9_raises_what_is_below_its_minimum(columns, reason, increase):
    rows = [*sellers([10.0] * 30), held(**columns)]
    found = protect(stock_of(rows), ProtectSettings()).filter(pl.col("str_code") == "a").collect().row(0, named=True)
    assert (found["rule9_reason"], found["recommended_quantity_change"]) == (reason, increase)
    assert found["rule9_applied"] == (increase > 0)


def test_an_empty_subcategory_is_not_core():
    rows = [*sellers(TEN), held(current_spu_count=1.0, is_eligible=False, sub_cate_name="")]
    found = protect(stock_of(rows), ProtectSettings()).filter(pl.col("str_code") == "a").collect()
    assert found["rule9_reason"].to_list() == ["SKIPPED_INELIGIBLE"]


def test_the_minimum_falls_back_to_the_subcategory_and_then_to_one_unit():
    few = [held(str_code=f"q{n}", spu_code="y", sub_cate_name="jeans", current_spu_count=8.0) for n in range(4)]
    many = [held(str_code=f"p{n}", spu_code="z", sub_cate_name="jeans", current_spu_count=8.0) for n in range(9)]
    rows = [*few, *many, held(spu_code="alone", current_spu_count=0.4)]
    found = protect(stock_of(rows), ProtectSettings()).collect()
    used = dict(zip(found["spu_code"], found["minimum_reference_used"], strict=True))
    assert used == {"y": "cluster_subcategory", "z": "cluster_spu", "alone": "least_units"}


def reduced(columns: Row, *, raised: bool = False, history: list[float] | None = None) -> Row:
    rows = [*sellers(TEN, sell_through_rate=0.8), held(**columns)]
    stock = stock_of(rows)
    step9 = stock.select("str_code", "spu_code", rule9_applied=(pl.col("str_code") == "a") & raised)
    past = [
        {"str_code": "a", "spu_code": "x", "period": f"20250{n}A", "store_sales": u}
        for n, u in enumerate(history or [5.0], 1)
    ]
    made = reduce(stock, pl.LazyFrame(past), step9, ReduceSettings(), ProtectSettings())
    return made.filter(pl.col("str_code") == "a").collect().row(0, named=True)


@pytest.mark.parametrize(
    ("columns", "reason", "change"),
    [
        pytest.param({"on_hand": 100.0, "sell_through_rate": 0.1}, "REDUCED", -8.0, id="at_most_forty_percent"),
        pytest.param({"on_hand": 43.0, "sell_through_rate": 0.1}, "REDUCED", -3.0, id="down_to_two_periods"),
        pytest.param(
            {"on_hand": 100.0, "sell_through_rate": 0.1, "sub_cate_name": "Jogger"}, "REDUCED", -4.0, id="core"
        ),
        pytest.param({"target_units": 15.0, "sell_through_rate": 0.9}, "REDUCED", -5.0, id="down_to_the_target"),
        pytest.param({"target_units": 5.0}, "REDUCED", -8.0, id="toward_the_target_by_forty_percent"),
        pytest.param(
            {"target_units": 20.0, "on_hand": 100.0, "sell_through_rate": 0.1}, "NO_OVERCAPACITY", 0.0, id="on_target"
        ),
        pytest.param({"on_hand": 40.5, "sell_through_rate": 0.1}, "BELOW_MIN_REDUCTION", 0.0, id="too_little"),
        pytest.param({"on_hand": 100.0, "sell_through_rate": 0.9}, "NO_OVERCAPACITY", 0.0, id="sells_well"),
        pytest.param({"on_hand": None, "sell_through_rate": 0.1}, "NO_OVERCAPACITY", 0.0, id="stock_unknown"),
        pytest.param(
            {"on_hand": 100.0, "sell_through_rate": None}, "NO_OVERCAPACITY", 0.0, id="sell_through_unknown"
        ),
        pytest.param(
            {"on_hand": 100.0, "sell_through_rate": 0.1, "is_eligible": False},
            "BLOCKED_INELIGIBLE",
            0.0,
            id="not_eligible",
        ),
    ],
)
def test_step_10_reduces_only_what_is_known_to_be_too_much(columns, reason, change):
    found = reduced({"current_spu_count": 20.0, "store_sales": 20.0, **columns})
    assert (found["rule10_reason"], found["recommended_quantity_change"]) == (reason, change)
    assert found["rule10_applied"] == (reason == "REDUCED")


@pytest.mark.proves("R92")
def test_step_10_never_reduces_what_step_9_raises():
    columns = {"current_spu_count": 20.0, "store_sales": 20.0, "on_hand": 100.0, "sell_through_rate": 0.1}
    assert reduced(columns, raised=True)["rule10_reason"] == "BLOCKED_STEP9_INCREASE"


@pytest.mark.parametrize(
    ("history", "volatile"), [([0, 0, 0, 90.0], True), ([0, 0, 90.0], False), ([9, 10, 11, 10.0], False)]
)
def test_volatility_needs_history_and_variation_beyond_chance(history, volatile):
    assert reduced({}, history=[float(u) for u in history])["volatility_flag"] == volatile


def nominated(rows: list[Row], *, reduce_keys: tuple[tuple[str, str], ...] = (), traffic=None) -> dict[str, Row]:
    stores = sorted({row["str_code"] for row in rows} | {"new"})
    clusters = pl.LazyFrame({"str_code": stores, "cluster_id": [1] * len(stores)})
    step10 = pl.LazyFrame(
        [{"str_code": s, "spu_code": p, "rule10_applied": True} for s, p in reduce_keys],
        schema={"str_code": pl.String, "spu_code": pl.String, "rule10_applied": pl.Boolean},
    )
    made = nominate(stock_of(rows), clusters, traffic, step10, PERIOD, NominateSettings()).collect()
    return {row["str_code"]: row for row in made.iter_rows(named=True)}


@pytest.mark.proves("R3", "R4")
def test_step_11_marks_stores_that_lack_a_top_performer_or_sell_less_than_half_of_its_sellers():
    found = nominated(sellers([2.0, *[10.0] * 9, 20.0]))
    assert (found["new"]["is_growth_candidate"], found["new"]["recommendation_type"]) == (True, "ADD_NEW")
    assert (found["p0"]["is_growth_candidate"], found["p0"]["recommendation_type"]) == (True, "INCREASE_EXISTING")
    assert not found["p1"]["is_growth_candidate"]
    assert not found["p10"]["is_growth_candidate"]
    assert all(row["opportunity_reason"].endswith("Suggestion only.") for row in found.values())
    assert "this store does not" in found["new"]["opportunity_reason"]
    assert "in summer" in found["new"]["opportunity_reason"]
    assert not any(row["is_mandatory"] for row in found.values())


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        pytest.param(sellers([10.0] * 4), "fewer_sellers_than_five"),
        pytest.param(
            [*sellers([10.0] * 6), *[held(str_code=f"z{n}", store_sales=0.0) for n in range(6)]],
            "adoption_below_70_percent",
        ),
    ],
)
def test_step_11_leaves_alone_what_too_few_stores_sell(rows, why):
    assert nominated(rows) == {}, why


def test_step_11_never_marks_what_step_10_reduces():
    found = nominated(sellers([2.0, *TEN]), reduce_keys=(("p0", "x"),))
    assert not found["p0"]["is_growth_candidate"]
    assert "not marked: Step 10 reduces it" in found["p0"]["opportunity_reason"]


def test_the_tier_score_is_that_of_the_check_row():
    """Score and adoption 0.8966, affinity and sell-through unknown: 0.7776, high confidence."""
    rows = [*sellers([10.0] * 26), *[held(str_code=f"z{n}", store_sales=0.0, spu_code="other") for n in range(2)]]
    row = nominated(rows)["new"]
    assert row["adoption"] == row["opportunity_score"] == pytest.approx(26 / 29)
    assert row["tier_score"] == pytest.approx(0.7776, abs=5e-5)
    assert row["opportunity_tier"] == "High Confidence Growth"


def test_a_store_with_other_visitors_is_penalised_once():
    stores = [*(f"p{n}" for n in range(10)), "new"]
    traffic = pl.LazyFrame({"str_code": stores, "women": [80.0] * 10 + [40.0], "men": [20.0] * 10 + [60.0]})
    row = nominated(sellers(TEN, sex_name="f"), traffic=traffic)["new"]
    assert row["consistency_penalty"] == pytest.approx(2 * (0.4 - 0.3))
    adoption = 10 / 11
    weighed = 0.4 * adoption + 0.3 * adoption + 0.2 * 0.4 + 0.05
    assert row["tier_score"] == pytest.approx(weighed * 0.8)


@pytest.mark.proves("I-6", "R5")
def test_no_column_of_step_11_can_hold_a_quantity():
    assert [name for name in COLUMNS if QUANTITY_LIKE.search(name)] == []


@pytest.mark.proves("I-6", "R16", "R75")
def test_step_12_imports_nothing_of_the_producers():
    """Not even at one remove: from the desk down, no file of Step 12 names the room upstream."""
    files = list((ROOT / "engine" / "growth").glob("*.py"))
    assert len(files) > 15
    for file in files:
        names = [
            node.module or ""
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
        ]
        assert not any(name.startswith("engine.growth.upstream") for name in names), file.name


def two_kinds_of_stores(periods: tuple[str, ...] = (PERIOD,)) -> Tables:
    """Twenty stores that sell trousers and twenty that sell shirts, none of each in five."""
    rng = Random(3)
    rows = []
    for period in periods:
        for n in range(40):
            kind = "直筒裤" if n < 20 else "shirts"
            for p in range(20):
                if p == 0 and n % 10 == 7:
                    continue
                units = float(rng.randint(60, 90) if p == 0 else rng.randint(4, 12))
                rows.append(
                    {
                        "str_code": f"{n:03}",
                        "spu_code": f"{kind[0]}{p:02}",
                        "period": period,
                        "current_spu_count": units if n % 10 else units / 4,
                        "cate_name": kind,
                        "spu_name": f"L'été {kind}",
                        "unit_price": 10.0,
                    }
                )
    return Tables({"sales": rows})


def test_stores_that_sell_other_things_are_other_clusters_and_the_choice_is_shown():
    stock = two_kinds_of_stores().frame("sales").with_columns(store_sales="current_spu_count")
    found = find_clusters(stock, ClusterSettings())
    kinds = found.stores.with_columns(kind=pl.col("str_code") < "020").select("cluster_id", "kind").unique()
    assert found.chosen == kinds.height == 2
    assert found.choices["clusters"].to_list() == [2, 3, 4, 5]
    again = find_clusters(stock.sample(fraction=1, shuffle=True, seed=1), ClusterSettings())
    assert again.stores.equals(found.stores)
    assert again.choices.equals(found.choices)


def test_too_few_stores_for_two_clusters_are_refused():
    stock = pl.DataFrame(
        {"str_code": ["a"], "spu_code": ["x"], "cate_name": [None], "store_sales": [1.0]},
        schema_overrides={"cate_name": pl.String},
    )
    with pytest.raises(InputError, match="1 stores cannot be clustered"):
        find_clusters(stock, ClusterSettings())


@pytest.mark.proves("R78", "I-32", "R92", "R76")
def test_what_is_discovered_can_be_scaled(tmp_path):
    folder = two_kinds_of_stores(("202505B", PERIOD)).write(tmp_path / "raw")
    found = upstream.discover(folder, tmp_path / "in", DiscoverSettings())
    assert found.facts["clusters"] == 2
    assert found.facts["step11_by_type"].keys() == {"ADD_NEW", "INCREASE_EXISTING"}
    made = desk.run(tmp_path / "in", tmp_path / "out", GrowthSettings())
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["period"] == PERIOD
    assert manifest["dataset_id"] is not None
    assert made.summary["candidates"] == found.facts["step11_candidates"] > 0
    assert made.summary["scaled"] > 0


@pytest.mark.proves("R5", "I-6")
def test_quantities_that_reach_step_11_do_not_reach_step_12_through_it(tmp_path):
    """Prices, amounts and other quantity-like inputs are shuffled among the rows: Step 11 marks the same keys."""
    tables = two_kinds_of_stores()
    first = upstream.discover(tables.write(tmp_path / "raw"), tmp_path / "in", DiscoverSettings()).folder
    rng = Random(2)
    for row in tables.rows["sales"]:
        row |= {"spu_sales_amt": rng.random() * 100, "quantity": rng.random() * 100}
    second = upstream.discover(tables.write(tmp_path / "raw2"), tmp_path / "in2", DiscoverSettings()).folder
    one, other = (pl.read_parquet(folder / "step11.parquet").drop("dataset_id") for folder in (first, second))
    assert one.equals(other)


def test_discover_gives_the_same_bytes_again_and_fills_no_folder_twice(tmp_path):
    tables = two_kinds_of_stores()
    first = upstream.discover(tables.write(tmp_path / "raw"), tmp_path / "a", DiscoverSettings()).folder
    tables.rows["sales"].reverse()
    second = upstream.discover(tables.write(tmp_path / "raw2"), tmp_path / "b", DiscoverSettings()).folder
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes(), file.name
    with pytest.raises(InputError, match="is there already and not empty"):
        upstream.discover(tmp_path / "raw", tmp_path / "a", DiscoverSettings())


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    shelf_desk.run(write_parquet(folder / "in", small_chain()), folder / "out", CalibratedSettings(), AS_OF)
    return find_run(folder / "out")


def publish_features(night, tmp_path, **columns):
    """The night with other features: what a busier one would have published."""
    copy = tmp_path / "night"
    copy.mkdir()
    pl.read_parquet(night.folder / shapes.FEATURES).with_columns(**columns).write_parquet(copy / shapes.FEATURES)
    cases = pl.read_parquet(night.folder / shapes.CASES).with_columns(
        primary_cause=pl.lit("overstock"), status=pl.lit("open")
    )
    cases.write_parquet(copy / shapes.CASES)
    return type(night)(night.run_id, copy, without_seal(night.manifest))


@pytest.mark.parametrize(
    ("ratio", "cover", "is_star"), [(1.3, 5.0, True), (1.2, 5.0, False), (1.3, 14.0, False), (1.3, None, False)]
)
def test_a_star_of_the_shelf_desk_sells_far_above_expectation_with_thin_cover(night, tmp_path, ratio, cover, is_star):
    columns = {
        "sales_velocity_7d": pl.col("baseline_mean_units") * ratio,
        "days_of_supply": pl.lit(cover, pl.Float64),
    }
    found = stars(publish_features(night, tmp_path, **columns), ShelfSettings()).collect()
    assert (found.height > 0) == is_star
    assert [name for name in found.columns if QUANTITY_LIKE.search(name)] == []
    assert found["is_growth_candidate"].all()


def test_overstock_of_the_shelf_desk_is_a_reduction_of_step_10(night, tmp_path):
    found = overstock(publish_features(night, tmp_path)).collect()
    assert found.select("str_code", "spu_code", "rule10_applied").rows() == [("2", "12", True)]
    assert overstock(night).collect().height == 0


def test_stars_and_overstock_join_what_is_discovered(night, tmp_path):
    columns = {"sales_velocity_7d": pl.col("baseline_mean_units") * 2, "days_of_supply": pl.lit(3.0)}
    shelf = publish_features(night, tmp_path, **columns)
    raw = two_kinds_of_stores().write(tmp_path / "raw")
    found = upstream.discover(raw, tmp_path / "in", DiscoverSettings(), shelf=shelf)
    step11 = pl.read_parquet(tmp_path / "in" / "step11.parquet")
    keys = step11.filter("is_growth_candidate").select("str_code", "spu_code").rows()
    assert ("1", "11") in keys
    assert ("2", "12") not in keys, "what the shelf desk calls overstock is no candidate"
    assert found.facts["from_shelf_run"] == night.run_id
    blocked = pl.read_parquet(tmp_path / "in" / "step10.parquet").filter("rule10_applied")
    assert ("2", "12") in blocked.select("str_code", "spu_code").rows()
