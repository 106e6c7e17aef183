"""The page of the whitespace desk against the program."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest

from engine.contracts.whitespace import whitespace_contracts
from engine.delivery.frames import frames_of
from engine.settings.whitespace.division_rules import DivisionRule
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.labels import LabelSettings
from engine.whitespace.check import check
from engine.whitespace.panel import labels
from tests.test_docs import ROW, WORDS_FOR_EMPTY, WORDS_FOR_KINDS

PAGE = Path(__file__).parents[2] / "docs" / "whitespace.md"
TEXT = PAGE.read_text(encoding="utf-8")
CONTRACTS = whitespace_contracts(dt.date(1990, 1, 1), 1e9)


def rows_after(words: str) -> list[tuple[str, list[str]]]:
    """The first table after these words: the name in the first cell, and the other cells."""
    _, found, rest = TEXT.partition(words)
    assert found, words
    table = re.split(r"\n\n(?=[^|])", rest[rest.index("\n| ") :], maxsplit=1)[0]
    return [(name, [cell.strip() for cell in cells.split("|")]) for name, cells in ROW.findall(table)]


def in_words(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Enum):
        return "category"
    words = {pl.String: "text", pl.Boolean: "flag", pl.Float64: "number", pl.Date: "date"}
    return "whole number" if kind.is_integer() else words[type(kind)]


@pytest.mark.parametrize("contract", [pytest.param(each, id=name) for name, each in CONTRACTS.items()])
def test_every_input_table_is_on_the_page_as_its_contract_has_it(contract):
    promised = [
        (
            column.name,
            [WORDS_FOR_KINDS[column.kind], "yes" if column.required else "no", WORDS_FOR_EMPTY[column.null]],
        )
        for column in contract.columns
    ]
    assert [(name, cells[:3]) for name, cells in rows_after(f"### `{contract.table}`\n")] == promised


def test_the_reconciliation_is_on_the_page(generated_company):
    schema = check(frames_of(generated_company.tables), InputSettings()).reconciliation.schema
    promised = [(name, in_words(kind)) for name, kind in schema.items()]
    assert [(name, cells[0]) for name, cells in rows_after("says where every row and every cent went")] == promised


def test_the_panel_is_on_the_page(company_tables):
    schema = labels(company_tables, [dt.date(2024, 6, 30)], LabelSettings()).schema
    promised = [(name, in_words(kind)) for name, kind in schema.items()]
    assert [(name, cells[0]) for name, cells in rows_after("The panel has a row for every customer")] == promised


def test_every_key_of_a_rule_is_on_the_page():
    _, _, section = TEXT.partition("## Divisions and rules")
    assert [name for name in DivisionRule.model_fields if f"`{name}`" not in section] == []
