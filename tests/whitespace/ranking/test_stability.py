"""What entered and left a list is told, each with one reason."""

from __future__ import annotations

import polars as pl
import pytest

from engine.whitespace.ranking.stability import stability


def ranking(**rows: dict[str, object]) -> pl.DataFrame:
    usual = {
        "division": "one",
        "is_selected": False,
        "is_held_out": False,
        "excluded_because": None,
        "p_icp": 0.1,
        "expected_gp_if_buys": 100.0,
        "cooldown_factor": 1.0,
    }
    found = [{"customer_id": name, **usual, **row} for name, row in rows.items()]
    frame = pl.DataFrame(found, schema_overrides={"excluded_because": pl.String})
    return frame.with_columns(priority=pl.col("p_icp") * pl.col("expected_gp_if_buys") * pl.col("cooldown_factor"))


CALLED = {"is_selected": True, "p_icp": 0.2}
KEPT = {"is_selected": True, "p_icp": 0.15}


@pytest.mark.proves("L93")
@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        pytest.param(CALLED, {"p_icp": 0.01}, "chance_fell", id="chance_fell"),
        pytest.param(CALLED, {"p_icp": 0.2, "expected_gp_if_buys": 10.0}, "worth_fell", id="worth_fell"),
        pytest.param(CALLED, {"p_icp": 0.2, "excluded_because": "owned"}, "owned", id="owned"),
        pytest.param(CALLED, {"p_icp": 0.2, "is_held_out": True}, "held_out", id="held_out"),
        pytest.param(CALLED, {"p_icp": 0.2, "cooldown_factor": 0.75}, "cooldown", id="cooldown"),
        pytest.param(CALLED, {"p_icp": 0.2}, "cap", id="cap"),
        pytest.param({**CALLED, "p_icp": 0.1}, {"p_icp": 0.1}, "crowded_out", id="crowded_out"),
        pytest.param({}, CALLED, "chance_rose", id="chance_rose"),
        pytest.param({}, {"is_selected": True, "expected_gp_if_buys": 200.0}, "worth_rose", id="worth_rose"),
        pytest.param({"excluded_because": "open_deal"}, CALLED, "was_open_deal", id="was_open_deal"),
        pytest.param({"is_held_out": True}, CALLED, "was_held_out", id="was_held_out"),
        pytest.param({"cooldown_factor": 0.75}, {"is_selected": True}, "cooldown_over", id="cooldown_over"),
        pytest.param({"p_icp": 0.2}, CALLED, "room", id="room"),
    ],
)
def test_a_change_has_one_reason(before, after, reason):
    found = stability(ranking(a=after, kept=KEPT), ranking(a=before, kept=KEPT))
    assert found.changes.select("customer_id", "reason").rows() == [("a", reason)]
    assert found.overlap == 0.5


def test_who_was_no_candidate_is_new_and_who_is_none_now_is_gone():
    found = stability(ranking(new=CALLED, kept=KEPT), ranking(old=CALLED, kept=KEPT))
    told = found.changes.select("customer_id", "change", "reason", "priority_before", "priority_after").rows()
    assert told == [("new", "entered", "new_candidate", None, 20.0), ("old", "left", "no_candidate", 20.0, None)]
    assert found.overlap == round(1 / 3, 4)


def test_without_a_list_before_nothing_is_compared():
    found = stability(ranking(a=CALLED), None)
    assert (found.overlap, found.changes.height) == (None, 0)
