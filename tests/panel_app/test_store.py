"""What the pages ask of a night, against the plain reading of its rows."""

from __future__ import annotations

import shutil
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import NotFoundError
from panel_app.rooms import Rooms
from panel_app.settings import load_settings
from panel_app.stores.shelf import SORTS, CaseList, Filters, Night, Nights
from tests.panel_app.nights import AS_OF, SCRIPT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.panel_app.conftest import Published

NOTHING_DECIDED = pl.DataFrame(
    schema={
        "case_id": pl.String,
        "decision": pl.String,
        "version": pl.Int64,
        "assigned_to": pl.String,
        "earlier": pl.String,
    }
)
filters = st.builds(
    Filters,
    store=st.lists(st.sampled_from(["1", "2", "3", "99"]), max_size=2, unique=True).map(tuple),
    region=st.lists(st.sampled_from(["North", "South", "", "none"]), max_size=2, unique=True).map(tuple),
    category=st.lists(st.sampled_from(["drinks", "food"]), max_size=1).map(tuple),
    status=st.sampled_from([(), ("open",), ("closed",), ("open", "closed")]),
    severity=st.lists(st.sampled_from(["severe", "moderate"]), max_size=1).map(tuple),
    text=st.sampled_from(["", "jam", "<IMG", "北京", "food jam", "JÁM", "3 rusk", "nothing like it"]),
    confidence=st.sampled_from([0, 50, 99]),
    revenue=st.sampled_from([0, 300, 1_000_000]),
    since=st.none() | st.dates(AS_OF - timedelta(15), AS_OF),
    until=st.none() | st.dates(AS_OF - timedelta(15), AS_OF),
)


def nights_in(out: Path, settings: Mapping[str, object] | None = None) -> Nights:
    return Nights("shelf", [out], load_settings(assignments=settings or {}))


def plain(text: str) -> str:
    """A text without case and accents, letter by letter."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def passes(row: dict[str, Any], wanted: Filters, amounts: list[float]) -> bool:
    """Whether a case passes the filters, read one by one. amounts: at risk of every case of the night."""
    amount = row["revenue_at_risk"]
    above = sum(other > amount for other in amounts) / (len(amounts) - 1)
    severity = "severe" if above <= 0.05 else "high" if above <= 0.2 else "moderate"
    lists = {
        "store": str(row["store_id"]),
        "region": row["region"] or "",
        "category": row["category"] or "",
        "status": row["status"],
        "severity": severity,
    }
    columns = ("store_name", "region", "sku_name", "category", "brand", "case_id")
    named = [str(row[name] or "") for name in columns]
    return (
        all(value in getattr(wanted, name) for name, value in lists.items() if getattr(wanted, name))
        and row["confidence_score"] >= wanted.confidence
        and amount >= wanted.revenue
        and (wanted.since is None or row["detection_date"] >= wanted.since)
        and (wanted.until is None or row["detection_date"] <= wanted.until)
        and all(any(word in plain(text) for text in named) for word in plain(wanted.text).split())
    )


@given(filters, st.sampled_from(SORTS), st.booleans())
def test_the_table_shows_what_passes_in_the_order_asked_for(
    night: Night, wanted: Filters, sort: str, ascending: bool
) -> None:
    rows = pl.read_parquet(night.run.folder / "cases.parquet").to_dicts()
    amounts = [row["revenue_at_risk"] for row in rows]
    kept = [row for row in rows if passes(row, wanted, amounts)]
    known = sorted((row for row in kept if row[sort] is not None), key=lambda row: row["case_id"])
    known.sort(key=lambda row: row[sort], reverse=not ascending)
    unknown = sorted(row["case_id"] for row in kept if row[sort] is None)
    shown = night.select(CaseList(filters=wanted, sort=sort, ascending=ascending), NOTHING_DECIDED).collect()
    assert shown["case_id"].to_list() == [row["case_id"] for row in known] + unknown
    assert set(shown["decision"].to_list()) <= {"undecided"}


def test_a_decision_is_a_filter_too(night: Night) -> None:
    first = night.cases["case_id"][0]
    decided = pl.DataFrame(
        {"case_id": [first], "decision": ["accepted"], "version": [3], "assigned_to": ["Eve"], "earlier": [None]},
        schema=NOTHING_DECIDED.schema,
    )
    view = CaseList(filters=Filters(decision=("accepted",)))
    (row,) = night.select(view, decided).collect().to_dicts()
    assert (row["case_id"], row["version"], row["assigned_to"]) == (first, 3, "Eve")
    view = CaseList(filters=Filters(decision=("undecided",)))
    assert night.select(view, decided).collect().height == night.cases.height - 1


def test_next_and_previous_follow_the_list_that_was_filtered(night: Night) -> None:
    view = CaseList(filters=Filters(category=("drinks",)), sort="case_id", ascending=True)
    ids = night.select(view, NOTHING_DECIDED).collect()["case_id"].to_list()
    assert night.neighbours_in_list(ids[1], view, NOTHING_DECIDED) == (ids[0], ids[2], 2, 3)
    assert night.neighbours_in_list(ids[0], view, NOTHING_DECIDED)[0] is None
    assert night.neighbours_in_list("elsewhere", view, NOTHING_DECIDED) == (None, ids[0], 0, 3)


def test_money_by_a_column_adds_up_to_the_summary(night: Night) -> None:
    for column in ("cause", "category", "region"):
        assert night.money_by(column, every=False)["money"].sum() == pytest.approx(
            night.summary["revenue_at_risk_open"], abs=0.02
        )


def test_everybody_reads_one_copy_of_a_night(nights: Nights, night: Night) -> None:
    assert nights.night(night.run_id) is night
    assert nights.night().cases is night.cases


def test_old_nights_leave_the_memory(published: Published) -> None:
    nights = nights_in(published.out, {"nights_kept": 1})
    first = nights.night(published.before)
    nights.night(published.main)
    assert nights.night(published.before) is not first


def test_the_night_before_is_of_an_earlier_day(nights: Nights, published: Published) -> None:
    before = nights.before(published.main)
    assert before is not None
    assert before.run_id == published.before
    assert nights.before(published.empty) is None


def test_the_history_of_a_shelf_goes_back_over_the_nights(nights: Nights, published: Published) -> None:
    rows = nights.history(2, 12, published.main)
    assert [row["run_id"] for row in rows] == [published.main, published.before]
    assert nights.history(2, 12, published.before) == rows[1:]


def test_the_trend_has_a_day_once_and_ends_with_the_night(nights: Nights, published: Published) -> None:
    trend = nights.trend(published.main)
    assert trend["as_of"].to_list() == sorted({date(2025, 5, 21), date(2025, 5, 31), date(2025, 6, 28), AS_OF})
    assert trend["at_risk"][-1] == nights.night(published.main).summary["revenue_at_risk_open"]


def test_severity_follows_the_thresholds(published: Published) -> None:
    strict = nights_in(published.out, {"shelf.red_share": 0.3, "shelf.orange_share": 0.6}).night(published.main)
    ranked = strict.cases.sort("revenue_at_risk", descending=True)["severity"].to_list()
    assert ranked == ["severe"] * 3 + ["high"] * 2 + ["moderate"] * 3


def test_all_cases_are_added_up_beside_those_still_open(night: Night) -> None:
    for every, cases in ((False, night.cases.filter(status="open")), (True, night.cases)):
        totals = night.totals(every=every)
        stores, _ = night.stores_at_risk(every=every)
        assert totals["cases"] == cases.height == stores["cases"].sum() == night.durations(every=every)["cases"].sum()
        assert totals["at_risk"] == pytest.approx(cases["revenue_at_risk"].sum(), abs=0.01)
        assert stores["at_risk"].sum() == pytest.approx(cases["revenue_at_risk"].sum(), abs=0.02)
        assert totals["stores"] == cases["store_id"].n_unique() == (stores["cases"] > 0).sum()


def test_a_store_is_offered_by_its_name_and_id(night: Night) -> None:
    assert night.choices["store"]["1"] == f"{SCRIPT} (1)"


def test_a_damaged_night_is_told(published: Published, tmp_path: Path) -> None:
    cases = shutil.copytree(published.out, tmp_path / "out") / "runs" / published.main / "cases.parquet"
    cases.write_bytes(bytes(cases.stat().st_size))
    night = nights_in(tmp_path / "out").night()
    with pytest.raises(NotFoundError, match=r"is damaged: cases\.parquet is not what was published"):
        _ = night.cases


def test_a_night_that_is_not_whole_is_named_and_the_one_before_shown(published: Published, tmp_path: Path) -> None:
    folder = shutil.copytree(published.out, tmp_path / "out") / "runs"
    (folder / published.main / "cases.parquet").write_bytes(b"no parquet")
    (folder / published.bare / "manifest.json").write_text("{")
    nights = nights_in(tmp_path / "out")
    assert nights.latest_id() == nights.night().run_id == published.before
    told = Rooms(tmp_path / "out", load_settings()).look_around().skipped
    assert len(told) == 2
    assert told[0].startswith(f"run {published.bare} is damaged: its manifest.json cannot be read")
    assert told[1].startswith(f"run {published.main} is damaged: cases.parquet is not whole: 10 bytes instead of")


def test_a_run_of_an_unknown_desk_is_named(published: Published, tmp_path: Path) -> None:
    other = shutil.copytree(published.out, tmp_path / "out") / "runs" / "other"
    other.mkdir()
    (other / "manifest.json").write_text('{"desk": "garden", "as_of": "2099-01-01"}')
    nights = nights_in(tmp_path / "out")
    assert Rooms(tmp_path / "out", load_settings()).look_around().skipped == [
        "run other is of no desk that is known here"
    ]
    assert nights.latest_id() == published.main
    with pytest.raises(NotFoundError, match="other is a run of the garden desk, not of the shelf desk"):
        nights.night("other")


def test_an_earlier_night_that_is_damaged_is_left_out_of_what_is_told_of_the_past(
    published: Published, tmp_path: Path
) -> None:
    folder = shutil.copytree(published.out, tmp_path / "out") / "runs" / published.before
    whole = nights_in(tmp_path / "out")
    pair = whole.night().cases.row(0, named=True)
    assert published.before in whole.trend(published.main)["run_id"].to_list()
    for name in ("summary.json", "cases.parquet"):
        (folder / name).write_bytes(bytes((folder / name).stat().st_size))
    nights = nights_in(tmp_path / "out")
    assert nights.trend(published.main)["run_id"].to_list() == [published.empty, published.bare, published.main]
    before = nights.before(published.main)
    assert before is not None
    assert before.run_id == published.bare
    told = nights.history(pair["store_id"], pair["sku_id"], published.main)
    assert [row["run_id"] for row in told] == [published.main]


def test_there_may_be_no_night_yet(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no run"):
        nights_in(tmp_path).night()
