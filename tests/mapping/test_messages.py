"""Messages about a mapped table speak the names of its files, and say what to do in the mapping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.contracts.shelf import contracts
from engine.delivery.mapped.place import open_mapping
from engine.delivery.midnight import shifted_days
from engine.delivery.tables import open_tables, verify
from engine.errors import InputError, SettingsError
from engine.settings.mapping import load_mapping
from engine.vocabulary import shelf as v
from tests.command import darkshelf
from tests.planted.small import small_chain, write_csv

if TYPE_CHECKING:
    from engine.errors import Problem

SALES = """
[tables.sales_transactions]
source = "sales.csv"
separator = ";"
decimal = ","
[tables.sales_transactions.columns]
store_id = "SHOP"
sku_id = "ITEM"
date = {from = "DAY", format = "%d.%m.%Y"}
units_sold = "QTY"
revenue = "SUM"
promo_flag = {value = false}
"""
ROWS = "SHOP;ITEM;DAY;QTY;SUM\n1;7;01.03.2026;2;3,50\n1;8;02.03.2026;1,5;2,25\n"


def judged(folder: Path, mapping: str, rows: str = ROWS) -> list[Problem]:
    """What stops a night over the sales of a mapping alone."""
    (folder / "sales.csv").write_text(rows, encoding="utf-8")
    (folder / "darkshelf.toml").write_text(mapping, encoding="utf-8")
    sales = {v.SALES: contracts(None, signed=True)[v.SALES]}
    tables, problems = open_tables(folder / "darkshelf.toml", sales)
    return [*problems, *verify(tables)[0]]


def test_a_table_that_is_as_its_mapping_says_has_no_problem(tmp_path: Path) -> None:
    assert judged(tmp_path, SALES) == []


def test_a_cell_that_cannot_be_read_is_told_by_the_names_of_the_file(tmp_path: Path) -> None:
    rows = ROWS + "1;7;03.03.2026;2.5;1\n1;7;2026-03-04;1;1\n"
    number, date = sorted(judged(tmp_path, SALES, rows), key=lambda problem: problem.what, reverse=True)
    assert number.what == "QTY cannot be read as a number"
    assert number.examples == ("sales.csv row 3: SHOP 1, ITEM 7, DAY 2026-03-03, QTY «2.5»",)
    assert date.what == "DAY cannot be read as a date (%d.%m.%Y)"
    assert date.examples == ("sales.csv row 4: SHOP 1, ITEM 7, DAY «2026-03-04»",)
    assert (date.count, date.of) == (1, 4)


def test_a_column_that_is_not_there_is_named_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    (problem,) = judged(tmp_path, SALES.replace('"QTY"', '"QTYS"'))
    assert problem.what == "sales.csv has no column QTYS, which units_sold is made of"
    assert problem.advice.startswith("did you mean QTY?")


def test_a_required_column_without_a_mapping_is_told_with_the_place_to_name_it(tmp_path: Path) -> None:
    (problem,) = judged(tmp_path, SALES.replace('units_sold = "QTY"\n', ""))
    assert "nothing is mapped to units_sold" in problem.what
    assert "[tables.sales_transactions] columns" in problem.advice


def test_a_column_that_no_table_has_is_refused(tmp_path: Path) -> None:
    (problem,) = judged(tmp_path, SALES.replace("units_sold =", "unit_sold ="))
    assert (problem.what, problem.advice) == (
        "unit_sold is no column of sales_transactions",
        "did you mean units_sold?",
    )


def test_an_option_that_a_kind_does_not_read_is_refused(tmp_path: Path) -> None:
    (problem,) = judged(tmp_path, SALES.replace('store_id = "SHOP"', 'store_id = {from = "SHOP", scale = 2}'))
    assert problem.what == "scale is given for store_id, which is a whole number or text"


def test_a_source_that_is_not_there_is_told(tmp_path: Path) -> None:
    (problem,) = judged(tmp_path, SALES.replace("sales.csv", "sale-*.csv"))
    assert problem.what == "no file is called sale-*.csv"


def test_a_password_in_a_source_is_in_no_message_and_in_no_manifest(tmp_path: Path) -> None:
    address = "postgresql://me:canary-7@host/db?password=canary-8"
    with pytest.raises(InputError, match=r"host/db.* has a password or a key in it") as refused:
        judged(tmp_path, SALES.replace("sales.csv", address))
    kept = json.dumps(open_mapping(tmp_path / "darkshelf.toml").described())
    assert "canary" not in str(refused.value) + kept


def test_wrong_sql_is_told_with_the_tables_it_sees(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"its sql cannot be answered.*SHOPS"):
        judged(tmp_path, SALES.replace('decimal = ","', "sql = 'select SHOPS from source'"))


@pytest.mark.parametrize("sql", ["copy source to 'x.csv'", "select * from read_csv('/etc/passwd')"])
def test_a_question_opens_and_writes_no_other_file(sql: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be answered|writes a file"):
        judged(tmp_path, SALES.replace('decimal = ","', f'sql = "{sql}"'))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("seperator = ';'", "did you mean tables.sales_transactions.0.separator"),
        ("encoding = 'utf-9'", "no encoding"),
        ("skip_end = -1", "greater than or equal to 0"),
        ("header = false", "names are given where there is no header"),
        ("thousands = ','", "the same sign"),
    ],
)
def test_a_wrong_key_or_value_is_refused(wrong: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "darkshelf.toml"
    file.write_text(SALES.replace('separator = ";"', wrong), encoding="utf-8")
    with pytest.raises(SettingsError, match=told):
        load_mapping(file)


def test_a_table_whose_rows_stand_for_their_day_is_no_log(tmp_path: Path) -> None:
    (problem,) = judged(tmp_path, SALES.replace('decimal = ","', 'decimal = ","\ngrain = "change"'))
    assert problem.what == 'has grain = "change", but nothing of it holds until the next row'


def test_rows_of_other_tables_and_lines_that_are_none_are_left_out(tmp_path: Path) -> None:
    mapping = SALES.replace(
        'decimal = ","', 'decimal = ","\nskip_start = 1\nskip_end = 1\nonly_with = ["units_sold"]'
    )
    assert judged(tmp_path, mapping, f"Export\n{ROWS}1;9;01.03.2026;;\n\nTotal;;;;5,75\n") == []


def test_a_change_of_the_mapping_is_another_input(tmp_path: Path) -> None:
    prints = []
    for mapping in (SALES, SALES.replace('"SUM"', '"QTY"')):
        judged(tmp_path, mapping)
        sales = {v.SALES: contracts(None)[v.SALES]}
        tables, _ = open_tables(tmp_path / "darkshelf.toml", sales)
        prints.append(dict(tables[v.SALES].fingerprints))
    assert prints[0]["mapping"] != prints[1]["mapping"]


@pytest.mark.slow
def test_midnights_of_the_stores_that_are_stored_in_utc_are_told_until_their_zone_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = small_chain()
    berlin = pl.col("date").cast(pl.Datetime).dt.replace_time_zone("Europe/Berlin").dt.convert_time_zone("UTC")
    stored = {
        name: rows.with_columns(berlin.dt.to_string("%Y-%m-%dT%H:%M:%SZ")).rename({"date": "AT"})
        for name, rows in tables.items()
        if "date" in rows.columns
    }
    write_csv(tmp_path, tables | stored)
    found = {}
    for which, zone in (("clean", None), ("shifted", "UTC"), ("right", "Europe/Berlin")):
        lines = [f'[tables.{name}]\nsource = "{name}.csv"' for name in tables]
        at = f'\n[tables.{{}}.columns]\ndate = {{{{from = "AT", zone = "{zone}"}}}}'
        lines = [line + at.format(name) if name in stored else line for line, name in zip(lines, tables, strict=True)]
        (tmp_path / f"{which}.toml").write_text("\n".join(lines), encoding="utf-8")
        place = write_csv(tmp_path / "clean", tables) if zone is None else tmp_path / f"{which}.toml"
        answer = darkshelf(capsys, "run", place, "--out", tmp_path / f"out-{which}", "--json").json()
        shifted = [one for one in answer["notices"] if "midnight on other clocks" in one["what"]]
        found[which] = shifted, (Path(answer["folder"]) / "cases.parquet").read_bytes()
    assert [one["where"] for one in found["shifted"][0]] == list(stored)
    assert {one["what"].partition(":")[0] for one in found["shifted"][0]} == {"every AT is a moment at 22"}
    assert found["right"] == found["clean"] != found["shifted"]


@pytest.mark.parametrize(("hours", "is_told"), [((22, 23), True), ((0, 22), False), ((9, 10, 11), False)])
def test_a_table_of_midnights_elsewhere_is_noticed(hours: tuple[int, ...], *, is_told: bool, tmp_path: Path) -> None:
    moments = [f"2026-03-0{day} {hour:02}:00:00" for day, hour in enumerate(hours, 1)]
    rows = pl.DataFrame(
        {"store_id": 1, "sku_id": 1, "date": moments, "units_sold": 1, "revenue": 1.0, "promo_flag": False}
    )
    rows.with_columns(pl.col("date").str.to_datetime()).write_parquet(tmp_path / "sales_transactions.parquet")
    sales = {v.SALES: contracts(None)[v.SALES]}
    found = shifted_days(open_tables(tmp_path, sales)[0])
    assert [problem.what.partition(":")[0] for problem in found] == (
        ["every date is a moment at 22"] if is_told else []
    )
