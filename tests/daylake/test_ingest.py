"""What an ingest replaces, what it leaves alone and what it refuses."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from engine.errors import InputError
from engine.lake.manifest import open_lake
from engine.settings.shelf.night import load
from tests.daylake.deliveries import SALES, differences, night_over, within
from tests.planted.small import AS_OF, FIRST_DAY, KEY, small_chain, write_csv, write_parquet

DAY = timedelta(days=1)
ANY_SIZE = load(assignments=["ingest.min_kept_share=0"])


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_parquet, write_csv])
def test_the_same_delivery_twice_changes_no_byte(chain, write):
    chain.ingest(small_chain(), write)
    before = chain.content()
    again = chain.ingest(small_chain(), write)
    assert chain.content() == before
    assert all(report.unchanged and not (report.new or report.replaced) for report in again.tables.values())


@pytest.mark.slow
def test_the_same_rows_in_another_order_and_in_another_format_change_no_byte(chain):
    """Of keys that come once: the order of rows of one key has a meaning."""
    chain.begin_with_small_chain()
    before = chain.content()
    chain.ingest({name: frame.sample(fraction=1, shuffle=True, seed=1) for name, frame in small_chain().items()})
    dated = {name: frame for name, frame in small_chain().items() if "date" in frame.columns}
    changed = [name for name, content in chain.content().items() if content != before.get(name)]
    assert [name for name in changed if name.split("/")[0] in dated] == []


def test_a_delivery_replaces_exactly_its_days_of_its_tables(chain):
    chain.begin_with_small_chain()
    before = open_lake(chain.lake)
    day = AS_OF - 3 * DAY
    later = within(small_chain(), day, day)[SALES].with_columns(units_sold=pl.col("units_sold") + 1)
    report = chain.ingest({SALES: later}).tables[SALES]
    after = open_lake(chain.lake)
    assert (report.new, report.replaced, report.unchanged) == ((), (day.isoformat(),), ())
    assert {name for name in before.tables if before.days(name) != after.days(name)} == {SALES}
    changed = [found for found, known in after.days(SALES).items() if known != before.days(SALES)[found]]
    assert changed == [day.isoformat()]


@pytest.mark.slow
@pytest.mark.parametrize("days_back", [pytest.param(0, id="newest_day"), pytest.param(40, id="in_a_closed_month")])
def test_a_correction_comes_to_what_the_corrected_files_come_to(chain, days_back):
    """With a faulty row that came with the day, and one that goes with it."""
    day = AS_OF - days_back * DAY
    faulty = {"units_sold": pl.when(pl.int_range(pl.len()) == 2).then(float("inf")).otherwise("units_sold")}
    first, final = small_chain(), small_chain()
    is_day = pl.col("date") == day
    first[SALES] = pl.concat([first[SALES].filter(~is_day), first[SALES].filter(is_day).with_columns(**faulty)])
    chain.ingest(first)
    assert "quarantine/sales_transactions.parquet" in chain.night()
    corrected = final[SALES].filter(is_day).with_columns(pl.col("units_sold") * 2)
    final[SALES] = pl.concat([final[SALES].filter(~is_day), corrected])
    chain.ingest({SALES: corrected})
    expected = night_over(chain.delivery(final), chain.place / "plain")
    assert differences(chain.night(), expected) == []
    assert "quarantine/sales_transactions.parquet" not in expected


@pytest.mark.slow
def test_tables_without_dates_are_replaced_whole(chain):
    chain.begin_with_small_chain()
    fewer = {"stores": small_chain()["stores"].head(2)}
    chain.ingest(fewer)
    expected = night_over(chain.delivery(small_chain() | fewer), chain.place / "plain")
    assert differences(chain.night(), expected) == []


@pytest.mark.slow
def test_repeated_keys_of_a_day_survive(chain):
    """Sales of a key are summed; of the other tables the last row of the file wins."""
    tables = small_chain()
    tables[SALES] = pl.concat([tables[SALES], tables[SALES].tail(30)])
    dearer = tables["pricing"].with_columns(pl.col("price") * 2)
    tables["pricing"] = pl.concat([dearer, tables["pricing"]])
    chain.ingest(tables)
    expected = night_over(chain.delivery(tables), chain.place / "plain")
    assert differences(chain.night(), expected) == []
    assert differences(chain.night(), night_over(chain.delivery(small_chain()), chain.place / "other")) != []


def test_closed_months_lie_in_one_file_and_stay_so_after_a_correction(chain):
    chain.begin_with_small_chain()
    months = [max(part.days)[:7] for part in open_lake(chain.lake).tables[SALES] if len(part.days) > 1]
    assert months == ["2025-05"]
    late = within(small_chain(), FIRST_DAY, FIRST_DAY)[SALES].with_columns(revenue=pl.lit(1.0))
    chain.ingest({SALES: late})
    (month,) = (part for part in open_lake(chain.lake).tables[SALES] if FIRST_DAY.isoformat() in part.days)
    assert len(month.days) == 20
    assert month.rows is not None
    stored = pl.read_parquet(chain.lake / SALES / month.rows.name)
    assert sorted(stored["date"].unique().cast(pl.String)) == sorted(month.days)
    assert stored.filter(pl.col("date") == FIRST_DAY)["revenue"].unique().to_list() == [1.0]


def test_the_day_that_opens_a_month_closes_the_one_before(chain):
    tables = small_chain()
    shifted = {
        name: frame.with_columns(pl.col("date") + DAY) if "date" in frame.columns else frame
        for name, frame in tables.items()
    }
    chain.ingest(tables)
    assert len(open_lake(chain.lake).tables[SALES]) == 1 + 30
    chain.ingest({SALES: within(shifted, AS_OF + DAY, AS_OF + DAY)[SALES]})
    assert [len(part.days) for part in open_lake(chain.lake).tables[SALES]] == [20, 30, 1]


def test_what_is_no_longer_named_stays_until_the_next_change(chain):
    """A night that was opened before a correction can still be read."""
    chain.begin_with_small_chain()
    opened = open_lake(chain.lake)
    newest = within(small_chain(), AS_OF, AS_OF)[SALES]
    chain.ingest({SALES: newest.with_columns(units_sold=pl.lit(1.0))})
    assert list(opened.damages(SALES)) == []
    chain.ingest({SALES: newest.with_columns(units_sold=pl.lit(2.0))})
    named = {file.name for part in open_lake(chain.lake).tables[SALES] for file in part.files}
    stored = {file.name for file in (chain.lake / SALES).iterdir()}
    assert len(stored - named) == 1


def test_columns_that_no_night_reads_are_told_and_not_kept(chain):
    tables = small_chain()
    tables[SALES] = tables[SALES].with_columns(till=pl.lit(7), cashier=pl.lit("Ann"))
    assert chain.ingest(tables).tables[SALES].ignored == ("cashier", "till")
    (newest,) = (part for part in open_lake(chain.lake).tables[SALES] if AS_OF.isoformat() in part.days)
    assert newest.rows is not None
    assert pl.read_parquet_schema(chain.lake / SALES / newest.rows.name).names() == [
        *KEY,
        "units_sold",
        "revenue",
        "promo_flag",
    ]


def refused(chain, tables, write=write_parquet) -> InputError:
    """The refusal of a delivery, which must leave the lake as it was."""
    before = chain.content()
    with pytest.raises(InputError) as refusal:
        chain.ingest(tables, write)
    assert chain.content() == before
    assert not list(chain.lake.glob(".*partial"))
    return refusal.value


@pytest.mark.slow
@pytest.mark.parametrize("is_new", [True, False], ids=["into_nothing", "into_a_lake"])
@pytest.mark.parametrize(
    ("table", "cells", "complaint"),
    [
        pytest.param(SALES, {"date": None}, "date is missing: 1 of 594 rows", id="no_date"),
        pytest.param(SALES, {"date": "31.06.2025"}, "date cannot be read as a date", id="no_such_date"),
        pytest.param("pricing", {"store_id": None}, "store_id is missing: 1 of 96 rows", id="no_store"),
        pytest.param("pricing", {"price": "dear"}, "price cannot be read as a number", id="no_number"),
        pytest.param("stores", {"store_id": None}, "store_id is missing: 1 of 3 rows", id="no_key_of_a_store"),
    ],
)
def test_a_row_that_stops_a_run_stops_an_ingest(chain, table, cells, complaint, is_new):
    """Everything else of the delivery is kept out too."""
    if not is_new:
        chain.ingest(within(small_chain(), FIRST_DAY, AS_OF - DAY))
    tables = small_chain()
    frame = tables[table].with_columns(pl.col(name).cast(pl.String) for name in cells)
    is_first = pl.int_range(pl.len()) == 1
    tables[table] = frame.with_columns(
        pl.when(is_first).then(pl.lit(cell)).otherwise(name).alias(name) for name, cell in cells.items()
    )
    refusal = refused(chain, tables, write_csv)
    assert complaint in str(refusal)
    assert f"{table}.csv row 2: " in str(refusal)


def test_problems_of_all_tables_are_told_at_once(chain):
    tables = small_chain()
    for table in (SALES, "pricing"):
        tables[table] = tables[table].with_columns(
            store_id=pl.when(pl.int_range(pl.len()) == 0).then(None).otherwise("store_id")
        )
    assert [problem.where for problem in refused(chain, tables).problems] == [SALES, "pricing"]


@pytest.mark.parametrize(
    ("tables", "complaint"),
    [
        pytest.param({}, "holds none of the tables", id="no_table"),
        pytest.param({"prices": pl.DataFrame({"a": [1]})}, "holds none of the tables", id="other_tables"),
        pytest.param({SALES: small_chain()[SALES].clear()}, "has no rows", id="a_required_table_without_rows"),
        pytest.param(
            {SALES: small_chain()[SALES].with_columns(units_sold=-1.0)},
            "no usable row is left",
            id="a_required_table_of_faults",
        ),
        pytest.param({SALES: small_chain()[SALES].drop("units_sold")}, "has no column units_sold", id="no_column"),
    ],
)
def test_a_delivery_without_use_is_refused(chain, tables, complaint):
    chain.begin_with_small_chain()
    assert complaint in str(refused(chain, tables))


def test_late_rows_alone_do_not_replace_their_day(chain):
    chain.begin_with_small_chain()
    late = {SALES: within(small_chain(), AS_OF - DAY, AS_OF)[SALES].filter(pl.col("store_id") == 1)}
    refusal = refused(chain, late)
    assert str(refusal).splitlines()[1:] == [
        f"  1. {SALES}: 2 of 2 changed days lose more rows than a correction should",
        "    first: 2025-06-29: 4 rows instead of 11",
        "    then : 2025-06-30: 4 rows instead of 11",
        "    do   : deliver these days whole, or allow it with  --set ingest.min_kept_share=0",
    ]
    assert chain.ingest(late, settings=ANY_SIZE).tables[SALES].replaced == ("2025-06-29", "2025-06-30")


def test_an_empty_optional_table_replaces_no_day(chain):
    chain.begin_with_small_chain()
    before = chain.content()
    chain.ingest({"impressions": small_chain()["impressions"].clear()})
    assert chain.content() == before


@pytest.mark.slow
def test_empty_lines_belong_to_the_newest_day_of_their_delivery(chain):
    """They come with it and go with it, and the night counts them as set aside."""

    def with_empty_lines(folder, tables):
        write_csv(folder, tables)
        file = folder / f"{SALES}.csv"
        file.write_bytes(file.read_bytes().replace(b"\n", b"\n\n", 5))
        return folder

    before_last = within(small_chain(), FIRST_DAY, AS_OF - DAY)
    chain.ingest(before_last, with_empty_lines)
    chain.ingest(within(small_chain(), AS_OF, AS_OF), write_csv)
    folder = chain.delivery(small_chain(), with_empty_lines)
    assert differences(chain.night(), night_over(folder, chain.place / "plain")) == []
    chain.ingest({SALES: within(small_chain(), AS_OF - DAY, AS_OF - DAY)[SALES]}, write_csv)
    folder = chain.delivery(small_chain(), write_csv)
    assert differences(chain.night(), night_over(folder, chain.place / "clean")) == []
