from datetime import date

import polars as pl
import pytest

from engine.synth.outcome import NO_TRANSFERS, outcome
from engine.synth.scorecard import Scorecard
from engine.synth.scorecard import score as score_night
from engine.vocabulary import shelf as v

ORDINARY = {
    "ordinary_daily_units": 10.0,
    "units_share": 0.4,
    "regular_price": 8.0,
    "price_share": 1.0,
    "unit_cost": 5.0,
    "offer_response": 2.0,
    "surplus_units": 200.0,
}
"""A shelf that sells 4 of 10 a day at $8, cost $5, with 200 units beyond its ordinary stock."""


def score(truth: pl.DataFrame, cases: pl.DataFrame) -> Scorecard:
    return score_night(truth, cases, NO_TRANSFERS)


def day(number: int) -> date:
    return date(2026, 1, number)


def planted(*rows: tuple[int, int, str, int, int, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "store_id": store,
                "sku_id": sku,
                "cause": cause,
                "first_date": day(first),
                "last_date": day(last),
                "normal_daily_units": 10.0,
                "lost_units": lost / 10,
                "lost_revenue": lost,
                **ORDINARY,
                "runs_on": last == 20,
            }
            for store, sku, cause, first, last, lost in rows
        ]
    )


def found(*rows: tuple[str, int, int, int, int, float | None, str | None], ids: type = int) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "case_id": case_id,
                "store_id": ids(store),
                "sku_id": ids(sku),
                "detection_date": day(first),
                "last_dark_date": day(last),
                "revenue_at_risk": at_risk,
                "primary_cause": cause,
                "projected_recovery": None if at_risk is None else at_risk / 2,
                "status": "open",
                "action": "review",
                "action_price": None,
                "price": 8.0,
            }
            for case_id, store, sku, first, last, at_risk, cause in rows
        ],
        schema_overrides={
            "revenue_at_risk": pl.Float64,
            "primary_cause": pl.String,
            "projected_recovery": pl.Float64,
            "action_price": pl.Float64,
        },
    )


TRUTH = planted(
    (1, 1, "price_too_high", 10, 20, 1000.0),
    (2, 1, "price_too_high", 10, 20, 500.0),
    (3, 2, "overstock", 5, 25, 400.0),
)

CASES = found(
    ("a", 1, 1, 9, 12, 300.0, "price_too_high"),
    ("b", 1, 1, 15, 18, 100.0, "overstock"),
    ("c", 2, 1, 21, 24, 80.0, "price_too_high"),
    ("d", 3, 2, 25, 28, 60.0, None),
    ("e", 9, 9, 10, 20, 999.0, "price_too_high"),
)


def test_a_case_of_the_store_sku_that_overlaps_the_episode_finds_it():
    by_cause = {each.cause: each for each in score(TRUTH, CASES).causes}
    assert (by_cause["price_too_high"].planted, by_cause["price_too_high"].found) == (2, 1)
    assert (by_cause["overstock"].planted, by_cause["overstock"].found) == (1, 1)


def test_the_largest_overlapping_case_says_whether_the_cause_is_right():
    by_cause = {each.cause: each for each in score(TRUTH, CASES).causes}
    assert by_cause["price_too_high"].right == 1
    assert by_cause["overstock"].right == 0


@pytest.mark.parametrize(
    ("first_cause", "right"),
    [pytest.param("overstock", 1, id="first_id_right"), pytest.param("misallocation", 0, id="first_id_wrong")],
)
def test_equal_amounts_go_by_case_id(first_cause, right):
    cases = found(("b", 3, 2, 10, 12, 60.0, "overstock"), ("a", 3, 2, 20, 22, 60.0, first_cause))
    assert score(TRUTH, cases).total.right == right


def test_money_is_summed_over_the_overlapping_cases():
    card = score(TRUTH, CASES)
    price = card.causes[0]
    assert (price.cause, price.lost_revenue, price.revenue_at_risk) == ("price_too_high", 1500.0, 400.0)
    assert price.recovered_share == pytest.approx(400 / 1500)
    assert price.projected_recovery == 200.0
    assert card.total.revenue_at_risk == 460.0


def test_cases_beside_every_episode_lower_the_overlapping_share():
    card = score(TRUTH, CASES)
    assert card.cases == 5
    assert card.total.cases == 3
    assert card.overlapping_share == pytest.approx(0.6)


def test_a_case_over_two_episodes_counts_once_in_the_total():
    truth = planted((1, 1, "overstock", 2, 6, 10.0), (1, 1, "misallocation", 8, 12, 20.0))
    card = score(truth, found(("a", 1, 1, 5, 9, 40.0, "overstock")))
    assert [each.revenue_at_risk for each in card.causes] == [40.0, 40.0]
    assert (card.total.found, card.total.right, card.total.cases) == (2, 1, 1)
    assert card.total.revenue_at_risk == 40.0


def test_the_table_has_a_row_a_cause_and_the_total_last():
    table = score(TRUTH, CASES).table()
    assert table["cause"].to_list() == ["price_too_high", "overstock", "total"]
    assert table["planted"].to_list() == [2, 1, 3]
    assert table["found"].to_list() == [1, 1, 2]
    assert table["lost_revenue"].to_list() == [1500.0, 400.0, 1900.0]


def test_ids_that_are_text_in_the_cases_still_match():
    cases = found(("a", 1, 1, 10, 12, 300.0, "price_too_high"), ids=str)
    assert score(TRUTH, cases).total.found == 1


def test_an_unknown_amount_finds_but_adds_nothing():
    card = score(TRUTH, found(("a", 1, 1, 10, 12, None, "price_too_high")))
    assert (card.total.found, card.total.right, card.total.revenue_at_risk) == (1, 1, 0.0)


def test_a_night_without_cases_finds_nothing():
    card = score(TRUTH, CASES.clear())
    assert (card.total.found, card.total.right, card.cases) == (0, 0, 0)
    assert card.overlapping_share is None
    assert card.total.recovered_share == 0.0


def test_a_chain_without_episodes_has_only_a_total():
    card = score(TRUTH.clear(), CASES)
    assert card.causes == ()
    assert card.total.recovered_share is None
    assert card.table()["recovered_share"].to_list() == [None]


def acted(cause: str, action: str, asked: float | None = None, moved: int = 0, **facts: float) -> dict:
    """Thirty days of a planted shelf whose case is answered by one action."""
    truth = planted((1, 1, cause, 10, 20, 100.0)).with_columns(
        pl.lit(value).alias(name) for name, value in facts.items()
    )
    case = found(("a", 1, 1, 12, 20, 90.0, cause)).with_columns(
        action=pl.lit(action),
        action_price=pl.lit(asked, pl.Float64),
        price=pl.col("price") * facts.get("price_share", 1.0),
    )
    transfers = pl.DataFrame({"case_id": ["a"], "units": [moved], "km": [10.0]}) if moved else NO_TRANSFERS
    return outcome(truth, case, transfers).row(0, named=True)


NOW, ORDINARILY = 30 * 4 * 3, 30 * 10 * 3


@pytest.mark.parametrize(
    ("cause", "action"),
    [
        (v.NOT_ON_SHELF, v.CHECK_SHELF),
        (v.CONVERSION_DROP, v.FIND_REASON),
        (v.TRAFFIC_DROP, v.RESTORE_TRAFFIC),
    ],
)
def test_the_action_that_answers_a_cause_brings_what_undoing_it_would(cause, action):
    told = acted(cause, action)
    assert told["actions_bring"] == told["undoing_brings"] == pytest.approx(ORDINARILY - NOW)


def test_an_action_against_another_cause_finds_nothing():
    assert acted(v.TRAFFIC_DROP, v.CHECK_SHELF)["actions_bring"] == pytest.approx(0)
    assert acted(v.OVERSTOCK, v.END_PROMO)["actions_bring"] == pytest.approx(0)


def test_a_raised_price_falls_back_as_it_rose():
    told = acted(v.PRICE_TOO_HIGH, v.RESTORE_PRICE, asked=8.0, price_share=1.25)
    assert told["actions_bring"] == told["undoing_brings"] == pytest.approx(ORDINARILY - 30 * 4 * 5)
    halfway = acted(v.PRICE_TOO_HIGH, v.RESTORE_PRICE, asked=8 * 1.25**0.5, price_share=1.25)
    assert halfway["actions_bring"] == pytest.approx(30 * 10 * 0.4**0.5 * (8 * 1.25**0.5 - 5) - 30 * 4 * 5)


def test_an_offer_is_answered_as_the_chain_answers_offers():
    cleared = acted(v.OVERSTOCK, v.CLEAR, asked=7.2)
    assert cleared["actions_bring"] == pytest.approx(30 * 4 / 0.9**2 * 2.2 - NOW)
    promoted = acted(v.CONVERSION_DROP, v.PROMOTE, asked=7.2)
    assert promoted["actions_bring"] == pytest.approx(7 * 4 / 0.9**2 * 2.2 - 7 * 4 * 3)


def test_surplus_that_leaves_gives_back_its_part_of_the_sales_less_the_way():
    half = acted(v.OVERSTOCK, v.TRANSFER, moved=100)
    assert half["actions_bring"] == pytest.approx((ORDINARILY - NOW) / 2 - 100 * 0.2)


def test_what_neighbours_sell_instead_is_no_loss_of_the_chain():
    told = acted(v.MISALLOCATION, v.KEEP)
    assert (told["undoing_brings"], told["actions_bring"]) == (0, 0)
    assert told["shelf_misses"] == pytest.approx(ORDINARILY - NOW)


def test_an_episode_that_ended_before_the_night_is_not_undone():
    truth = planted((1, 1, v.OVERSTOCK, 5, 10, 50.0), (2, 1, v.OVERSTOCK, 5, 20, 50.0))
    cases = found(("a", 1, 1, 5, 10, 50.0, v.OVERSTOCK))
    assert outcome(truth, cases, NO_TRANSFERS)["undoing_brings"].to_list() == [0, ORDINARILY - NOW]
    assert outcome(truth, cases, NO_TRANSFERS)["actions_bring"].to_list() == [0, 0]
