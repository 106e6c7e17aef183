"""Whatever is wrong with a file, the command says so, or comes to the same.

No traceback, no hang, one object with --json; and no list of open cases changes without a word: another warning,
another count of rows set aside, or an exit code. The seeds are fixed. What was found to break something is kept in
`test_found.py`.
"""

from __future__ import annotations

import os
import shutil
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.conftest import PROFILES, copied, seen
from tests.fuzz.mutations import BYTES, CSV, PARQUET
from tests.planted.small import DARK_CASE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.command import Answer
    from tests.fuzz.conftest import Plain, Watch
    from tests.fuzz.mutations import Mutation

    Verbs = Sequence[Sequence[str]]

pytestmark = pytest.mark.slow
PER_TEST = 25


def batches(count: int) -> list[range]:
    """The seeds, some a test, so that several workers share them."""
    return [range(first, first + PER_TEST) for first in range(0, count, PER_TEST)]


def drawn(seed: int, mutations: Mapping[str, Mutation]) -> tuple[Random, str, Mutation]:
    """The generator of a seed, and its mutation: each in its turn, so that every one is tried as often."""
    name = list(mutations)[seed % len(mutations)]
    return Random(seed), name, mutations[name]


def deliveries(plain: Plain, mutations: Mapping[str, Mutation], seeds: range, place: Path, watch: Watch) -> list[str]:
    """Nights over copies with one damaged file; those that changed silently."""
    silent = []
    for seed in seeds:
        random, name, change = drawn(seed, mutations)
        file = random.choice(sorted(plain.folder.iterdir()))
        profile = random.choice(PROFILES)
        folder = copied(plain.folder, place / "in")
        (folder / file.name).write_bytes(change(file.read_bytes(), random))
        shutil.rmtree(place / "out", ignore_errors=True)
        answer = watch.call("run", folder, "--out", place / "out", "--profile", profile, "--json")
        if answer.code == 0:
            night, usual = seen(place / "out"), plain.nights[profile]
            if night.open_cases != usual.open_cases and night.words == usual.words:
                silent.append(f"seed {seed}: {name} of {file.name}, {profile}")
    return silent


@pytest.mark.parametrize("seeds", batches(75), ids=str)
def test_a_damaged_csv_file_is_told_or_changes_nothing(plain_csv, tmp_path, watch, seeds):
    assert deliveries(plain_csv, CSV, seeds, tmp_path, watch) == []


@pytest.mark.parametrize("seeds", batches(75), ids=str)
def test_a_damaged_parquet_file_is_told_or_changes_nothing(plain_parquet, tmp_path, watch, seeds):
    assert deliveries(plain_parquet, PARQUET, seeds, tmp_path, watch) == []


def damage(folder: Path, file: Path, random: Random, change: Mutation) -> None:
    """One file is damaged, is gone, is another of the folder, or is no file."""
    place, others = folder / file, sorted(other for other in folder.rglob("*") if other.is_file())
    content = place.read_bytes()
    way = random.randrange(8)
    if way < 5:
        place.write_bytes(change(content, random))
    elif way == 5:
        place.unlink()
    elif way == 6:
        place.write_bytes(random.choice(others).read_bytes())
    else:
        place.unlink()
        random.choice((os.mkfifo, os.mkdir))(place)


def files_of(folder: Path) -> list[Path]:
    return sorted(
        file.relative_to(folder)
        for file in folder.rglob("*")
        if file.is_file() and file.stat().st_size and file.name != ".lock"
    )


@pytest.mark.parametrize("seeds", batches(50), ids=str)
def test_a_damaged_lake_is_told_or_changes_nothing(plain_lake, tmp_path, watch, seeds):
    changed = []
    for seed in seeds:
        random, name, change = drawn(seed, BYTES)
        lake = copied(plain_lake.folder, tmp_path / "lake")
        # A lake is many files and one manifest, which is as worth a look as all of them.
        file = random.choice((*random.sample(files_of(lake), 2), lake.relative_to(lake) / "lake.json"))
        damage(lake, file, random, change)
        profile = random.choice(PROFILES)
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        answer = watch.call("run", "--lake", lake, "--out", tmp_path / "out", "--profile", profile, "--json")
        watch.call("lake", "verify", "--lake", lake, "--json")
        if answer.code == 0 and seen(tmp_path / "out") != plain_lake.nights[profile]:
            changed.append(f"seed {seed}: {name} of {file}")
    assert changed == []


OF_RUNS = (
    ["runs", "list", "--json"],
    ["runs", "show", "--json"],
    ["explain", DARK_CASE, "--json"],
    ["sql", "select * from cases order by case_id", "--format", "json"],
)
OF_DECISIONS = (
    ["accuracy", "--json"],
    ["decisions", "list", "--json"],
    ["tasks", "--json"],
)
"""The last of them draws a random sample and writes it down."""


def reads(verbs: Verbs, out: Path, watch: Watch) -> list[Answer]:
    return [watch.call(*words, "--out", out) for words in verbs]


def changed_silently(verbs: Verbs, usual: list[Answer], now: list[Answer]) -> list[str]:
    """The verbs whose answer is another, before any of them warned or refused.

    A database that is gone is told by the verb that makes a new one.
    """
    silent = []
    for words, before, after in zip(verbs, usual, now, strict=True):
        if after.code != 0 or "warning: " in after.err:
            break
        if after.out != before.out:
            silent.append(" ".join(words))
    return silent


@pytest.mark.parametrize("seeds", batches(25), ids=str)
@pytest.mark.parametrize(
    ("verbs", "of_decisions"),
    [pytest.param(OF_RUNS, False, id="runs"), pytest.param(OF_DECISIONS, True, id="decisions")],
)
def test_a_damaged_run_or_database_is_told_or_changes_nothing(plain_out, tmp_path, watch, verbs, of_decisions, seeds):
    usual = reads(verbs, copied(plain_out, tmp_path / "out"), watch)
    silent = []
    for seed in seeds:
        random, name, change = drawn(seed, BYTES)
        out = copied(plain_out, tmp_path / "out")
        file = random.choice([file for file in files_of(out) if ("decisions" in file.name) == of_decisions])
        damage(out, file, random, change)
        changed = changed_silently(verbs, usual, reads(verbs, out, watch))
        silent += [f"seed {seed}: {verb} after {name} of {file}" for verb in changed]
    assert silent == []
