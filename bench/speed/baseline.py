"""Measure everything and keep it: `python -m bench.speed.baseline [--sizes 10k,100k,400k] [--rounds 7]`.

Writes `bench/speed/baseline.json`: the machine, the versions and every sample of every round. Sizes not asked for
keep their figures, so that a rare size can be measured on its own day.
"""

import argparse
import datetime as dt
import json
import os
import platform
from collections.abc import Iterable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.speed import ratios, sizes
from bench.speed.contenders import CONTENDERS, Contender, Course, Sample, run
from bench.speed.process import THREADS, interleaved

FILE = Path(__file__).with_name("baseline.json")
PACKAGES = ("darkshelf", "polars", "numba", "numpy", "pyarrow", "duckdb", "pandas", "statsforecast")
DIGITS = 4
ROUNDS = {"10k": 9, "100k": 7, "400k": 5, "1m": 3, "10m": 1}
"""Rounds of each size, unless said."""


def measured(
    size: sizes.Size, names: Iterable[str], rounds: int, contenders: Mapping[str, Contender] = CONTENDERS
) -> dict[str, list[Sample]]:
    """Samples of contenders over one size, its files read once before. Slow ones run in the first rounds only."""
    able = [name for name in names if contenders[name].runs_on(size)]
    with TemporaryDirectory(prefix="darkshelf-bench-") as out:
        course = Course(size, Path(out))
        for floor in {"floor", "csv_floor"}.intersection(able):
            run(floor, course)
        return interleaved(
            {name: partial(run, name, course, contenders) for name in able},
            {name: min(rounds, contenders[name].rounds or rounds) for name in able},
        )


def machine() -> dict[str, Any]:
    """What the figures were measured on; ratios carry over to other machines only roughly."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": THREADS,
        "memory_gib": round(memory, 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def read() -> dict[str, Any]:
    """The committed baseline; empty sizes when there is none."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"sizes": {}}


def write(found: dict[str, dict[str, list[Sample]]]) -> None:
    """Keep the samples of the measured sizes beside those of the others."""
    kept = read()["sizes"] | {
        name: {"store_skus": sizes.SIZES[name].store_skus, "rounds": found[name]} for name in found
    }
    baseline = {
        "measured_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "versions": {package: version(package) for package in PACKAGES},
        "sizes": {name: kept[name] for name in sizes.SIZES if name in kept},
    }
    rounded = json.loads(json.dumps(baseline), parse_float=lambda digits: round(float(digits), DIGITS))
    FILE.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure the sizes of the command line and write the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10k,100k,400k", help="names of sizes, with commas")
    parser.add_argument("--rounds", type=int, help="rounds of each size")
    chosen = parser.parse_args()
    found = {}
    for name in chosen.sizes.split(","):
        found[name] = measured(sizes.SIZES[name], CONTENDERS, chosen.rounds or ROUNDS[name])
        write(found)
        busy = [
            who
            for who, samples in found[name].items()
            if len(ratios.quiet(samples)) < min(ratios.ENOUGH, len(samples))
        ]
        if busy:
            print(f"{name:>5}  others kept the machine busy; measure again for {', '.join(busy)}")
        for ratio in (ratio for ratio in ratios.RATIOS if ratio.is_in(found[name])):
            low, middle, high = ratios.spread(ratio.of_rounds(found[name]))
            print(f"{name:>5}  {ratio.name:<32} {middle:9.4f}  ({low:.4f} to {high:.4f})")


if __name__ == "__main__":
    main()
