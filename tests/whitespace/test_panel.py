"""Every customer and division as of a cutoff, and what was bought after it, as the definition has it."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.errors import InputError
from engine.settings.whitespace.labels import LabelSettings
from engine.whitespace.months import add_months, month_end
from engine.whitespace.panel import cutoffs_for, labels, newest_cutoff
from engine.whitespace.tables import Tables, as_of
from engine.whitespace.widen import widen
from tests.oracles.whitespace_labels import Rules, labelled

CUSTOMERS, DIVISIONS, SKUS = ("A", "B", "C"), ("Air", "Sea"), ("S1", "S2")
FIRST = dt.date(2022, 1, 1)
ENDS = [dt.date(2023, 1, 31), dt.date(2023, 2, 28), dt.date(2023, 6, 30), dt.date(2023, 9, 15)]
CENTS = st.sampled_from([100, 100, 250, -100, 0])
DAYS = st.integers(0, 1100).map(lambda days: FIRST + dt.timedelta(days=days))
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from(CUSTOMERS),
            "division": st.sampled_from(DIVISIONS),
            "sku_id": st.sampled_from(SKUS),
            "order_date": st.one_of(
                DAYS, st.sampled_from([each for end in ENDS for each in (end, add_months(end, 6))])
            ),
            "late": st.sampled_from([0, 0, 0, 40]),
            "cents": CENTS,
        }
    ),
    max_size=25,
)
ASSETS = st.lists(
    st.fixed_dictionaries(
        {"customer_id": st.sampled_from(CUSTOMERS), "purchase_date": DAYS, "late": st.sampled_from([0, 90])}
    ),
    max_size=3,
)


def known(rows: list[dict], column: str) -> list[dict]:
    """The rows with the day since when each is known."""
    return [row | {"known_at": row[column] + dt.timedelta(days=row["late"])} for row in rows]


def tables_of(lines: list[dict], assets: list[dict], newest: dt.date) -> Tables:
    """Typed tables of plain rows."""
    ids, divisions, skus = (pl.Enum(list(names)) for names in (CUSTOMERS, DIVISIONS, SKUS))
    kinds = {"customer_id": ids, "division": divisions, "sku_id": skus, "order_date": pl.Date, "known_at": pl.Date}
    rows = pl.DataFrame(lines, {**kinds, "cents": pl.Int64})
    owned = {"customer_id": ids, "purchase_date": pl.Date, "known_at": pl.Date}
    return Tables(
        transactions=rows.rename({"cents": "gross_profit_cents"}),
        customers=pl.DataFrame({"customer_id": pl.Series(CUSTOMERS, dtype=ids)}),
        products=pl.DataFrame({"sku_id": pl.Series(SKUS, dtype=skus)}),
        assets=pl.DataFrame(assets, owned).with_columns(product=pl.lit("P")),
        contacts=pl.DataFrame(schema={"customer_id": ids, "date": pl.Date}),
        data_as_of=newest,
    )


RULES = [
    pytest.param(LabelSettings(), Rules(), id="as_usual"),
    pytest.param(LabelSettings(population="all"), Rules(everyone=True), id="everyone"),
    pytest.param(
        LabelSettings(horizon_months=3, gp_min_threshold=1.5, buffer_days=10, active_months=6, absent_months=9),
        Rules(horizon=3, threshold_cents=150, buffer=10, active=6, absent=9),
        id="other_lengths",
    ),
    pytest.param(
        LabelSettings(denied_skus=("S2",), division_horizons=("Sea=12",)),
        Rules(denied=frozenset({"S2"}), own_horizons={"Sea": 12}),
        id="denied_and_own_horizons",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("settings", "rules"), RULES)
@given(lines=LINES, assets=ASSETS)
def test_the_panel_is_its_definition(settings, rules, lines, assets):
    anchor = {"customer_id": "A", "division": "Air", "sku_id": "S1", "order_date": FIRST, "late": 0, "cents": 100}
    lines, assets = known([anchor, *lines], "order_date"), known(assets, "purchase_date")
    newest = dt.date(2023, 12, 31)
    tables = tables_of(lines, assets, newest)
    rows = labels(tables, ENDS, settings)
    expected = labelled(lines, assets, list(CUSTOMERS), list(DIVISIONS), ENDS, newest, rules)
    found = {(row.pop("customer_id"), row.pop("division"), row.pop("cutoff")): row for row in rows.to_dicts()}
    assert found == expected
    assert list(found) == sorted(found, key=lambda key: (key[1], key[2], key[0]))


@pytest.mark.slow
@given(lines=LINES)
def test_tomorrow_never_changes_who_is_asked_about(lines):
    anchor = {"customer_id": "A", "division": "Air", "sku_id": "S1", "order_date": FIRST, "late": 0, "cents": 100}
    tables = tables_of(known([anchor, *lines], "order_date"), [], dt.date(2024, 12, 31))
    cutoff = ENDS[2]
    past = ["customer_id", "division", "is_new_logo", "is_expansion", "is_renewal_like", "segment", "in_population"]
    whole, cut = labels(tables, [cutoff], LabelSettings()), labels(as_of(tables, cutoff), [cutoff], LabelSettings())
    assert_frame_equal(whole.select(past), cut.select(past))
    assert cut["label"].null_count() == cut.height


def test_a_return_undoes_the_purchase_in_the_same_window():
    day = dt.date(2023, 8, 1)
    bought = {"customer_id": "A", "division": "Air", "sku_id": "S1", "order_date": day, "late": 0, "cents": 250}
    first = bought | {"order_date": FIRST}
    back = bought | {"order_date": dt.date(2023, 9, 1), "cents": -250}
    tables = tables_of(known([first, bought, back], "order_date"), [], dt.date(2023, 12, 31))
    row = labels(tables, [ENDS[2]], LabelSettings()).row(0, named=True)
    assert (row["label"], row["net_gp_window"], row["first_purchase_date"]) == (0, 0.0, day)


@pytest.mark.slow
@given(lines=LINES, place=st.integers(0, 24))
def test_an_order_of_a_million_changes_no_label_but_that_of_its_own_customer_and_division(lines, place):
    anchor = {"customer_id": "A", "division": "Air", "sku_id": "S1", "order_date": FIRST, "late": 0, "cents": 100}
    plain = [anchor, *lines]
    odd = plain[place % len(plain)]
    large = [row | {"cents": 100_000_000} if row is odd else row for row in plain]
    rows, others = (
        labels(tables_of(known(each, "order_date"), [], dt.date(2023, 12, 31)), ENDS, LabelSettings())
        for each in (plain, large)
    )
    own = (pl.col("customer_id") == odd["customer_id"]) & (pl.col("division") == odd["division"])
    assert_frame_equal(rows.filter(~own), others.filter(~own))
    in_window = own & pl.lit(odd["order_date"]).is_between("window_start", "window_end")
    assert others.filter(in_window)["label"].drop_nulls().eq(1).all()
    assert_frame_equal(rows.filter(own & ~in_window), others.filter(own & ~in_window))


def test_the_cutoffs_of_a_run_go_from_month_end_to_month_end():
    blocks = cutoffs_for(dt.date(2020, 6, 30), LabelSettings())
    quarters = ["2018-03-31", "2018-06-30", "2018-09-30", "2018-12-31", "2019-03-31", "2019-06-30"]
    assert [str(day) for day in blocks.tuning] == quarters
    assert blocks.calibration == dt.date(2019, 12, 31)
    assert blocks.labelled == (*blocks.tuning, blocks.calibration)


@given(scoring=st.dates(dt.date(2010, 1, 1), dt.date(2030, 1, 1)), horizon=st.integers(1, 24))
def test_no_label_that_is_trained_on_ends_after_the_scoring_cutoff(scoring, horizon):
    scoring = month_end(scoring)
    blocks = cutoffs_for(scoring, LabelSettings(horizon_months=horizon))
    assert add_months(blocks.tuning[-1], horizon) == blocks.calibration
    assert add_months(blocks.calibration, horizon) == scoring
    assert sorted(set(blocks.tuning)) == list(blocks.tuning)


def test_a_scoring_cutoff_within_a_month_is_refused():
    with pytest.raises(InputError, match="2024-06-29 is not the end of a month") as refused:
        cutoffs_for(dt.date(2024, 6, 29), LabelSettings())
    assert "choose 2024-06-30 or 2024-05-31" in str(refused.value)


def test_a_cutoff_outside_of_the_orders_is_refused(company_tables):
    with pytest.raises(InputError, match="cutoff: is outside of the orders: 2019-12-31, 2030-06-30"):
        labels(company_tables, [dt.date(2030, 6, 30), dt.date(2019, 12, 31)], LabelSettings())


def test_a_horizon_of_a_division_there_is_not_is_refused(company_tables):
    settings = LabelSettings(division_horizons=("Trainings=9",))
    with pytest.raises(InputError, match="names divisions that nothing is sold in: Trainings") as refused:
        labels(company_tables, [dt.date(2024, 6, 30)], settings)
    assert "divisions there are: Hardware, Scanning, Services, Training" in str(refused.value)


def test_the_newest_cutoff_is_a_month_end_that_was_delivered_whole(company_tables):
    assert newest_cutoff(company_tables) == dt.date(2024, 12, 31)
    assert newest_cutoff(as_of(company_tables, dt.date(2024, 3, 30))) == dt.date(2024, 2, 29)


class TestWidening:
    """A division in which hardly anybody buys gets a wider horizon, and its rows say so."""

    BLOCKS = cutoffs_for(dt.date(2024, 12, 31), LabelSettings(cutoffs=3))

    def test_no_division_is_widened_without_being_asked_for(self, company_tables):
        assert widen(company_tables, self.BLOCKS.tuning, self.BLOCKS.scoring, LabelSettings()) == {}

    def test_a_sparse_division_is_widened_until_it_has_enough_and_no_other_is(self, company_tables):
        rows = labels(company_tables, self.BLOCKS.tuning, LabelSettings()).filter("in_population")
        positives = dict(rows.group_by("division").agg(pl.col("label").cast(pl.Int64).sum()).rows())
        fewest = min(positives, key=lambda division: positives[division])
        settings = LabelSettings(sparse_min_positives=positives[fewest] + 1)
        months = widen(company_tables, self.BLOCKS.tuning, self.BLOCKS.scoring, settings)
        assert months == {fewest: 9}
        wide = labels(company_tables, self.BLOCKS.tuning, settings, months)
        assert set(wide.select("division", "horizon_months").unique().rows()) == {
            (division, 9 if division == fewest else 6) for division in positives
        }

    def test_a_division_is_never_wider_than_allowed(self, company_tables):
        settings = LabelSettings(sparse_min_positives=10**6, sparse_max_months=10, division_horizons=("Training=4",))
        months = widen(company_tables, self.BLOCKS.tuning, self.BLOCKS.scoring, settings)
        assert months == {"Hardware": 10, "Scanning": 10, "Services": 10, "Training": 4}

    def test_what_was_bought_after_the_scoring_cutoff_widens_nothing(self, company_tables):
        blocks = cutoffs_for(dt.date(2023, 12, 31), LabelSettings(cutoffs=3))
        settings = LabelSettings(sparse_min_positives=60)
        known_then = as_of(company_tables, blocks.scoring)
        now, then = (widen(each, blocks.tuning, blocks.scoring, settings) for each in (company_tables, known_then))
        assert now == then
