"""Calls as work: whoever may be called, never whoever is held out, nor who said not to call."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.acts import Snooze
from engine.decisions.store import Decisions, open_decisions
from engine.decisions.waiting import DONE, SNOOZED, TO_DECIDE
from engine.decisions.whitespace.calls import CALL_SCHEMA, calls, next_step
from engine.decisions.whitespace.gaps import gap_id, gaps
from engine.decisions.whitespace.verdicts import act_of, verdicts
from engine.decisions.whitespace.words import VERDICTS
from engine.outputs.whitespace.shapes import ranking_file
from engine.runs.registry import Run

DAY = dt.date(2026, 3, 31)
LATER = DAY + dt.timedelta(days=30)


def candidates(rows: list[dict]) -> pl.DataFrame:
    usual = {"excluded_because": None, "is_held_out": False, "is_selected": True, "p_icp": 0.5, "value": 10.0}
    schema = {"excluded_because": pl.String, "is_held_out": pl.Boolean, "is_selected": pl.Boolean}
    told = [{**usual, "rank": n, **row} for n, row in enumerate(rows)]
    return pl.DataFrame(told, schema_overrides=schema)


def ranked(folder, day: dt.date, rows: list[dict]) -> Run:
    folder.mkdir()
    candidates(rows).write_parquet(folder / ranking_file(day))
    return Run(f"rank-{day}", folder, {"as_of": str(day)})


def listed(decisions: Decisions, run: Run) -> pl.DataFrame:
    day = dt.date.fromisoformat(run.as_of)
    state, said = decisions.state(run.run_id), verdicts(decisions)
    return calls(pl.scan_parquet(run.folder / ranking_file(day)), state, said, day)


@pytest.fixture
def two(tmp_path):
    """A list, and one of a month later, of the same three customers."""
    rows = [{"customer_id": customer, "division": division} for customer in "abc" for division in ("x", "y")]
    return [ranked(tmp_path / str(day), day, rows) for day in (DAY, LATER)]


@pytest.fixture
def decisions(tmp_path):
    opened = open_decisions(tmp_path)
    yield opened
    opened.close()


CANDIDATES = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from("abcd"),
            "division": st.sampled_from("xyz"),
            "is_held_out": st.sampled_from([True, False, None]),
            "is_selected": st.sampled_from([True, False, None]),
            "excluded_because": st.sampled_from([None, "open_deal"]),
        }
    ),
    unique_by=lambda row: (row["customer_id"], row["division"]),
)
SAID = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.sampled_from(VERDICTS)))


@given(rows=CANDIDATES, said=SAID)
def test_nobody_is_shown_who_is_held_out_not_selected_excluded_or_said_not_to_call(rows, said):
    told = pl.DataFrame(
        [(*each, DAY) for each in said],
        schema={"customer_id": pl.String, "division": pl.String, "verdict": pl.String, "decided_on": pl.Date},
        orient="row",
    )
    untouched = pl.DataFrame(
        schema=dict.fromkeys(("subject_id", "decision", "reason", "assigned_to"), pl.String)
        | {"version": pl.Int64, "snoozed_until": pl.Date}
    )
    frame = candidates(rows) if rows else candidates([{"customer_id": "a", "division": "x"}]).clear()
    found = calls(frame.lazy(), untouched, told, DAY)
    refusing = {customer for customer, _, verdict in said if verdict == "do_not_call"}
    expected = [
        (row["customer_id"], row["division"])
        for row in rows
        if row["is_selected"] is True
        and row["is_held_out"] is False
        and row["excluded_because"] is None
        and row["customer_id"] not in refusing
    ]
    assert found.schema == CALL_SCHEMA
    assert found.select("customer_id", "division").rows() == expected


def test_who_said_not_to_call_is_in_no_later_list_until_it_is_taken_back(decisions, two, knows_gaps):
    first, second = two
    (subject,) = gaps(first, [gap_id("b", "x")])
    decisions.decide(subject, act_of("do_not_call"), by="ann", version=0)
    assert "b" not in set(listed(decisions, second)["customer_id"])
    assert listed(decisions, first).filter(customer_id="b")["division"].to_list() == ["x"]
    decisions.undo(subject, by="ann", version=1)
    assert listed(decisions, second).height == listed(decisions, first).height == 6


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_call_is_done_with_whatever_became_of_it(decisions, two, knows_gaps, verdict):
    first, _ = two
    (subject,) = gaps(first, [gap_id("a", "x")])
    decisions.decide(subject, act_of(verdict), by="ann", version=0)
    row = listed(decisions, first).filter(item_id=subject.subject_id).row(0, named=True)
    assert (row["verdict"], row["state"], row["versions"], row["undecided"]) == (verdict, DONE, [1], [])
    assert listed(decisions, first).filter(customer_id="c")["state"].unique().to_list() == [TO_DECIDE]


def test_a_call_that_is_set_aside_is_back_with_the_list_of_its_day(decisions, two, knows_gaps):
    first, _ = two
    (subject,) = gaps(first, [gap_id("a", "x")])
    decisions.decide(subject, Snooze(snoozed_until=LATER), by="ann", version=0)
    row = listed(decisions, first).filter(item_id=subject.subject_id).row(0, named=True)
    assert (row["state"], row["snoozed_until"]) == (SNOOZED, LATER)


def test_the_next_step_follows_from_what_became_of_the_call():
    steps = [next_step(verdict, "Tools") for verdict in (None, *VERDICTS)]
    assert steps == ["Call about Tools", "Ask whether it was bought", "", "", ""]


@pytest.fixture
def knows_gaps(monkeypatch):
    """The kind of subject as the record of the desk names it, without the other desks."""
    from engine.decisions.whitespace.gaps import GAPS

    monkeypatch.setattr("engine.decisions.acts.kind_named", lambda name: GAPS)
