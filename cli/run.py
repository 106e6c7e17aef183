"""`darkshelf run`: one run of a desk, or the runs of several days."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import err, out, progress, show_blocks
from cli.options import (
    AllowPartial,
    AsJson,
    Assignments,
    Cluster,
    ConfigFile,
    DeskName,
    InputUnlessLake,
    Lake,
    Out,
    Profile,
    path,
)

if TYPE_CHECKING:
    from engine.outputs.desks import Desk
    from engine.outputs.result import Result

UNITS = {"mib": 1 << 20, "gib": 1 << 30}


def run(
    out_folder: Out,
    folder: InputUnlessLake = None,
    lake: Lake = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", help="Last day that may be seen; by default the newest of the input."
        ),
    ] = None,
    profile: Profile = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    desk_name: DeskName = None,
    backfill: Annotated[
        str | None, typer.Option(metavar="FROM:TO", help="Run every day of a range of dates, oldest first.")
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Stay below so much memory a process, such as 4GiB: its days then live on disk."
        ),
    ] = None,
    cluster: Cluster = None,
    feedback: Annotated[
        Path | None,
        typer.Option(
            "--feedback",
            parser=path,
            help="What stores answered on earlier nights, as  darkshelf feedback  writes it.",
        ),
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Run again what is published already.")] = False,
    allow_partial: AllowPartial = False,
    as_json: AsJson = False,
) -> None:
    """Run one night: find dark shelves, say what they cost, why, and what to do; publish the result.

    Example:  darkshelf run data/tonight --out data/runs --as-of 2026-03-31

    Another:  darkshelf run data/tonight --out data/runs --set episode.min_days=2 --json

    From a lake:  darkshelf run --lake data/lake/chain --out data/runs

    Days in a row:  darkshelf run data/tonight --out data/runs --backfill 2026-03-01:2026-03-31

    On workers:  darkshelf run data/tonight --out data/runs --cluster local:4

    Another desk:  darkshelf run data/growth/in --out data/growth --desk growth
    """
    from engine.errors import TryLaterError
    from engine.outputs.desks import desk_named

    desk = desk_named(desk_name)
    given = {
        "lake": lake,
        "backfill": backfill,
        "max_memory": _bytes(max_memory),
        "cluster": cluster,
        "feedback": feedback,
        "allow_partial": allow_partial or None,
    }
    options = _options_of(desk, given)
    settings = load_for(desk, profile, config, assignments)
    place = place_of(folder, lake)
    published: list[Result] = []
    incomplete: list[TryLaterError] = []
    for moment in _moments(desk, as_of, backfill):
        try:
            with progress(desk.stages, quiet=as_json) as watch:
                published.append(
                    _runner(desk)(place, out_folder, settings, moment, force=force, watch=watch, **options)
                )
        except TryLaterError as error:
            if backfill is None:
                raise
            # One day that is not complete is no reason to leave out those after it.
            incomplete.append(error)
            err.print(f"darkshelf: {error}", markup=False, highlight=False, soft_wrap=True)
            continue
        if not as_json:
            show_result(desk, published[-1])
    if as_json:
        answers = [as_facts(result) for result in published]
        left_out = [str(error) for error in incomplete]
        typer.echo(json.dumps(answers[0] if backfill is None else {"nights": answers, "left_out": left_out}))
    if incomplete:
        raise typer.Exit(TryLaterError.exit_code)


def load_for(desk: "Desk", profile: str | None, config: Path | None, assignments: list[str] | None) -> Any:
    """The settings of a run of a desk, with the profile of the command line."""
    return desk.load(config, [*(assignments or []), *([f"profile={profile}"] if profile else [])])


def place_of(folder: Any, lake: Path | None) -> Any:
    """The folder as it is, or the lake opened."""
    from engine.lake.manifest import open_lake

    if folder is not None and lake is None:
        return folder
    if lake is not None and folder is None:
        return open_lake(lake)
    raise typer.BadParameter("give either a folder of tables or --lake")


def show_result(desk: "Desk", result: "Result") -> None:
    """What is odd about the input, before anything is believed of the run; its key figures, and where it lies."""
    if not result.is_new:
        err.print(f"this is published already as {result.run_id}; --force runs it again", soft_wrap=True)
    show_notices(result.notices)
    show_blocks(desk.shown(result.run))
    out.print(f"run {result.run_id} → {result.run.where}", soft_wrap=True, markup=False)


def show_notices(notices: list[dict[str, Any]]) -> None:
    """What is odd about the input, a numbered paragraph each."""
    from engine.errors import Problem

    for number, notice in enumerate(notices, 1):
        out.print(f"! {number}. {Problem(**notice)}", markup=False, highlight=False, soft_wrap=True)


def as_facts(result: "Result") -> dict[str, Any]:
    """A run as its JSON answer has it."""
    return {
        "run_id": result.run_id,
        "folder": str(result.folder),
        "is_new": result.is_new,
        **result.summary,
        "notices": result.notices,
    }


def _runner(desk: "Desk") -> Any:
    from engine.outputs.desks import entry

    return entry(desk.run)


def _options_of(desk: "Desk", given: dict[str, Any]) -> dict[str, Any]:
    """What the run of a desk is told beyond folder, output and settings. Refuses what it does not take."""
    asked = {name: value for name, value in given.items() if value is not None}
    unknown = [f"--{name.replace('_', '-')}" for name in asked if name not in desk.options]
    if unknown:
        raise typer.BadParameter(f"the {desk.name} desk takes no {' and no '.join(unknown)}")
    return {name: value for name, value in asked.items() if name not in ("lake", "backfill")}


def _bytes(size: str | None) -> int | None:
    if size is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MiB|GiB)", size.strip(), re.IGNORECASE)
    if not found:
        raise typer.BadParameter(f"{size!r} is not a size such as 512MiB or 4GiB")
    return int(float(found[1]) * UNITS[found[2].lower()])


def _moments(desk: "Desk", as_of: str | None, backfill: str | None) -> Iterator[Any]:
    """The label of every run: that of the command line, the newest of the input, or each day of a range."""
    if backfill is None:
        try:
            yield None if as_of is None else desk.moment(as_of)
        except ValueError:
            raise typer.BadParameter(f"{as_of!r} is no date as YYYY-MM-DD", param_hint="--as-of") from None
        return
    if as_of is not None:
        raise typer.BadParameter("give either --as-of or --backfill")
    try:
        first, last = (dt.date.fromisoformat(part) for part in backfill.split(":"))
    except ValueError:
        raise typer.BadParameter(f"{backfill!r} is not FROM:TO, two dates as YYYY-MM-DD") from None
    if last < first:
        raise typer.BadParameter(f"{backfill!r} ends before it begins")
    yield from (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
