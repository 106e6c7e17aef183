"""`darkshelf ingest` and `darkshelf lake`: a lake of days, filled, looked through and corrected."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import answer, out, table
from cli.options import AsJson, Assignments, ConfigFile, Input, kept

app = typer.Typer(
    help="Look through a lake of days, and take days out of it.", no_args_is_help=True, rich_markup_mode=None
)
TheLake = Annotated[
    Path,
    typer.Option(
        "--lake",
        parser=kept,
        metavar="PLACE",
        help="A lake of days, as  darkshelf ingest  keeps it: a folder, or a place such as s3://.",
    ),
]
SHOWN_DAYS = 3
"""Days listed one by one; of more the first and the last are named."""


def ingest(
    folder: Input,
    lake: Annotated[
        Path,
        typer.Option(
            "--lake",
            parser=kept,
            metavar="PLACE",
            help="Where the days are kept, a folder or a place such as s3://; made when it is not there.",
        ),
    ],
    config: ConfigFile = None,
    assignments: Assignments = None,
    *,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Take a newest day that holds fewer rows than such days do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a delivery into a lake: each day it holds replaces that day of that table, whole.

    Example:  darkshelf ingest data/today --lake data/lake/chain

    Then:  darkshelf run --lake data/lake/chain --out data/runs
    """
    from engine.lake.ingest import ingest
    from engine.mirrors import told
    from engine.settings.shelf.night import load as load_shelf

    settings = load_shelf(config, assignments or [])
    done = ingest(folder, lake, settings.ingest, settings.inputs, allow_partial=allow_partial)
    if as_json:
        answer({"lake": told(lake), **asdict(done)})
        return
    shown = table("table", "rows", "set aside", "new", "replaced", "unchanged", numbers=("rows", "set aside"))
    for name, report in done.tables.items():
        days = (_in_words(report.new), _in_words(report.replaced), _in_words(report.unchanged))
        shown.add_row(name, f"{report.rows:,}", f"{report.faulty:,}", *days)
    for notice in done.notices:
        out.print(f"- {notice}", markup=False, soft_wrap=True)
    out.print(shown)
    for name, report in done.tables.items():
        if report.ignored:
            listed = ", ".join(report.ignored)
            out.print(
                f"- columns of {name} that no night reads were not kept: {listed}", markup=False, soft_wrap=True
            )
    _show_spans(lake, done.spans)


@app.command()
def verify(lake: TheLake, *, as_json: AsJson = False) -> None:
    """Read every file of a lake and compare it with what was written; every damage is listed, with how to mend it.

    Example:  darkshelf lake verify --lake data/lake/chain
    """
    from engine.errors import InputError
    from engine.lake.manifest import open_lake
    from engine.lake.verify import verify as verified
    from engine.mirrors import told

    found = verified(open_lake(lake))
    if found.damages:
        raise InputError(found.damages)
    if as_json:
        answer({"lake": told(lake), **asdict(found)})
        return
    out.print(f"{told(lake)} is whole: {found.files:,} files, {found.n_bytes:,} bytes", markup=False, soft_wrap=True)
    if found.without_hash:
        remark = f"{found.without_hash:,} of them were written by an older version and have no hash: only their size"
        out.print(f"{remark} was compared. Days that are ingested again get one.", markup=False, soft_wrap=True)


@app.command()
def drop(
    lake: TheLake,
    date: Annotated[dt.datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day that goes.")],
    table: Annotated[
        str | None, typer.Option("--table", help="The table it goes from; by default every one that holds it.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take a day out of a lake: one that was delivered by mistake, or whose date was one.

    Example:  darkshelf lake drop --lake data/lake/chain --date 2099-06-03 --table sales_transactions
    """
    from engine.lake.drop import drop as dropped_of
    from engine.lake.manifest import open_lake
    from engine.mirrors import told

    day = date.date()
    rows = {name: known.rows + known.faulty for name, known in dropped_of(lake, day, table).items()}
    left = open_lake(lake)
    spans = {name: left.span(name) for name in sorted(left.tables)}
    if as_json:
        answer({"lake": told(lake), "date": day.isoformat(), "dropped": rows, "spans": spans})
        return
    for name, count in rows.items():
        out.print(f"dropped {day} of {name}: {count:,} rows", markup=False, soft_wrap=True)
    _show_spans(lake, spans)


def _show_spans(lake: Path, spans: Mapping[str, str]) -> None:
    from engine.mirrors import told

    spans_text = "; ".join(f"{name} {span}" for name, span in spans.items())
    out.print(f"{told(lake)} holds {spans_text}", markup=False, soft_wrap=True)


def _in_words(days: Any) -> str:
    if len(days) > SHOWN_DAYS:
        return f"{len(days)} days, {min(days)} to {max(days)}"
    return ", ".join(days)
