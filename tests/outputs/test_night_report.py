"""The report of a night: one file, plain words, every text escaped, and it stands whatever the night holds."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outputs.outlines import lines_within
from engine.outputs.read import summary
from engine.outputs.shelf import figures
from engine.outputs.shelf.charts import box_around, draw_case, draw_map, stores_at_risk, stores_by_severity
from engine.outputs.shelf.read import one_case
from engine.outputs.shelf.report import ReportSettings, report
from engine.outputs.shelf.severity import (
    COLOURS,
    HIGH,
    MODERATE,
    NONE,
    SEVERE,
    SEVERITIES,
    SHAPES,
    Limits,
    SeveritySettings,
    limits,
    severity,
)
from engine.runs.registry import Registry, Survey
from engine.settings.shelf.classic import ClassicSettings
from tests.command import darkshelf
from tests.outputs.nights import HOSTILE, changed, make_night, without_cases

SETTINGS = ReportSettings(cases=2)


def _by_severity(night):
    stores = stores_at_risk(night)
    return stores_by_severity(stores, limits(stores["at_risk"], SETTINGS))


VOID = {"meta", "img", "br", "hr", "input", "link"}


class Reader(HTMLParser):
    """What a browser would see: tags that were opened and never closed, texts, attributes that lead elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.leads: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        named = dict(attributes)
        self.leads += [named[key] for key in ("src", "href", "xlink:href", "action") if named.get(key)]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def words_of(page: str) -> str:
    """The texts of a page as they are read, blanks folded."""
    return re.sub(r"\s+", " ", " ".join(read(page).text))


def test_the_report_opens_with_the_night_in_words(night):
    facts = summary(night)
    words = words_of(report(night, None, SETTINGS))
    assert f"{facts['cases_open']:,} shelves in {facts['stores_with_open_cases']:,} stores are in stock" in words
    assert f"${facts['revenue_at_risk_open']:,.0f} of revenue at risk" in words


def test_nothing_in_the_file_leads_out_of_it(night):
    page = report(night, None, SETTINGS)
    reader = read(page)
    assert "script" not in reader.tags
    assert [lead for lead in reader.leads if not lead.startswith(("#", "data:"))] == []
    assert "url(http" not in page
    assert "@import" not in page


def test_the_same_night_is_told_with_the_same_bytes(night):
    assert report(night, None, SETTINGS) == report(night, None, SETTINGS)


def test_a_name_that_looks_like_markup_is_a_name(night, tmp_path):
    columns = ("store_name", "sku_name", "category", "region", "brand", "recommended_action")
    page = report(changed(night, tmp_path, **dict.fromkeys(columns, pl.lit(HOSTILE))), None, SETTINGS)
    assert "img" not in read(page).tags
    assert HOSTILE in words_of(page)


@pytest.mark.parametrize("name", ["上海南京路店", "متجر الرياض", "Ünïcode ’n’ Søn", "=2+2", ""])
def test_a_name_in_any_script_is_written_as_it_is(night, tmp_path, name):
    page = report(changed(night, tmp_path, store_name=pl.lit(name), sku_name=pl.lit(name)), None, SETTINGS)
    assert name in words_of(page)


def test_a_night_without_cases_says_that_no_shelf_is_dark(night, tmp_path):
    words = words_of(report(without_cases(night, tmp_path), None, SETTINGS))
    assert "No shelf is dark" in words
    assert "highest value" not in words


def test_without_coordinates_names_and_categories_the_report_stands(night, tmp_path):
    unknown = ("latitude", "longitude", "store_name", "sku_name", "region", "category", "brand")
    expressions = {name: pl.lit(None, pl.Float64 if name.endswith("tude") else pl.String) for name in unknown}
    words = words_of(report(changed(night, tmp_path, **expressions), None, SETTINGS))
    assert "40 stores have no coordinates" in words
    assert re.search(r"SKU \d", words)


def test_amounts_in_cents_and_in_millions_are_both_read(night, tmp_path):
    small = words_of(report(changed(night, tmp_path / "a", revenue_at_risk=pl.lit(0.25)), None, SETTINGS))
    large = words_of(report(changed(night, tmp_path / "b", revenue_at_risk=pl.lit(12_345_678.9)), None, SETTINGS))
    assert "$0.25" in small
    assert "$12,345,679" in large


def test_unknown_amounts_are_said_to_be_unknown(night, tmp_path):
    nothing = dict.fromkeys(("revenue_at_risk", "projected_recovery", "on_hand", "primary_cause"), pl.lit(None))
    words = words_of(report(changed(night, tmp_path, **nothing), None, SETTINGS))
    assert "an unknown amount" in words
    assert "No clear cause" in words


def test_one_store_and_the_classic_profile_are_told_too(tmp_path):
    run = make_night(tmp_path, ClassicSettings(), stores=1, skus=30)
    words = words_of(report(run, None, SETTINGS))
    assert "expected to be more than chance" not in words
    assert "Recoverable" not in words.partition("What the words mean")[0]


def test_a_later_night_is_compared_with_the_one_before(night):
    first = replace(night, manifest={**night.manifest, "as_of": "2026-03-30"})
    assert "as the night before" in words_of(report(night, first, SETTINGS))
    assert figures.headline(night, first)[1].value == 0
    assert figures.headline(night)[1].value is None


def test_only_a_night_of_the_same_desk_is_the_one_before(night):
    class Runs(Registry):
        def survey(self):
            other = {"as_of": "2026-03-30", "desk": "growth"}
            same = {"as_of": "2026-03-29", "desk": "shelf"}
            runs = [replace(night, run_id=name, manifest=facts) for name, facts in (("s", same), ("g", other))]
            return Survey(runs, [])

    found = figures.previous(Runs(night.folder), night)
    assert found is not None
    assert found.run_id == "s"


def test_groups_add_up_to_the_night(night):
    for column in ("primary_cause", "category", "region"):
        rows = figures.by(night, column)
        assert rows["cases"].sum() == summary(night)["cases_open"]
        assert rows["at_risk"].sum() == pytest.approx(summary(night)["revenue_at_risk_open"])


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(50_000.0, SEVERE), (49_999.99, HIGH), (20_000.0, HIGH), (19_999.99, MODERATE), (0.0, MODERATE), (None, NONE)],
)
def test_severity_changes_at_its_limits(amount, expected):
    frame = pl.DataFrame({"amount": [amount]}, schema={"amount": pl.Float64})
    assert frame.select(severity(pl.col("amount"), Limits(50_000.0, 20_000.0))).item() == expected


@given(
    st.lists(st.none() | st.integers(0, 10**7).map(lambda cents: cents / 100), max_size=60),
    st.floats(0.01, 0.4),
    st.floats(0.45, 0.95),
)
def test_severity_is_the_place_of_an_amount_among_those_of_the_night(amounts, red, orange):
    frame = pl.DataFrame({"amount": amounts}, schema={"amount": pl.Float64})
    parted = limits(frame["amount"], SeveritySettings(red_share=red, orange_share=orange))
    found = frame.select(severity(pl.col("amount"), parted)).to_series().to_list()
    known = sorted(amount for amount in amounts if amount is not None)
    for amount, name in zip(amounts, found, strict=True):
        if amount is None:
            assert name == NONE
            continue
        below = sum(other < amount for other in known) / max(len(known) - 1, 1)
        at_most = (sum(other <= amount for other in known) - 1) / (len(known) - 1) if len(known) > 1 else 1.0
        assert name != SEVERE or at_most >= 1 - red - 1e-9
        assert name != MODERATE or below < 1 - orange + 1e-9
    if known:
        assert found[amounts.index(known[-1])] == SEVERE


def test_severity_is_the_same_in_every_currency(night):
    amounts = pl.Series([3.0, 14.0, 15.0, 92.0, 65.0, 35.0, 89.0, 79.0])
    settings = SeveritySettings(red_share=0.2, orange_share=0.5)
    named = [
        pl.select(severity(pl.lit(told), limits(told, settings))).to_series().to_list()
        for told in (amounts, amounts * 1000)
    ]
    assert named[0] == named[1]
    assert set(named[0]) == {SEVERE, HIGH, MODERATE}


def test_severities_differ_in_shape_as_well_as_in_colour():
    assert len(set(SHAPES.values())) == len(set(COLOURS.values())) == len(SEVERITIES)


def test_the_severities_have_to_ascend():
    with pytest.raises(ValueError, match=r"red_share 0.2 is not below orange_share 0.2"):
        SeveritySettings(red_share=0.2, orange_share=0.2)


def test_a_map_holds_every_store_with_a_place_and_there_is_none_without(night):
    stores = _by_severity(night)
    box = box_around(stores)
    assert stores["longitude"].is_between(box.west, box.east).all()
    assert stores["latitude"].is_between(box.south, box.north).all()
    assert draw_map(stores.with_columns(latitude=pl.lit(None, pl.Float64))) is None


def test_a_map_far_from_every_outline_is_a_plain_grid(night):
    lost = _by_severity(night).with_columns(latitude=pl.lit(-38.0), longitude=pl.lit(-137.0))
    assert lines_within(box_around(lost)) == []
    assert (draw_map(lost) or "").startswith("<svg")


def test_a_chart_takes_the_colour_of_its_page(night):
    case, _, daily = one_case(night, figures.largest(night, 1)[0]["case_id"])
    svg = draw_case(case, daily)
    assert "currentColor" in svg
    assert "#000000" not in svg


def test_the_command_writes_the_file_and_says_where(capsys, night, tmp_path):
    file = tmp_path / "mail" / "night.html"
    answer = darkshelf(capsys, "report", "--out", night.folder.parents[1], "--file", file, "--set", "cases=1")
    assert (answer.code, answer.out) == (0, f"report of {night.run_id} → {file}\n")
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.slow
def test_the_command_says_what_it_cannot_do(capsys, night, tmp_path):
    out = night.folder.parents[1]
    assert "there is no run 'x'" in darkshelf(capsys, "report", "x", "--out", out).err
    (tmp_path / "file").touch()
    answer = darkshelf(capsys, "report", "--out", out, "--file", tmp_path / "file" / "night.html")
    assert answer.code == 1
    assert "cannot be written" in answer.err
    assert darkshelf(capsys, "report", "--out", out, "--set", "casses=1").code == 2
