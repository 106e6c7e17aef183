"""Constants and operators of the formulas changed one by one; every change must turn a test red.

    python -m tests.mutants             every mutation, a line each; exit 1 when one survives
    python -m tests.mutants recommend   those whose file or description holds the word

Two lanes work side by side, each on a copy of the tree. Kernels are compiled into a cache of the copy, and a
changed kernel gets a cache of its own, so that no compiled code outlives its source.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from tests.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[1]
ROOMS = ("engine", "cli", "tests")
KERNELS = "engine/kernels/"
LANES = 2
KILLED, SURVIVED = 1, 0
"""What pytest answers when a test fails, and when all pass; anything else means that the tests did not run."""


class Lane(NamedTuple):
    """A copy of the tree and the compiled kernels of its unchanged sources."""

    tree: Path
    cache: Path

    def run(self, *words: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Python in the copy, on one core, leaving no bytecode behind."""
        further = {
            "NUMBA_CACHE_DIR": str(cache or self.cache),
            "PYTHONDONTWRITEBYTECODE": "1",
            "POLARS_MAX_THREADS": "1",
        }
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.tree,
            env=os.environ | further,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def test(self, *tests: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
        """The tests in the copy, until the first that fails."""
        return self.run("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests, cache=cache)


def prepare(folder: Path) -> Lane:
    """Copy what the tests need and compile the kernels."""
    lane = Lane(folder / "tree", folder / "cache")
    for room in ROOMS:
        shutil.copytree(ROOT / room, lane.tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", lane.tree)
    lane.run("-m", "engine.kernels").check_returncode()
    return lane


def try_mutation(lane: Lane, mutation: Mutation) -> int:
    """Apply a mutation, run the tests that should see it, and put the file back as it was; what pytest answers."""
    file, cache = lane.tree / mutation.file, lane.tree.with_name("mutated")
    text, times = file.read_text(encoding="utf-8"), file.stat()
    if text.count(mutation.old) != 1:
        raise ValueError(f"{mutation.file} holds {text.count(mutation.old)} times: {mutation.old}")
    is_kernel = mutation.file.startswith(KERNELS)
    if is_kernel:
        shutil.copytree(lane.cache, cache)
    try:
        file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        return lane.test(*mutation.tests, cache=cache if is_kernel else None).returncode
    finally:
        file.write_text(text, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        shutil.rmtree(cache, ignore_errors=True)


def work(lane: Lane, waiting: deque[Mutation]) -> list[Mutation]:
    """Try mutations until none waits, a line each; returns those that no test saw."""
    survivors = []
    while waiting:
        mutation = waiting.popleft()
        answer = try_mutation(lane, mutation)
        verdict = {KILLED: "killed", SURVIVED: "SURVIVED"}.get(answer, "BROKEN")
        if answer != KILLED:
            survivors.append(mutation)
        print(f"{verdict:<8} {mutation.file}: {mutation.breaks}", flush=True)
    return survivors


def main(word: str = "") -> int:
    """Try every mutation; returns 0 when all were killed."""
    chosen = [one for one in MUTATIONS if word in f"{one.file} {one.breaks}"]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(LANES) as pool:
        lanes = list(pool.map(prepare, (Path(folder) / f"lane{number}" for number in range(LANES))))
        unchanged = lanes[0].test(*sorted({test for one in chosen for test in one.tests}))
        if unchanged.returncode != SURVIVED:
            print(unchanged.stdout[-3000:], "\nThe tests fail without any mutation.")
            return 1
        survivors = [one for found in pool.map(work, lanes, repeat(deque(chosen))) for one in found]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} killed in {time.monotonic() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
