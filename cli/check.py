"""`darkshelf check`: what a night would say of its input, before the night."""

import datetime as dt
import json
from typing import Annotated

import typer

from cli.console import out
from cli.options import AllowPartial, AsJson, Assignments, ConfigFile, InputUnlessLake, Lake, Profile
from cli.run import load_for, place_of, show_notices


def check(
    folder: InputUnlessLake = None,
    lake: Lake = None,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(
            "--as-of", formats=["%Y-%m-%d"], help="Last day that may be seen; by default the newest day of the chain."
        ),
    ] = None,
    profile: Profile = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    *,
    allow_partial: AllowPartial = False,
    as_json: AsJson = False,
) -> None:
    """Judge every row of every table and list every problem at once; write nothing.

    Example:  darkshelf check data/tonight
    """
    from engine.outputs.shelf.desk import DESK
    from engine.shelf import desk

    settings = load_for(DESK, profile, config, assignments)
    day = as_of.date() if as_of else None
    found = desk.inspect(place_of(folder, lake), settings, day, allow_partial=allow_partial)
    warnings = found.quality["warnings"]
    if as_json:
        answer = {
            "as_of": found.sources.as_of.isoformat(),
            "tables": sorted(found.sources.tables),
            "notices": found.quality["notices"],
            "remarks": [str(remark) for remark in found.remarks],
            "warnings": warnings,
        }
        typer.echo(json.dumps(answer))
        return
    tables = ", ".join(found.sources.tables)
    out.print(
        f"{found.sources.folder} can be run as of {found.sources.as_of}: {tables}.", markup=False, soft_wrap=True
    )
    show_notices(found.quality["notices"])
    for number, remark in enumerate(found.remarks, 1):
        out.print(f"  {number}. {remark}", markup=False, soft_wrap=True)
    for warning in warnings:
        out.print(f"- {warning}", markup=False, soft_wrap=True)
