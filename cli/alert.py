"""`darkshelf alert`: what is new of a run, to those who asked for it."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import answer, out
from cli.decisions import Database
from cli.options import AsJson, Out, RunGiven, RunId, one_run
from engine.errors import EXIT_TRY_LATER, TryLaterError

if TYPE_CHECKING:
    from engine.decisions.alerts.alert import Alerted


def alert(
    out_folder: Out,
    config: Annotated[Path, typer.Option("--config", help="The subscriptions, a TOML file.")],
    run: RunGiven = None,
    run_id: RunId = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="One subscription by its name. Repeatable.")
    ] = None,
    database: Database = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent; send and keep nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell subscriptions what is new of a run: by mail, Slack, Teams or a webhook, once a run.

    Example:  darkshelf alert --out data/runs --config alerts.toml --dry-run
    """
    from engine.decisions.alerts import alert as alerts
    from engine.decisions.alerts.subscriptions import load_subscriptions
    from engine.decisions.store import open_decisions
    from engine.runs.registry import Registry

    settings = load_subscriptions(config)
    registry = Registry(out_folder)
    found = registry.find(one_run(run, run_id))
    decisions = open_decisions(out_folder, database)
    try:
        told = alerts.alert(decisions, registry, found, settings, os.environ, only=only or (), dry_run=dry_run)
    finally:
        decisions.close()
    failed = [each for each in told if each.outcome in alerts.UNDELIVERED]
    if as_json:
        answer({"run_id": found.run_id, "alerts": [asdict(each) for each in told]})
        if failed:
            raise typer.Exit(EXIT_TRY_LATER)
        return
    for each in told:
        _show(each, in_full=dry_run)
    if not told:
        out.print(f"no subscription is about the {found.desk} desk", markup=False)
    if failed:
        why = "; ".join(f"{each.name}: {each.reason}" for each in failed)
        raise TryLaterError(
            f"{len(failed):,} of {len(told):,} were not told: {why}. Call it again: what was sent stays sent"
        )


def _show(told: "Alerted", *, in_full: bool) -> None:
    """One line, and the message where nothing is sent."""
    why = f": {told.reason}" if told.reason else f": {told.title}" if told.title else ""
    out.print(f"{told.name}, for {told.who}: {told.outcome}{why}", markup=False, highlight=False, soft_wrap=True)
    for note in told.notes:
        out.print(f"  note: {note}", markup=False, highlight=False, soft_wrap=True)
    if in_full and told.body:
        out.print(f"  to {told.to}", markup=False, highlight=False, soft_wrap=True)
        for line in told.body.splitlines():
            out.print(f"  {line}".rstrip(), markup=False, highlight=False, soft_wrap=True)
