"""A delivery is taken as it is or refused with everything that is wrong with it; nothing is dropped in silence."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.delivery.frames import frames_of
from engine.errors import InputError
from engine.settings.whitespace.inputs import InputSettings
from engine.whitespace.check import artifacts, check
from engine.whitespace.last_day import last_day
from engine.whitespace.tables import divisions_of
from tests.whitespace.deliveries import DAY, daily, delivered, line, told


def test_the_clean_company_gives_no_cause_for_a_remark(generated_company):
    assert check(frames_of(generated_company.tables), InputSettings()).remarks == ()


@pytest.mark.proves("L197", "L198")
def test_every_problem_is_told_at_once():
    rows = [*daily(30), line("", 3), line("A", 3, division=None, sku_id="S9")]
    twice = [{"customer_id": one, "name": one} for one in ("A", "A", "B", "C")]
    with pytest.raises(InputError) as refused:
        delivered(rows, customers=twice, products=[{"sku_id": "S1", "division": "Tools"}] * 2)
    message = str(refused.value)
    assert "transactions: customer_id is missing: 1 of 92 rows" in message
    assert "customers: rows share customer_id: 2 of 4 rows" in message
    assert "products: rows share sku_id: 2 of 2 rows" in message


def test_lines_without_any_division_are_refused_with_their_skus():
    with pytest.raises(InputError, match="rows have no division: 2 of 32 rows") as refused:
        delivered([*daily(10), *[line("A", 3, division=None, sku_id="S9")] * 2])
    assert "first: sku S9: 2 rows" in str(refused.value)


def test_a_missing_table_of_transactions_is_named():
    with pytest.raises(InputError, match="transactions: the table is missing"):
        check(frames_of({"customers": pl.DataFrame({"customer_id": ["A"]})}), InputSettings())


def test_a_delivery_of_which_no_line_counts_is_refused():
    with pytest.raises(InputError, match="no line is left that counts: 60 of 60 rows"):
        delivered(daily(20), InputSettings(data_as_of="2020-12-31"))


def test_a_column_under_another_name_is_recognised():
    orders = pl.DataFrame(daily(20)).rename({"gross_profit": "GP", "order_date": "Rec Date"})
    with pytest.raises(InputError) as refused:
        check(frames_of({"transactions": orders, "customers": pl.DataFrame({"customer_id": ["A"]})}), InputSettings())
    assert "Rec Date looks like order_date: rename it; GP looks like gross_profit: rename it" in str(refused.value)


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        pytest.param({"gross_profit": float("nan")}, "gross_profit is not finite", id="not_a_number"),
        pytest.param({"gross_profit": 2e9}, "gross_profit is not between", id="beyond_all_bounds"),
        pytest.param({"gross_profit": None}, "gross_profit is missing", id="unknown_profit"),
        pytest.param({"order_date": dt.date(1970, 1, 1)}, "order_date is before 1990-01-01", id="beginning_of_time"),
    ],
)
def test_a_faulty_line_is_set_aside_and_counted(cells, complaint):
    delivery = delivered([*daily(60), line("A", 5) | cells])
    assert "1 of 181 rows" in told(delivery, complaint)
    assert delivery.tables.transactions.height == 180
    aside = delivery.reconciliation.filter(pl.col("fate") == "set aside by contract")
    assert aside["rows"].to_list() == [1]


def test_a_delivery_of_which_too_much_is_faulty_is_refused():
    faulty = [line("A", day, gross_profit=None) for day in range(30)]
    with pytest.raises(InputError, match="more than 20% of the rows cannot be used: 30 of 90 rows") as refused:
        delivered([*daily(20), *faulty])
    assert "--set whitespace.inputs.max_set_aside_share=1" in str(refused.value)


def test_money_is_whole_cents_and_rounding_is_told():
    delivery = delivered([*daily(20), line("A", 3, revenue=10.0, gross_profit=0.126)])
    assert delivery.tables.transactions["gross_profit_cents"].sum() == 60 * 3000 + 13
    assert "1 of 61 rows" in told(
        delivery, "gross_profit is no whole number of cents; rounding moves the sum by 0.00"
    )


def test_ids_that_are_numbers_and_ids_that_are_text_meet():
    rows = [row | {"customer_id": 7} for row in daily(20, ("A",))]
    delivery = delivered(rows, customers=[{"customer_id": "7", "name": "Seven"}])
    assert delivery.tables.customers["name"].to_list() == ["Seven"]


def test_customers_without_an_entry_count_and_are_told():
    delivery = delivered([*daily(20), line("Z", 4)], customers=[{"customer_id": one, "name": one} for one in "ABC"])
    assert "1 of 61 rows" in told(delivery, "rows of a customer_id that customers does not have")
    assert delivery.tables.customers["customer_id"].to_list() == ["A", "B", "C", "Z"]
    assert delivery.tables.customers["name"].to_list() == ["A", "B", "C", None]


def test_eligibility_is_read_and_false_where_it_is_not_delivered():
    known = [{"customer_id": "A", "name": "A", "do_not_call": 1, "open_deal": 0}]
    customers = delivered([*daily(20, ("A", "B"))], customers=known).tables.customers
    assert customers["do_not_call"].to_list() == [True, False]
    assert customers["open_deal"].to_list() == [False, False]


def test_a_line_is_known_on_its_day_unless_it_says_later():
    late = line("A", 3, known_at=DAY + dt.timedelta(days=9))
    early = line("A", 5, known_at=DAY)
    delivery = delivered([*daily(20, ("B",), known_at=None), late, early])
    of_a = delivery.tables.transactions.filter(pl.col("customer_id") == "A")
    assert of_a["known_at"].to_list() == [DAY + dt.timedelta(days=9), DAY + dt.timedelta(days=5)]
    assert "1 of 22 rows" in told(delivery, "known_at is before the order date")


def test_an_asset_without_a_known_day_is_known_when_it_is_bought():
    asset = {"customer_id": "A", "product": "P", "purchase_date": DAY, "known_at": None}
    nothing = {"customer_id": "A", "product": "Q", "purchase_date": None, "known_at": None}
    delivery = delivered(daily(20), assets=[asset, nothing])
    assert delivery.tables.assets.select("known_at", "quantity").rows() == [(DAY, 1.0)]
    assert "1 of 2 rows" in told(delivery, "neither purchase date nor known_at is given")


def test_contacts_of_all_divisions_stay_and_those_of_no_division_sold_are_told():
    told_of = [
        {"customer_id": "A", "division": name, "date": DAY, "action": "call"} for name in ("tools", None, "Air")
    ]
    delivery = delivered(daily(20), contacts=told_of)
    assert delivery.tables.contacts["division"].to_list() == ["Tools", None]
    assert "1 of 3 rows" in told(delivery, "division that no line is sold in")


def test_names_are_read_as_they_were_meant():
    known = [{"customer_id": "A", "name": " MÃ¼ller   GmbH"}, {"customer_id": "B", "name": "Mu\u0308ller KG"}]
    rows = [*daily(20, ("A", "B")), line("A", 3, division="tools "), line("A", 3, division="Öfen")]
    tables = delivered(rows, customers=known).tables
    assert tables.customers["name"].to_list() == ["Müller GmbH", "Müller KG"]
    assert tables.transactions["division"].dtype.categories.to_list() == ["Tools", "Öfen"]


@pytest.mark.slow
def test_the_order_of_rows_changes_nothing(generated_company):
    mixed = {name: table.sample(fraction=1, shuffle=True, seed=3) for name, table in generated_company.tables.items()}
    one, other = (check(frames_of(each), InputSettings()) for each in (generated_company.tables, mixed))
    for name in ("transactions", "customers", "products", "assets", "contacts"):
        assert_frame_equal(getattr(one.tables, name), getattr(other.tables, name))
    assert_frame_equal(one.reconciliation, other.reconciliation)


def test_a_folder_of_csv_files_says_the_same_as_frames(generated_company, company_tables, tmp_path):
    for name, table in generated_company.tables.items():
        table.write_csv(tmp_path / f"{name}.csv")
    delivery = check(tmp_path, InputSettings())
    assert delivery.folder == tmp_path
    assert_frame_equal(delivery.tables.transactions, company_tables.transactions)
    assert_frame_equal(delivery.tables.assets, company_tables.assets)
    (written,) = artifacts(delivery)
    assert written.path == "check/reconciliation.csv"


class TestNewestDay:
    """The newest complete day."""

    def test_one_order_dated_2099_does_not_move_it(self):
        delivery = delivered([*daily(400), line("A", dt.date(2099, 5, 1))])
        assert delivery.tables.data_as_of == DAY + dt.timedelta(days=399)
        assert "first: 2099-05-01: 1 rows" in told(delivery, "rows are dated after 2025-02-03")
        later = delivery.reconciliation.filter(pl.col("fate") == "dated after the newest day")
        assert later.select("rows", "gross_profit_cents", "kept_gross_profit_cents").rows() == [(1, 3000, 0)]

    def test_a_division_of_orders_set_aside_alone_is_not_sold(self):
        delivery = delivered([*daily(400), line("A", dt.date(2099, 5, 1), division="Air")])
        assert divisions_of(delivery.tables) == ("Tools",)

    def test_a_few_orders_dated_soon_after_it_do_not_move_it(self):
        delivery = delivered([*daily(400), line("A", 420), line("B", 440)])
        assert delivery.tables.data_as_of == DAY + dt.timedelta(days=399)

    def test_it_is_the_end_of_the_month_where_no_order_was_due_since(self):
        weekdays = [row for row in daily(366) if row["order_date"].weekday() < 5]
        until_friday = [row for row in weekdays if row["order_date"] <= dt.date(2024, 6, 28)]
        assert delivered(until_friday).tables.data_as_of == dt.date(2024, 6, 30)

    def test_it_is_not_the_end_of_a_month_that_has_only_begun(self):
        begun = [row for row in daily(366) if row["order_date"] <= dt.date(2024, 6, 26)]
        assert delivered(begun).tables.data_as_of == dt.date(2024, 6, 26)

    @given(late=st.integers(8, 30_000), rows=st.integers(1, 2))
    def test_no_stray_order_moves_it(self, late, rows):
        dates = [(DAY + dt.timedelta(days=day), 3) for day in range(200)]
        stray = (DAY + dt.timedelta(days=199 + late), rows)
        assert last_day([*dates, stray], InputSettings()) == last_day(dates, InputSettings())

    def test_it_may_be_named(self):
        delivery = delivered(daily(400), InputSettings(data_as_of="2024-06-30"))
        assert delivery.tables.data_as_of == dt.date(2024, 6, 30)
        assert delivery.tables.transactions["order_date"].max() == dt.date(2024, 6, 30)

    def test_a_delivery_of_one_day_ends_on_it(self):
        assert delivered([line("A", dt.date(2024, 3, 5))]).tables.data_as_of == dt.date(2024, 3, 5)


class TestOddities:
    """What ordinary data bring is named, with how much and the first examples."""

    def test_one_customer_under_two_ids_by_name_and_place(self):
        known = [
            {"customer_id": "A", "name": "Müller GmbH", "city": "Bonn"},
            {"customer_id": "B", "name": "MULLER GMBH.", "city": "Bonn"},
            {"customer_id": "C", "name": "Muller GmbH", "city": "Ulm"},
        ]
        remark = told(delivered(daily(20), customers=known), "same name, same place")
        assert "2 of 3 rows" in remark
        assert "customer_id A, B" in remark

    def test_one_customer_under_two_ids_by_equal_orders(self):
        rows = [*daily(20, ("A", "B")), *[line("C", day, gross_profit=31.0) for day in range(20)]]
        assert "customer_id A, B: 20 equal lines each" in told(delivered(rows), "several ids have the same orders")

    def test_a_division_that_was_renamed_mid_history(self):
        names = {True: "Old tools", False: "New tools"}
        rows = [line(one, day, division=names[day < 200]) for day in range(400) for one in "ABC"]
        rows += daily(400, division="Other", sku_id="S2")
        remark = told(delivered(rows), "renamed")
        assert "Old tools ends on 2024-07-18, New tools begins on 2024-07-19" in remark

    def test_a_month_that_was_not_delivered(self):
        rows = [row for row in daily(400) if (row["order_date"].year, row["order_date"].month) != (2024, 5)]
        assert "2024-05: 0 rows, usually 90" in told(delivered(rows), "not delivered")

    def test_an_order_of_a_million(self):
        rng = random.Random(1)
        rows = [line(one, day, revenue=round(rng.uniform(10, 900), 2)) for day in range(200) for one in "ABC"]
        remark = told(delivered([*rows, line("B", 7, revenue=1_000_000.0)]), "times as large")
        assert "customer_id B, 2024-01-08" in remark
        assert "1 of 600 rows" in remark

    def test_lines_of_an_order_that_are_there_again(self):
        rows = [row | {"order_id": f"O{n}"} for n, row in enumerate(daily(20))]
        assert "order O3, sku S1: 2 equal lines" in told(delivered([*rows, rows[3]]), "there again")

    def test_returns_are_netted_and_no_cause_for_a_remark(self):
        back = line("A", 9, quantity=-1.0, revenue=-100.0, gross_profit=-30.0)
        delivery = delivered([*daily(60, ("A", "B")), back])
        assert delivery.tables.transactions["gross_profit_cents"].sum() == 119 * 3000
        assert not [
            remark for remark in delivery.remarks if remark.where == "transactions" and "negative" in str(remark)
        ]
