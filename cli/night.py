"""`darkshelf check` and `darkshelf run`."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import err, money, out, progress, table

if TYPE_CHECKING:
    from engine.settings.shelf.night import Settings
    from engine.shelf.check import Place

Input = Annotated[Path, typer.Argument(readable=False, help="Folder with the tables, as CSV or Parquet.")]
InputUnlessLake = Annotated[
    Path | None, typer.Argument(readable=False, help="Folder with the tables, as CSV or Parquet; or give --lake.")
]
Lake = Annotated[
    Path | None, typer.Option("--lake", help="A lake of days, as  darkshelf ingest  keeps it, in place of FOLDER.")
]
AsOf = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], help="Last day that may be seen; by default the newest day of the chain."
    ),
]
Profile = Annotated[str | None, typer.Option(help="How shelves are judged: calibrated or classic.")]
AllowPartial = Annotated[
    bool,
    typer.Option("--allow-partial", help="Judge an as-of day that is not complete by what came of it; mark the run."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings, a TOML file.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as episode.max_fdr=0.05. Repeatable."),
]
UNITS = {"mib": 1 << 20, "gib": 1 << 30}


def check(
    folder: InputUnlessLake = None,
    lake: Lake = None,
    as_of: AsOf = None,
    profile: Profile = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    *,
    allow_partial: AllowPartial = False,
    as_json: AsJson = False,
) -> None:
    """Judge every row of every table and list every problem at once; write nothing.

    Example:  darkshelf check data/tonight
    """
    from engine.shelf import desk

    settings = settings_of(profile, config, assignments)
    day = as_of.date() if as_of else None
    found = desk.inspect(_place(folder, lake), settings, day, allow_partial=allow_partial)
    warnings = found.quality["warnings"]
    if as_json:
        answer = {
            "as_of": found.sources.as_of.isoformat(),
            "tables": sorted(found.sources.tables),
            "notices": found.quality["notices"],
            "remarks": [str(remark) for remark in found.remarks],
            "warnings": warnings,
        }
        typer.echo(json.dumps(answer))
        return
    tables = ", ".join(found.sources.tables)
    out.print(
        f"{found.sources.folder} can be run as of {found.sources.as_of}: {tables}.", markup=False, soft_wrap=True
    )
    _show_notices(found.quality["notices"])
    for number, remark in enumerate(found.remarks, 1):
        out.print(f"  {number}. {remark}", markup=False, soft_wrap=True)
    for warning in warnings:
        out.print(f"- {warning}", markup=False, soft_wrap=True)


def run(
    out_folder: Annotated[Path, typer.Option("--out", help="Where runs are published.")],
    folder: InputUnlessLake = None,
    lake: Lake = None,
    as_of: AsOf = None,
    profile: Profile = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    backfill: Annotated[
        str | None, typer.Option(metavar="FROM:TO", help="Run every day of a range of dates, oldest first.")
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Stay below so much memory, such as 4GiB; the days then live on disk."),
    ] = None,
    feedback: Annotated[
        Path | None,
        typer.Option("--feedback", help="What stores answered on earlier nights, as  darkshelf feedback  writes it."),
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Run again what is published already.")] = False,
    allow_partial: AllowPartial = False,
    as_json: AsJson = False,
) -> None:
    """Run one night: find dark shelves, say what they cost, why, and what to do; publish the result.

    Example:  darkshelf run data/tonight --out data/runs --as-of 2026-03-31

    Another:  darkshelf run data/tonight --out data/runs --set episode.min_days=3 --json

    From a lake:  darkshelf run --lake data/lake/chain --out data/runs

    Days in a row:  darkshelf run data/tonight --out data/runs --backfill 2026-03-01:2026-03-31
    """
    from engine.errors import TryLaterError
    from engine.shelf import desk

    settings = settings_of(profile, config, assignments)
    limit = _bytes(max_memory)
    nights: list[desk.Night] = []
    incomplete: list[TryLaterError] = []
    for day in _days(as_of, backfill):
        with progress(quiet=as_json) as watch:
            place = _place(folder, lake)
            try:
                night = desk.run(
                    place,
                    out_folder,
                    settings,
                    day,
                    force=force,
                    allow_partial=allow_partial,
                    max_memory=limit,
                    feedback=feedback,
                    watch=watch,
                )
            except TryLaterError as error:
                if backfill is None:
                    raise
                # One day that is not complete is no reason to leave out those after it.
                incomplete.append(error)
                err.print(f"darkshelf: {error}", markup=False, highlight=False, soft_wrap=True)
                continue
            nights.append(night)
        if not as_json:
            show(nights[-1])
    if as_json:
        answers = [_as_json(night) for night in nights]
        left_out = [str(error) for error in incomplete]
        typer.echo(json.dumps(answers[0] if backfill is None else {"nights": answers, "left_out": left_out}))
    if incomplete:
        raise typer.Exit(TryLaterError.exit_code)


def settings_of(profile: str | None, config: Path | None, assignments: list[str] | None) -> "Settings":
    """The settings of a night. profile: overrules those of the file and the assignments."""
    from engine.settings.shelf.night import load

    return load(config, [*(assignments or []), *([f"profile={profile}"] if profile else [])])


def _show_notices(notices: list[dict[str, Any]]) -> None:
    """What is odd about the input, before anything is believed of the night."""
    from engine.errors import Problem

    for number, notice in enumerate(notices, 1):
        out.print(f"! {number}. {Problem(**notice)}", markup=False, highlight=False, soft_wrap=True)


def _bytes(size: str | None) -> int | None:
    if size is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MiB|GiB)", size.strip(), re.IGNORECASE)
    if not found:
        raise typer.BadParameter(f"{size!r} is not a size such as 512MiB or 4GiB")
    return int(float(found[1]) * UNITS[found[2].lower()])


def _place(folder: Path | None, lake: Path | None) -> "Place":
    """The folder as it is, or the lake opened."""
    from engine.lake.manifest import open_lake

    if folder is not None and lake is None:
        return folder
    if lake is not None and folder is None:
        return open_lake(lake)
    raise typer.BadParameter("give either a folder of tables or --lake")


def _days(as_of: dt.datetime | None, backfill: str | None) -> list[dt.date | None]:
    if backfill is None:
        return [as_of.date() if as_of else None]
    if as_of is not None:
        raise typer.BadParameter("give either --as-of or --backfill")
    try:
        first, last = (dt.date.fromisoformat(part) for part in backfill.split(":"))
    except ValueError:
        raise typer.BadParameter(f"{backfill!r} is not FROM:TO, two dates as YYYY-MM-DD") from None
    if last < first:
        raise typer.BadParameter(f"{backfill!r} ends before it begins")
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _as_json(night: Any) -> dict[str, Any]:
    return {
        "run_id": night.run_id,
        "folder": str(night.folder),
        "is_new": night.is_new,
        **night.summary,
        "notices": night.notices,
    }


def show(night: Any) -> None:
    """A night's key figures and its causes."""
    figures = night.summary
    if not night.is_new:
        err.print(f"this night is published already as {night.run_id}; --force runs it again", soft_wrap=True)
    _show_notices(night.notices)
    out.print(
        f"[bold]{figures['as_of']}[/bold]  {figures['cases_open']:,} dark shelves open in "
        f"{figures['stores_with_open_cases']:,} stores, of {figures['store_skus_judged']:,} store-SKUs judged "
        f"({figures['cases']:,} cases with the closed ones).",
        soft_wrap=True,
    )
    out.print(
        f"Revenue at risk {money(figures['revenue_at_risk_open'])}; if nothing is done, "
        f"{money(figures['projected_30d_loss_open'])} in the next 30 days; the actions are projected to recover "
        f"{money(figures['projected_recovery_open'])}.",
        soft_wrap=True,
    )
    causes = table("cause", "open cases", "revenue at risk", numbers=("open cases", "revenue at risk"))
    for cause, row in figures["open_by_cause"].items():
        causes.add_row(cause, f"{row['cases']:,}", money(row["revenue_at_risk"]))
    if causes.row_count:
        out.print(causes)
    out.print(f"run {night.run_id} → {night.folder}", soft_wrap=True, markup=False)
