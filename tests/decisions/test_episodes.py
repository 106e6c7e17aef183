"""What was decided on a case is known of its episode on later nights; a new episode starts fresh."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from engine.decisions import database
from engine.decisions.acts import Accept, Assign, Comment, Reject, Snooze
from engine.decisions.database import FILE, MIGRATIONS
from engine.decisions.shelf.cases import cases
from engine.decisions.shelf.episodes import carried_forward, same_episode
from engine.decisions.store import open_decisions
from engine.errors import InputError
from tests.decisions.nights import AS_OF, case, publish

if TYPE_CHECKING:
    from pathlib import Path

    from engine.decisions.store import Decisions
    from engine.runs.registry import Run

DAY = dt.timedelta(days=1)
BEFORE = AS_OF - DAY


def night(out: Path, as_of: dt.date, first: dt.date, last: dt.date | None = None, **manifest: Any) -> Run:
    """A night with one case of the store-SKU 1, 2, dark between two days."""
    row = case(1, 2, detection_date=first, last_dark_date=last or as_of)
    return publish(out, [row], {(1, 2): 5.0}, as_of=as_of, **manifest)


def decide(decisions: Decisions, run: Run, act: Any, by: str = "Ann", version: int = 0) -> None:
    """Do something with the one case of a night."""
    (case_id,) = pl.read_parquet(run.folder / "cases.parquet")["case_id"]
    (subject,) = cases(run, [case_id])
    decisions.decide(subject, act, by=by, version=version)


def known(decisions: Decisions, run: Run) -> dict[str, Any] | None:
    """What is carried forward to the one case of a night."""
    rows = carried_forward(decisions, run).to_dicts()
    assert len(rows) <= 1
    return rows[0] if rows else None


def test_the_next_night_knows_what_was_decided_by_whom_when_and_why(decisions, tmp_path):
    yesterday = night(tmp_path, BEFORE, BEFORE - 5 * DAY)
    decide(decisions, yesterday, Reject(reason="not_dark", comment="shelf was fine"))
    tonight = night(tmp_path, AS_OF, BEFORE - 5 * DAY)
    row = known(decisions, tonight)
    assert row is not None
    assert (row["decision"], row["reason"], row["comment"]) == ("rejected", "not_dark", "shelf was fine")
    assert (row["decided_by"], row["run_id"], row["as_of"]) == ("Ann", yesterday.run_id, BEFORE)
    assert row["decided_at"].date() == decisions.now().date()
    assert decisions.state(tonight.run_id).is_empty()


def test_the_next_night_knows_until_when_it_is_snoozed_and_not_once_that_was_undone(decisions, tmp_path):
    yesterday = night(tmp_path, BEFORE, BEFORE - 5 * DAY)
    decide(decisions, yesterday, Snooze(snoozed_until=AS_OF + 6 * DAY))
    tonight = night(tmp_path, AS_OF, BEFORE - 5 * DAY)
    row = known(decisions, tonight)
    assert row is not None
    assert (row["snoozed_until"], row["decision"], row["assigned_to"]) == (AS_OF + 6 * DAY, None, None)
    (subject,) = cases(yesterday, pl.read_parquet(yesterday.folder / "cases.parquet")["case_id"].to_list())
    assert "Ann set it aside until 2026-04-06" in str(decisions.history(subject)[0])
    decisions.undo(subject, by="Ann", version=1)
    assert known(decisions, tonight) is None


def test_a_case_is_not_snoozed_until_a_day_that_has_come(decisions, tmp_path):
    tonight = night(tmp_path, AS_OF, BEFORE)
    with pytest.raises(InputError, match="snoozed until 2026-03-31, which is not after 2026-03-31"):
        decide(decisions, tonight, Snooze(snoozed_until=AS_OF))
    assert decisions.count() == 0


@pytest.mark.parametrize(
    ("first", "last", "is_known"),
    [
        pytest.param(BEFORE - 5 * DAY, AS_OF, True, id="the same first day"),
        pytest.param(BEFORE - 2 * DAY, AS_OF, True, id="a first day that moved forth"),
        pytest.param(BEFORE - 9 * DAY, AS_OF, True, id="a first day that moved back"),
        pytest.param(BEFORE, AS_OF, True, id="only the last day in common"),
        pytest.param(BEFORE - 5 * DAY, BEFORE, True, id="closed since"),
        pytest.param(AS_OF, AS_OF, False, id="dark again after it was over"),
        pytest.param(BEFORE - 9 * DAY, BEFORE - 6 * DAY, False, id="an older one that was over before"),
    ],
)
def test_an_episode_is_known_by_dark_days_in_common(beside, tmp_path, first, last, is_known):
    decide(beside, night(tmp_path, BEFORE, BEFORE - 5 * DAY), Accept())
    assert (known(beside, night(tmp_path, AS_OF, first, last)) is not None) is is_known


days = st.tuples(st.integers(0, 12), st.integers(0, 5)).map(lambda d: (AS_OF + d[0] * DAY, AS_OF + sum(d) * DAY))
pairs = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"))


@given(st.lists(st.tuples(pairs, days), max_size=6), st.lists(st.tuples(pairs, days), max_size=6))
def test_one_episode_means_one_store_sku_and_a_common_day(here, there):
    frames = [
        pl.DataFrame(
            [(n, *pair, *span) for n, (pair, span) in enumerate(rows)],
            schema={
                name: pl.Int64,
                "store_id": pl.String,
                "sku_id": pl.String,
                "detection_date": pl.Date,
                "last_dark_date": pl.Date,
            },
            orient="row",
        )
        for name, rows in (("here", here), ("there", there))
    ]

    def span(first: dt.date, last: dt.date) -> set[dt.date]:
        return {first + n * DAY for n in range((last - first).days + 1)}

    expected = {
        (n, m)
        for (n, (pair, one)), (m, (other, two)) in itertools.product(enumerate(here), enumerate(there))
        if pair == other and span(*one) & span(*two)
    }
    assert set(same_episode(*frames).select("here", "there").iter_rows()) == expected


def test_what_was_undone_is_not_carried(decisions, tmp_path):
    yesterday = night(tmp_path, BEFORE, BEFORE)
    decide(decisions, yesterday, Accept())
    (subject,) = cases(yesterday, [f"1_2_{BEFORE}"])
    decisions.undo(subject, by="Ann", version=1)
    assert known(decisions, night(tmp_path, AS_OF, BEFORE)) is None


def test_the_last_word_of_all_nights_counts_and_a_comment_takes_no_verdict_away(decisions, tmp_path):
    start = BEFORE - 5 * DAY
    decide(decisions, night(tmp_path, BEFORE - 2 * DAY, start), Reject(reason="season"))
    second = night(tmp_path, BEFORE - DAY, start)
    decide(decisions, second, Accept(), by="Ben")
    third = night(tmp_path, BEFORE, start)
    decide(decisions, third, Comment(comment="called them"), by="Eve")
    decide(decisions, third, Assign(assigned_to="Kim"), by="Eve", version=1)
    row = known(decisions, night(tmp_path, AS_OF, start))
    assert row is not None
    assert (row["decision"], row["decided_by"], row["run_id"], row["assigned_to"]) == (
        "accepted",
        "Ben",
        second.run_id,
        "Kim",
    )


def test_nothing_is_carried_back_to_an_earlier_night_but_to_another_run_of_the_day(decisions, tmp_path):
    earlier = night(tmp_path, BEFORE, BEFORE)
    tonight, again = night(tmp_path, AS_OF, BEFORE), night(tmp_path, AS_OF, BEFORE, profile="classic")
    decide(decisions, tonight, Accept())
    assert known(decisions, earlier) is None
    assert known(decisions, tonight) is None
    assert known(decisions, again) is not None


def test_a_night_that_was_pruned_leaves_what_was_decided_on_it(beside, tmp_path):
    yesterday = night(tmp_path, BEFORE, BEFORE)
    decide(beside, yesterday, Accept())
    shutil.rmtree(yesterday.folder)
    assert known(beside, night(tmp_path, AS_OF, BEFORE)) is not None


def test_a_night_without_a_case_carries_nothing(beside, tmp_path):
    assert carried_forward(beside, publish(tmp_path, [], {(1, 2): 5.0})).is_empty()


def test_the_number_of_other_nights_grows_with_them_alone(decisions, tmp_path):
    yesterday, tonight = night(tmp_path, BEFORE, BEFORE), night(tmp_path, AS_OF, BEFORE)
    decide(decisions, tonight, Accept())
    assert decisions.revision_of_other_runs("case", tonight.run_id) == 0
    decide(decisions, yesterday, Accept())
    assert decisions.revision_of_other_runs("case", tonight.run_id) > 0


INSERT = """
insert into entry
(kind, run_id, subject_id, version, store_id, sku_id, detection_date, act, batch, decided_by, decided_at)
values ('case', :run_id, :subject_id, 1, '1', '2', :first, 'accept', 'b', 'Ann', :now)
"""


def test_entries_of_an_older_schema_are_known_by_their_first_dark_day(tmp_path, url, monkeypatch):
    monkeypatch.setattr(database, "_upgrade", _to_the_first_schema)
    engine = database.open_database(tmp_path, url)
    place = f"sqlite:///{tmp_path / FILE}" if url is None else url.replace("postgresql:", "postgresql+psycopg:")
    engine.dispose()
    old = create_engine(place)
    with old.begin() as connection:
        rows = [(f"{BEFORE}-calibrated-00000000", f"1_2_{BEFORE}"), ("a-night-without-a-day", "1_2_x")]
        for run_id, subject_id in rows:
            facts = {
                "run_id": run_id,
                "subject_id": subject_id,
                "first": BEFORE.isoformat(),
                "now": "2026-03-31 07:00",
            }
            connection.execute(text(INSERT), facts)
    old.dispose()
    monkeypatch.undo()
    decisions = open_decisions(tmp_path, url)
    row = known(decisions, night(tmp_path, AS_OF, BEFORE - DAY))
    assert row is not None
    assert (row["decision"], row["as_of"]) == ("accepted", BEFORE)
    decisions.close()


def _to_the_first_schema(connection: Any) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "0001")
