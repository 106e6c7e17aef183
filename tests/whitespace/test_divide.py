"""The division of a line: a rule beats the line, which beats its product; and where every row and cent went."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError, SettingsError
from engine.settings.loading import load_as
from engine.settings.whitespace.division_rules import DivisionRule, DivisionRules
from engine.settings.whitespace.inputs import InputSettings
from engine.whitespace.divide import divide
from tests.whitespace.deliveries import daily, delivered, line, told

GOSALES = Path("docs/examples/gosales_divisions.toml")


def ruled(tmp_path: Path, *rules: str) -> InputSettings:
    """Settings with a file of these rules."""
    file = tmp_path / "rules.toml"
    file.write_text("\n".join(f"[[rule]]\n{rule}" for rule in rules), encoding="utf-8")
    return InputSettings(division_rules=str(file))


def routed(sku: str, delivered_as: str | None = None, product: str = "") -> tuple:
    """What the shipped rules make of one line: SKU, division, quantity and cents; nothing where it is dropped."""
    lines = pl.DataFrame(
        {
            "sku_id": [sku, "Other"],
            "division": [delivered_as, "Other"],
            "quantity": [3.0, 1.0],
            "revenue_cents": [900, 1],
            "gross_profit_cents": [300, 1],
            "is_later": [False, False],
        },
        schema_overrides={"division": pl.String},
    )
    products = pl.DataFrame(
        {"sku_id": [sku], "division": [product or None]}, {"sku_id": pl.String, "division": pl.String}
    )
    divided = divide(lines, products, load_as(DivisionRules, GOSALES), ())
    assert divided.problems == ()
    kept = divided.lines.filter(pl.col("sku_id").cast(pl.String) != "Other")
    return next(kept.select("sku_id", "division", "quantity", "gross_profit_cents").iter_rows(), ())


@pytest.mark.proves("L193", "L194")
class TestShippedRules:
    """The rules that come as an example, one by one."""

    @pytest.mark.parametrize("sku", ["HV_Simulation", "CATIA", "Delmia_Apriso", "DELMIA"])
    def test_high_value_software_is_of_cpe_and_no_longer_of_simulation(self, sku):
        assert routed(sku, "Simulation") == (sku, "CPE", 3.0, 300)

    def test_what_was_booked_as_cpe_stays_so(self):
        assert routed("Anything", "CPE") == ("Anything", "CPE", 3.0, 300)

    def test_the_derived_sum_of_simulation_is_dropped(self):
        assert routed("Combined_Simulation", "Simulation") == ()

    @pytest.mark.parametrize("sku", ["SW_Plastics", "SW_Plastics_Qty"])
    def test_plastics_count_as_seats_of_simulation_without_their_money(self, sku):
        assert routed(sku) == ("SW_Plastics", "Simulation", 3.0, 0)

    @pytest.mark.parametrize("sku", ["Post_Processing", "Post_Processing_Qty"])
    def test_post_processing_is_a_division_of_its_own(self, sku):
        assert routed(sku, "Hardware") == ("Post_Processing", "Post_Processing", 3.0, 300)

    def test_3dp_software_is_am_software_and_no_division(self):
        assert routed("_3DP_Software", "Hardware") == ("AM_Software", "Hardware", 3.0, 300)

    @pytest.mark.parametrize("sku", ["UPrint", "uPrint", "_1200_Elite_Fortus250"])
    def test_old_printers_are_fdm(self, sku):
        assert routed(sku, "Hardware") == ("FDM", "Hardware", 3.0, 300)

    def test_fortus_stays_a_sku_of_its_own(self):
        assert routed("Fortus", "Hardware") == ("Fortus", "Hardware", 3.0, 300)

    @pytest.mark.parametrize("sku", ["CGP", "Misc", "Misc_Qty"])
    def test_draftsight_is_gathered_from_the_columns_it_was_booked_in(self, sku):
        assert routed(sku, "Solidworks") == ("DraftSight", "Solidworks", 3.0, 300)

    @pytest.mark.parametrize(("sold_by", "division"), [("Scanning", "Scanning"), ("stratasys", "Hardware")])
    def test_support_goes_where_the_machine_was_sold(self, sold_by, division):
        assert routed("AM_Support", sold_by) == ("AM_Support", division, 3.0, 300)

    @pytest.mark.parametrize("sku", ["ALC", "PLC", "YLC", "YSC", "ALC_Qty", "PLC_Qty", "YLC_Qty", "YSC_Qty"])
    def test_licence_codes_that_are_gone_are_dropped(self, sku):
        assert routed(sku, "Solidworks") == ()

    @pytest.mark.parametrize("sku", ["CPE_YXE_Renewals", "CPE_YXE_Renewals_Qty"])
    def test_renewals_that_cpe_counts_itself_are_dropped(self, sku):
        assert routed(sku, "CPE") == ()

    @pytest.mark.parametrize("sku", ["UAP", "Success_Plan", "Term_GP", "Term_Renewals", "AM_Support"])
    def test_other_renewals_are_kept(self, sku):
        assert routed(sku, "Maintenance") == (sku, "Maintenance", 3.0, 300)

    @pytest.mark.parametrize("sku", ["ACR", "New"])
    def test_flags_are_no_skus(self, sku):
        assert routed(sku, "Solidworks") == ()

    def test_what_no_rule_names_has_the_division_of_its_line_else_of_its_product(self):
        assert routed("Creaform", "Scanning", "Hardware")[1] == "Scanning"
        assert routed("Creaform", None, "Hardware")[1] == "Hardware"


def test_conflicts_are_counted_and_told(tmp_path):
    settings = ruled(tmp_path, 'skus = ["S2"]\ndivision = "Paint"')
    rows = [*daily(20), *[line("A", 3, sku_id="S2")] * 2]
    delivery = delivered(rows, settings, products=[{"sku_id": "S1", "division": "Wood"}])
    remark = told(delivery, "rows are of different divisions by their sources")
    assert "62 of 62 rows" in remark
    assert "sku S1, delivered as Tools, is Tools: transactions over products, 60 rows" in remark
    assert "sku S2, delivered as Tools, is Paint: rule over transactions, 2 rows" in remark
    assert dict(delivery.reconciliation.group_by("division").agg(pl.col("conflicts").sum()).rows()) == {
        "Tools": 60,
        "Paint": 2,
    }


def test_dropped_lines_and_money_that_does_not_count_are_told(tmp_path):
    settings = ruled(
        tmp_path, 'skus = ["S2"]\ndrop = true', 'skus = ["S3"]\ndivision = "Tools"\nquantity_only = true'
    )
    delivery = delivered([*daily(20), line("A", 3, sku_id="S2"), line("A", 3, sku_id="S3")], settings)
    assert "sku S2: 1 rows, gross profit 30.00" in told(delivery, "rows are dropped by a rule")
    assert "sku S3: 1 rows, gross profit 30.00" in told(delivery, "rows count by their quantity alone")
    assert delivery.tables.transactions["quantity"].sum() == 61
    assert delivery.tables.transactions["gross_profit_cents"].sum() == 180_000


def test_a_division_that_is_none_of_those_there_are_is_refused():
    settings = InputSettings(divisions=("Tools", "Paint"))
    assert delivered(daily(20, division=" TOOLS"), settings).tables.transactions.height == 60
    with pytest.raises(InputError, match="rows are of a division there is not: 1 of 61 rows") as refused:
        delivered([*daily(20), line("A", 3, division="Wood")], settings)
    assert "first: Wood: 1 rows" in str(refused.value)


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        pytest.param(['skus = ["S"]'], "say one of division, alias and drop, not none", id="nothing"),
        pytest.param(['skus = ["S"]\ndrop = true\ndivision = "A"'], "not division and drop", id="two_things"),
        pytest.param(['skus = ["S"]\ndivison = "A"'], "divison", id="misspelt"),
        pytest.param(['skus = ["S"]\ndivision = "A"'] * 2, "several rules for S", id="twice"),
        pytest.param(
            ['skus = ["S"]\nalias = "T"', 'skus = ["T"]\nalias = "U"'], "an alias of an alias: S", id="chain"
        ),
        pytest.param(['skus = ["S"]\ndrop = true\nquantity_only = true'], "quantity_only goes with", id="quantity"),
        pytest.param(
            ['skus = ["S"]\nalias = "T"', 'skus = ["S"]\ndivision = "A"\ndelivered_division = "B"'],
            "an alias and a rule of its own: S",
            id="alias_and_rule",
        ),
    ],
)
def test_rules_that_contradict_themselves_are_refused(rules, complaint, tmp_path):
    with pytest.raises(SettingsError, match=complaint):
        delivered(daily(3), ruled(tmp_path, *rules))


SKUS, DIVISIONS = ["S1", "S2", "S3"], ["Tools", "paint", "PAINT ", "Wood"]
CHOICES = st.sampled_from(
    [
        {},
        {"drop": True},
        {"division": "Tools"},
        {"division": "Paint", "quantity_only": True},
        {"division": "Wood", "delivered_division": "Paint"},
    ]
)
LINES = st.lists(
    st.tuples(st.sampled_from(SKUS), st.sampled_from(DIVISIONS), st.integers(-(10**9), 10**9), st.booleans()),
    min_size=1,
)


@pytest.mark.slow
@pytest.mark.proves("L195")
@given(lines=LINES, choices=st.tuples(CHOICES, CHOICES, CHOICES))
def test_every_row_and_cent_is_accounted_for(lines, choices):
    rules = [DivisionRule(skus=(sku,), **choice) for sku, choice in zip(SKUS, choices, strict=True) if choice]
    frame = pl.DataFrame(lines, ["sku_id", "division", "gross_profit_cents", "is_later"], orient="row")
    frame = frame.with_columns(revenue_cents=pl.col("gross_profit_cents") * 3, quantity=pl.lit(1.0))
    products = pl.DataFrame(schema={"sku_id": pl.String, "division": pl.String})
    divided = divide(frame, products, DivisionRules(rule=tuple(rules)), ())
    told_of = divided.reconciliation
    assert told_of["rows"].sum() == frame.height
    for money in ("revenue_cents", "gross_profit_cents"):
        assert told_of[money].sum() == frame[money].sum()
        assert told_of[f"kept_{money}"].sum() == divided.lines[money].sum()
    kept = told_of.filter(pl.col("fate").str.starts_with("kept"))
    assert kept["rows"].sum() == divided.lines.height
    by_division = divided.lines.group_by(pl.col("division").cast(pl.String)).agg(pl.col("gross_profit_cents").sum())
    sums = kept.group_by("division").agg(pl.col("kept_gross_profit_cents").sum())
    assert dict(by_division.rows()) == dict(sums.rows())
