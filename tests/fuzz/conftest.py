"""The small chain in every form, what it comes to, and a watch over what is made of its damaged copies."""

from __future__ import annotations

import faulthandler
import json
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.decisions.acts import Accept, Assign, Reject
from engine.decisions.shelf import answers
from engine.decisions.shelf.cases import cases
from engine.decisions.store import open_decisions
from engine.lake.ingest import ingest
from engine.outputs.shelf import shapes
from engine.runs.registry import Registry
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.night import load
from engine.shelf import desk
from tests.command import darkshelf
from tests.planted.small import AS_OF, DARK_CASE, small_chain, write_csv, write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.command import Answer

HANG_SECONDS = 20
PROFILES = ("classic", "classic", "classic", "calibrated")
"""The first takes half the time of the other; both read the same way."""


@dataclass
class Watch:
    """The command over damaged copies: it never escapes, never hangs, and says one thing."""

    capsys: Any

    def call(self, *words: object) -> Answer:
        """`darkshelf WORDS --json`, which has to print one object and no traceback, and to end in time.

        A failure that nobody foresaw comes through as the exception that it is.
        """
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True, file=sys.__stderr__)
        try:
            answer = darkshelf(self.capsys, *words)
        finally:
            faulthandler.cancel_dump_traceback_later()
        assert "Traceback" not in answer.err
        if "--json" in words:
            told = answer.json()
            assert isinstance(told, dict)
            assert told.get("exit_code", 0) == answer.code
        return answer


@pytest.fixture(autouse=True)
def _disk_that_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power fails here: waiting for the disk would take longer than all the rest."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture
def watch(capsys: pytest.CaptureFixture[str]) -> Watch:
    return Watch(capsys)


@dataclass(frozen=True)
class Seen:
    """What readers see of a night. words: what it says of its data."""

    open_cases: tuple[str, ...]
    words: str


def seen(out: Path) -> Seen:
    """The latest night of an output folder."""
    run = Registry(out).find()
    cases = pl.read_parquet(run.folder / shapes.CASES).filter(pl.col("status") == "open")
    quality = json.loads((run.folder / shapes.DATA_QUALITY).read_text(encoding="utf-8"))
    words = [quality["warnings"], quality["quarantined_because"], quality.get("notices")]
    return Seen(tuple(cases["case_id"].sort()), json.dumps(words))


@dataclass(frozen=True)
class Plain:
    """An input as it should be, and what each profile sees in it."""

    folder: Path
    nights: dict[str, Seen]


def _plain(place: Path, write: Callable[..., Path]) -> Plain:
    folder = write(place / "in", small_chain())
    nights = {}
    for profile in set(PROFILES):
        desk.run(folder, place / profile, load(assignments=[f"profile={profile}"]))
        nights[profile] = seen(place / profile)
    return Plain(folder, nights)


@pytest.fixture(scope="module")
def plain_csv(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    return _plain(tmp_path_factory.mktemp("csv"), write_csv)


@pytest.fixture(scope="module")
def plain_parquet(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    return _plain(tmp_path_factory.mktemp("parquet"), write_parquet)


@pytest.fixture(scope="module")
def plain_lake(tmp_path_factory: pytest.TempPathFactory, plain_parquet: Plain) -> Plain:
    """The same rows in a lake, with some that are set aside."""
    place = tmp_path_factory.mktemp("lake")
    ingest(plain_parquet.folder, place / "lake", CalibratedSettings().ingest)
    return Plain(place / "lake", plain_parquet.nights)


@pytest.fixture(scope="module")
def plain_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights, what was decided on them and what stores answered."""
    place = tmp_path_factory.mktemp("out")
    folder, out = write_parquet(place / "in", small_chain()), place / "out"
    for day in range(2):
        desk.run(folder, out, CalibratedSettings(), AS_OF.replace(day=29 + day))
    decisions, (before, latest) = open_decisions(out), Registry(out).runs()
    (first,), (again,) = (cases(run, [DARK_CASE]) for run in (before, latest))
    decisions.decide(first, Accept(comment="on its way"), by="Ann", version=0)
    decisions.decide(again, Reject(reason="season", comment="as every year"), by="Ann", version=0)
    decisions.decide(again, Assign(assigned_to="Bob"), by="Eve", version=1)
    given = [answers.Given(str(store), "12", word) for store, word in ((1, "on_shelf_fine"), (2, "damaged"))]
    for run in (before, latest):
        answers.record(decisions, run, given, by="Eve")
    decisions.close()
    return out


def copied(source: Path, target: Path) -> Path:
    """A fresh copy under the same name as the one before it."""
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(source, target)
