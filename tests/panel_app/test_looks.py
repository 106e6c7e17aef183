"""How figures are drawn: bins of one width, bars of one scale, days that are known, stops of a slider, files."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import OutputError
from engine.outputs import spreadsheet
from engine.outputs.spreadsheet import xlsx_bytes
from panel_app.pages.shelf import summary
from panel_app.pages.shelf.cases import CasesPage
from panel_app.pages.shelf.charts import MOST_BINS, even_bins, known_days
from panel_app.pages.shelf.filtering import stops
from panel_app.queue import minutes_since
from panel_app.session import Session
from panel_app.state import parse
from tests.panel_app.nights import FORMULA

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.decisions.store import Decisions
    from panel_app.rooms import Rooms
    from panel_app.stores.shelf import Night

lengths = st.dictionaries(st.integers(1, 700), st.integers(1, 9), min_size=1, max_size=30)


@pytest.fixture
def look(rooms: Rooms, decisions: Decisions) -> Callable[[str], Session]:
    """Sessions by their address."""
    return lambda query: Session(rooms, decisions, query)


@given(lengths)
def test_every_bin_of_the_durations_covers_as_many_days_and_holds_the_cases_of_these(told):
    bins = even_bins(pl.DataFrame({"days": list(told), "cases": list(told.values())}))
    edges = [[int(end) for end in name.split("–")] for name in bins["days"]]
    assert len({edge[-1] - edge[0] for edge in edges}) == 1
    assert [edge[0] for edge in edges] == [1, *(edge[-1] + 1 for edge in edges[:-1])]
    assert len(edges) <= MOST_BINS
    for edge, cases in zip(edges, bins["cases"], strict=True):
        assert cases == sum(n for days, n in told.items() if edge[0] <= days <= edge[-1])


def test_the_chart_of_a_case_begins_with_the_first_day_of_which_anything_is_known():
    days = pl.DataFrame(
        {
            "date": [date(2026, 1, 1) + timedelta(n) for n in range(5)],
            "actual": [None, None, None, 2.0, None],
            "on_hand": [None, None, 7.0, None, None],
            "price": pl.Series([None] * 5, dtype=pl.Float64),
        }
    )
    assert known_days(days)["date"].to_list() == days["date"].to_list()[2:]
    nothing = days.with_columns(actual=None, on_hand=None)
    assert known_days(nothing).equals(nothing)


def test_what_is_added_up_is_on_the_scale_of_its_list(look, night: Night, monkeypatch):
    monkeypatch.setattr(summary, "BARS", 1)
    bars = summary._list(look("").view, night, "cause")["bars"]
    most = max(bar["money"] for bar in bars)
    assert [bar["share"] for bar in bars] == pytest.approx([bar["money"] / most for bar in bars])
    assert max(bar["share"] for bar in bars) == 1


@given(st.floats(0, 1e9), st.integers(0, 10**9))
def test_the_slider_stops_at_nothing_at_round_amounts_and_at_what_the_address_says(most, chosen):
    found = stops(most, chosen)
    assert found == sorted(set(found))
    assert found[0] == 0
    assert chosen in found
    assert all(str(amount).rstrip("0") in {"1", "2", "5"} for amount in found if amount not in {0, chosen})
    assert all(amount <= most for amount in found if amount != chosen)


@pytest.mark.parametrize(
    ("began", "minutes"),
    [(None, 0), ("", 0), ("nonsense", 0), ("1000", 2), ("1120", 0), ("1121", 0), ("9999", 0)],
)
def test_minutes_are_counted_from_the_first_act_that_the_window_keeps(began, minutes):
    assert minutes_since(began, 1120.0) == minutes


def cells(content: bytes) -> list[list[tuple[object, str]]]:
    """Every cell of a workbook with its kind: s for a text, f for a formula."""
    sheet = openpyxl.load_workbook(BytesIO(content)).active
    return [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]


def test_a_workbook_holds_every_text_as_it_is_and_never_as_a_formula(look):
    page = CasesPage(look("?page=cases&category=drinks"))
    read = cells(page.exports.export("xlsx"))
    frame = pl.read_parquet(BytesIO(page.exports.export("parquet")))
    assert [name for name, _ in read[0]] == frame.columns
    column = frame.columns.index("sku_name")
    assert [row[column] for row in read[1:]] == [(name, "s") for name in frame["sku_name"]]
    assert (FORMULA, "s") in [row[column] for row in read[1:]]
    assert all(kind != "f" for row in read for _, kind in row)


def test_the_same_rows_make_the_same_workbook():
    frame = pl.DataFrame({"a": ["=1", None], "b": [[1, 2], None], "c": [float("inf"), 0.1]})
    assert xlsx_bytes(frame, "a") == xlsx_bytes(frame, "a")
    assert cells(xlsx_bytes(frame, "a"))[1][:2] == [("=1", "s"), ("1, 2", "s")]


def test_what_does_not_fit_into_a_sheet_is_refused(monkeypatch):
    monkeypatch.setattr(spreadsheet, "SHEET_ROWS", 3)
    assert len(cells(xlsx_bytes(pl.DataFrame({"a": [1, 2]}), "a"))) == 3
    with pytest.raises(OutputError, match="3 rows do not fit into a sheet of 3: filter them, or take CSV or Parquet"):
        xlsx_bytes(pl.DataFrame({"a": [1, 2, 3]}), "a")


def test_files_hold_the_columns_that_are_chosen(look):
    session = look("?page=cases")
    exports = CasesPage(session).exports
    exports._press("column", "-all")
    exports._press("column", "+sku_name")
    exports._press("column", "+revenue_at_risk")
    assert pl.read_parquet(BytesIO(exports.export("parquet"))).columns == ["revenue_at_risk", "sku_name"]
    assert exports.export("csv").decode("utf-8-sig").splitlines()[0] == "revenue_at_risk,sku_name"
    again = CasesPage(session).exports
    again._press("column", "+all")
    assert pl.read_parquet(BytesIO(again.export("parquet"))).width > 20


def test_the_switch_keeps_the_page_and_every_other_filter(look):
    view = parse("?page=map&region=South")
    (_, opened, here), (_, every, there) = summary.switch(view)
    assert (here, there) == (True, False)
    assert parse(every).more == {"region": ("South",), "status": ("any",)}
    assert parse(opened).more == {"region": ("South",)}
