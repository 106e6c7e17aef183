"""A night over a folder by the command, and what it told, found and left."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bench.faults.night import NOTICES, sentences_of
from engine.outputs.shelf import shapes
from tests.command import darkshelf

if TYPE_CHECKING:
    from tests.command import Answer


@dataclass(frozen=True)
class Ran:
    """One night. answer: the one object that `--json` printed."""

    folder: Path
    out: Path
    code: int
    answer: dict[str, Any]
    capsys: Any

    @property
    def run_folder(self) -> Path:
        """What was published; fails when nothing was."""
        assert self.code == 0, self.answer
        return Path(self.answer["folder"])

    def frame(self, name: str) -> pl.DataFrame:
        """A table of the run."""
        return pl.read_parquet(self.run_folder / name)

    @property
    def quality(self) -> dict[str, Any]:
        """What was wrong with the input."""
        return json.loads((self.run_folder / shapes.DATA_QUALITY).read_text(encoding="utf-8"))

    @property
    def told(self) -> str:
        """The notices of the night, or why there is none."""
        return "\n".join(sentences_of(self.quality.get(NOTICES, []))) if self.code == 0 else str(self.answer["error"])

    @property
    def open(self) -> pl.DataFrame:
        """The open cases."""
        return self.frame(shapes.CASES).filter(pl.col("status") == "open")

    def only_case(self) -> dict[str, Any]:
        """The one open case."""
        assert self.open.height == 1, self.open.select("case_id", "revenue_at_risk").rows()
        return self.open.row(0, named=True)

    def tells(self, *patterns: str) -> None:
        """The first lines say each of it, and `check` says it before the night."""
        checked = self.command("check", self.folder)
        assert checked.code == self.code, checked
        for pattern in patterns:
            assert re.search(pattern, self.told, re.IGNORECASE), f"{pattern!r} is not in: {self.told}"
            assert re.search(pattern, checked.out + checked.err, re.IGNORECASE), f"{pattern!r} is not told by check"

    def refuses(self, *patterns: str) -> None:
        """The input is refused and nothing is published; the complaint says each of it."""
        assert self.code == 2, self.answer
        assert not list(self.out.glob("runs/*"))
        self.tells(*patterns)

    def command(self, *words: object) -> Answer:
        """Another verb."""
        return darkshelf(self.capsys, *words)


def night(capsys: Any, folder: Path, out: Path, *words: object) -> Ran:
    """Run a night over a folder."""
    answer = darkshelf(capsys, "run", folder, "--out", out, "--json", *words)
    return Ran(folder, out, answer.code, answer.json(), capsys)
