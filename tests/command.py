"""The command as tests call it, in this process for speed or in one of its own, and what it leaves on disk."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import typer.main

from cli.main import main
from engine.outputs.shelf import shapes
from engine.runs.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = Path(sys.executable).with_name("darkshelf")
commands_of = cache(typer.main.get_command)
"""All verbs with their options, which a process builds anew at each call of the command."""


@dataclass(frozen=True)
class Answer:
    """What a call left: its exit code, what it printed and what it complained about."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """What it complained about, without the lines that tell of finished stages."""
        return "\n".join(line for line in self.err.splitlines() if not line.endswith((" MiB", " GiB to use")))

    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; fails when there is anything else."""
        return json.loads(self.out)


def darkshelf(capsys: Any, *words: object) -> Answer:
    """`darkshelf WORDS` in this process; an exception that is no exit comes through."""
    capsys.readouterr()
    code: object = 0
    with (
        patch.object(sys, "argv", ["darkshelf", *map(str, words)]),
        patch.object(typer.main, "get_command", commands_of),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    printed = capsys.readouterr()
    assert isinstance(code, int), code
    return Answer(code, printed.out, printed.err)


def darkshelf_process(*words: object, **options: Any) -> Answer:
    """`darkshelf WORDS` in a process of its own. options: for `subprocess.run`."""
    done = subprocess.run(
        [PROGRAM, *map(str, words)], capture_output=True, encoding="utf-8", check=False, timeout=120, **options
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def published(out: Path) -> dict[str, bytes]:
    """Everything a reader of an output folder can see, by relative name; the lock and the logs of runs that failed
    are no reader's business.
    """
    logs = out / "logs"
    files = (file for file in out.rglob("*") if file.is_file() and file.name != ".lock" and file.parent != logs)
    return {str(file.relative_to(out)): file.read_bytes() for file in sorted(files)}


def unsealed(out: Path) -> Path:
    """The runs of a folder as older versions published them: nothing is known of their files; they may be changed."""
    for manifest in (out / "runs").glob("*/manifest.json"):
        facts = without_seal(json.loads(manifest.read_text(encoding="utf-8")))
        manifest.write_text(json.dumps(facts), encoding="utf-8")
    return out


def without_seal(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest as older versions wrote it."""
    return {name: value for name, value in manifest.items() if name not in {"files", "seal"}}


def data_files(folder: Path) -> dict[str, bytes]:
    """The files of a run whose bytes are promised, and its quarantine."""
    quarantine = sorted((folder / shapes.QUARANTINE).glob("*")) if (folder / shapes.QUARANTINE).exists() else []
    files = [*(folder / name for name in shapes.DATA_FILES), *quarantine]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def latest_data(out: Path) -> dict[str, bytes]:
    """The data files of the latest run."""
    return data_files(Registry(out).find().folder)


def latest_quality(out: Path) -> dict[str, Any]:
    """The data-quality report of the latest run."""
    return json.loads((Registry(out).find().folder / shapes.DATA_QUALITY).read_text(encoding="utf-8"))
