"""`darkshelf`: the one command. Heavy libraries are imported when a verb needs them, never for help."""

import errno
import gc
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from cli import backtest, bench, dashboard, decisions, growth, lake, night, report, runs, settings, simulate
from cli.console import err
from engine.errors import EXIT_BUG, DarkshelfError, Problem, ProblemsError

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
app.command("ingest")(lake.ingest)
app.command("check")(night.check)
app.command("run")(night.run)
app.command("explain")(runs.explain)
app.command("sql")(runs.sql)
app.command("report")(report.report)
app.command("tasks")(decisions.tasks)
app.command("accuracy")(decisions.accuracy)
app.command("feedback")(decisions.feedback)
app.command("bench")(bench.bench)
app.command("backtest")(backtest.backtest)
app.add_typer(dashboard.app, name="dashboard")
app.add_typer(growth.app, name="growth")
app.add_typer(runs.app, name="runs")
app.add_typer(decisions.app, name="decisions")
app.add_typer(decisions.answers_app, name="answers")
app.add_typer(settings.app, name="config")


NEW_OBJECTS_PER_COLLECTION = 200_000
"""Imports alone make a million objects that stay: looking through them again and again takes a fifth of a second."""


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
    """Run the command and turn failures the user can act on into a message and an exit code.

    With `--json` every failure is one object on stdout too: a wrong command line, and a bug beside its traceback.
    """
    as_json = "--json" in sys.argv
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    try:
        sys.exit(app(prog_name="darkshelf", standalone_mode=not as_json))
    except DarkshelfError as error:
        if as_json:
            _echo_error(str(error), error.exit_code, error.problems if isinstance(error, ProblemsError) else ())
        else:
            err.print(f"darkshelf: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except typer.TyperException as error:
        _echo_error(error.format_message(), error.exit_code)
        sys.exit(error.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            # What a run writes is told as an OutputError: this is the place that stdout was led to.
            err.print(
                "darkshelf: the answer cannot be printed: no space left; what was published stays", markup=False
            )
            sys.exit(EXIT_BUG)
        if as_json:
            _echo_error(f"{type(error).__name__}: {error}", EXIT_BUG)
        raise
    finally:
        # What ends with the process need not be searched for cycles first.
        gc.freeze()


def _echo_error(message: str, exit_code: int, problems: Sequence[Problem] = ()) -> None:
    typer.echo(json.dumps({"error": message, "problems": [str(p) for p in problems], "exit_code": exit_code}))
