"""A lake in an object store is filled, read and corrected as one in a folder, by several machines at once."""

from __future__ import annotations

import datetime as dt
import os
from itertools import count
from pathlib import Path

import polars as pl
import pytest

import engine.python as darkshelf_python
from engine.errors import EXIT_TRY_LATER, TryLaterError
from engine.lake.ingest import ingest
from engine.lake.manifest import open_lake
from engine.lake.verify import verify
from engine.lake.write import Writer
from engine.mirrors import folder_of
from engine.places.objects import ObjectFolder
from engine.schedule.retain import retain
from engine.settings.ingest import IngestSettings
from engine.settings.schedule import JobSettings
from tests.command import darkshelf
from tests.daylake.deliveries import within
from tests.places.machines import Killed, killed_at, machine, names_at, objects_of
from tests.places.servers import BUCKET, SECRET
from tests.places.test_reading import data
from tests.planted.small import AS_OF, small_chain, write_parquet

NUMBERS = count(1)
SETTINGS = IngestSettings()
PRICING = {"pricing": small_chain()["pricing"]}
DAYS = sorted(PRICING["pricing"]["date"].unique())


@pytest.fixture(autouse=True)
def here(tmp_path, store, _toy):
    with machine(tmp_path / "here"):
        yield


@pytest.fixture
def there(tmp_path):
    """Another machine, for a `with` statement."""
    return lambda: machine(tmp_path / "there")


@pytest.fixture
def lake():
    """A fresh place for a lake."""
    return f"s3://{BUCKET}/lake/{next(NUMBERS)}"


@pytest.fixture
def deliver(tmp_path, lake):
    """Take days of prices into the lake, from first to last by their number. dearer: of another delivery."""
    numbers = count(1)

    def deliver(first: int, last: int, text: str = lake, dearer: float = 0.0) -> None:
        rows = PRICING["pricing"].with_columns(pl.col("price") + dearer)
        days = within({"pricing": rows}, DAYS[first], DAYS[last])
        ingest(write_parquet(tmp_path / f"delivery-{next(numbers)}", days), folder_of(text), SETTINGS)

    return deliver


def held(text: str) -> list[dt.date]:
    """The days of prices that a lake holds; fails when a file is not what was written."""
    opened = open_lake(folder_of(text))
    assert verify(opened).damages == ()
    return [dt.date.fromisoformat(day) for day in opened.days("pricing")]


@pytest.mark.slow
def test_a_lake_is_filled_on_one_machine_and_read_on_another(tmp_path, lake, there, capsys, monkeypatch):
    folder = write_parquet(tmp_path / "in", small_chain())
    taken = darkshelf(capsys, "ingest", folder, "--lake", lake, "--json").json()
    assert taken["lake"] == lake
    brought = []
    fetch = ObjectFolder.fetch
    monkeypatch.setattr(ObjectFolder, "fetch", lambda *given: brought.append(given[1]) or fetch(*given))
    with there():
        night = darkshelf(capsys, "run", "--lake", lake, "--out", tmp_path / "out", "--json")
        assert night.code == 0, night
        over_files = darkshelf(capsys, "run", folder, "--out", tmp_path / "other", "--json").json()
        assert data(Path(night.json()["folder"])) == data(Path(over_files["folder"]))
        shown = darkshelf(capsys, "runs", "show", "--out", tmp_path / "out", "--json").json()
        assert shown["input"] == lake
        # Each is brought once, however often a night reads it.
        assert len(brought) == len(set(brought)) > 0
        again = darkshelf_python.run_shelf(lake, tmp_path / "out")
        assert (again.run_id, again.is_new) == (night.json()["run_id"], False)
        assert len(brought) == len(set(brought))
        assert darkshelf(capsys, "lake", "verify", "--lake", lake).out.startswith(f"{lake} is whole: ")
    written = (file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert not any(SECRET.encode() in content for content in written)


def test_days_are_replaced_and_dropped_for_every_machine(lake, deliver, there, capsys):
    deliver(0, 2)
    with there():
        deliver(2, 3, dearer=1.0)
        assert held(lake) == DAYS[:4]
    words = ("lake", "drop", "--lake", lake, "--date", DAYS[0], "--json")
    assert darkshelf(capsys, *words).json()["dropped"] == {"pricing": 12}
    with there():
        assert held(lake) == DAYS[1:4]


def test_days_that_are_kept_no_longer_go(lake, deliver, tmp_path):
    deliver(0, 3)
    kept = {"lake": folder_of(lake), "keep_lake_days": 8, "out": tmp_path / "out"}
    gone = retain(JobSettings(name="night", **kept), DAYS[3])
    assert gone == [f"{lake}: {day}" for day in DAYS[:2]]
    assert held(lake) == DAYS[2:4]


def test_what_no_lake_names_goes_with_the_next_change_but_one(lake, deliver, monkeypatch):
    monkeypatch.setattr("engine.lake.origin.GIVEN_UP_AFTER", dt.timedelta(0))
    for dearer in (0.0, 1.0, 2.0):
        deliver(0, 0, dearer=dearer)
    files = [name for name in names_at(lake) if name.endswith(".parquet")]
    assert len(files) == 2
    assert held(lake) == DAYS[:1]


def test_copies_that_the_lake_names_no_more_go_once_nobody_can_read_them(lake, deliver, there):
    deliver(0, 0)
    with there():
        held(lake)
        (copy,) = (folder_of(lake) / "pricing").iterdir()
    deliver(0, 0, dearer=1.0)
    with there():
        held(lake)
        assert copy.exists()
        os.utime(copy, (0, 0))
        held(lake)
        assert not copy.exists()


def test_of_two_that_change_a_lake_at_once_the_slower_is_told(lake, deliver, there, monkeypatch):
    publish = Writer.publish

    def overtaken(self, *given):
        monkeypatch.setattr(Writer, "publish", publish)
        with there():
            deliver(0, 1)
        publish(self, *given)

    deliver(0, 0)
    monkeypatch.setattr(Writer, "publish", overtaken)
    with pytest.raises(TryLaterError, match="changed by somebody else meanwhile"):
        deliver(1, 2, dearer=1.0)
    assert held(lake) == DAYS[:2]
    deliver(1, 2, dearer=1.0)
    with there():
        assert held(lake) == DAYS[:3]


def test_an_answer_that_was_lost_is_no_racer(lake, deliver, monkeypatch):
    deliver(0, 0)
    put = ObjectFolder.put_in_place_of

    def asked_twice(self, *given):
        put(self, *given)
        return put(self, *given)

    monkeypatch.setattr(ObjectFolder, "put_in_place_of", asked_twice)
    deliver(1, 1)
    assert held(lake) == DAYS[:2]


@pytest.mark.slow
def test_an_ingest_that_is_killed_leaves_the_old_lake_or_the_new(lake, deliver, there, tmp_path):
    for touch in count():
        text = f"{lake}/{touch}"
        deliver(0, 0, text)
        with machine(tmp_path / f"killed-{touch}"), killed_at(touch):
            try:
                deliver(1, 2, text)
                break
            except Killed:
                pass
        with there():
            assert held(text) in (DAYS[:1], DAYS[:3])
            deliver(1, 2, text)
            assert held(text) == DAYS[:3]
    assert touch > 2


@pytest.mark.slow
def test_a_first_ingest_that_is_killed_leaves_nothing_or_an_empty_lake(lake, deliver, tmp_path):
    for touch in count():
        text = f"{lake}/{touch}"
        with machine(tmp_path / f"killed-{touch}"), killed_at(touch):
            try:
                deliver(0, 1, text)
                break
            except Killed:
                pass
        deliver(0, 1, text)
        assert held(text) == DAYS[:2]
    assert touch > 2


def test_a_file_that_is_damaged_there_is_named_and_mended_by_its_day(lake, deliver, there, capsys):
    deliver(0, 0)
    (name,) = (name for name in names_at(lake) if name.endswith(".parquet"))
    objects_of(lake).put(name, b"?" * len(objects_of(lake).read(name)[0]))
    with there():
        answer = darkshelf(capsys, "lake", "verify", "--lake", lake)
        assert (answer.code, f"{name} is not what was written" in answer.err) == (2, True)
        deliver(0, 0)
        assert held(lake) == DAYS[:1]


def test_a_place_that_holds_something_else_is_no_place_for_a_lake(lake, deliver, capsys, tmp_path):
    objects_of(lake).put("runs/one.txt", b"")
    folder = write_parquet(tmp_path / "in", within(PRICING, AS_OF, AS_OF))
    deliver_words = ("ingest", folder, "--lake", lake)
    answer = darkshelf(capsys, *deliver_words)
    assert (answer.code, "is no lake and not empty: it holds runs/one.txt" in answer.err) == (2, True)
    answer = darkshelf(capsys, "run", "--lake", lake, "--out", tmp_path / "out")
    assert (answer.code, f"{lake}: is no lake" in answer.err) == (2, True)


def test_a_store_that_is_busy_leaves_the_lake_as_it_was(lake, deliver, capsys, monkeypatch, tmp_path):
    deliver(0, 0)
    folder = write_parquet(tmp_path / "in", within(PRICING, DAYS[1], DAYS[1]))

    def busy(self, *_):
        raise TryLaterError("the store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(ObjectFolder, "put", busy)
        answer = darkshelf(capsys, "ingest", folder, "--lake", lake)
    assert (answer.code, answer.err) == (EXIT_TRY_LATER, "darkshelf: the store does not answer\n")
    assert held(lake) == DAYS[:1]
