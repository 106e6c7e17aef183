"""A day that goes from a lake is as if it had never come."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InputError, TryLaterError
from engine.lake.drop import drop
from engine.lake.manifest import open_lake
from engine.lake.verify import verify
from engine.lake.write import writer
from tests.command import darkshelf
from tests.daylake.deliveries import SALES, Chain, differences, night_over, within
from tests.planted.small import AS_OF, FIRST_DAY, N_DAYS, small_chain

if TYPE_CHECKING:
    from tests.daylake.deliveries import Tables

DAY = timedelta(days=1)
TYPO = date(2099, 6, 3)


def rows_of(chain: Chain) -> dict[str, pl.DataFrame]:
    """Every row that the files of a lake hold, sorted."""
    lake = open_lake(chain.lake)
    return {
        table: pl.concat(
            pl.read_parquet(chain.lake / table / file.name, glob=False, hive_partitioning=False)
            for part in parts
            for file in part.files
        ).pipe(lambda rows: rows.sort(rows.columns))
        for table, parts in lake.tables.items()
    }


def without(tables: Tables, *days: date) -> Tables:
    return {
        name: frame.filter(~pl.col("date").is_in(days)) if "date" in frame.columns else frame
        for name, frame in tables.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "day",
    [
        pytest.param(AS_OF, id="the_newest"),
        pytest.param(AS_OF - 5 * DAY, id="of_the_newest_month"),
        pytest.param(FIRST_DAY + 3 * DAY, id="of_a_closed_month"),
    ],
)
def test_a_lake_without_a_day_comes_to_what_a_folder_without_it_comes_to(chain, day):
    chain.begin_with_small_chain()
    dropped = drop(chain.lake, day)
    assert dropped[SALES].rows == small_chain()[SALES].filter(date=day).height
    assert set(dropped) == {
        name
        for name, rows in small_chain().items()
        if within({name: rows}, day, day)[name].height and "date" in rows.columns
    }
    left = chain.delivery(without(small_chain(), day))
    assert differences(chain.night(), night_over(left, chain.place / "beside")) == []


def test_a_day_of_one_table_goes_from_that_table_alone(chain):
    chain.begin_with_small_chain()
    assert set(drop(chain.lake, AS_OF, SALES)) == {SALES}
    lake = open_lake(chain.lake)
    assert max(lake.days(SALES)) == f"{AS_OF - DAY}"
    assert max(lake.days("impressions")) == f"{AS_OF}"


@pytest.mark.slow
def test_a_day_that_was_a_slip_of_the_pen_goes_and_the_true_month_is_corrected_as_before(chain):
    """With the slip in it, every true month is closed; then the last of them is the newest again."""
    slip = small_chain()[SALES].head(1).with_columns(date=TYPO)
    chain.ingest(small_chain())
    chain.ingest({SALES: slip})
    assert max(open_lake(chain.lake).days(SALES)) == f"{TYPO}"
    drop(chain.lake, TYPO)
    beside = Chain(chain.place / "beside")
    beside.ingest(small_chain())
    assert differences(chain.night(), beside.night()) == []
    corrected = within(small_chain(), AS_OF - DAY, AS_OF - DAY)[SALES].with_columns(units_sold=2.0)
    for each in (chain, beside):
        each.ingest({SALES: corrected})
    assert differences(chain.night(), beside.night()) == []
    for (name, rows), other in zip(rows_of(chain).items(), rows_of(beside).values(), strict=True):
        assert rows.equals(other), name


@pytest.mark.slow
@given(st.lists(st.integers(0, N_DAYS - 1), min_size=1, max_size=6, unique=True))
@settings(
    max_examples=4,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_days_dropped_in_any_order_leave_the_rows_of_the_others(tmp_path_factory, places):
    chain = Chain(tmp_path_factory.mktemp("drop"))
    chain.ingest(small_chain())
    days = [FIRST_DAY + place * DAY for place in places]
    for day in days:
        drop(chain.lake, day)
        assert not verify(open_lake(chain.lake)).damages
    beside = Chain(chain.place / "beside")
    beside.ingest(without(small_chain(), *days))
    for (name, rows), other in zip(rows_of(chain).items(), rows_of(beside).values(), strict=True):
        assert rows.equals(other), name


def test_a_day_that_the_lake_does_not_hold_is_refused_with_those_it_holds(chain):
    chain.begin_with_small_chain()
    before = chain.content()
    with pytest.raises(InputError, match=rf"2020-01-01 is no day that {SALES} holds\n.*{FIRST_DAY} to {AS_OF}"):
        drop(chain.lake, date(2020, 1, 1), SALES)
    with pytest.raises(InputError, match=r"sale is no table of .*\n.*name one of impressions, inventory_snapshot"):
        drop(chain.lake, AS_OF, "sale")
    with pytest.raises(InputError, match="is not there"):
        drop(chain.place / "nowhere", AS_OF)
    assert not (chain.place / "nowhere").exists()
    assert chain.content() == before


def test_the_last_day_of_a_table_takes_the_table_with_it(chain):
    chain.ingest({SALES: within(small_chain(), AS_OF, AS_OF)[SALES], "stores": small_chain()["stores"]})
    drop(chain.lake, AS_OF)
    assert list(open_lake(chain.lake).tables) == ["stores"]


def test_nothing_is_dropped_while_an_ingest_is_under_way(chain):
    chain.begin_with_small_chain()
    with writer(chain.lake), pytest.raises(TryLaterError, match="another ingest is writing"):
        drop(chain.lake, AS_OF)


def test_a_day_is_dropped_by_command(chain, capsys):
    chain.begin_with_small_chain()
    words = ("lake", "drop", "--lake", chain.lake, "--date")
    answer = darkshelf(capsys, *words, AS_OF, "--table", SALES)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"dropped {AS_OF} of {SALES}: 11 rows\n")
    assert f"{SALES} {FIRST_DAY} to {AS_OF - DAY}" in answer.out
    told = darkshelf(capsys, *words, AS_OF - DAY, "--json").json()
    assert told["dropped"] == {"impressions": 12, SALES: 11}
    refused = darkshelf(capsys, *words, "2020-01-01", "--json")
    assert (refused.code, refused.json()["exit_code"]) == (2, 2)
