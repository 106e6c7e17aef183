"""Rows of sales that were sent twice stop the night, or count once when told to (specification, section 1)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.contracts.shelf import contracts
from engine.delivery.frames import frames_of
from engine.delivery.sent_twice import sent_twice
from engine.delivery.tables import open_tables
from engine.errors import InputError
from engine.lake.ingest import ingest
from engine.lake.manifest import open_lake
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.delivered import InputSettings
from engine.settings.shelf.night import load
from engine.shelf import desk
from engine.shelf.check import Intake, check
from tests.command import data_files, latest_quality
from tests.planted.small import AS_OF, FIRST_DAY, small_chain, write_csv

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from engine.errors import Problem

SALES = "sales_transactions"
ROWS = small_chain()[SALES]
LAST_WEEK = ROWS.filter((AS_OF - pl.col("date")).dt.total_days() < 7)
ONCE = InputSettings(sent_twice="once")


@pytest.fixture
def deliver(tmp_path):
    """A folder of the chain with these files of sales."""

    def written(**files: pl.DataFrame) -> Path:
        tables = small_chain()
        del tables[SALES]
        return write_csv(tmp_path / "in", tables | {f"{SALES}{name}": rows for name, rows in files.items()})

    return written


def problems(folder: Path, settings: InputSettings | None = None) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as refused:
        check(folder, None, Intake(settings or InputSettings()))
    return refused.value.problems


def receipts(*units: int, day: date = AS_OF, stores: int = 3) -> pl.DataFrame:
    """A row a receipt of one day; several are equal by chance."""
    rows = [(1 + n % stores, 11 + n % 4, day, float(unit), 3.0 * unit, False) for n, unit in enumerate(units)]
    return pl.DataFrame(rows, schema=ROWS.schema, orient="row")


def test_the_same_file_again_is_named_with_the_first_one_and_the_days(deliver):
    (problem,) = problems(deliver(**{"": ROWS, "-copy": LAST_WEEK}))
    n = LAST_WEEK.height
    assert problem.what == (
        f"{SALES}-copy.csv came already: {n} of {n} different rows of the days it shares are in {SALES}.csv too "
        "(2025-06-24 to 2025-06-30)"
    )
    assert problem.examples[0] == "store_id 1, sku_id 11, date 2025-06-24"
    assert "--set inputs.sent_twice=once" in problem.advice


def test_nearly_all_rows_are_enough(deliver):
    changed = LAST_WEEK.with_columns(pl.col("units_sold") + (pl.int_range(pl.len()) % 20 == 0))
    (problem,) = problems(deliver(**{"": ROWS, "-copy": changed}))
    assert f"{SALES}-copy.csv came already" in problem.what


def test_files_that_overlap_by_a_few_days_are_seen_on_those_days(deliver):
    overlap = pl.col("date") >= AS_OF.replace(day=28)
    (problem,) = problems(deliver(**{"-1": ROWS, "-2": ROWS.filter(overlap)}))
    assert f"{SALES}-2.csv came already" in problem.what
    assert problem.what.endswith("(2025-06-28 to 2025-06-30)")


@pytest.mark.parametrize("times", [2, 3])
def test_every_row_several_times_in_one_file_is_named(deliver, times):
    (problem,) = problems(deliver(**{"": pl.concat([ROWS] * times)}))
    n = ROWS.height
    assert f"{SALES}.csv: {n} of {n} different rows are there {times} times" in problem.what


def test_a_day_that_is_in_a_file_twice_is_enough(deliver):
    two_days = ROWS.filter(pl.col("date") < FIRST_DAY.replace(day=14))
    many_skus = [two_days.with_columns(pl.col("sku_id") + 10 * n) for n in range(4)]
    (problem,) = problems(deliver(**{"": pl.concat([ROWS, *many_skus[1:], *many_skus])}))
    assert "are there 2 times or a multiple of it (2025-05-12 to 2025-05-13)" in problem.what


def one_a_day(days: int) -> pl.DataFrame:
    """Two equal receipts a day, before all others."""
    days_before = [FIRST_DAY - timedelta(days=n) for n in range(1, days + 1)]
    return pl.concat(receipts(1, day=day, stores=1) for day in days_before for _ in range(2))


LEGITIMATE = {
    "tills_with_the_same_receipts": [ROWS, receipts(*[1] * 60, *[2] * 84), receipts(*[1] * 84, *[2] * 132)],
    "half_of_the_receipts_in_pairs": [
        ROWS.filter(pl.col("date") < AS_OF),
        receipts(*[1] * 24, *[2] * 24, *[3] * 36, *[4] * 36),
    ],
    "a_pair_on_many_days": [pl.concat([ROWS, one_a_day(30)])],
    "receipts": [ROWS, receipts(*[1, 1, 1, 2, 1, 1, 1, 2, 1] * 30)],
    "tills_of_an_hour": [ROWS, receipts(*[1] * 90, *range(1, 12)), receipts(*[1] * 71, *range(1, 30))],
    "a_few_equal_rows": [ROWS, LAST_WEEK.head(19)],
    "files_a_store": ROWS.partition_by("store_id"),
    "files_a_day": ROWS.partition_by("date"),
    "two_counters": [ROWS, ROWS.with_columns(pl.col("units_sold", "revenue") * 2)],
}


@pytest.mark.parametrize("name", LEGITIMATE)
def test_receipts_and_parted_files_pass(deliver, name):
    files = {f"-{n:02}": rows for n, rows in enumerate(LEGITIMATE[name])}
    assert check(deliver(**files)).notices == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"": ROWS, "-copy": LAST_WEEK}, id="another_file"),
        pytest.param({"": pl.concat([ROWS, ROWS])}, id="the_same_file"),
        pytest.param({"": pl.concat([ROWS] * 3).sample(fraction=1, shuffle=True, seed=1)}, id="thrice_and_shuffled"),
    ],
)
def test_told_to_count_once_the_night_is_that_of_the_rows_sent_once(deliver, tmp_path, files):
    settings = load(assignments=["inputs.sent_twice=once"])
    plain = desk.run(write_csv(tmp_path / "plain", small_chain()), tmp_path / "expected", settings)
    again = desk.run(deliver(**files), tmp_path / "out", settings)
    assert same(data_files(again.folder)) == same(data_files(plain.folder))
    n_surplus = sum(rows.height for rows in files.values()) - ROWS.height
    quality = latest_quality(tmp_path / "out")
    assert quality["quarantined_because"] == {SALES: {"row was sent twice": n_surplus}}
    (notice,) = check(deliver(**files), None, Intake(ONCE)).notices
    assert notice.advice == f"the {n_surplus:,} surplus rows are set aside"


def same(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if not name.startswith("quarantine")}


def test_told_to_believe_them_the_rows_add_up(deliver, tmp_path):
    folder = deliver(**{"": pl.concat([ROWS, ROWS])})
    desk.run(folder, tmp_path / "out", load(assignments=["inputs.sent_twice=sum"]))
    account = latest_quality(tmp_path / "out")["rows"][SALES]
    assert (account["used"], account["replaced"]) == (2 * ROWS.height, ROWS.height)


def test_the_bounds_are_settings(deliver):
    folder = deliver(**{"": ROWS, "-copy": LAST_WEEK.head(15)})
    assert check(folder).notices == ()
    assert problems(folder, InputSettings(sent_twice_rows=15))
    changed = LAST_WEEK.with_columns(pl.col("units_sold") + (pl.int_range(pl.len()) % 4 == 0))
    folder = deliver(**{"": ROWS, "-copy": changed})
    assert check(folder).notices == ()
    assert problems(folder, InputSettings(sent_twice_share=0.7))


@pytest.mark.parametrize(
    "files", [{"": ROWS, "-copy": LAST_WEEK}, {"": pl.concat([ROWS, ROWS])}], ids=["file", "rows"]
)
@pytest.mark.parametrize("sampled", [4, 12, 1000])
def test_a_large_table_is_sampled_and_then_counted_whole(deliver, monkeypatch, files, sampled):
    monkeypatch.setattr("engine.delivery.sent_twice.SAMPLED_FROM_BYTES", 1)
    monkeypatch.setattr("engine.delivery.sent_twice.SAMPLED", sampled)
    (problem,) = problems(deliver(**files))
    n = files.get("-copy", ROWS).height
    assert f"{n} of {n} different rows" in problem.what


def test_a_sample_is_of_the_same_store_skus_where_one_file_has_numbers_and_another_text(deliver, monkeypatch):
    monkeypatch.setattr("engine.delivery.sent_twice.SAMPLED_FROM_BYTES", 1)
    monkeypatch.setattr("engine.delivery.sent_twice.SAMPLED", 2)
    folder, ids = deliver(), pl.col("store_id", "sku_id")
    ROWS.with_columns(ids.cast(pl.String)).write_parquet(folder / f"{SALES}-01.parquet")
    LAST_WEEK.with_columns(ids.cast(pl.Int64)).write_parquet(folder / f"{SALES}-copy.parquet")
    (problem,) = problems(folder)
    assert problem.what.startswith(f"{SALES}-copy.parquet came already: {LAST_WEEK.height} of {LAST_WEEK.height} ")


def test_other_tables_may_repeat_their_rows_since_the_last_one_counts(deliver):
    folder = deliver(**{"": ROWS})
    stock = small_chain()["inventory_snapshot"]
    stock.write_csv(folder / "inventory_snapshot-copy.csv")
    assert check(folder).notices == ()


@pytest.mark.slow
def test_a_lake_takes_rows_that_were_sent_twice_as_a_night_would(deliver, tmp_path):
    twice = deliver(**{"": ROWS, "-copy": LAST_WEEK})
    with pytest.raises(InputError, match="came already"):
        ingest(twice, tmp_path / "lake", IngestSettings())
    done = ingest(twice, tmp_path / "lake", IngestSettings(), ONCE)
    assert f"{LAST_WEEK.height} surplus rows" in done.notices[0].advice
    assert (done.tables[SALES].rows, done.tables[SALES].faulty) == (ROWS.height, 0)
    plain = write_csv(tmp_path / "plain", small_chain())
    assert all(
        not report.new + report.replaced
        for report in ingest(plain, tmp_path / "lake", IngestSettings()).tables.values()
    )
    assert check(open_lake(tmp_path / "lake")).notices == ()


@pytest.mark.parametrize(
    "keys", ["ax1 ax1", "ax1 by2 by1 by2", "ax1 by2 ax2 by2", "bx1 ay1 bx1", "ax1 by1 ax2 by2 ax1", "by2 ax2 by1 by2"]
)
def test_a_row_is_found_again_wherever_it_stands(keys):
    rows = [(store, sku, AS_OF - timedelta(days=9 - int(day)), 1.0, 2.0) for store, sku, day in keys.split()]
    frame = pl.DataFrame(rows, schema=["store_id", "sku_id", "date", "units_sold", "revenue"], orient="row")
    tables, _ = open_tables(frames_of({SALES: frame}), {SALES: contracts(AS_OF)[SALES]})
    _, (problem,), _ = sent_twice(tables[SALES], InputSettings(sent_twice_rows=1, sent_twice_share=0.2))
    assert "are there 2 times" in problem.what
