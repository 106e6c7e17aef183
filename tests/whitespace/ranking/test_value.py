"""What a purchase is worth is money, learned robustly and drawn together where little is known."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from engine.settings.whitespace.ranking import ValueSettings
from engine.whitespace.ranking.value import ValueModel, fit, value

SETTINGS = ValueSettings()


def purchases(amounts: dict[str, list[float]], size: float | None = 1000.0, segment: str = "warm") -> pl.DataFrame:
    rows = [(name, amount) for name, spent in amounts.items() for amount in spent]
    return pl.DataFrame(
        {
            "customer_id": [f"c{number:04}" for number in range(len(rows))],
            "division": [name for name, _ in rows],
            "cutoff": [dt.date(2019, 12, 31)] * len(rows),
            "segment": [segment] * len(rows),
            "label": [1] * len(rows),
            "net_gp_window": [amount for _, amount in rows],
            "size_gp_12m": pl.Series([size] * len(rows), dtype=pl.Float64),
        }
    )


def candidates(divisions: list[str], size: float | None = 1000.0, chance: float = 0.1) -> pl.DataFrame:
    n = len(divisions)
    return pl.DataFrame(
        {
            "division": divisions,
            "segment": ["warm"] * n,
            "p_icp": [chance] * n,
            "size_gp_12m": pl.Series([size] * n, dtype=pl.Float64),
        }
    )


def spread(mean: float, n: int, seed: int = 0) -> list[float]:
    return (mean * np.random.default_rng(seed).gamma(4, 0.25, n)).round(2).tolist()


def test_value_is_the_chance_times_the_money_of_the_division():
    model = fit(purchases({"dear": spread(1000, 200), "cheap": spread(10, 200)}), SETTINGS)
    found = value(candidates(["dear", "cheap"]), model)
    assert found["expected_gp_if_buys"].to_list() == pytest.approx([1000, 10], rel=0.1)
    assert found["value"].to_list() == pytest.approx((0.1 * found["expected_gp_if_buys"]).to_list())


def test_a_larger_customer_is_worth_more_as_far_as_purchases_grow_with_size():
    chance = np.random.default_rng(1)
    size = np.exp(chance.normal(7, 1, 2000))
    spent = 50 * ((size + np.median(size)) / (2 * np.median(size))) ** 0.6 * np.exp(chance.normal(0, 0.3, 2000))
    rows = purchases({"one": spent.tolist()}).with_columns(size_gp_12m=pl.Series(size))
    assert fit(rows, SETTINGS).exponent == pytest.approx(0.6, abs=0.05)


def test_a_customer_of_unknown_size_is_worth_as_much_as_the_median_one():
    model = fit(purchases({"one": spread(100, 50), "two": spread(10, 50)}), SETTINGS)
    unknown, median = (value(candidates(["one"], size), model) for size in (None, model.size_median))
    assert unknown["value"].to_list() == median["value"].to_list()


def test_a_division_with_few_buyers_is_drawn_toward_all_and_one_with_many_is_not():
    many = {f"division {number}": spread(100 * 2**number, 300, number) for number in range(5)}
    model = fit(purchases({**many, "few": [5.0, 6.0]}), SETTINGS)
    few, full = model.divisions["few"], model.divisions["division 0"]
    assert few.mean < few.shrunk < model.pooled
    assert full.shrunk == pytest.approx(full.mean, rel=0.05)


def test_a_division_that_nobody_bought_of_is_worth_the_mean_of_all():
    model = fit(purchases({"one": spread(100, 50), "two": spread(300, 50)}), SETTINGS)
    assert value(candidates(["three"]), model)["expected_gp_if_buys"].to_list() == [model.pooled]


def test_without_a_buyer_a_value_is_a_chance():
    model = fit(purchases({"one": []}).cast({"net_gp_window": pl.Float64, "label": pl.Int64}), SETTINGS)
    assert value(candidates(["one"], chance=0.3), model)["value"].to_list() == [0.3]


def test_one_purchase_of_a_million_changes_nothing_where_it_was_large_already():
    rows = purchases({"one": spread(100, 100), "two": spread(30, 100)})
    largest = rows["net_gp_window"].filter(rows["division"] == "one").arg_max()
    wild = rows.with_columns(
        net_gp_window=pl.when(pl.int_range(pl.len()) == largest).then(1e6).otherwise("net_gp_window")
    )
    assert fit(wild, SETTINGS) == fit(rows, SETTINGS)


def test_large_purchases_are_cut_and_counted():
    model = fit(purchases({"one": [*([100.0] * 95), *([101.0] * 5)]}), SETTINGS)
    assert (model.capped_buyers, model.divisions["one"].cap) == (5, 100.0)


def test_nobody_is_worth_more_than_a_customer_at_the_quantile_of_sizes_learned_from():
    chance = np.random.default_rng(3)
    sizes = np.exp(chance.normal(7, 1, 400))
    model = fit(purchases({"one": (sizes / 10).tolist()}).with_columns(size_gp_12m=pl.Series(sizes)), SETTINGS)
    found = value(candidates(["one"] * 2).with_columns(size_gp_12m=pl.Series([1e9, 1e6])), model)
    assert found["is_capped"].to_list() == [True, True]
    assert found["expected_gp_if_buys"].n_unique() == 1
    assert not value(candidates(["one"], 500.0), model)["is_capped"].any()


def test_the_order_of_rows_changes_no_digit():
    rows = purchases({"one": spread(100, 60), "two": spread(30, 60)})
    assert fit(rows.sample(fraction=1, shuffle=True, seed=2), SETTINGS) == fit(rows, SETTINGS)


def test_a_model_is_read_as_it_was_told():
    model = fit(purchases({"one": spread(100, 60), "two": spread(30, 60)}), SETTINGS)
    assert ValueModel.load(model.dump()) == model
