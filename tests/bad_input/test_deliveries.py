"""Ways to write a table that come to the same, and ids as they come."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.command import darkshelf
from tests.planted.small import small_chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


from tests.bad_input.night import IDS, INVENTORY, MEASURES, SALES, csv_of, latest, packed_gz, packed_zst

DIALECTS: dict[str, Callable[[bytes], bytes]] = {
    "byte_order_mark": lambda c: b"\xef\xbb\xbf" + c,
    "carriage_returns": lambda c: c.replace(b"\n", b"\r\n"),
    "semicolons": lambda c: c.replace(b",", b";"),
    "tabs": lambda c: c.replace(b",", b"\t"),
    "bars": lambda c: c.replace(b",", b"|"),
    "quotes": lambda c: re.sub(rb"[^,\n]+", rb'"\g<0>"', c),
    "spreadsheet": lambda c: (
        b"\xef\xbb\xbf" + re.sub(rb"[^,\n]+", rb'"\g<0>"', c).replace(b",", b";").replace(b"\n", b"\r\n")
    ),
    "no_newline_at_the_end": lambda c: c.rstrip(b"\n"),
    "columns_reversed": lambda c: b"\n".join(b",".join(reversed(line.split(b","))) for line in c.split(b"\n")),
    "row_numbers_in_front": lambda c: b"\n".join(b"7," + line if line else line for line in c.split(b"\n")),
    "flags_as_0_and_1": lambda c: c.replace(b"false", b"0"),
    "flags_as_words": lambda c: c.replace(b"false", b"FALSE"),
    "flags_of_all_kinds": lambda c: c.replace(b"false", b"0", 3).replace(b"false", b"False", 3),
    "blanks_around_numbers": lambda c: re.sub(rb"(?<=,)(\d+\.\d+)", rb" \1 ", c),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_csv_dialect_changes_nothing(night, plain_csv, dialect):
    night.csv()
    for table in small_chain():
        night.edit(table, DIALECTS[dialect])
    assert night.passes() == plain_csv


def test_text_may_hold_separators_quotes_and_newlines(night):
    name = 'Tea, "black";\nloose'
    skus = small_chain()["skus"].with_columns(sku_name=pl.lit(name))
    night.csv(skus=skus)
    night.passes()
    assert pl.read_parquet(night.out / "runs" / latest(night.out) / "cases.parquet")["sku_name"].to_list() == [name]


def packed_gz_twice(file: Path) -> None:
    """Two packed halves end to end, as `cat a.gz b.gz` leaves them."""
    content = file.read_bytes()
    half = content.index(b"\n", len(content) // 2) + 1
    halves = gzip.compress(content[:half]) + gzip.compress(content[half:])
    file.with_name(f"{file.name}.gz").write_bytes(halves)


def cut_into_files(file: Path) -> None:
    """Files whose order by name is the order of the rows, some with other columns first."""
    frame = pl.read_csv(file, infer_schema=False)
    for number, part in enumerate(frame.iter_slices(max(1, frame.height // 4))):
        columns = part.columns if number % 2 else part.columns[::-1]
        part.select(columns).write_csv(file.with_name(f"{file.stem}-2025-06-{number:02}.csv"))


def put_into_a_folder(file: Path) -> None:
    """As Spark leaves it: parts in a folder that has the file's name, beside its own notes."""
    frame = pl.read_csv(file, infer_schema=False)
    folder = file.with_name(f"{file.stem}-moving")
    (folder / "_temporary").mkdir(parents=True)
    frame.write_csv(folder / "part-00000.csv")
    frame.write_csv(folder / "_temporary" / "part-00000.csv")
    frame.write_csv(folder / ".part-00001.csv")
    (folder / "_SUCCESS").touch()
    file.unlink()
    folder.rename(file)


def sorted_into_folders(file: Path) -> None:
    """As Hive leaves it: a folder per store, whose id stands in the folder's name alone."""
    frame = pl.read_csv(file, infer_schema=False)
    key = "store_id" if "store_id" in frame.columns else "sku_id"
    for (value,), part in frame.partition_by(key, as_dict=True, include_key=False).items():
        folder = file.with_suffix("") / f"{key}={value}"
        folder.mkdir(parents=True)
        part.write_csv(folder / "part-0.csv")


@pytest.mark.parametrize(
    "deliver", [packed_gz, packed_gz_twice, packed_zst, cut_into_files, put_into_a_folder, sorted_into_folders]
)
def test_files_packed_cut_or_sorted_into_folders_change_nothing(night, plain_csv, deliver):
    night.csv()
    for file in list(night.folder.glob("*.csv")):
        deliver(file)
        if file.is_file():
            file.unlink()
    assert night.passes() == plain_csv


def retyped(tables: dict[str, pl.DataFrame], kind: Any, *names: str) -> dict[str, pl.DataFrame]:
    return {
        table: frame.with_columns(pl.col(set(names) & set(frame.columns)).cast(kind))
        for table, frame in tables.items()
    }


PARQUET_TYPES: dict[str, Callable[[dict[str, pl.DataFrame]], dict[str, pl.DataFrame]]] = {
    "small_ids": lambda t: retyped(t, pl.Int16, "store_id", "sku_id"),
    "unsigned_ids": lambda t: retyped(t, pl.UInt64, "store_id", "sku_id"),
    "ids_of_another_width_per_table": lambda t: t | retyped({SALES: t[SALES]}, pl.Int32, "store_id"),
    "ids_as_floats": lambda t: retyped(t, pl.Float64, "store_id", "sku_id"),
    "ids_as_decimals": lambda t: retyped(t, pl.Decimal(10, 0), "store_id", "sku_id"),
    "numbers_as_decimals": lambda t: retyped(t, pl.Decimal(12, 2), *(column for _, column in MEASURES[:4])),
    "numbers_as_text": lambda t: retyped(t, pl.String, *(column for _, column in MEASURES)),
    "dates_as_text": lambda t: retyped(t, pl.String, "date"),
    "dates_as_moments": lambda t: retyped(t, pl.Datetime("ns"), "date"),
    "flags_as_numbers": lambda t: retyped(t, pl.Int8, "promo_flag"),
    "names_as_categories": lambda t: retyped(t, pl.Categorical, "store_name", "region", "sku_name", "category"),
    "names_as_bytes": lambda t: retyped(t, pl.Binary, "store_name", "region", "sku_name", "category"),
    "further_columns": lambda t: {name: odd_columns(frame) for name, frame in t.items()},
}


def odd_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of no contract, of kinds that cannot be read, some with names the program uses itself."""
    return frame.with_columns(
        note=pl.lit(b"\xff"),
        till=pl.concat_list(pl.first()),
        unusable=pl.lit(value=True),
        reason=pl.lit("none"),
        rows=pl.lit(1),
        source_row=pl.lit(2),
        cell=pl.lit(3),
        day=pl.lit(4),
    ).select(pl.all().reverse())[::-1]


@pytest.mark.parametrize("types", PARQUET_TYPES)
def test_the_type_of_a_parquet_column_changes_nothing(night, plain_parquet, types):
    night.parquet(**PARQUET_TYPES[types](small_chain()))
    assert night.passes() == plain_parquet


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/New_York", "Asia/Tokyo"])
def test_a_moment_with_a_time_zone_belongs_to_the_day_its_clocks_show(night, plain_parquet, zone):
    def at_midnight(frame: pl.DataFrame) -> pl.DataFrame:
        moment = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone(zone)
        return frame.with_columns(moment) if "date" in frame.columns else frame

    night.parquet(**{table: at_midnight(frame) for table, frame in small_chain().items()})
    assert night.passes() == plain_parquet


def test_parts_may_differ_in_the_width_of_their_ids_and_the_order_of_their_columns(night, plain_parquet):
    night.parquet()
    sales = small_chain()[SALES]
    (night.folder / f"{SALES}.parquet").unlink()
    folder = night.folder / SALES / "2025"
    folder.mkdir(parents=True)
    sales[:200].cast({"store_id": pl.Int32}).write_parquet(folder / "part-0.parquet")
    sales[200:400].select(sales.columns[::-1]).write_parquet(folder / "part-1.parquet")
    sales[400:].with_columns(till=pl.lit("A")).write_parquet(folder / "part-2.parquet")
    assert night.passes() == plain_parquet


def test_days_may_stand_in_the_names_of_folders(night, plain_parquet):
    night.parquet()
    for table in (SALES, INVENTORY):
        (night.folder / f"{table}.parquet").unlink()
        days = small_chain()[table].partition_by("date", as_dict=True, include_key=False)
        for (day,), part in days.items():
            folder = night.folder / table / f"date={day}"
            folder.mkdir(parents=True)
            part.write_parquet(folder / "part-0.parquet")
    assert night.passes() == plain_parquet


def test_leading_zeros_survive_to_the_outputs(night):
    night.csv(
        **{
            table: frame.with_columns(pl.format("00{}", key).alias(key) for key in frame.columns if key in IDS)
            for table, frame in small_chain().items()
        }
    )
    cases = pl.read_csv(csv_of(night), infer_schema=False)
    assert cases.select("case_id", "store_id", "sku_id").rows() == [("002_0012_2025-06-25", "002", "0012")]
    told = darkshelf(night.capsys, "explain", "002_0012_2025-06-25", "--out", night.out)
    assert "Coffee at South" in told.out


def test_007_and_7_are_two_stores(night):
    sales = small_chain()[SALES].with_columns(pl.col("store_id").cast(pl.String))
    sevens = [sales.with_columns(store_id=pl.lit(store_id)) for store_id in ("7", "007")]
    night.parquet(**{SALES: pl.concat([sales, *sevens])})
    night.passes()
    stores = pl.read_parquet(night.out / "runs" / latest(night.out) / "stores.parquet")
    assert stores["store_id"].to_list() == ["007", "1", "2", "3", "7"]


def test_ids_that_are_text_in_one_table_are_text_in_all(night, plain_csv):
    tables = small_chain()
    night.parquet(impressions=tables["impressions"].with_columns(pl.col("store_id", "sku_id").cast(pl.String)))
    assert night.passes() == plain_csv
