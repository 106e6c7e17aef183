"""What the command says of itself, and how little it needs to say it."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from cli.main import app
from tests.command import PROGRAM, Answer, darkshelf, darkshelf_process

if TYPE_CHECKING:
    from collections.abc import Iterator

VERBS = {
    "demo": "darkshelf demo --out",
    "synth": "darkshelf synth",
    "init": "darkshelf init data/export --to data/darkshelf.toml",
    "holidays": "darkshelf holidays north=DE-HH south=DE-BY --from 2026-01-01",
    "ingest": "darkshelf ingest data/today --lake",
    "check": "darkshelf check",
    "contract": "darkshelf contract --format odcs",
    "run": "darkshelf run data/tonight --out data/runs --as-of",
    "nightly": "darkshelf nightly /etc/darkshelf/schedule.toml --json",
    "explain": "darkshelf explain",
    "alert": "darkshelf alert --out data/runs --config alerts.toml",
    "export": "darkshelf export latest data/warehouse --out data/runs",
    "report": "darkshelf report --out data/runs --file night.html",
    "dashboard": "darkshelf dashboard --out data/demo",
    "dashboard user add": "darkshelf dashboard user add ann --out",
    "dashboard user list": "darkshelf dashboard user list --out",
    "dashboard user remove": "darkshelf dashboard user remove ann --out",
    "sql": "darkshelf sql",
    "bench": "darkshelf bench --size 100k",
    "backtest": "darkshelf backtest data/tonight --out data/backtest --every 7",
    "lake verify": "darkshelf lake verify --lake",
    "lake drop": "darkshelf lake drop --lake",
    "growth scale": "darkshelf growth scale",
    "growth discover": "darkshelf growth discover",
    "growth backtest": "darkshelf growth backtest",
    "growth report": "darkshelf growth report",
    "growth export": "darkshelf growth export",
    "whitespace label": "darkshelf whitespace label data/company --out data/whitespace",
    "whitespace features": "darkshelf whitespace features data/company --out data/whitespace",
    "whitespace train": "darkshelf whitespace train data/company --out data/whitespace",
    "whitespace gauntlet": "darkshelf whitespace gauntlet data/company --out data/whitespace",
    "whitespace diagnose": "darkshelf whitespace diagnose data/company --out data/whitespace",
    "whitespace prequential": "darkshelf whitespace prequential data/company --out data/whitespace",
    "whitespace ablate": "darkshelf whitespace ablate data/company --out data/whitespace",
    "whitespace auto-safe": "darkshelf whitespace auto-safe data/company --out data/whitespace",
    "whitespace forward": "darkshelf whitespace forward data/company --out data/whitespace",
    "whitespace challenger": "darkshelf whitespace challenger data/company --out data/whitespace",
    "whitespace score": "darkshelf whitespace score data/company --out data/whitespace",
    "whitespace rank": "darkshelf whitespace rank data/company --out data/whitespace",
    "whitespace synth": "darkshelf whitespace synth data/company",
    "whitespace check": "darkshelf whitespace check data/company",
    "whitespace run": "darkshelf whitespace run data/company --out data/whitespace --all",
    "whitespace card": "darkshelf whitespace card --out",
    "whitespace gate": "darkshelf whitespace gate --out",
    "whitespace calls": "darkshelf whitespace calls data/company --out data/whitespace",
    "whitespace smoke": "darkshelf whitespace smoke --out",
    "tasks": "darkshelf tasks --out data/runs --store 12",
    "answers import": "darkshelf answers import",
    "decisions list": "darkshelf decisions list",
    "decisions export": "darkshelf decisions export",
    "accuracy": "darkshelf accuracy",
    "feedback": "darkshelf feedback",
    "runs list": None,
    "runs show": None,
    "runs diff": None,
    "runs rollback": None,
    "runs prune": None,
    "config show": "darkshelf config show >",
    "config explain": "darkshelf config explain detect",
}
"""Every verb, with the beginning of the example that its help shows."""
EXAMPLE = re.compile(
    r"(?:Example|Another|Then|From a lake|Days in a row): +(darkshelf .*?)(?:\n\n|\n  [A-Z]|\Z)", re.DOTALL
)
HEAVY = ("polars", "numba", "numpy", "pyarrow", "duckdb", "sqlalchemy")
IMPORTED = f"""
import sys
from cli.main import main
try:
    main()
finally:
    print([name for name in (*{HEAVY}, "pydantic") if name in sys.modules], file=sys.stderr)
"""


def examples_of(help_text: str) -> list[str]:
    return [" ".join(example.split()) for example in EXAMPLE.findall(help_text)]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(capsys, verb):
    answer = darkshelf(capsys, *verb.split(), "--help")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"Usage: darkshelf {verb} [OPTIONS]")
    example = VERBS[verb]
    if example is not None:
        assert any(shown.startswith(example) for shown in examples_of(answer.out)), answer.out


def test_no_verb_is_missing_from_the_help(capsys):
    listed = []
    groups = ("lake", "growth", "whitespace", "runs", "decisions", "answers", "config", "dashboard user")
    for group in ([], *(name.split() for name in groups)):
        commands = darkshelf(capsys, *group, "--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
        names = re.findall(r"^  ([a-z-]+) ", commands, re.MULTILINE)
        listed += [" ".join([*group, name]) for name in names if name not in groups]
    assert sorted(listed) == sorted(VERBS)


@pytest.mark.parametrize("verb", [verb for verb, example in VERBS.items() if example])
def test_every_example_is_a_command_that_exists(capsys, verb):
    """A word that is no option of the verb would end the parsing before the help is shown."""
    for example in examples_of(darkshelf(capsys, *verb.split(), "--help").out):
        words = shlex.split(example.partition(" >")[0])[1:]
        assert darkshelf(capsys, *words, "--help").code == 0, example


def test_without_a_verb_the_help_is_shown(capsys):
    answer = darkshelf(capsys)
    assert answer.code == 2
    assert "Usage: darkshelf [OPTIONS] COMMAND" in answer.out + answer.err


def test_the_help_tells_the_exit_codes(capsys):
    told = " ".join(darkshelf(capsys, "--help").out.split())
    assert "Exit codes: 0 done, 1 a bug or a full disk, 2 wrong input or settings, 75 try later." in told


def test_the_version_is_that_of_the_package(capsys):
    answer = darkshelf(capsys, "--version")
    assert answer == Answer(0, f"darkshelf {version('darkshelf')}\n", "")


def test_the_version_is_told_before_anything_parses_words():
    loaded = "import sys; from cli.start import main; main(); print('typer' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", loaded, "--version"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"darkshelf {version('darkshelf')}\n", "False\n")
    assert darkshelf_process("--version") == Answer(0, done.stdout, "")


def test_a_verb_has_one_thread_for_linear_algebra():
    ended = "import sys; from cli.start import main\ntry: main()\nfinally:"
    threads = "import numpy, threadpoolctl; print([each['num_threads'] for each in threadpoolctl.threadpool_info()])"
    done = subprocess.run(
        [sys.executable, "-c", f"{ended} {threads}", "contract", "--help"],
        env={name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[1]"


def imported(*words: str) -> set[str]:
    """The heavy libraries that a call has imported when it is done."""
    done = subprocess.run([sys.executable, "-c", IMPORTED, *words], capture_output=True, text=True, check=False)
    return set(ast.literal_eval(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("words", [["--help"], ["--version"]], ids=" ".join)
def test_help_and_version_need_no_heavy_library(words):
    assert imported(*words) == set()


@pytest.mark.parametrize(
    "words", [["run", "--help"], ["runs", "list", "--help"], ["tasks", "--help"], ["no-such-verb"]], ids=" ".join
)
def test_the_help_of_a_verb_needs_only_what_parses_its_words(words):
    """Typer itself parses with pydantic."""
    assert imported(*words) <= {"pydantic"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_can_be_printed(shell):
    answer = darkshelf_process(env=os.environ | {"_DARKSHELF_COMPLETE": f"source_{shell}"})
    assert answer.code == 0
    assert f"_DARKSHELF_COMPLETE=complete_{shell}" in answer.out
    assert "darkshelf" in answer.out


def test_the_shell_completes_verbs():
    environment = os.environ | {
        "_DARKSHELF_COMPLETE": "complete_bash",
        "COMP_WORDS": "darkshelf ru",
        "COMP_CWORD": "1",
    }
    assert darkshelf_process(env=environment).out.split() == ["run", "runs"]


def test_the_program_is_installed_beside_python():
    assert PROGRAM.exists()


FOR_PEOPLE = ("demo", "bench", "dashboard user add", "dashboard user remove")
"""Verbs that a person at a terminal calls, and no program."""


def verbs(command: Any, before: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every verb below a command, with the spellings of its options."""
    for name, each in getattr(command, "commands", {}).items():
        if getattr(each, "commands", None):
            yield from verbs(each, f"{before}{name} ")
        else:
            yield f"{before}{name}", {word for parameter in each.params for word in parameter.opts}


def test_every_verb_answers_programs_in_json_and_takes_a_run_by_the_same_name():
    found = dict(verbs(get_command(app)))
    assert [name for name, options in found.items() if "--json" not in options] == list(FOR_PEOPLE)
    by_place = {name for name, options in found.items() if options & {"run", "run_id"} and "--run" not in options}
    # What is exported is named: nobody writes the wrong night into a warehouse by leaving a word out.
    assert by_place == {"export"}
