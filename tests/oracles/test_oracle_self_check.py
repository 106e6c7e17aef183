"""The oracle against numbers worked out on paper: its miniatures sell 10 a day and end with three empty days.

Three empty days among ten-a-day weeks are outliers to the expectation, so e stays 10 and every sum is short.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.oracles.branches import ALL_BRANCHES
from tests.oracles.classic import classic_cases, classic_features, classic_night, row_accounts
from tests.oracles.inputs import read_inputs
from tests.oracles.interval import block_starts, percentile, replicate_means, split_mix_64
from tests.oracles.nights import Written, judged
from tests.oracles.panel import expectation, is_in_stock, short_gaps_filled
from tests.oracles.real import rounded_half_up_to_tenth
from tests.planted.awkward import AS_OF, write_awkward_chain
from tests.planted.chain import PANEL_DAYS, Chain, date_of, sells, write_tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.oracles.nights import Judged

HUNDREDS = 300
EMPTY_DAYS = range(87, 90)
TEN_A_DAY_THEN_NOTHING = sells(10, (EMPTY_DAYS, None))


@pytest.fixture
def chain() -> Chain:
    """A chain of one open store on the equator."""
    chain = Chain(seed=1)
    chain.store("1", 0.0, 0.0)
    chain.staple("1")
    return chain


@pytest.fixture
def only_case(tmp_path: Path) -> Callable[[Chain], dict]:
    """Judge a chain that holds one case, and return it."""

    def judge(chain: Chain) -> dict:
        write_tables(tmp_path, chain.rows_as_written(), "csv", whole_ids=False)
        (case,) = classic_cases(tmp_path, AS_OF)
        return case

    return judge


def dark_shelf_among(
    chain: Chain, prices: list[float], price: object = 10, cost: float | None = None, **facts
) -> None:
    """A dark SKU and others of its category at these prices."""
    chain.sku("sku", "category", cost)
    chain.shelf("1", "sku", TEN_A_DAY_THEN_NOTHING, price=price, **facts)
    for position, other in enumerate(prices):
        chain.sku(f"other-{position}", "category")
        chain.shelf("1", f"other-{position}", sells(10), price=other)


def test_a_case_carries_what_the_page_says(chain, only_case):
    dark_shelf_among(chain, [])
    case = only_case(chain)
    published = {
        "case_id": "1_sku_2025-06-28",
        "store_id": "1",
        "sku_id": "sku",
        "detection_date": date_of(87),
        "duration_days": 3,
        "expected_daily_units": 10.0,
        "actual_daily_units": 0.0,
        "underperformance_pct": 100.0,
        "revenue_at_risk": 300.0,
        "confidence_score": 100.0,
        "primary_cause": None,
        "secondary_causes": "",
        "recommended_action": "Manual review required",
        "projected_recovery": 0.0,
    }
    assert dict(islice(case.items(), 14)) == published
    assert (case["last_dark_date"], case["status"]) == (AS_OF, "open")
    assert (case["price"], case["price_basis"], case["on_hand"]) == (10.0, "own", 50.0)
    assert case["projected_30d_loss"] == 3000.0
    assert (case["revenue_at_risk_low"], case["revenue_at_risk_high"]) == (300.0, 300.0)
    assert (case["category"], case["store_name"], case["region"]) == ("category", "Store 1", "south")


def test_a_price_above_its_category_is_reduced_by_at_most_twenty_percent(chain, only_case):
    dark_shelf_among(chain, [10, 10, 10], price=30)
    case = only_case(chain)
    assert case["score_price_too_high"] == 80.0
    assert case["recommended_action"] == "Reduce price by 20% from $30.00 to $24.00"
    assert case["projected_recovery"] == pytest.approx(10 * 0.3 * 24 * 30)


def test_a_price_is_not_reduced_below_the_cost_floor(chain, only_case):
    dark_shelf_among(chain, [10, 10, 10], price=20, cost=16)
    case = only_case(chain)
    assert case["recommended_action"] == "Reduce price by 16% from $20.00 to $16.80"
    assert case["projected_recovery"] == pytest.approx(10 * 1.5 * 0.16 * 16.8 * 30)


def test_a_price_at_the_cost_floor_is_held(chain, only_case):
    dark_shelf_among(chain, [2, 2, 2], price=3.99, cost=3.8)
    case = only_case(chain)
    assert case["primary_cause"] == "price_too_high"
    assert (case["recommended_action"], case["projected_recovery"]) == (
        "Hold price: $3.99 is already at the cost floor",
        0.0,
    )


@pytest.mark.parametrize(
    ("prices", "price", "score"),
    [
        pytest.param([1.19], 1.61, 0.0, id="ratio_of_exactly_1.15_to_the_category"),
        pytest.param([8.8], {0: 8, 45: 12}, 50 + 100 * (12 / 10.4 - 1.15) + 20, id="above_category_and_own_past"),
        pytest.param([11], {0: 9, 45: 11}, 0.0, id="ratio_of_exactly_1.10_to_its_own_past"),
        pytest.param([9], {0: 5, 60: 9}, 20.0, id="above_its_own_past_alone"),
    ],
)
def test_a_price_scores_strictly_above_its_thresholds(chain, only_case, prices, price, score):
    dark_shelf_among(chain, prices, price=price)
    assert only_case(chain)["score_price_too_high"] == pytest.approx(score)


@pytest.mark.parametrize(
    ("usual", "lately", "score", "action", "recovery"),
    [
        pytest.param(100, 100, 66, "Run 10% off promo for 7 days (estimated 30% lift)", 189, id="drop_of_36"),
        pytest.param(100, 200, 90, "Run 20% off promo for 7 days (estimated 50% lift)", 315, id="drop_of_60"),
    ],
)
def test_a_conversion_drop_calls_for_a_promo(chain, only_case, usual, lately, score, action, recovery):
    views = dict.fromkeys(range(83), usual) | dict.fromkeys(range(83, PANEL_DAYS), lately)
    dark_shelf_among(chain, [], impressions=views)
    case = only_case(chain)
    assert case["score_conversion_drop"] == pytest.approx(score)
    assert case["recommended_action"] == action
    assert case["projected_recovery"] == pytest.approx(recovery)


@pytest.mark.parametrize(
    ("on_hand", "score", "action", "recovery"),
    [
        pytest.param(
            {0: 20, 60: 1250}, 72.5, "Run 10% off promo for 7 days (estimated 30% lift)", 529.2, id="50_days_fresh"
        ),
        pytest.param({0: 1250}, 72.5, "Markdown by 20% to clear aged inventory ($10.00 → $8.00)", 7000, id="aged"),
        pytest.param(
            {0: 20, 60: 1875}, 85, "Markdown by 30% to clear aged inventory ($10.00 → $7.00)", 9187.5, id="75_days"
        ),
        pytest.param(
            {0: 20, 60: 2500}, 97.5, "Markdown by 40% to clear aged inventory ($10.00 → $6.00)", 10500, id="100_days"
        ),
    ],
)
def test_overstock_is_promoted_or_marked_down(chain, only_case, on_hand, score, action, recovery):
    chain.shelf("1", "sku", sells(28, (EMPTY_DAYS, None)), on_hand=on_hand)
    case = only_case(chain)
    assert case["score_overstock"] == score
    assert case["recommended_action"] == action
    assert case["projected_recovery"] == pytest.approx(recovery)


def test_a_promo_that_sells_less_than_its_base_is_ended(chain, only_case):
    dark_shelf_among(chain, [], promo_days=EMPTY_DAYS)
    case = only_case(chain)
    assert case["score_promo_ineffective"] == 90.0
    assert case["recommended_action"] == "End current promo and revert to regular pricing"
    assert case["projected_recovery"] == 150.0


def test_stock_is_transferred_to_the_store_that_sells_better(chain, only_case):
    dark_shelf_among(chain, [], on_hand=45)
    chain.store("2", 0.045, 0.0)
    chain.staple("2")
    chain.shelf("2", "sku", sells(10, (89, 80)))
    case = only_case(chain)
    assert case["score_misallocation"] == 65.0
    assert case["recommended_action"] == "Transfer 22 units to: Store #2 (5.0km)"
    assert case["projected_recovery"] == pytest.approx(22 * (1.25 - 0.6) * 10)


def test_a_case_without_any_price_has_no_money(chain, only_case):
    dark_shelf_among(chain, [], price=None)
    case = only_case(chain)
    money = ("price", "revenue_at_risk", "revenue_at_risk_low", "projected_30d_loss", "projected_recovery")
    assert [case[column] for column in money] == [None] * len(money)
    assert case["review_flags"] == "missing_price"


def test_the_price_of_the_category_stands_in(chain, only_case):
    dark_shelf_among(chain, [7, 9], price=None)
    case = only_case(chain)
    assert (case["price"], case["price_basis"], case["revenue_at_risk"]) == (8.0, "category_average", 240.0)


@pytest.mark.parametrize(
    ("observed", "filled"),
    [
        pytest.param([8, None, None, None, 4], [8, 7, 6, 5, 4], id="three_days_are_filled"),
        pytest.param([8, None, None, None, None, 4], [8, None, None, None, None, 4], id="four_stay_unknown"),
        pytest.param([None, 8, None], [None, 8, None], id="edges_stay_unknown"),
    ],
)
def test_gaps(observed, filled):
    padding = [None] * (PANEL_DAYS - len(observed))
    as_units = [None if value is None else Fraction(value) for value in observed]
    assert short_gaps_filled(as_units + padding, Counter()) == filled + padding


def test_stock_is_inferred_from_the_seven_days_before():
    observed = [Fraction(day == 10) for day in range(PANEL_DAYS)]
    in_stock = [day for day in range(PANEL_DAYS) if is_in_stock(day, [None] * PANEL_DAYS, observed, Counter())]
    assert in_stock == list(range(11, 18))


def test_a_day_never_judges_itself_and_outliers_do_not_count():
    units = [Fraction(10)] * 13 + [Fraction(60), Fraction(10), Fraction(999)]
    assert expectation(units, 14, Counter()) is None
    fifteenth = expectation(units, 15, Counter())
    assert (fifteenth.mean, fifteenth.std, fifteenth.kept_days) == (10, 0.0, [*range(13), 14])


def test_values_on_the_edge_of_three_deviations_are_kept():
    units = [Fraction(value) for value in [0, *[7] * 17, 14]]
    assert len(expectation(units, 19, Counter()).kept) == 19


def test_tenths_are_rounded_half_up():
    assert [rounded_half_up_to_tenth(value) for value in (95.05, 0.25, 0.249, 12.25 - 1e-12)] == [
        95.1,
        0.3,
        0.2,
        12.3,
    ]


def test_block_starts_follow_the_published_generator():
    outputs = list(islice(split_mix_64(0), 2))
    assert outputs == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    assert block_starts(outputs[:1], 2**16) == [0xCDAF, 0x7B1D, 0xA839, 0xE220]


def test_a_replicate_draws_as_many_days_as_there_are():
    starts = block_starts(list(islice(split_mix_64(0x06D5573923C6CDFC), 1)), 9)
    days = [(starts[0] + i) % 9 for i in range(7)] + [(starts[1] + i) % 9 for i in range(2)]
    means = replicate_means([float(day) for day in range(9)], "123456789")
    assert (len(means), means[0]) == (1000, pytest.approx(sum(days) / 9))


def test_percentiles_are_linear_between_neighbours():
    assert percentile([float(value) for value in range(1000)], 0.025) == pytest.approx(24.975)


def test_features_are_measured_as_of_the_night(chain, tmp_path):
    dark_shelf_among(chain, [6], on_hand={0: 40, 80: 50}, promo_days=range(80, 90))
    write_tables(tmp_path, chain.rows_as_written(), "csv", whole_ids=False)
    features = next(row for row in classic_features(tmp_path, AS_OF) if row["sku_id"] == "sku")
    assert features == {
        "store_id": "1",
        "sku_id": "sku",
        "promo_active": True,
        "baseline_mean_units": 10.0,
        "baseline_std_units": 0.0,
        "baseline_cv": 0.0,
        "baseline_mean_revenue": 100.0,
        "sales_velocity_7d": pytest.approx(40 / 7),
        "sales_velocity_28d": pytest.approx(250 / 28),
        "velocity_trend": pytest.approx(-0.36),
        "current_inventory": 50.0,
        "days_of_supply": pytest.approx(5.6),
        "inventory_age_days": 9.0,
        "current_price": 10.0,
        "price_90d_avg": 10.0,
        "category_price_avg": 8.0,
        "price_vs_own_history": 1.0,
        "price_vs_category": 1.25,
        "conversion_rate_current": None,
        "conversion_rate_baseline": None,
        "conversion_drop_pct": None,
        "promo_lift_pct": pytest.approx(-100 * 3 / 7),
    }


def test_every_row_is_accounted_for(chain, tmp_path):
    where = "1", "staple"
    chain.sale(where, 5, 2)
    chain.sale(where, 6, -2)
    chain.sale(where, -9, 2)
    chain.price(("1", "never stocked"), 5, 2)
    chain.store("2", None, 3.0)
    write_tables(tmp_path, chain.rows_as_written(), "csv", whole_ids=False)
    accounts = row_accounts(tmp_path, AS_OF)
    assert accounts["sales_transactions"] == {"read": 95, "used": 91, "quarantined": 2, "outside": 2}
    assert accounts["pricing"] == {"read": 4, "used": 1, "quarantined": 1, "outside": 2}
    assert accounts["stores"] == {"read": 2, "used": 1, "quarantined": 1, "outside": 0}


def test_the_night_is_as_of_the_latest_usable_sale(chain, tmp_path):
    dark_shelf_among(chain, [])
    chain.sale(("1", "staple"), 95, -1)
    write_tables(tmp_path, chain.rows_as_written(), "csv", whole_ids=False)
    assert classic_night(tmp_path).inputs.as_of == date_of(91)


@pytest.fixture(scope="module")
def awkward_night(tmp_path_factory) -> Judged:
    """The awkward chain read from CSV."""
    return judged(tmp_path_factory, Written("csv"))[1]


@pytest.mark.slow
def test_the_awkward_chain_visits_every_branch_in_hundreds_of_cases(awkward_night):
    assert len(awkward_night.cases) > HUNDREDS
    assert len(awkward_night.features) > HUNDREDS
    assert awkward_night.branches == ALL_BRANCHES


@pytest.mark.slow
def test_the_awkward_chain_has_rows_of_every_account_in_every_table(awkward_night):
    for account in awkward_night.accounts.values():
        assert account["read"] == account["used"] + account["quarantined"] + account["outside"]
        assert min(account.values()) > 0


@pytest.mark.slow
def test_the_awkward_chain_is_the_same_whenever_it_is_written(tmp_path):
    for folder, seed in (("one", 7), ("same", 7), ("other", 8)):
        write_awkward_chain(tmp_path / folder, seed, "csv.gz")
    one, same, other = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("one", "same", "other")
    )
    assert one == same
    assert one != other


@pytest.mark.slow
def test_the_night_is_the_same_in_every_format(tmp_path):
    """What is read is all that a night is made of."""
    read = {}
    for file_format in ("csv", "csv.gz", "parquet"):
        write_awkward_chain(tmp_path / file_format, format=file_format)
        read[file_format] = read_inputs(tmp_path / file_format, AS_OF, Counter())
    assert read["csv"].store_skus
    assert read["csv.gz"] == read["csv"]
    assert read["parquet"] == read["csv"]


@pytest.mark.slow
def test_whole_ids_stay_whole_and_change_no_number(tmp_path_factory):
    _, of_text = judged(tmp_path_factory, Written("csv.gz", seed=19))
    _, of_numbers = judged(tmp_path_factory, Written("parquet", seed=19, whole_ids=True))
    assert all(isinstance(case[name], int) for case in of_numbers.cases for name in ("store_id", "sku_id"))
    amounts = sorted(case["revenue_at_risk"] or 0 for case in of_numbers.cases)
    assert amounts == sorted(case["revenue_at_risk"] or 0 for case in of_text.cases)
