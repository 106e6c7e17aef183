"""The pages of the growth desk against the program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.contracts.growth import growth_contracts
from engine.growth import desk
from engine.outputs.growth import shapes
from engine.settings.growth.scaling import GrowthSettings
from tests.growth.requirements import INVARIANTS, PAGE, PLACES, REQUIREMENTS, page
from tests.growth.tables import Tables
from tests.growth.test_desk import golden_tables
from tests.requirements import ROOT, proofs
from tests.test_docs import ROW, WORDS_FOR_EMPTY, WORDS_FOR_KINDS

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ROOT / "docs" / "growth-file-formats.md"


def test_every_requirement_and_invariant_has_a_test_or_a_named_place():
    known, proved = {*REQUIREMENTS, *INVARIANTS}, proofs(ROOT / "tests" / "growth").keys()
    assert len(REQUIREMENTS) == 94
    assert known - proved - PLACES.keys() == set()
    assert proved - known == set()
    assert all((ROOT / place).is_file() for place in PLACES.values())


def test_the_page_has_the_table_of_the_marks():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with  python -m tests.growth.requirements"


@pytest.mark.proves("R56", "R57")
def test_the_page_explains_every_cap_as_a_control_of_risk():
    text = PAGE.read_text(encoding="utf-8")
    assert "Caps control risk; they are no strategy" in text
    for cap in ("50% of the current quantity", "30% of the cluster's median", "50 units", "Below 1 unit"):
        assert cap in re.sub(r"\s+", " ", text)


def documented(name: str) -> list[tuple[str, list[str]]]:
    _, found, rest = FORMATS.read_text(encoding="utf-8").partition(f"### `{name}`\n")
    assert found, name
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [(column, [cell.strip() for cell in cells.split("|")]) for column, cells in ROW.findall(section)]


@pytest.mark.parametrize("contract", [pytest.param(each, id=name) for name, each in growth_contracts(()).items()])
def test_every_input_table_is_on_the_page_as_its_contract_has_it(contract):
    promised = [
        (
            column.name,
            [WORDS_FOR_KINDS[column.kind], "yes" if column.required else "no", WORDS_FOR_EMPTY[column.null]],
        )
        for column in contract.columns
    ]
    assert [(column, cells[:3]) for column, cells in documented(contract.table)] == promised


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("documented")
    tables = Tables({**golden_tables().rows, "supply": [{"spu_code": "P'é00", "available_units": 3.0}]})
    return desk.run(tables.write(place / "in"), place / "out", GrowthSettings()).folder


def in_words(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Enum):
        return "category"
    return (
        "whole number"
        if kind.is_integer()
        else {pl.String: "text", pl.Boolean: "flag", pl.Float64: "number"}[type(kind)]
    )


@pytest.mark.parametrize("name", [shapes.RECOMMENDATIONS, shapes.AUDIT, shapes.PEERS, shapes.SUPPLY_PLAN])
def test_every_column_of_an_output_is_on_the_page_in_its_order(folder, name):
    schema = pl.read_parquet_schema(folder / name)
    assert [(column, cells[0]) for column, cells in documented(name)] == [(c, in_words(k)) for c, k in schema.items()]
