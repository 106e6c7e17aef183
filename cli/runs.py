"""`darkshelf runs`, `darkshelf explain` and `darkshelf sql`: reading what was published, of whatever desk."""

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.console import answer, err, out, show_blocks, table
from cli.options import AsJson, Out, RunGiven, RunId, one_run

if TYPE_CHECKING:
    from engine.outputs.shown import Grid
    from engine.runs.registry import Run

app = typer.Typer(help="List, show, compare, roll back and prune runs.", no_args_is_help=True, rich_markup_mode=None)
COUNTS = {
    "read": "read",
    "used": "used",
    "quarantined": "quarantined",
    "outside_panel": "outside",
    "of_another_period": "of another period",
}
"""What became of the rows of a table, and how it is headed; each desk has some of them."""


class Format(Enum):
    """How an answer is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command("list")
def list_runs(out_folder: Out, *, as_json: AsJson = False) -> None:
    """List the published runs, oldest night first; the latest one is marked."""
    from engine.runs.registry import Registry

    registry = Registry(out_folder)
    latest = registry.latest_id()
    found = registry.runs()
    if as_json:
        skipped = [str(problem) for problem in registry.survey().skipped]
        answer({"latest": latest, "runs": [run.manifest for run in found], "skipped": skipped})
        return
    rows = table("", "run", "as of", "desk", "result", "finished")
    for run in found:
        mark = "→" if run.run_id == latest else ""
        rows.add_row(mark, run.run_id, run.as_of, run.desk, Text(_headline(run)), run.finished_at[:19])
    out.print(rows if found else Text(f"no runs under {registry.where}"))


def _headline(run: "Run") -> str:
    """The result in a few words; a dash where the desk of the run is not installed."""
    from engine.errors import NotFoundError
    from engine.outputs.desks import desk_of

    try:
        return desk_of(run).headline(run.manifest)
    except NotFoundError:
        return "–"


@app.command()
def show(out_folder: Out, run: RunGiven = None, run_id: RunId = None, *, as_json: AsJson = False) -> None:
    """Show how a run came about: rows, warnings, stages, key figures."""
    from engine.outputs import read

    found = read.find_run(out_folder, one_run(run, run_id))
    quality = read.data_quality(found)
    if as_json:
        answer({**found.manifest, "summary": read.summary(found), "data_quality": quality})
        return
    headline = Text(found.run_id, style="bold").append(
        f"  as of {found.as_of}, input {found.manifest.get('input', 'unknown')}", "not bold"
    )
    out.print(headline, soft_wrap=True)
    counted = [key for key in COUNTS if any(key in rows for rows in quality["rows"].values())]
    headers = tuple(COUNTS[key] for key in counted)
    accounts = table("table", *headers, numbers=headers)
    for name, rows in quality["rows"].items():
        accounts.add_row(name, *(f"{rows[key]:,}" if key in rows else "–" for key in counted))
    stages = table("stage", "seconds", "peak MiB", numbers=("seconds", "peak MiB"))
    for stage in found.manifest.get("stages", []):
        stages.add_row(stage["stage"], f"{stage['seconds']:.3f}", f"{stage['peak_mib']:,}")
    out.print(accounts)
    out.print(stages)
    for warning in quality["warnings"]:
        out.print(f"- {warning}", markup=False, soft_wrap=True)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="The older run id.")],
    new: Annotated[str, typer.Argument(help="The newer run id.")],
    out_folder: Out,
    top: Annotated[int, typer.Option(min=1, help="Rows shown on each side.")] = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare two runs of one desk: key figures, what came and what is gone."""
    from engine.errors import InputError, Problem
    from engine.outputs.desks import desk_of
    from engine.outputs.read import find_run

    before, after = find_run(out_folder, old), find_run(out_folder, new)
    if before.desk != after.desk:
        what = f"is a run of the {after.desk} desk, {old} one of the {before.desk} desk"
        raise InputError([Problem(new, what, "name two runs of one desk")])
    change = desk_of(after).compare(before, after)
    if as_json:
        lists = [{"title": rows.title, "columns": rows.headers, "rows": _texts(rows)} for rows in change.lists]
        answer({"figures": change.figures, "sentence": change.sentence, "lists": lists})
        return
    figures = table("", old, new, numbers=(old, new))
    for key, *values in change.figures:
        figures.add_row(key.replace("_", " "), *(f"{x:,}" if isinstance(x, int | float) else str(x) for x in values))
    out.print(figures)
    out.print(change.sentence)
    for rows in change.lists:
        title = f"{rows.title}: {len(rows.rows):,}"
        show_blocks([replace(rows, rows=rows.rows[:top], title=title)])


def _texts(rows: "Grid") -> list[list[str]]:
    """The cells of a table without their styles."""
    return [[cell if isinstance(cell, str) else cell.text for cell in row] for row in rows.rows]


@app.command()
def rollback(
    out_folder: Out,
    to: Annotated[str | None, typer.Option(help="A run id; by default the run before the latest.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make readers see an earlier night again. Nothing is deleted."""
    from engine.runs.registry import Registry

    registry = Registry(out_folder)
    with registry.writer():
        if to is None:
            registry.rollback()
        else:
            registry.point_to(to)
    if as_json:
        answer({"latest": registry.latest_id()})
        return
    out.print(f"the latest run is now {registry.latest_id()}")


@app.command()
def prune(
    out_folder: Out,
    keep: Annotated[int, typer.Option(help="How many of the newest runs stay.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Delete old runs. The latest run always stays."""
    from engine.runs.registry import Registry

    registry = Registry(out_folder)
    with registry.writer():
        deleted = registry.prune(keep)
    if as_json:
        answer({"deleted": deleted, "latest": registry.latest_id()})
        return
    out.print(f"deleted {len(deleted)} runs" + (f": {', '.join(deleted)}" if deleted else ""), soft_wrap=True)


def sql(
    query: Annotated[str, typer.Argument(help="SQL over the tables of a run, such as cases and daily.")],
    out_folder: Out,
    run_id: RunId = None,
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = Format.TABLE,
    *,
    is_open: Annotated[
        bool, typer.Option("--open", help="Let the query read and write other files, with your rights.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Ask the outputs of a run in SQL (DuckDB): every table by its name, and the views of its desk.

    Example:  darkshelf sql "select primary_cause, count(*) from cases group by all" --out data/runs
    """
    from engine.outputs import read
    from engine.outputs.desks import desk_of
    from engine.outputs.spreadsheet import csv_text

    run = read.find_run(out_folder, run_id)
    found = read.query(run, query, desk_of(run).views(run), is_open=is_open)
    if form is Format.CSV and not as_json:
        typer.echo(csv_text(found), nl=False)
    elif as_json or form is Format.JSON:
        typer.echo(found.write_json())
    else:
        rows = table(*found.columns, numbers=tuple(n for n, kind in found.schema.items() if kind.is_numeric()))
        for row in found.head(out.height * 4).iter_rows():
            rows.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
        out.print(rows)
        err.print(f"{found.height:,} rows" + (f", {rows.row_count:,} shown" if rows.row_count < found.height else ""))


def explain(
    name: Annotated[str, typer.Argument(help="What to explain, such as the case 12_1_2026-02-14.")],
    out_folder: Out,
    run_id: RunId = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell one finding of a run: a case with its numbers, days, causes and action; a candidate with its trace.

    Example:  darkshelf explain 12_1_2026-02-14 --out data/runs
    """
    from engine.outputs.desks import desk_of
    from engine.outputs.read import find_run

    run = find_run(out_folder, run_id)
    explained = desk_of(run).explain(run, name)
    if as_json:
        answer(explained.facts)
    else:
        show_blocks(explained.shown)
