"""Which open cases are one event: a SKU in nearly a whole region, a SKU and cause, a category in a region."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import EventSettings
from engine.shelf.calibrated.event_rows import grouped
from engine.vocabulary import shelf as v
from tests.planted.chain import PANEL_DAYS

OF = EventSettings()
BEGAN = dt.date(2026, 3, 20)


def cases(*parts: tuple[str, str, int, str | None, int]) -> pl.DataFrame:
    """SKU, region, number of stores from the first of the region on, cause, days after the first cases."""
    rows = [
        {
            "store_id": f"{region}{store}",
            "sku_id": sku,
            "region": region,
            "category": "tea",
            "case_id": f"{region}{store}_{sku}_{late}",
            "status": v.OPEN,
            "primary_cause": cause,
            "detection_date": BEGAN + dt.timedelta(days=late),
            "last_dark_date": BEGAN + dt.timedelta(days=30),
            "lost_units": 10.0,
            "revenue_at_risk": 25.0,
        }
        for sku, region, stores, cause, late in parts
        for store in range(stores)
    ]
    return pl.DataFrame(rows, schema_overrides={"primary_cause": pl.String})


def carried(stores: int) -> pl.DataFrame:
    """Every SKU is judged in so many stores of either region."""
    rows = [(sku, region, stores) for sku in ("a", "b") for region in ("north", "south")]
    return pl.DataFrame(rows, ["sku_id", "region", "stores"], orient="row")


def test_a_sku_that_fell_in_nearly_every_store_of_a_region_is_one_event_whatever_its_causes():
    of_region = cases(("a", "north", 5, v.NOT_ON_SHELF, 0))
    others = cases(("a", "north", 8, None, 3)).filter(~pl.col("store_id").is_in(of_region["store_id"].to_list()))
    (event,) = grouped(pl.concat([of_region, others]), carried(10), OF).to_dicts()
    assert (event["kind"], event["sku_id"], event["region"]) == (v.SKU_IN_REGION, "a", "north")
    assert (event["members"], event["cause"], event["lost_revenue"]) == (8, v.NOT_ON_SHELF, 200.0)
    assert len(event["case_ids"]) == 8
    assert event["explanation"] == "It fell in 8 of 10 stores of the region: not_on_shelf."


def test_a_part_of_a_region_or_a_region_of_few_stores_is_no_event_of_the_region():
    part = cases(("a", "north", 7, v.NOT_ON_SHELF, 0))
    assert grouped(part, carried(10), OF)["kind"].to_list() == [v.SKU_IN_STORES]
    few = cases(("a", "north", 4, v.NOT_ON_SHELF, 0))
    assert grouped(few, carried(4), OF).is_empty()


def test_cases_of_a_region_that_began_far_apart_are_not_one_event():
    early, late = cases(("a", "north", 4, None, 0)), cases(("a", "north", 8, None, 8))
    apart = pl.concat([early, late.filter(~pl.col("store_id").is_in(early["store_id"].to_list()))])
    assert grouped(apart, carried(8), OF).is_empty()


def test_two_regions_in_which_a_sku_fell_are_two_events_and_no_case_is_in_two():
    both = cases(
        ("a", "north", 9, v.NOT_ON_SHELF, 0), ("a", "south", 9, v.NOT_ON_SHELF, 0), ("b", "south", 6, None, 0)
    )
    events = grouped(both, carried(10), OF)
    assert events.select("kind", "sku_id", "region").rows() == [
        (v.SKU_IN_REGION, "a", "north"),
        (v.SKU_IN_REGION, "a", "south"),
        (v.SKU_IN_STORES, "b", None),
    ]
    assert events["case_ids"].explode().is_unique().all()


@pytest.mark.slow
def test_a_night_groups_a_sku_that_went_dark_in_a_whole_region(chain, judged):
    random = np.random.default_rng(5)
    for store in range(16):
        chain.store(f"s{store}", 50.0 if store < 6 else 20.0, 10.0)
        for sku in range(8):
            units = [float(sold) for sold in random.poisson(8.0, PANEL_DAYS)]
            if sku == 3 and store < 6:
                units[-8:] = [0.0] * 8
            chain.shelf(f"s{store}", f"sku{sku}", units, on_hand=500)
    night = judged(chain, "profile=calibrated", "episode.max_fdr=0.01")
    events = night.tables[shapes.EVENTS]
    (event,) = events.filter(kind=v.SKU_IN_REGION).to_dicts()
    assert (event["sku_id"], event["region"], event["members"]) == ("sku3", "north", 6)
    assert set(event["case_ids"]) == set(night.cases.filter(status=v.OPEN)["case_id"])
