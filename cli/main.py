"""`darkshelf`: the one command. Heavy libraries are imported when a verb needs them, never for help."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from cli import (
    alert,
    backtest,
    bench,
    check,
    contract,
    dashboard,
    decisions,
    export,
    growth,
    holidays,
    init,
    lake,
    nightly,
    report,
    run,
    runs,
    settings,
    simulate,
    whitespace,
)
from cli.console import answer, err, printing_warnings
from cli.version import told_version
from engine.errors import EXIT_BUG, DarkshelfError, Problem, ProblemsError
from engine.places.place import refuse_credentials

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
app.command("init")(init.init)
app.command("holidays")(holidays.holidays)
app.command("ingest")(lake.ingest)
app.command("check")(check.check)
app.command("contract")(contract.contract)
app.command("run")(run.run)
app.command("nightly")(nightly.nightly)
app.command("explain")(runs.explain)
app.command("sql")(runs.sql)
app.command("report")(report.report)
app.command("alert")(alert.alert)
app.command("export")(export.export)
app.command("tasks")(decisions.tasks)
app.command("accuracy")(decisions.accuracy)
app.command("feedback")(decisions.feedback)
app.command("bench")(bench.bench)
app.command("backtest")(backtest.backtest)
app.add_typer(dashboard.app, name="dashboard")
app.add_typer(lake.app, name="lake")
app.add_typer(growth.app, name="growth")
app.add_typer(whitespace.app, name="whitespace")
app.add_typer(runs.app, name="runs")
app.add_typer(decisions.app, name="decisions")
app.add_typer(decisions.answers_app, name="answers")
app.add_typer(settings.app, name="config")


EXIT_INTERRUPTED = 130
OUT_OF_MEMORY = "the memory of this machine did not suffice; a run takes less with  --max-memory  or fewer days"
NO_THREAD = "can't start new thread"
"""What Python says then; it has no error of its own for it."""
OUT_OF_THREADS = (
    "this process may start no more threads: it is allowed too few processes (ulimit -u, or by its container) or too "
    "little memory (ulimit -v); raise them"
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(told_version())
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
    settings.refuse_unknown_variables()


def main() -> None:
    """Run the command and turn failures the user can act on into a message and an exit code.

    With `--json` every failure is one object on stdout too: a wrong command line, and a bug beside its traceback.
    """
    as_json = "--json" in sys.argv
    try:
        refuse_credentials(sys.argv[1:])
        with printing_warnings():
            code = app(prog_name="darkshelf", standalone_mode=not as_json)
        if code == EXIT_INTERRUPTED:
            _end("interrupted", code, as_json=as_json)
        sys.exit(code)
    except DarkshelfError as error:
        _end(str(error), error.exit_code, error.problems if isinstance(error, ProblemsError) else (), as_json=as_json)
    except typer.TyperException as error:
        _end(error.format_message(), error.exit_code, as_json=as_json)
    except MemoryError:
        _end(OUT_OF_MEMORY, EXIT_BUG, as_json=as_json)
    except RuntimeError as error:
        if NO_THREAD not in str(error):
            _tell_bug(error, as_json=as_json)
            raise
        _end(OUT_OF_THREADS, EXIT_BUG, as_json=as_json)
    except OSError as error:
        from engine.disk import is_of_full_disk

        if not is_of_full_disk(error):
            _tell_bug(error, as_json=as_json)
            raise
        # What a run writes is told as an OutputError: this is the place that stdout was led to.
        err.print("darkshelf: the answer cannot be printed: no space left; what was published stays", markup=False)
        # What is still in the buffer would fail once more as Python ends, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_BUG)
    except (SystemExit, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        # A panic of Polars is no Exception.
        _tell_bug(error, as_json=as_json)
        raise
    finally:
        # What ends with the process need not be searched for cycles first.
        gc.freeze()


def _end(message: str, exit_code: int, problems: Sequence[Problem] = (), *, as_json: bool) -> NoReturn:
    """Tell what was wrong, as one object or in words, and end."""
    if as_json:
        answer({"error": message, "problems": [str(problem) for problem in problems], "exit_code": exit_code})
    else:
        err.print(f"darkshelf: {message}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(exit_code)


def _tell_bug(error: BaseException, *, as_json: bool) -> None:
    if as_json:
        answer({"error": f"{type(error).__name__}: {error}", "problems": [], "exit_code": EXIT_BUG})
