"""A night over a lake has the bytes of a night over the files that were delivered."""

from __future__ import annotations

import gzip
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.lake.ingest import ingest
from engine.lake.manifest import open_lake
from engine.outputs.shelf import shapes
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.shelf.check import check
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from tests.daylake.deliveries import SALES, Chain, differences, night_over, results, within
from tests.planted.awkward import AS_OF, write_awkward_chain
from tests.planted.chain import SHAPES
from tests.planted.small import AS_OF as SMALL_AS_OF
from tests.planted.small import FIRST_DAY, small_chain, write_csv, write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def awkward(tmp_path_factory) -> Callable[[str, bool], tuple[Path, Path]]:
    """The chain of every awkward fact as a folder and as a lake: faults, repeats, empty lines, later days."""

    @cache
    def written(file_format: str, whole_ids: bool) -> tuple[Path, Path]:
        place = tmp_path_factory.mktemp("awkward")
        write_awkward_chain(place / "in", format=file_format, whole_ids=whole_ids)
        ingest(place / "in", place / "lake", IngestSettings())
        return place / "in", place / "lake"

    return written


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file_format", "whole_ids", "days_back"),
    [
        *((file_format, False, days_back) for file_format in ("csv", "parquet") for days_back in (-2, 0, 20, 50)),
        # What is packed, and what ids are, is read alike on every day.
        ("csv.gz", False, 20),
        ("parquet", True, 20),
    ],
)
def test_the_awkward_chain(awkward, tmp_path, file_format, whole_ids, days_back):
    """Days after the as-of day are set aside, days before the panel are counted, in a lake as in a folder."""
    folder, lake = awkward(file_format, whole_ids)
    as_of = AS_OF - days_back * DAY
    expected = night_over(folder, tmp_path / "folder", as_of)
    found = results(desk.run(open_lake(lake), tmp_path / "lake", CalibratedSettings(), as_of).folder)
    assert {f"{shapes.QUARANTINE}/{table}.parquet" for table in SHAPES} < set(expected)
    assert differences(found, expected) == []


@pytest.mark.slow
def test_a_history_longer_than_the_panel_delivered_bit_by_bit(tmp_path):
    """Its faults lie inside and outside the panel; months are closed on the way."""
    write_chain(tmp_path / "in", ChainPlan(stores=8, skus=5, days=160, seed=3))
    tables = {file.stem: pl.read_parquet(file) for file in (tmp_path / "in").glob("*.parquet")}
    del tables["truth"]
    is_broken = pl.int_range(pl.len()) % 97 == 5
    tables[SALES] = tables[SALES].with_columns(
        units_sold=pl.when(is_broken).then(-1.0).otherwise("units_sold"),
        revenue=pl.when(is_broken.shift(3)).then(None).otherwise("revenue"),
    )
    write_parquet(tmp_path / "in", tables)
    (tmp_path / "in" / "truth.parquet").unlink()
    first, last = (tables[SALES]["date"].min(), tables[SALES]["date"].max())
    chain = Chain(tmp_path)
    starts = [first + n * DAY for n in (0, 100, 131, 150, 158, 159)]
    for start, end in zip(starts, [*starts[1:], last + DAY], strict=True):
        chain.ingest(within(tables, start, end - DAY))
    for as_of in (None, last - 40 * DAY):
        expected = night_over(tmp_path / "in", tmp_path / f"out-{as_of}", as_of)
        assert differences(chain.night(as_of), expected) == []
    parts = open_lake(chain.lake).tables[SALES]
    assert len(parts) <= 6 + 31, "closed months lie in one file each"
    read = check(open_lake(chain.lake)).within(90, 400).tables[SALES]
    assert 0 < read.left_out["rows"] < tables[SALES].height, "days before the panel are known without being read"
    known = {day: held.rows + held.faulty for day, held in open_lake(chain.lake).days(SALES).items()}
    assert known == {str(day): n for day, n in tables[SALES].group_by("date").len().iter_rows()}


def written_as_hive(folder: Path, tables: dict[str, pl.DataFrame]) -> Path:
    for name, frame in tables.items():
        if "date" in frame.columns:
            for (day,), rows in frame.partition_by("date", include_key=False, as_dict=True).items():
                file = folder / name / f"date={day}" / "part-0.parquet"
                file.parent.mkdir(parents=True)
                rows.write_parquet(file)
        else:
            frame.write_parquet(folder / f"{name}.parquet")
    return folder


def written_as_gz(folder: Path, tables: dict[str, pl.DataFrame]) -> Path:
    folder.mkdir()
    for name, frame in tables.items():
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(frame.write_csv().encode()))
    return folder


PACKED = [pytest.param(write, marks=pytest.mark.slow) for write in (written_as_gz, written_as_hive)]


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_parquet, write_csv, *PACKED])
def test_whatever_the_tables_are_written_as(chain, write):
    chain.ingest(small_chain(), write)
    expected = night_over(chain.delivery(small_chain(), write), chain.place / "plain")
    assert differences(chain.night(), expected) == []


@pytest.mark.slow
def test_what_is_laid_aside_on_the_way_changes_nothing(chain, monkeypatch):
    """A delivery that is more than is held at a time, and whose later rows overrule earlier ones."""
    tables = small_chain()
    tables["pricing-2"] = tables.pop("pricing")
    tables["pricing-1"] = tables["pricing-2"].with_columns(pl.col("price") * 2)
    monkeypatch.setattr("engine.lake.days.ROWS_HELD", 50)
    chain.ingest(tables, write_csv)
    expected = night_over(chain.delivery(tables, write_csv), chain.place / "plain")
    assert differences(chain.night(), expected) == []


@pytest.mark.slow
def test_kinds_of_ids_that_differ_from_day_to_day(chain):
    """As soon as one day has text ids they are text everywhere, also when that day is before the panel."""
    whole = small_chain()
    middle = FIRST_DAY + 10 * DAY
    as_text = {
        name: frame.with_columns(pl.col("^(store|sku)_id$").cast(pl.String))
        for name, frame in within(whole, FIRST_DAY, middle).items()
        if name == SALES
    }
    chain.ingest(whole)
    only_whole = chain.night()
    chain.ingest(as_text)
    night = chain.night()
    assert differences(night, only_whole) != []
    folder = chain.delivery(
        {name: frame for name, frame in whole.items() if name != SALES}
        | {f"{SALES}-1": as_text[SALES], f"{SALES}-2": within(whole, middle + DAY, SMALL_AS_OF)[SALES]}
    )
    assert differences(night, night_over(folder, chain.place / "plain")) == []
    chain.ingest({SALES: whole[SALES]})
    assert differences(chain.night(), only_whole) == [], "and whole numbers again once no day has text"


@pytest.mark.slow
@pytest.mark.parametrize("absent", [["impressions"], ["stores", "skus"], ["impressions", "stores", "skus"]])
def test_optional_tables_that_are_not_there(chain, absent):
    tables = {name: frame for name, frame in small_chain().items() if name not in absent}
    chain.ingest(tables)
    expected = night_over(chain.delivery(tables), chain.place / "plain")
    assert differences(chain.night(), expected) == []


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_parquet, write_csv])
@pytest.mark.parametrize("table", ["impressions", "stores"])
def test_an_optional_table_without_rows(chain, table, write):
    tables = small_chain() | {table: small_chain()[table].clear()}
    chain.ingest(tables, write)
    expected = night_over(chain.delivery(tables, write), chain.place / "plain")
    assert differences(chain.night(), expected) == []


@pytest.mark.slow
def test_rows_that_follow_an_empty_delivery_of_their_table(chain):
    """The empty one, whose ids were text, leaves no trace."""
    chain.begin_with_small_chain()
    expected = chain.night()
    once_more = Chain(chain.place / "other")
    once_more.place.mkdir()
    once_more.ingest({"impressions": small_chain()["impressions"].clear()}, write_csv)
    once_more.ingest(small_chain())
    assert differences(once_more.night(), expected) == []


@pytest.mark.slow
def test_a_table_that_ends_before_the_panel(chain):
    """All of its rows are known without being read."""
    tables = small_chain()
    old = tables["pricing"].with_columns(pl.col("date") - timedelta(days=200))
    tables["pricing"] = pl.concat([old, tables["pricing"].tail(1)])
    tables["impressions"] = tables["impressions"].with_columns(pl.col("date") - timedelta(days=200))
    chain.ingest(tables)
    expected = night_over(chain.delivery(tables), chain.place / "plain")
    assert differences(chain.night(), expected) == []


@pytest.mark.slow
def test_the_whole_back_fill(chain):
    chain.begin_with_small_chain()
    folder = chain.delivery(small_chain())
    for days_back in (0, 1, 9):
        as_of = SMALL_AS_OF - days_back * DAY
        expected = night_over(folder, chain.place / f"plain-{days_back}", as_of)
        assert differences(chain.night(as_of), expected) == []


def changes_only(frame: pl.DataFrame, measure: str) -> pl.DataFrame:
    """The rows of a table at which its measure changes."""
    ordered = frame.sort("store_id", "sku_id", "date")
    is_new = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift()) for name in ("store_id", "sku_id", measure)
    )
    return ordered.filter(is_new)


@pytest.mark.slow
def test_what_was_written_when_it_changed_holds_however_old_its_month_is(tmp_path):
    """Stock and prices as logs of changes, over months that the night no longer reads."""
    plan = ChainPlan(stores=2, skus=5, days=240, seed=5)
    write_chain(tmp_path / "chain", plan)
    names = ("sales_transactions", "inventory_snapshot", "pricing", "impressions", "stores", "skus")
    tables = {name: pl.read_parquet(tmp_path / "chain" / f"{name}.parquet") for name in names}
    first, last = tables[SALES]["date"].min(), tables[SALES]["date"].max()
    of_one = (pl.col("store_id") == 1) & (pl.col("date") > first + 40 * DAY)
    tables["pricing"] = changes_only(tables["pricing"], "price").filter(~of_one)
    tables["inventory_snapshot"] = tables["inventory_snapshot"].filter(~of_one)
    write_parquet(tmp_path / "in", tables)
    chain = Chain(tmp_path)
    for start in range(0, 240, 30):
        came = within(tables, first + start * DAY, first + (start + 29) * DAY)
        chain.ingest({name: frame for name, frame in came.items() if frame.height})
    for as_of in (None, last - 40 * DAY):
        expected = night_over(tmp_path / "in", tmp_path / f"out-{as_of}", as_of)
        assert differences(chain.night(as_of), expected) == []
    read = check(open_lake(chain.lake)).within(90, 400).tables["inventory_snapshot"]
    assert read.held is not None
