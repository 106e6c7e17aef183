"""`darkshelf check --suggest` proposes what a mapping or a folder lacks, and nothing of what it has."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from engine.contracts.shelf import contracts
from engine.delivery.proposal.suggest import suggest
from engine.delivery.proposal.written import suggested
from tests.command import darkshelf
from tests.planted.small import small_chain, write_csv

if TYPE_CHECKING:
    from pathlib import Path

PROMISED = contracts(None, signed=True)
SALES = {"store_id": "Filiale", "sku_id": "Artikel", "date": "Datum", "units_sold": "Absatz", "revenue": "Umsatz"}
PRICES = {"store_id": "Filiale", "sku_id": "Artikel", "date": "Datum", "price": "Preis"}
KNOWN = """
[tables.sales_transactions]
source = "export/verkauf.csv"
separator = ";"
[tables.sales_transactions.columns]
store_id = "Filiale"
sku_id = "Artikel"
date = {from = "Datum", format = "%d.%m.%Y"}
units_sold = "Menge"

[tables.inventory_snapshot]
source = "export/inventory_snapshot.csv"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export with German sales and prices, stock in our format, and a mapping that knows a part of it."""
    export = write_csv(tmp_path / "export", {"inventory_snapshot": small_chain()["inventory_snapshot"]})
    sales, prices = (small_chain()[name] for name in ("sales_transactions", "pricing"))
    days = {"Datum": sales["date"].dt.to_string("%d.%m.%Y")}
    sales.drop("promo_flag").rename(SALES).with_columns(**days).write_csv(export / "verkauf.csv", separator=";")
    prices.select(*PRICES).rename(PRICES).write_csv(export / "preise.csv")
    (tmp_path / "darkshelf.toml").write_text(KNOWN, encoding="utf-8")
    return tmp_path


def proposed(place: Path) -> dict[str, object]:
    return tomllib.loads(suggested(suggest(place, PROMISED)))["tables"]


def test_a_mapping_gets_its_missing_and_misnamed_columns_and_its_missing_tables_alone(folder: Path) -> None:
    assert proposed(folder / "darkshelf.toml") == {
        "sales_transactions": {"columns": {"units_sold": "Absatz", "revenue": "Umsatz"}},
        "pricing": {"source": "export/preise.csv", "separator": ",", "columns": PRICES},
    }


def test_lines_that_were_taken_over_leave_nothing_to_propose(folder: Path) -> None:
    mapping = folder / "darkshelf.toml"
    lines = suggested(suggest(mapping, PROMISED)).splitlines()
    columns, tables = "\n".join(lines[1:3]), "\n".join(lines[4:])
    whole = KNOWN.replace('units_sold = "Menge"', columns) + tables
    mapping.write_text(whole, encoding="utf-8")
    assert suggested(suggest(mapping, PROMISED)) == ""


def test_a_folder_gets_tables_and_columns_under_another_name(tmp_path: Path) -> None:
    tables = small_chain()
    tables["item_master"] = tables.pop("skus")
    tables["inventory_snapshot"] = tables["inventory_snapshot"].rename({"quantity_on_hand": "stock"})
    found = proposed(write_csv(tmp_path / "in", tables))
    assert found.keys() == {"inventory_snapshot", "skus"}
    assert found["inventory_snapshot"] == {
        "source": "inventory_snapshot.csv",
        "columns": {"quantity_on_hand": "stock"},
    }
    assert found["skus"]["source"] == "item_master.csv"  # type: ignore[index]


def test_the_command_says_why_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.rglob("*"))
    answer = darkshelf(capsys, "check", folder / "darkshelf.toml", "--suggest")
    assert answer.code == 0
    assert 'units_sold = "Absatz"  # its name' in answer.out
    assert "# Nothing was found for the table stores: it may be left out." in answer.out
    as_json = darkshelf(capsys, "check", folder / "darkshelf.toml", "--suggest", "--json").json()
    assert as_json["required"] == []
    assert 'source = "export/preise.csv"' in as_json["lines"]
    assert sorted(folder.rglob("*")) == before


def test_a_required_table_of_which_nothing_is_found_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path, {"sales_transactions": small_chain()["sales_transactions"]})
    answer = darkshelf(capsys, "check", tmp_path, "--suggest")
    assert "# Nothing was found for the table inventory_snapshot: the run needs it." in answer.out


def test_a_whole_folder_lacks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = darkshelf(capsys, "check", write_csv(tmp_path / "in", small_chain()), "--suggest")
    assert (answer.code, answer.out.splitlines()[0]) == (
        0,
        "Nothing is proposed: no file looks like what is not there.",
    )
    assert "[tables" not in answer.out
