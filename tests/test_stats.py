from __future__ import annotations

import math

import polars as pl
import pytest

from engine.stats import above, below, power, quotient, ratio, round_half_up


def one(expression: pl.Expr) -> object:
    return pl.select(expression).item()


@pytest.mark.parametrize(
    ("value", "threshold", "is_above", "is_below"),
    [
        pytest.param(2.0, 1.0, True, False, id="greater"),
        pytest.param(1.0, 2.0, False, True, id="less"),
        pytest.param(3.0, 3.0, False, False, id="equal"),
        pytest.param(1.61 / 1.4, 1.15, False, False, id="equal_but_for_binary_noise"),
        pytest.param(0.1 + 0.2, 0.3, False, False, id="a_sum_with_noise"),
        pytest.param(1.15 * (1 + 2e-9), 1.15, True, False, id="beyond_the_tolerance"),
        pytest.param(1.15 * (1 + 5e-10), 1.15, False, False, id="within_the_tolerance"),
        pytest.param(-10.0, -10.0 - 1e-7, True, False, id="negative_numbers_too"),
        pytest.param(-10.0, -10.0 - 1e-9, False, False, id="negative_numbers_within_the_tolerance"),
        pytest.param(1e-300, 0.0, True, False, id="the_smallest_number_is_above_nothing"),
        pytest.param(-1e-300, 0.0, False, True, id="the_smallest_loss_is_below_nothing"),
        pytest.param(0.0, 0.0, False, False, id="nothing_is_not_above_nothing"),
        pytest.param(1e12 + 1, 1e12, False, False, id="the_tolerance_grows_with_the_numbers"),
    ],
)
def test_comparisons_are_as_in_real_arithmetic(value, threshold, is_above, is_below):
    assert one(above(pl.lit(value), threshold)) == is_above
    assert one(below(pl.lit(value), threshold)) == is_below
    assert one(above(pl.lit(threshold), pl.lit(value))) == is_below


def test_an_unknown_number_is_neither_above_nor_below():
    nothing = pl.lit(None, pl.Float64)
    for compared in (above(nothing, 1.0), below(nothing, 1.0), above(pl.lit(1.0), nothing)):
        assert one(compared) is None


@pytest.mark.parametrize(
    ("part", "whole", "result"),
    [
        pytest.param(3.0, 4.0, 0.75, id="a_quotient"),
        pytest.param(0.0, 4.0, 0.0, id="nothing_of_something"),
        pytest.param(3.0, 0.0, None, id="of_nothing"),
        pytest.param(0.0, 0.0, None, id="nothing_of_nothing"),
        pytest.param(None, 4.0, None, id="of_an_unknown_part"),
        pytest.param(3.0, None, None, id="of_an_unknown_whole"),
    ],
)
def test_ratio(part, whole, result):
    assert one(ratio(pl.lit(part, pl.Float64), pl.lit(whole, pl.Float64))) == result


def collected_lazily(height: int) -> pl.DataFrame:
    """So few rows, a thread each: a column whose values are all the same comes back as one constant."""
    parts = pl.DataFrame(
        {"part": [5.0, 3.0, 1.0, 2.0, 9.0][:height], "whole": [7.0] * height, "three": [3.0] * height}
    )
    return parts.lazy().with_columns(sum=pl.col("part") + pl.col("whole")).collect()


@pytest.mark.parametrize("height", [1, 2, 3, 5])
@pytest.mark.parametrize("whole", [pl.col("whole"), pl.lit(7.0)], ids=["a_column", "a_literal"])
@pytest.mark.parametrize("divided", [quotient, ratio])
def test_a_quotient_is_the_nearest_number_however_many_rows_share_a_whole(height, whole, divided):
    rows = collected_lazily(height)
    assert rows.select(divided(pl.col("part"), whole)).to_series().to_list() == [part / 7 for part in rows["part"]]


def test_a_quotient_of_what_has_no_end_has_none_either():
    endless = pl.DataFrame({"part": [math.inf, -math.inf]})
    assert endless.select(quotient(pl.col("part"), pl.lit(2.0))).to_series().to_list() == [math.inf, -math.inf]


@pytest.mark.parametrize("height", [1, 2, 3, 5])
def test_a_power_is_the_same_however_many_rows_share_an_exponent(height):
    rows = collected_lazily(height).with_columns(base=pl.col("part") * 0.3)
    cubes = rows.select(power(pl.col("base"), pl.col("three"))).to_series()
    apart = [row.select(power(pl.col("base"), pl.col("three"))).item() for row in rows.iter_slices(1)]
    other = pl.concat([rows.select("base", "three"), pl.DataFrame({"base": [1.0], "three": [1.5]})])
    among_others = other.select(power(pl.col("base"), pl.col("three"))).to_series()[:height]
    assert cubes.to_list() == apart == among_others.to_list()
    assert cubes.to_list() == pytest.approx([base**3 for base in rows["base"]])


@pytest.mark.parametrize(
    ("value", "decimals", "rounded"),
    [
        pytest.param(95.05, 1, 95.1, id="a_tie_goes_up"),
        pytest.param(0.25, 1, 0.3, id="an_exact_tie_goes_up"),
        pytest.param(0.249, 1, 0.2, id="less_than_a_tie_goes_down"),
        pytest.param(12.25 - 1e-12, 1, 12.3, id="a_tie_but_for_noise_goes_up"),
        pytest.param(2.5, 0, 3.0, id="to_whole_numbers"),
        pytest.param(1.005, 2, 1.01, id="to_hundredths"),
        pytest.param(None, 1, None, id="unknown_stays_unknown"),
    ],
)
def test_rounding_half_up(value, decimals, rounded):
    column = pl.DataFrame({"value": [value]}, schema={"value": pl.Float64})
    assert column.select(round_half_up(pl.col("value"), decimals)).item() == pytest.approx(rounded)


def test_a_number_with_one_decimal_is_printed_with_one_decimal():
    tenths = pl.DataFrame({"score": [tenth / 10 for tenth in range(1001)]})
    assert tenths.select(round_half_up(pl.col("score"), 1)).equals(tenths)
