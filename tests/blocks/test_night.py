"""A night over any number of blocks publishes the bytes of a night over one."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.settings.shelf.night import load
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from engine.vocabulary import shelf as v
from tests.command import data_files, latest_data
from tests.planted.awkward import AS_OF, write_awkward_chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANY_BLOCKS = [("calibrated", 64), ("classic", 7)]
"""What they cost is paid a block, not a row: a night of many is over both chains in one."""
ORDINARY = ChainPlan(stores=24, skus=40, days=90)
PROFILES = ["calibrated", "classic"]
Published = dict[str, bytes]


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few store-SKUs, each odd in its own way."""
    folder = tmp_path_factory.mktemp("awkward")
    write_awkward_chain(folder, format="parquet")
    return folder


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain with planted cases, promotions, late listings and neighbours."""
    folder = tmp_path_factory.mktemp("ordinary") / "in"
    write_chain(folder, ORDINARY)
    return folder


@pytest.fixture(scope="module")
def both(awkward: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stores of both as those of one chain, which has the cases of either."""
    ordinary, folder = (tmp_path_factory.mktemp(name) for name in ("ordinary_part", "awkward_and_ordinary"))
    write_chain(ordinary / "in", ORDINARY.model_copy(update={"last_date": AS_OF}))
    # No awkward store or SKU is called like this.
    called = [pl.format("9000{}", name).alias(name) for name in v.PAIR]
    for file in awkward.iterdir():
        further = pl.read_parquet(ordinary / "in" / file.name)
        names = [name for name in called if name.meta.output_name() in further.columns]
        every = [pl.read_parquet(file), further.with_columns(names)]
        pl.concat(every, how="diagonal_relaxed").write_parquet(folder / file.name)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Published]:
    """What a night over one block publishes, by chain and profile."""
    return cache(lambda folder, profile: night(folder, tmp_path_factory.mktemp("whole"), profile, 1))


def night(folder: Path, out: Path, profile: str, blocks: int) -> Published:
    as_of = AS_OF if folder.name.startswith("awkward") else None
    return data_files(desk.run(folder, out, load(assignments=[f"profile={profile}"]), as_of, blocks=blocks).folder)


def assert_same_bytes(found: Published, expected: Published) -> None:
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_the_cut_of_an_awkward_chain_changes_no_byte(awkward, whole, tmp_path, profile):
    assert_same_bytes(night(awkward, tmp_path, profile, 2), whole(awkward, profile))


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "blocks"), MANY_BLOCKS)
def test_the_cut_of_both_into_many_blocks_changes_no_byte(both, whole, tmp_path, profile, blocks):
    assert_same_bytes(night(both, tmp_path, profile, blocks), whole(both, profile))


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_workers_change_no_byte(ordinary, whole, scheduler, tmp_path, profile):
    told: list[str] = []
    settings = load(assignments=[f"profile={profile}"])
    found = desk.run(ordinary, tmp_path, settings, blocks=5, cluster=scheduler, watch=told.append)
    assert_same_bytes(data_files(found.folder), whole(ordinary, profile))
    assert {"check", "panel", "expect", "detect", "publish"} <= set(told)
    assert list(found.folder.glob("*-*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["panel", "expect", "detect", "measure", "allocate", "publish"])
def test_a_worker_that_is_killed_changes_no_byte(ordinary, whole, scheduler, busiest, tmp_path, stage):
    killed: list[int] = []

    def kill(began: str) -> None:
        if began == stage and not killed:
            killed.append(busiest().pid)
            busiest().kill()

    found = desk.run(ordinary, tmp_path, load(), blocks=3, cluster=scheduler, watch=kill)
    assert killed
    assert_same_bytes(data_files(found.folder), whole(ordinary, "calibrated"))


IN_A_PROCESS = """
import sys
from pathlib import Path
from engine.settings.shelf.night import load
from engine.shelf import desk

folder, out, blocks = sys.argv[1:]
desk.run(Path(folder), Path(out), load(), blocks=int(blocks))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("n_threads", "blocks"), [(2, 1), (5, 7)])
def test_blocks_and_threads_together_change_no_byte(ordinary, whole, tmp_path, n_threads, blocks):
    words = [sys.executable, "-c", IN_A_PROCESS, ordinary, tmp_path, str(blocks)]
    subprocess.run(words, check=True, timeout=120, env=os.environ | {"POLARS_MAX_THREADS": str(n_threads)})
    assert_same_bytes(latest_data(tmp_path), whole(ordinary, "calibrated"))
