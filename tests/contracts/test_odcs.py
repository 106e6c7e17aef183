"""The contracts of every desk, read back from YAML as any catalogue would read them."""

from __future__ import annotations

import json
from importlib.metadata import version
from importlib.resources import files

import jsonschema
import pytest
import yaml

from engine.contracts.contract import Column, Consequence, Contract, Kind
from engine.contracts.odcs import odcs
from engine.outputs.desks import desk_named, desks
from tests.command import darkshelf

LOGICAL = {Kind.ID: "string", Kind.DATE: "date", Kind.NUMBER: "number", Kind.FLAG: "boolean", Kind.TEXT: "string"}
"""The types of the standard, section Schema."""
SCHEMA = files("open_data_contract_standard").joinpath("schema.json")
DESKS = [desk.name for desk in desks()]


@pytest.fixture(params=DESKS)
def printed(request, capsys):
    """The name of a desk, and what the command prints of it."""
    answer = darkshelf(capsys, "contract", "--format", "odcs", "--desk", request.param)
    assert (answer.code, answer.err) == (0, "")
    return request.param, yaml.safe_load(answer.out)


def test_what_is_printed_is_valid_by_the_schema_of_the_standard(printed):
    name, told = printed
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (told["kind"], told["apiVersion"], told["version"]) == ("DataContract", "v3.1.0", version("darkshelf"))
    assert told["domain"] == name


def test_as_json_it_is_the_same(printed, capsys):
    name, told = printed
    assert darkshelf(capsys, "contract", "--format", "odcs", "--desk", name, "--json").json() == told


def test_every_table_and_column_is_there_with_its_kind(printed):
    name, told = printed
    found = {
        table["name"]: [(column["name"], column["logicalType"]) for column in table["properties"]]
        for table in told["schema"]
    }
    assert found == {
        table: [(column.name, LOGICAL[column.kind]) for column in contract.columns]
        for table, contract in desk_named(name).promised().items()
    }


def table_of(*columns: Column, **options: bool) -> dict:
    contract = Contract("stock", ("shop", "day"), columns, **options)
    return yaml.safe_load(odcs("toys", "counts toys", "1.2.3", {"stock": contract}).to_yaml())["schema"][0]


SHOP = Column("shop", Kind.ID, null=Consequence.STOP)
DAY = Column("day", Kind.DATE, null=Consequence.STOP)
COUNT = Column("count", Kind.NUMBER, null=Consequence.QUARANTINE, low=0, high=9)
REMARK = Column("remark", Kind.TEXT, required=False)


def test_a_key_has_its_places_and_a_table_whose_rows_may_share_it_has_none():
    places = [column.get("primaryKeyPosition") for column in table_of(COUNT, DAY, SHOP)["properties"]]
    assert places == [None, 2, 1]
    shared = table_of(COUNT, DAY, SHOP, repeats=True)
    assert not any(column.get("primaryKey") for column in shared["properties"])
    assert shared["dataGranularityDescription"] == "one row or several per shop, day"


@pytest.mark.parametrize(
    ("column", "is_required"),
    [
        (SHOP, True),
        (COUNT, True),
        (REMARK, False),
        (Column("seen", Kind.FLAG, null=Consequence.NOTE), False),
        (Column("period", Kind.TEXT, required=False, null=Consequence.STOP), False),
    ],
    ids=lambda given: given.name if isinstance(given, Column) else None,
)
def test_required_is_a_column_that_has_to_be_there_and_filled(column, is_required):
    assert table_of(column)["properties"][0]["required"] is is_required


def test_bounds_and_rules_of_a_column_are_told_with_what_follows():
    told = table_of(COUNT)["properties"][0]
    assert told["logicalTypeOptions"] == {"minimum": 0, "maximum": 9}
    assert [(rule["description"].partition(". ")[0], rule["severity"]) for rule in told["quality"]] == [
        ("No row where count is missing", "quarantine"),
        ("No row where count cannot be read as a number", "stop"),
        ("No row where count is not finite", "quarantine"),
        ("No row where count is not between 0 and 9", "quarantine"),
    ]


@pytest.mark.parametrize("desk", DESKS)
def test_no_rule_of_a_desk_is_left_out(desk):
    """A rule is about a column of its table, and so has a property to stand at."""
    for contract in desk_named(desk).promised().values():
        assert {rule.column for rule in contract.rules} <= set(contract.names)


def test_a_form_that_is_not_known_is_refused(capsys):
    answer = darkshelf(capsys, "contract", "--format", "avro")
    assert answer.code == 2
    assert "odcs" in answer.err
