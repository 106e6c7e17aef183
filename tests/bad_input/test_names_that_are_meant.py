"""Which name was probably meant by another, from the names alone."""

from __future__ import annotations

import pytest

from engine.delivery.near_miss import columns_meant, file_alike, name_alike, named_after, near_miss
from tests.bad_input.night import SALES
from tests.planted.chain import SHAPES


def test_of_several_names_the_one_most_alike_is_meant():
    assert near_miss("units_sold", ["units", "unitssold", "sold"]) == "unitssold"


def test_a_name_of_its_own_is_meant_before_one_that_it_is_called_by_elsewhere():
    assert near_miss("price", ["unit price", "pryce"]) == "unit price"
    assert near_miss("store_id", ["store", "store_ids"]) == "store"
    assert near_miss("store_id", ["Store-ID 2", "shop"]) == "Store-ID 2"
    assert near_miss("price", ["unit price", "Price 7"]) == "Price 7"


@pytest.mark.parametrize("names", [[], ["weather"], ["costing"], ["loss"]])
def test_nothing_is_meant_where_no_name_is_alike(names):
    assert near_miss("cost", names) is None


def test_what_has_no_name_elsewhere_is_known_by_its_own():
    assert near_miss("colour", ["color", "size"]) == "color"
    assert near_miss("colour", ["col", "size"]) is None


def test_a_file_of_another_table_a_note_and_a_hidden_file_are_not_meant(tmp_path):
    for name in ("stores.csv", "Sales 2025.csv", "sales.MD", ".sales.csv", "_sales.csv", "sales.toml"):
        (tmp_path / name).touch()
    assert file_alike(tmp_path, SHAPES, SALES) == "Sales 2025.csv"
    assert file_alike(tmp_path, SHAPES, "stores") is None
    (tmp_path / "transactions").mkdir()
    assert file_alike(tmp_path, SHAPES, SALES) == "transactions"
    assert file_alike(tmp_path, ["transactions", *SHAPES], SALES) == "Sales 2025.csv"


def test_of_a_name_only_what_stands_before_its_first_dot_counts():
    assert name_alike(["prices.v2.csv", "other.prices"], [], "pricing") == "prices.v2.csv"
    assert name_alike(["other.prices"], [], "pricing") is None


@pytest.mark.parametrize(
    ("stem", "is_named"),
    [
        ("stores", True),
        ("stores-2025", True),
        ("stores_a", True),
        ("stores.x", True),
        ("stores2", False),
        ("x", False),
    ],
)
def test_a_file_is_a_tables_when_its_name_goes_on_after_a_sign(stem, is_named):
    assert named_after("stores", stem) is is_named


def test_columns_are_meant_by_spare_names_alone():
    known = {"store_id", "price", "cost"}
    assert columns_meant(["store_id", "price"], known, ["shop", "price", "unit price"]) == {"store_id": "shop"}
    assert columns_meant(["price"], known, ["cost", "weather"]) == {}
    assert columns_meant(["price"], known, ["unit price", "cost"]) == {"price": "unit price"}
