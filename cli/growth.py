"""`darkshelf growth`: what may grow, how much, and what came of it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import answer, out, progress, table
from cli.options import AsJson, Assignments, ConfigFile, Input, Out, kept, path, tables

app = typer.Typer(help="Say what may grow and by how much, within caps.", no_args_is_help=True, rich_markup_mode=None)
Period = Annotated[
    str | None, typer.Option(metavar="YYYYMMA|B", help="Half month to work on; by default the latest of the sales.")
]


@app.command()
def scale(
    folder: Input,
    out_folder: Out,
    period: Period = None,
    profile: Annotated[str | None, typer.Option(help="What the settings start from: default or reference.")] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Run again what is published already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Step 12: how much every candidate of Step 11 grows, within hard caps, with a trace for every decision.

    Example:  darkshelf growth scale data/growth/in --out data/growth --profile reference
    """
    from cli.run import as_facts, load_for, show_result
    from engine.growth import desk
    from engine.outputs.growth.desk import DESK
    from engine.outputs.growth.read import boundary_report

    settings = load_for(DESK, profile, config, assignments)
    with progress(DESK.stages, quiet=as_json) as watch:
        scaling = desk.run(folder, out_folder, settings, period, force=force, watch=watch)
    if as_json:
        counts = boundary_report(scaling.run)["counts"]
        typer.echo(json.dumps({"boundary": counts, **as_facts(scaling)}, ensure_ascii=False))
    else:
        show_result(DESK, scaling)


@app.command()
def discover(
    folder: Input,
    out_folder: Annotated[
        Path, typer.Option("--out", parser=path, help="A new folder for the tables that scale reads.")
    ],
    period: Period = None,
    shelf: Annotated[
        Path | None,
        typer.Option("--shelf", parser=kept, help="Runs of the shelf desk: add its stars and its overstock."),
    ] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Steps 9, 10 and 11 by default: what is protected, reduced and nominated to grow; clusters when none are given.

    Example:  darkshelf growth discover data/demo/growth/raw --out data/growth/in
    """
    from engine.growth.upstream import desk
    from engine.outputs.read import find_run
    from engine.settings.growth.upstream import DiscoverSettings
    from engine.settings.loading import load_as
    from engine.vocabulary.shelf import DESK as SHELF

    settings = load_as(DiscoverSettings, config, assignments or [])
    found = desk.discover(
        folder, out_folder, settings, period, None if shelf is None else find_run(shelf, None, SHELF)
    )
    facts = found.facts
    if as_json:
        typer.echo(json.dumps({"folder": str(found.folder), **facts}, ensure_ascii=False))
        return
    out.print(
        f"{facts['period'] or 'undated'}  {facts['step11_candidates']:,} candidates of {facts['step11_rows']:,} "
        f"looked at, in {facts['stores']:,} stores of {facts['clusters']} clusters.",
        markup=False,
        soft_wrap=True,
    )
    if facts["clusters_tried"]:
        tried = table("clusters", "silhouette", "smallest", "", numbers=("clusters", "silhouette", "smallest"))
        for row in facts["clusters_tried"]:
            mark = "chosen" if row["clusters"] == facts["clusters"] else ""
            tried.add_row(str(row["clusters"]), f"{row['silhouette']:.3f}", f"{row['smallest_cluster']:,}", mark)
        out.print(tried)
    decisions = table("step", "decision", "store-SPUs", numbers=("store-SPUs",))
    for step in ("step9", "step10", "step11_by_type", "step11_by_tier"):
        for reason, count in facts[step].items():
            decisions.add_row(step.partition("_")[0], reason, f"{count:,}")
    out.print(decisions)
    out.print(f"tables → {found.folder}", soft_wrap=True, markup=False)


@app.command()
def backtest(
    folder: Annotated[
        Any,
        typer.Argument(
            parser=tables, metavar="FOLDER", help="Folder or place with the sales of the next half month."
        ),
    ],
    out_folder: Out,
    run_id: Annotated[str | None, typer.Option("--run", help="A run id; by default the latest run.")] = None,
    assignments: Assignments = None,
    *,
    as_json: AsJson = False,
) -> None:
    """What scaled rows sold in the half month after a run, beside rows alike that were not scaled.

    Example:  darkshelf growth backtest data/demo/growth/raw --out data/growth
    """
    from engine.growth.backtest import backtest as compare
    from engine.growth.follow import following_sales
    from engine.outputs.read import find_run
    from engine.settings.growth.scaling import BacktestSettings
    from engine.settings.loading import load_as
    from engine.vocabulary.growth import DESK

    settings = load_as(BacktestSettings, None, assignments or [])
    run = find_run(out_folder, run_id, DESK)
    found = compare(run, following_sales(folder, run), settings)
    if as_json:
        typer.echo(json.dumps({"run_id": run.run_id, "comparisons": [each.as_facts() for each in found]}))
        return
    numbers = ("scaled", "matched", "change", "of the match", "difference", "95% interval", "recommended", "reached")
    rows = table("tier", *numbers, numbers=numbers)
    for each in found:
        rows.add_row(each.group, f"{each.scaled:,}", f"{each.matched:,}", *_in_units(each))
    out.print(rows)
    out.print(
        "Units in the next half month against the run's. Nothing was moved because of the run: the difference is "
        "what happens anyway.",
        soft_wrap=True,
    )


def _in_units(compared: Any) -> list[str]:
    if compared.difference is None:
        return ["–"] * 6
    interval = (
        "–"
        if compared.difference_low is None
        else f"{compared.difference_low:+.2f} … {compared.difference_high:+.2f}"
    )
    changes = (compared.change_scaled, compared.change_matched, compared.difference)
    return [
        *(f"{change:+.2f}" for change in changes),
        interval,
        f"{compared.recommended_units:.2f}",
        f"{compared.reached_share:.0%}",
    ]


@app.command()
def report(
    out_folder: Out,
    file: Annotated[
        Path | None, typer.Option("--file", parser=path, help="Where the page goes; by default beside the runs.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="A run id; by default the latest run.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """One HTML page to review and sign: boundary, figures, decisions with their explanations, sign-off sheet.

    Example:  darkshelf growth report --out data/growth --file growth.html
    """
    from cli.report import report as write_report
    from engine.outputs.read import find_run
    from engine.vocabulary.growth import DESK

    run = find_run(out_folder, run_id, DESK)
    write_report(out_folder, run.run_id, file=file, as_json=as_json)


@app.command()
def export(
    out_folder: Out,
    file: Annotated[Path, typer.Option("--file", parser=path, help="Where the rows go, as .csv, .parquet or .md.")],
    run_id: Annotated[str | None, typer.Option("--run", help="A run id; by default the latest run.")] = None,
    *,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="Every candidate, also those that got nothing and why.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Published decisions in words: every number of a recommendation, and the four texts that explain it.

    Example:  darkshelf growth export --out data/growth --file decisions.csv --everyone
    """
    from engine.growth.export import export as write
    from engine.outputs.read import find_run
    from engine.vocabulary.growth import DESK

    run = find_run(out_folder, run_id, DESK)
    rows = write(run, file, everyone=everyone)
    if as_json:
        answer({"run_id": run.run_id, "file": str(file), "rows": rows})
        return
    out.print(f"{rows:,} rows of {run.run_id} → {file}", soft_wrap=True, markup=False)
