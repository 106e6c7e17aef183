"""`darkshelf report`: a run as one file to mail."""

from pathlib import Path
from typing import Annotated

import typer

from cli.console import answer, out
from cli.decisions import Database
from cli.options import AsJson, Assignments, ConfigFile, Out, RunGiven, RunId, one_run, path


def report(
    out_folder: Out,
    run: RunGiven = None,
    run_id: RunId = None,
    file: Annotated[
        Path | None, typer.Option("--file", parser=path, help="Where the page goes; by default beside the runs.")
    ] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """One HTML file of a run with everything in it, to read, to mail and to print.

    The report of a shelf night tells what was decided on it and what came of it, as the page Value does.

    Example:  darkshelf report --out data/runs --file night.html --set cases=20
    """
    from engine.decisions.reporting import page_of
    from engine.decisions.store import are_there, open_decisions
    from engine.outputs.desks import desk_of
    from engine.outputs.document import write_document
    from engine.runs.registry import Registry
    from engine.settings.loading import load_as

    registry = Registry(out_folder)
    found = registry.find(one_run(run, run_id))
    desk = desk_of(found)
    settings = load_as(desk.report_settings, config, assignments or [])
    page = file or out_folder / f"{desk.name}-{found.run_id}.html"
    decisions = open_decisions(out_folder, database) if are_there(out_folder, database) else None
    write_document(page_of(decisions, registry, found, settings), page)
    if decisions is not None:
        decisions.close()
    if as_json:
        answer({"run_id": found.run_id, "file": str(page)})
        return
    out.print(f"report of {found.run_id} → {page}", soft_wrap=True, markup=False)
