"""`darkshelf export`: a run into somebody else's warehouse."""

from typing import Annotated, Any

import typer

from cli.console import answer, out
from cli.decisions import Database
from cli.options import AsJson, Out, place

LATEST = "latest"


def export(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help=f"A run id, or {LATEST}.")],
    target: Annotated[
        Any,
        typer.Argument(
            metavar="TARGET", parser=place, help="A folder, s3://, gs://, az://, delta+…:// or postgresql://."
        ),
    ],
    out_folder: Out,
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write what a run found, what was decided on it and what came of it to a warehouse; twice is as once.

    Example:  darkshelf export latest data/warehouse --out data/runs

    Another:  darkshelf export latest "postgresql://db.example.com/retail?table=dark.{table}" --out data/runs
    """
    from engine.decisions.database import FILE
    from engine.decisions.store import open_decisions
    from engine.export.export import export as write
    from engine.outputs.read import find_run

    run = find_run(out_folder, None if run_id == LATEST else run_id)
    has_decisions = database is not None or (out_folder / FILE).exists()
    decisions = open_decisions(out_folder, database) if has_decisions else None
    rows = write(run, target, decisions)
    if as_json:
        answer({"run_id": run.run_id, "target": str(target), "rows": rows})
        return
    told = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    out.print(f"{run.run_id} → {target}: {told}", markup=False, soft_wrap=True)
