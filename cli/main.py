"""`darkshelf`: the one command. Heavy libraries are imported when a verb needs them, never for help."""

import json
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from cli import night, runs, settings, simulate
from cli.console import err
from engine.errors import DarkshelfError, ProblemsError

app = typer.Typer(
    name="darkshelf",
    help="Find the revenue lost every night on shelves that are stocked but do not sell.",
    epilog="Start with  darkshelf demo . Exit codes: 0 done, 1 a bug or a full disk, 2 wrong input or settings, "
    "75 try later.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(simulate.demo)
app.command("synth")(simulate.synth)
app.command("check")(night.check)
app.command("run")(night.run)
app.command("explain")(runs.explain)
app.command("sql")(runs.sql)
app.add_typer(runs.app, name="runs")
app.add_typer(settings.app, name="config")


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"darkshelf {version('darkshelf')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda wanted: _show_version(wanted=wanted),
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Find the revenue lost every night on shelves that are stocked but do not sell."""


def main() -> None:
    """Run the command and turn failures the user can act on into a message and an exit code."""
    try:
        app()
    except DarkshelfError as error:
        if "--json" in sys.argv:
            problems = [str(problem) for problem in error.problems] if isinstance(error, ProblemsError) else []
            typer.echo(json.dumps({"error": str(error), "problems": problems, "exit_code": error.exit_code}))
        else:
            err.print(f"darkshelf: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
