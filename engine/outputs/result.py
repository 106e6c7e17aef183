"""Result: what a run of any desk left behind, as Python sees it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.outputs import read
from engine.runs.registry import Run


@dataclass(frozen=True)
class Result:
    """A published run. is_new: the call that returned this made it; otherwise it was there already."""

    run: Run
    is_new: bool

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.run.run_id

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return self.run.folder

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The key figures, as `summary.json` has them. Raises DamagedRunError."""
        return read.summary(self.run)

    @cached_property
    def notices(self) -> list[dict[str, Any]]:
        """What is odd about the input, as `data_quality.json` has it: where, what, advice, count, of, examples."""
        return list(read.data_quality(self.run).get("notices", []))
