"""Who is measured: each contender is a command over one size of chain, run as a fresh process."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import Any

import polars as pl

from bench.speed import sizes
from bench.speed.answers import assert_same
from bench.speed.process import measure, report

FIGURES = ("wall_seconds", "cpu_seconds", "peak_mib", "others_share", "seconds", "ours_seconds", "stages")
Sample = dict[str, Any]
"""One run of one contender: wall_seconds, cpu_seconds, peak_mib, and what the program printed of itself."""


@dataclass(frozen=True)
class Course:
    """One size, made ready. out: an empty folder for what the contenders write."""

    size: sizes.Size
    out: Path

    @cached_property
    def parquet(self) -> Path:
        """The folder of the Parquet tables."""
        return sizes.chain(self.size)

    @cached_property
    def csv(self) -> Path:
        """The folder of the same tables in CSV."""
        return sizes.chain(sizes.as_csv(self.size))

    @property
    def published(self) -> Path:
        """Where the latest night of this size is."""
        return self.out / "published"


@dataclass(frozen=True)
class Contender:
    """A command on a course.

    is_rival: it writes cases, which have to be ours. sample_stores: it runs on so few stores, and its seconds are
    scaled to all. smallest, largest: the sizes it is run on, in store-SKUs. rounds: it is slow, the first rounds do.
    """

    command: Callable[[Course], list[str]]
    is_rival: bool = False
    sample_stores: int | None = None
    smallest: int = 0
    largest: int = 10**9
    rounds: int | None = None

    def runs_on(self, size: sizes.Size) -> bool:
        """Whether it is run on a chain of this size."""
        return self.smallest <= size.store_skus <= self.largest

    def scale(self, size: sizes.Size) -> float:
        """All stores over the stores it runs on."""
        return 1.0 if self.sample_stores is None else size.plan.stores / self.sample_stores


def _module(name: str, *words: object) -> list[str]:
    return [sys.executable, "-m", name, *map(str, words)]


def _darkshelf(*words: object) -> list[str]:
    return [str(Path(sys.executable).with_name("darkshelf")), *map(str, words)]


def _rival(name: str, sample_stores: int | None = None, largest: int = 10**9, rounds: int | None = None) -> Contender:
    stores = () if sample_stores is None else (sample_stores,)

    def command(course: Course) -> list[str]:
        return _module(f"bench.rivals.{name}", course.parquet, course.out / f"{name}.parquet", *stores)

    return Contender(command, is_rival=True, sample_stores=sample_stores, largest=largest, rounds=rounds)


def _run(folder: Path, course: Course, *words: object) -> list[str]:
    return _darkshelf("run", folder, "--out", course.published, "--force", "--json", *words)


CAPS: Mapping[str, int] = {"400k": 2, "1m": 4, "10m": 6}
"""GiB that a night may take which is held to a limit, by size."""
LARGEST_UNCAPPED = 1_000_000
"""Store-SKUs beyond which only a night held to a limit fits into an ordinary machine."""
SMALL_CHAIN = Path(__file__).parents[2] / "data" / "sample"
"""A chain so small that a night over it is little but starting up."""

CONTENDERS: Mapping[str, Contender] = {
    "floor": Contender(lambda course: _module("bench.speed.floor", course.parquet)),
    "night": Contender(
        lambda course: _module("bench.speed.night", course.parquet, course.out / "night"), largest=LARGEST_UNCAPPED
    ),
    "process": Contender(lambda course: _run(course.parquet, course), largest=LARGEST_UNCAPPED),
    "classic": Contender(
        lambda course: _run(course.parquet, course, "--set", "profile=classic"), largest=LARGEST_UNCAPPED, rounds=3
    ),
    "capped": Contender(
        lambda course: _run(course.parquet, course, "--max-memory", f"{CAPS[course.size.name]}GiB"), smallest=400_000
    ),
    "workers": Contender(
        lambda course: _run(course.parquet, course, "--cluster", "local:2"), smallest=400_000, largest=400_000
    ),
    "small_night": Contender(lambda course: _run(SMALL_CHAIN, course), largest=10_000),
    "version": Contender(lambda course: _darkshelf("--version")),
    "csv_floor": Contender(lambda course: _module("bench.speed.floor", course.csv), largest=100_000),
    "csv_process": Contender(lambda course: _run(course.csv, course), largest=100_000),
    "ours": _rival("ours", largest=LARGEST_UNCAPPED),
    "duckdb_sql": _rival("duckdb_sql", largest=100_000),
    "polars_joins": _rival("polars_joins", largest=100_000),
    "pandas_vector": _rival("pandas_vector", largest=100_000, rounds=3),
    "pandas_loop": _rival("pandas_loop", sample_stores=4, largest=100_000, rounds=3),
    "expectation": Contender(
        lambda course: _module("bench.rivals.statsforecast_average", course.parquet, 40),
        largest=100_000,
        rounds=3,
    ),
    "help": Contender(lambda course: _darkshelf("--help")),
    "runs_list": Contender(lambda course: _darkshelf("runs", "list", "--out", course.published)),
    "explain": Contender(
        lambda course: _darkshelf("explain", _any_case(course.published), "--out", course.published)
    ),
}


def _any_case(published: Path) -> str:
    latest = (published / "LATEST").read_text(encoding="utf-8").strip()
    cases = pl.scan_parquet(published / "runs" / latest / "cases.parquet", glob=False)
    return str(cases.select("case_id").head(1).collect().item())


def run(name: str, course: Course, contenders: Mapping[str, Contender] = CONTENDERS) -> Sample:
    """One run of a contender. Raises AssertionError when a rival's cases are not ours."""
    contender = contenders[name]
    if name in {"night", "process", "classic", "capped", "workers", "small_night", "csv_process"}:
        # A night is measured against an empty folder: pruning old ones is not its work.
        rmtree(course.out / "night" if name == "night" else course.published, ignore_errors=True)
    sample = report(*measure(contender.command(course)))
    if "seconds" in sample:
        sample["seconds"] *= contender.scale(course.size)
    if contender.is_rival and name != "ours":
        assert_same(course.out / "ours.parquet", course.out / f"{name}.parquet", contender.sample_stores)
    return {key: value for key, value in sample.items() if key in FIGURES}
