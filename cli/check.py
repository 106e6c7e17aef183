"""`darkshelf check`: what a night would say of its input, before the night."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import answer, out
from cli.options import AllowPartial, AsJson, Assignments, ConfigFile, InputUnlessLake, Lake, Profile
from cli.run import load_for, place_of, show_notices

if TYPE_CHECKING:
    from engine.delivery.tables import Delivered


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
    suggest: Annotated[
        bool,
        typer.Option("--suggest", help="Propose the lines of a mapping for tables and columns that are missing."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge every row of every table and list every problem at once; write nothing.

    Example:  darkshelf check data/tonight

    What is missing, as  darkshelf init  would propose it:  darkshelf check data/darkshelf.toml --suggest
    """
    if suggest:
        _suggest(folder, as_json=as_json)
        return
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


def _suggest(folder: "Delivered | None", *, as_json: bool) -> None:
    """Print the lines that a folder or a mapping lacks, with why each is proposed."""
    from engine.delivery.proposal.suggest import suggest
    from engine.delivery.proposal.written import suggested
    from engine.outputs.desks import desk_named

    if not isinstance(folder, Path):
        raise typer.BadParameter("--suggest looks at a folder or a mapping of this machine")
    found = suggest(folder, desk_named(None).promised())
    lines = suggested(found)
    if as_json:
        answer({"lines": lines, "nothing_found": found.nothing, "required": found.required})
        return
    if lines:
        out.print(lines, markup=False, highlight=False, soft_wrap=True)
    else:
        out.print("Nothing is proposed: no file looks like what is not there.", markup=False)
    for name in found.nothing:
        told = "the run needs it" if name in found.required else "it may be left out"
        out.print(f"# Nothing was found for the table {name}: {told}.", markup=False, soft_wrap=True)
    if lines and not found.is_mapped:
        out.print(
            f"# A mapping names every table of a run: darkshelf init {folder} writes a whole one.", markup=False
        )
