"""Charts are described once for every reader and drawn by the browser, which is believed only in its form."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from engine.outputs.shelf.read import one_case
from panel_app.charts import Chart, frozen, thawed
from panel_app.pages.shelf import charts
from panel_app.pages.shelf.maps import COUNTS_SOURCE, SIGNS_SOURCE, StoreMap

if TYPE_CHECKING:
    from panel_app.stores.shelf import Night

LASTING = pl.DataFrame({"days": [1, 2, 9], "cases": [5, 3, 1]})


def items(card: Any) -> list[str]:
    return [chart.item for chart in card.select(Chart)]


@pytest.mark.slow
def test_readers_of_the_same_figures_share_one_description() -> None:
    before = charts._durations.cache_info()
    first, second = (items(charts.durations(LASTING.clone(), every=every)) for every in (True, False))
    after = charts._durations.cache_info()
    assert first == second
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 1)
    assert items(charts.durations(LASTING.with_columns(pl.col("cases") + 1), every=True)) != first


def test_a_description_holds_the_figures_and_is_as_wide_as_there_is_room() -> None:
    (item,) = items(charts.durations(LASTING, every=True))
    (figure,) = Document.from_json(json.loads(item)["doc"]).roots
    assert figure.sizing_mode == "stretch_width"
    drawn = [list(source.data["cases"]) for source in figure.select({"type": ColumnDataSource})]
    assert drawn == [charts.even_bins(LASTING)["cases"].to_list()]


def test_a_frame_is_the_same_after_it_was_a_key() -> None:
    frame = pl.DataFrame({"day": [date(2026, 1, 1), None], "sold": [1.5, None], "promo": [None, True]})
    assert thawed(frozen(frame)).equals(frame)
    assert hash(frozen(frame)) == hash(frozen(frame.clone()))


def test_a_case_that_is_found_by_its_places_is_the_one_that_is_searched_for(night: Night) -> None:
    for case_id in night.cases["case_id"]:
        case, evidence, daily = night.case(case_id)
        searched, searched_evidence, searched_daily = one_case(night.run, case_id)
        assert {name: case[name] for name in searched} == searched
        assert evidence.equals(searched_evidence)
        assert daily == searched_daily


@pytest.fixture
def store_map(night: Night) -> tuple[StoreMap, list[int]]:
    """The map of the open cases, and the rows of stores that were clicked."""
    clicked: list[int] = []
    stores, _ = night.stores_at_risk(every=False)
    made = StoreMap(stores.with_columns(pl.col("at_risk").fill_null(0.0)), clicked.append, 1000.0, "$", lambda: None)
    return made, clicked


def test_the_map_is_parted_anew_where_the_reader_looks(store_map: tuple[StoreMap, list[int]]) -> None:
    made, _ = store_map
    chart = made.view()
    alone = made.stores.row(0, named=True)
    near = [alone["x"] - 500.0, alone["x"] + 500, alone["y"] - 500, alone["y"] + 500]
    chart._handle_msg({"moved": near})
    signs, counts = chart.columns[SIGNS_SOURCE], chart.columns[COUNTS_SOURCE]
    assert alone["store_name"] in signs["store"]
    assert len(signs["store"]) < made.stores.height
    assert counts["text"] == [str(stores) for stores in signs["stores"] if stores > 1]


def test_a_sign_leads_to_its_store_and_what_is_no_sign_nowhere(store_map: tuple[StoreMap, list[int]]) -> None:
    made, clicked = store_map
    chart = made.view()
    single = next(place for place, rows in enumerate(made.shown["rows"]) if len(rows) == 1)
    for tapped in (len(made.shown), -1, True, "0", None, single):
        chart._handle_msg({"tapped": tapped})
    assert clicked == list(made.shown["rows"][single])


@pytest.mark.parametrize(
    "told", [None, [], {"moved": [0, 1, 0]}, {"moved": [0, 1, 0, float("nan")]}, {"moved": [0, 1, 0, "1"]}]
)
def test_a_window_of_the_map_that_is_none_changes_nothing(store_map: tuple[StoreMap, list[int]], told: Any) -> None:
    chart = store_map[0].view()
    chart._handle_msg(told)
    assert chart.columns == {}
