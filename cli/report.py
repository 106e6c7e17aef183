"""`darkshelf report`: a night as one file to mail."""

from pathlib import Path
from typing import Annotated

import typer

from cli.console import out
from cli.night import Assignments, ConfigFile


def report(
    out_folder: Annotated[Path, typer.Option("--out", help="Where runs are published.")],
    run_id: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run id; by default the latest.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Where the page goes; by default beside the runs.")
    ] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """One HTML file of a night with everything in it: summary, map, the dearest cases with their charts.

    Example:  darkshelf report --out data/runs --file night.html --set cases=20
    """
    from engine.outputs.read import SHELF
    from engine.outputs.shelf.figures import previous
    from engine.outputs.shelf.report import ReportSettings, write_report
    from engine.runs.registry import Registry
    from engine.settings.loading import load_as

    settings = load_as(ReportSettings, config, assignments or [])
    registry = Registry(out_folder)
    run = registry.find(run_id, SHELF)
    page = file or out_folder / f"night-{run.run_id}.html"
    write_report(run, previous(registry, run), settings, page)
    out.print(f"report of {run.run_id} → {page}", soft_wrap=True, markup=False)
