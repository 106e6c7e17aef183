"""ODCS: contracts as one data contract of the Open Data Contract Standard, for somebody's catalogue.

In: the contracts of the tables of a desk. Out: an object per table, a property per column, a text per rule.
The standard: https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
"""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl
from open_data_contract_standard.model import (
    DataQuality,
    Description,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)

from engine.contracts.contract import Column, Consequence, Contract, Kind, Rule, read_as

API_VERSION: Final = "v3.1.0"
TYPES: Final = {
    Kind.ID: ("string", "VARCHAR"),
    Kind.DATE: ("date", "DATE"),
    Kind.NUMBER: ("number", "DOUBLE"),
    Kind.FLAG: ("boolean", "BOOLEAN"),
    Kind.TEXT: ("string", "VARCHAR"),
}
"""What the standard calls a kind, and the type in SQL that holds it."""


def odcs(desk: str, purpose: str, version: str, promised: Mapping[str, Contract]) -> OpenDataContractStandard:
    """The contracts as one of the standard.

    desk, purpose, version: name and purpose of who reads the tables, and the version of the program. A key of a
    table whose rows may share it is none of the standard. Required is a column whose cells may not be empty.
    """
    return OpenDataContractStandard(
        apiVersion=API_VERSION,
        kind="DataContract",
        id=f"darkshelf-{desk}",
        name=f"Tables of the desk {desk}",
        version=version,
        status="active",
        domain=desk,
        description=Description(purpose=f"Darkshelf {purpose}."),
        schema=[_table(contract) for contract in promised.values()],
    )


def _table(contract: Contract) -> SchemaObject:
    as_text = dict.fromkeys(contract.names, pl.String())
    rules = read_as(contract, as_text, frozenset()).rules
    needed = "Has to be delivered." if contract.required else "May be left out."
    held = f" {contract.holds} holds until the next row." if contract.holds else ""
    several = "one row or several per" if contract.repeats else "one row per"
    return SchemaObject(
        name=contract.table,
        physicalName=contract.table,
        logicalType="object",
        physicalType="table",
        description=needed + held,
        dataGranularityDescription=f"{several} {', '.join(contract.key)}",
        properties=[_property(contract, column, rules) for column in contract.columns],
    )


def _property(contract: Contract, column: Column, rules: tuple[Rule, ...]) -> SchemaProperty:
    logical, physical = TYPES[column.kind]
    is_key = column.name in contract.key and not contract.repeats
    presence = "the column has to be there" if column.required else "the column may be left out"
    may_be_empty = not column.required or column.null in (None, Consequence.NOTE)
    bounds = {"minimum": column.low, "maximum": column.high}
    return SchemaProperty(
        name=column.name,
        logicalType=logical,
        physicalType=physical,
        description=f"{column.kind.value}; {presence}",
        required=not may_be_empty,
        primaryKey=is_key or None,
        primaryKeyPosition=contract.key.index(column.name) + 1 if is_key else None,
        logicalTypeOptions={name: bound for name, bound in bounds.items() if bound is not None} or None,
        quality=list(_quality(column, rules)) or None,
    )


def _quality(column: Column, rules: tuple[Rule, ...]) -> Iterator[DataQuality]:
    for rule in rules:
        if rule.column == column.name:
            told = f"No row where {rule.complaint}. If there is one: {rule.advice}."
            yield DataQuality(type="text", description=told, severity=rule.consequence.value)
