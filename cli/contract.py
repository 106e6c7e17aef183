"""`darkshelf contract`: what a desk asks of its tables, for a catalogue."""

from enum import Enum
from importlib.metadata import version
from typing import Annotated

import typer

from cli.options import AsJson, DeskName


class Format(Enum):
    """How contracts are written."""

    ODCS = "odcs"


def contract(
    form: Annotated[
        Format, typer.Option("--format", help="odcs: YAML of the Open Data Contract Standard, version 3.")
    ],
    desk_name: DeskName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print what a desk asks of its tables, every column and rule, for a data catalogue.

    Example:  darkshelf contract --format odcs --desk growth > growth.odcs.yaml
    """
    from engine.contracts.odcs import odcs
    from engine.outputs.desks import desk_named

    desk = desk_named(desk_name)
    writers = {Format.ODCS: odcs}
    told = writers[form](desk.name, desk.purpose, version("darkshelf"), desk.promised())
    typer.echo(told.model_dump_json(by_alias=True, exclude_none=True) if as_json else told.to_yaml().rstrip("\n"))
