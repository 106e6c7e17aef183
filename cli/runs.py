"""`darkshelf runs`, `darkshelf explain` and `darkshelf sql`: reading what was published."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.console import answer, err, money, out, table
from cli.night import AsJson

app = typer.Typer(help="List, show, compare, roll back and prune runs.", no_args_is_help=True, rich_markup_mode=None)
Out = Annotated[Path, typer.Option("--out", help="Where runs are published.")]
COUNTS = {
    "read": "read",
    "used": "used",
    "quarantined": "quarantined",
    "outside_panel": "outside",
    "of_another_period": "of another period",
}
"""What became of the rows of a table, and how it is headed; each desk has some of them."""
RunId = Annotated[str | None, typer.Option("--run", help="A run id; by default the latest run.")]


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
    rows = table("", "run", "as of", "open", "at risk", "finished", "desk", numbers=("open", "at risk"))
    for run in found:
        mark = "→" if run.run_id == latest else ""
        cases, at_risk = run.manifest.get("cases_open"), run.manifest.get("revenue_at_risk_open")
        figures = ("–" if cases is None else f"{cases:,}", money(at_risk))
        rows.add_row(mark, run.run_id, run.as_of, *figures, run.finished_at[:19], run.desk)
    out.print(rows if found else Text(f"no runs under {out_folder}"))


@app.command()
def show(out_folder: Out, run_id: RunId = None, *, as_json: AsJson = False) -> None:
    """Show how a run came about: rows, warnings, stages, key figures."""
    from engine.outputs import read

    run = read.find_run(out_folder, run_id)
    quality = read.data_quality(run)
    if as_json:
        answer({**run.manifest, "summary": read.summary(run), "data_quality": quality})
        return
    headline = Text(run.run_id, style="bold").append(
        f"  as of {run.as_of}, input {run.manifest.get('input', 'unknown')}", "not bold"
    )
    out.print(headline, soft_wrap=True)
    counted = [key for key in COUNTS if any(key in rows for rows in quality["rows"].values())]
    headers = tuple(COUNTS[key] for key in counted)
    accounts = table("table", *headers, numbers=headers)
    for name, rows in quality["rows"].items():
        accounts.add_row(name, *(f"{rows[key]:,}" if key in rows else "–" for key in counted))
    stages = table("stage", "seconds", "peak MiB", numbers=("seconds", "peak MiB"))
    for stage in run.manifest.get("stages", []):
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
    top: Annotated[int, typer.Option(min=1, help="Cases shown on each side.")] = 10,
) -> None:
    """Compare two nights: key figures, cases that opened and cases that are gone."""
    from engine.outputs.read import SHELF, find_run
    from engine.outputs.shelf.compare import compare

    change = compare(find_run(out_folder, old, SHELF), find_run(out_folder, new, SHELF))
    figures = table("", old, new, numbers=(old, new))
    for key, before, after in change.figures:
        figures.add_row(
            key.replace("_", " "), *(f"{x:,}" if isinstance(x, int | float) else str(x) for x in (before, after))
        )
    out.print(figures)
    out.print(f"{change.still_open:,} cases are open in both.")
    for title, cases in (("opened", change.opened), ("gone", change.gone)):
        rows = table("case", "at risk", "cause", "action", title=f"{title}: {cases.height:,}", numbers=("at risk",))
        for case in cases.head(top).iter_rows(named=True):
            cause = case["primary_cause"] or "–"
            rows.add_row(Text(case["case_id"]), money(case["revenue_at_risk"]), cause, case["recommended_action"])
        out.print(rows)


@app.command()
def rollback(
    out_folder: Out,
    to: Annotated[str | None, typer.Option(help="A run id; by default the run before the latest.")] = None,
) -> None:
    """Make readers see an earlier night again. Nothing is deleted."""
    from engine.runs.registry import Registry

    registry = Registry(out_folder)
    with registry.writer():
        if to is None:
            registry.rollback()
        else:
            registry.point_to(to)
    out.print(f"the latest run is now {registry.latest_id()}")


@app.command()
def prune(
    out_folder: Out,
    keep: Annotated[int, typer.Option(help="How many of the newest runs stay.")],
) -> None:
    """Delete old runs. The latest run always stays."""
    from engine.runs.registry import Registry

    registry = Registry(out_folder)
    with registry.writer():
        deleted = registry.prune(keep)
    out.print(f"deleted {len(deleted)} runs" + (f": {', '.join(deleted)}" if deleted else ""), soft_wrap=True)


def sql(
    query: Annotated[str, typer.Argument(help="SQL over cases, evidence, features, stores, daily and days.")],
    out_folder: Out,
    run_id: RunId = None,
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = Format.TABLE,
    *,
    is_open: Annotated[
        bool, typer.Option("--open", help="Let the query read and write other files, with your rights.")
    ] = False,
) -> None:
    """Ask the outputs of a run in SQL (DuckDB). `days` has one row per store-SKU with a case and day.

    Example:  darkshelf sql "select primary_cause, count(*) from cases group by all" --out data/runs
    """
    from engine.outputs import read
    from engine.outputs.spreadsheet import csv_text

    found = read.query(read.find_run(out_folder, run_id), query, is_open=is_open)
    if form is Format.CSV:
        typer.echo(csv_text(found), nl=False)
    elif form is Format.JSON:
        typer.echo(found.write_json())
    else:
        rows = table(*found.columns, numbers=tuple(n for n, kind in found.schema.items() if kind.is_numeric()))
        for row in found.head(out.height * 4).iter_rows():
            rows.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
        out.print(rows)
        err.print(f"{found.height:,} rows" + (f", {rows.row_count:,} shown" if rows.row_count < found.height else ""))


def explain(
    case_id: Annotated[str, typer.Argument(help="A case id, such as 12_1_2026-02-14.")],
    out_folder: Out,
    run_id: RunId = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell one case: the numbers, the days, every cause with its evidence, the action and what it would bring.

    Example:  darkshelf explain 12_1_2026-02-14 --out data/runs
    """
    from cli import story
    from engine.outputs import read

    run = read.find_run(out_folder, run_id, read.SHELF)
    case, evidence, daily = read.one_case(run, case_id)
    why = read.why_expected(run, case_id)
    if as_json:
        told = {"case": case, "evidence": evidence.to_dicts(), "daily": daily}
        answer(told if why is None else told | {"why_expected": why})
    else:
        story.tell(case, evidence.to_dicts(), daily, why)
