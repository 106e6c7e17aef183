"""`darkshelf holidays`: the holidays of countries as a table `events`."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from cli.console import answer, out
from cli.options import AsJson, path

FORMATS = ["%Y-%m-%d"]


def holidays(
    places: Annotated[
        list[str],
        typer.Argument(metavar="PLACE...", help="ISO 3166: DE, DE-BY; south=DE-BY for stores of one region."),
    ],
    first: Annotated[dt.datetime, typer.Option("--from", formats=FORMATS, help="First day.")],
    last: Annotated[dt.datetime, typer.Option("--to", formats=FORMATS, help="Last day.")],
    file: Annotated[Path, typer.Option("--out", parser=path, metavar="FILE", help="A new CSV file.")] = Path(
        "events-holidays.csv"
    ),
    *,
    as_json: AsJson = False,
) -> None:
    """Write public and half holidays, and the days before public ones, as rows of the table events.

    Needs  pip install 'darkshelf[holidays]' .

    Example:  darkshelf holidays north=DE-HH south=DE-BY --from 2026-01-01 --to 2026-12-31
    """
    from engine.shelf.holidays import holiday_place, write_holidays

    rows = write_holidays([holiday_place(text) for text in places], first.date(), last.date(), file)
    kinds = dict(rows["kind"].value_counts().sort("kind").iter_rows())
    if as_json:
        answer({"file": str(file), "rows": rows.height, "kinds": kinds})
        return
    told = ", ".join(f"{count} × {kind}" for kind, count in kinds.items()) or "no holiday"
    out.print(f"{rows.height:,} rows in {file}: {told}.", markup=False, soft_wrap=True)
