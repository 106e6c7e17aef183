"""Result: what a run of any desk left behind, as Python sees it."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import polars as pl

from engine.errors import NotFoundError
from engine.mirrors import folder_of
from engine.outputs import read
from engine.outputs.desks import Explanation, desk_of
from engine.outputs.markup import as_html
from engine.outputs.renamed import name_today
from engine.outputs.shown import Grid
from engine.runs.publish import publish_copy
from engine.runs.registry import Run

PARQUET: Final = ".parquet"


@dataclass(frozen=True, repr=False)
class Result:
    """A published run. is_new: the call that returned this made it; otherwise it was there already.

    In a notebook it shows its key figures and what it found first.

    >>> night.is_new
    True
    >>> [file.name for file in sorted(night.folder.glob("*.csv"))]
    ['dark_shelf_cases.csv']
    """

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
        """The key figures, as `summary.json` has them. Raises DamagedRunError.

        >>> night.summary["as_of"]
        '2026-03-31'
        """
        return read.summary(self.run)

    @cached_property
    def notices(self) -> list[dict[str, Any]]:
        """What is odd about the input, as `data_quality.json` has it: where, what, advice, count, of, examples."""
        return list(read.data_quality(self.run).get("notices", []))

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables, in order; of rows set aside `quarantine/` and the name of the input table.

        >>> "evidence" in night.tables
        True
        """
        files = (name for name in self.run.names if name.endswith(PARQUET))
        return tuple(sorted(name_today(self.run, name).removesuffix(PARQUET) for name in files))

    def table(self, name: str) -> pl.DataFrame:
        """A table by its name; the page on file formats says what each holds, at which grain.

        Raises NotFoundError naming the tables there are, DamagedRunError.

        >>> night.table("stores").height
        40
        """
        if name not in self.tables:
            raise NotFoundError(
                f"there is no table {name!r} in run {self.run_id}; there are {', '.join(self.tables)}"
            )
        with read.raising_damage(self.run):
            return read.table(self.run, f"{name}{PARQUET}").collect()

    def explain(self, name: str) -> Explanation:
        """One finding by its id; printing the answer shows it in words.

        Raises NotFoundError with the nearest there are, DamagedRunError.

        >>> explanation = night.explain(night.cases["case_id"][0])
        >>> explanation.facts["case"]["status"]
        'open'
        """
        return desk_of(self.run).explain(self.run, name)

    def to_folder(self, out: str | os.PathLike[str]) -> Self:
        """The same run, published under an output folder as the command does; nothing happens where it is already.

        Raises InputError where the folder holds runs of another desk, TryLaterError while another process writes,
        OutputError when the disk does not take it, DamagedRunError.

        >>> night.to_folder("data/runs").folder.parent.as_posix()
        'data/runs/runs'
        """
        return type(self)(*publish_copy(self.run, folder_of(os.fspath(out))))

    def found(self) -> list[Grid]:
        """What it found first, for people; nothing where the desk does not say."""
        return []

    def __repr__(self) -> str:
        """What kind of run it is, its name, and its result in a few words."""
        headline = desk_of(self.run).headline(self.run.manifest)
        return f"{type(self).__name__}({self.run_id}: {headline})"

    def _repr_html_(self) -> str:
        return as_html([*desk_of(self.run).shown(self.run), *self.found()])
