"""Figures, charts and the report: every category stays, every label can be drawn, everything is in one file."""

from __future__ import annotations

import re

import polars as pl
import pytest

from engine.growth import desk
from engine.outputs.fonts import MissingGlyphError, families_for
from engine.outputs.growth import figures, shapes
from engine.outputs.growth.charts import CAP_COLOURS, DRAWINGS, STATUS_COLOURS, TIER_COLOURS, charts, draw_peer_strip
from engine.outputs.read import find_run, table
from engine.settings.growth.scaling import GrowthSettings
from tests.command import darkshelf
from tests.growth.golden import GOLDEN, golden_tables
from tests.growth.tables import among_peers


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("review")
    desk.run(golden_tables().write(folder / "in"), folder / "out", GrowthSettings(profile="reference"))
    return find_run(folder / "out")


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    """A run in which one candidate was blocked and nothing scaled."""
    folder = tmp_path_factory.mktemp("sparse")
    tables = among_peers(GOLDEN["reduced_by_step_10"].case)
    desk.run(tables.write(folder / "in"), folder / "out", GrowthSettings())
    return find_run(folder / "out")


def test_the_funnel_ends_with_the_scaled_rows(run):
    rows = figures.funnel(run)
    assert rows["step"].to_list() == list(STATUS_COLOURS)
    assert rows["rows"].to_list() == [21, 2, 2, 1, 1, 1, 3, 11]
    assert rows["left"].to_list() == [21, 19, 17, 16, 15, 14, 11, 11]
    held_back = {"BELOW_MIN_QTY": 0.75, "SUPPRESSED_BY_CAP": 17.4 + 1.5 + 2, "SCALED": 120.99}
    units = dict(rows.select("step", "units").iter_rows())
    assert {step: units[step] for step in held_back} == pytest.approx(held_back)
    assert sum(units.values()) == pytest.approx(sum(held_back.values()))


def test_every_candidate_is_under_its_tier_of_step_11(run):
    assert figures.opportunities(run).rows() == [("High Confidence Growth", 21, 11)]


def test_no_quantity_leaves_the_envelope(run):
    steepness, most = figures.envelope(run)
    assert (steepness, most) == (pytest.approx(0.5 * 1.2), 50)
    for gap, quantity in figures.gap_and_quantity(run).select("performance_gap", figures.QUANTITY).iter_rows():
        assert quantity <= min(steepness * gap, most) + 1e-9


def test_the_heat_map_names_clusters_as_they_are_and_holds_every_unit(run):
    rows = figures.heat_map(run)
    assert rows.schema["cluster_id"] == pl.Int32
    assert rows.drop("cluster_id").sum_horizontal().sum() == pytest.approx(120.99)


def test_the_peer_strips_of_the_report_show_a_scaled_and_a_suppressed_decision(run):
    assert [row["status"] for row in figures.peer_examples(run)] == ["SCALED", "SUPPRESSED_BY_CAP"]


@pytest.mark.parametrize(("figure", "colours"), [(figures.tiers, TIER_COLOURS), (figures.caps, CAP_COLOURS)])
def test_categories_without_rows_stay_in_their_place(sparse, figure, colours):
    rows = figure(sparse)
    assert rows[rows.columns[0]].to_list() == list(colours)
    assert rows["rows"].to_list() == [0] * len(colours)


def test_every_category_has_a_colour_of_its_own():
    for colours in (TIER_COLOURS, CAP_COLOURS, STATUS_COLOURS):
        assert len(set(colours.values())) == len(colours)


def test_the_bins_hold_every_scaled_row_and_the_mean_is_that_of_the_summary(run):
    bins, mean, median = figures.adjustments(run)
    assert bins["rows"].sum() == 11
    assert bins.height == 20
    assert mean == pytest.approx(120.99 / 11)
    assert median == 5


def test_conflicts_are_four_cases_that_add_up(run):
    rows = figures.conflicts(run)
    assert rows["rows"].to_list() == [18, 1, 1, 1]
    assert rows["scaled"].to_list() == [10, 0, 1, 0]


def test_the_dead_zone_counts_what_was_worth_closing_and_got_nothing(run):
    rows = figures.dead_zone(run)
    assert (rows["rows"].sum(), rows["without"].sum()) == (15, 4)


def test_an_unmoved_cap_gives_the_units_of_the_run_and_a_tighter_one_no_more(run):
    units = {(cap, factor): units for cap, factor, units in figures.sensitivity(run).iter_rows()}
    for cap in figures.CAP_COLUMNS:
        assert units[cap, 1.0] == pytest.approx(120.99)
        assert units[cap, 0.75] <= units[cap, 1.0] <= units[cap, 1.25]


def test_the_strip_shows_every_peer_in_order(run):
    rows = figures.peer_strip(run, 0, "P'é00")
    assert rows.height == 75
    assert rows["store_sales"].is_sorted()


@pytest.mark.slow
@pytest.mark.proves("R77")
def test_every_chart_is_drawn_with_names_in_any_script(run):
    drawn = charts(run)
    assert len(drawn) == len(DRAWINGS)
    assert all(svg.startswith("<svg") for svg in drawn.values())
    row = table(run, shapes.AUDIT).filter(pl.col("spu_code") == "P'é00").collect().row(0, named=True)
    assert draw_peer_strip(run, 0, "P'é00", row | {"spu_name": "直筒裤 ฿ Ünïcödé $x$"}).startswith("<svg")


@pytest.mark.proves("R77")
@pytest.mark.parametrize(
    "text", ["直筒裤", "Größe", "брюки", "ズボン", "바지", "กางเกง", "पैंट", "O'Brien’s", "מכנסיים"]
)
def test_labels_of_many_scripts_find_their_fonts(text):
    assert families_for([text])[0] == "DejaVu Sans"


@pytest.mark.proves("R77")
def test_a_letter_that_no_font_can_draw_is_an_error_that_names_it():
    with pytest.raises(MissingGlyphError, match=r"no font has 1 of the characters of the labels: .* \(U\+F8FFD\)"):
        families_for(["a\U000f8ffd"])


@pytest.mark.slow
def test_the_same_run_is_drawn_with_the_same_bytes(run):
    assert charts(run) == charts(run)


@pytest.mark.slow
def test_a_run_without_a_scaled_row_is_drawn_too(sparse):
    assert len(charts(sparse)) == len(DRAWINGS)


@pytest.mark.slow
@pytest.mark.proves("R77", "R91", "R93", "R94")
def test_the_report_is_one_file_with_everything_to_review_and_sign(run, capsys, tmp_path):
    page = tmp_path / "report.html"
    answer = darkshelf(capsys, "growth", "report", "--out", run.folder.parents[1], "--file", page)
    assert answer.code == 0
    text = page.read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)="(?!#|data:)', text) == []
    assert text.count("<figure") == len(DRAWINGS) + len(figures.peer_examples(run)) == 13
    for role in ("Data Science Lead", "Product Owner", "Client Representative"):
        assert f"<td>{role}</td>" in text
    assert "Step 11 said what" in text
    assert "Step 12 said how much" in text
    assert "NOT SCALED: Step 10 reduction (blocked)" in text
    assert "Crème d&#39;été" in text
    assert 'class="PASS"' in text
