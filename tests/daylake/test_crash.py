"""An ingest that is killed, interrupted or kept out: the lake is as before or whole, and the next ingest is clean."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

from engine.errors import InputError, OutputError, TryLaterError
from engine.lake.ingest import ingest
from engine.lake.manifest import is_lake, open_lake
from engine.settings.ingest import IngestSettings
from tests.command import darkshelf, published
from tests.daylake.deliveries import SALES, within
from tests.kills import killed_at_every_touch
from tests.planted.small import AS_OF, FIRST_DAY, small_chain, write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INGEST = """
import engine.lake.ingest
from engine.settings.ingest import IngestSettings

def run(lake, delivery):
    engine.lake.ingest.ingest(delivery, lake, IngestSettings())
"""


DAY = timedelta(days=1)
OLD = AS_OF - 40 * DAY


class Append(NamedTuple):
    """A lake before and after a delivery, and that delivery: a new day that closes a month, and two corrections."""

    before: Path
    delivery: Path
    after: dict[str, bytes]


def named(lake: Path) -> dict[str, bytes]:
    """What belongs to a lake; nothing when there is none."""
    if not is_lake(lake):
        return {}
    opened = open_lake(lake)
    stored = [(table, file.name) for table, parts in opened.tables.items() for part in parts for file in part.files]
    return {f"{table}/{name}": (lake / table / name).read_bytes() for table, name in stored}


@pytest.fixture(scope="module", params=["first_ingest", "an_append"])
def append(request, tmp_path_factory) -> Append:
    place = tmp_path_factory.mktemp(request.param)
    tables = {
        name: frame.filter(pl.col("date").is_in([OLD, OLD + DAY, AS_OF - DAY, AS_OF]))
        if "date" in frame.columns
        else frame
        for name, frame in small_chain().items()
        if name in {SALES, "impressions", "stores"}
    }
    before = place / "before"
    if request.param == "an_append":
        ingest(write_parquet(place / "old", tables), before, IngestSettings())
        newest = within(tables, AS_OF, AS_OF)[SALES]
        faulty = within(tables, OLD, OLD)[SALES].with_columns(units_sold=pl.lit(-1.0))
        next_day = newest.with_columns(pl.col("date") + DAY)
        tables = {
            SALES: pl.concat([faulty, newest.with_columns(units_sold=pl.lit(1.0)), next_day]),
            "stores": tables["stores"].head(2),
        }
    delivery = write_parquet(place / "new", tables)
    undisturbed = place / "undisturbed"
    if before.exists():
        shutil.copytree(before, undisturbed)
    ingest(delivery, undisturbed, IngestSettings())
    return Append(before, delivery, named(undisturbed))


@pytest.fixture(scope="module")
def killed(append, tmp_path_factory) -> list[Path]:
    """Lakes as killed ingests left them, one for every touch; the last one was not killed."""
    return killed_at_every_touch(INGEST, append.before, tmp_path_factory.mktemp("killed"), append.delivery)


@pytest.mark.slow
def test_a_killed_ingest_leaves_the_lake_as_it_was_or_whole(append, killed):
    assert len(killed) > 20
    before = named(append.before)
    found = [named(lake) for lake in killed]
    assert all(content in (before, append.after) for content in found)
    turn = found.index(append.after)
    assert 10 < turn < len(found), "most are killed before the step, and some after"
    assert all(content == append.after for content in found[turn:])


@pytest.mark.slow
def test_the_ingest_after_a_kill_is_clean_and_the_same(append, killed):
    states = {frozenset(str(path.relative_to(lake)) for path in lake.rglob("*")): lake for lake in killed}
    assert len(states) > 5
    for number, lake in enumerate(states.values()):
        copy = shutil.copytree(lake, lake.parents[1] / f"next-{append.before.parent.name}-{number}")
        ingest(append.delivery, copy, IngestSettings())
        assert named(copy) == append.after
        assert sorted(path.name for path in copy.iterdir() if path.name.startswith(".")) == [".lock"]
        ingest(write_parquet(copy.with_name(f"{copy.name}-more"), {"stores": small_chain()["stores"]}), copy, ANY)
        assert list(copy.glob("*/*.parquet.partial")) == []


ANY = IngestSettings()
HOLD = """
import sys
from engine.lake.write import writer
from pathlib import Path

with writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def second_writer(chain) -> Iterator[subprocess.Popen[str]]:
    """Another process that is writing to the lake."""
    chain.begin_with_small_chain()
    words = [sys.executable, "-c", HOLD, chain.lake]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_ingest_is_told_to_try_later(chain, second_writer, capsys):
    before = published(chain.lake)
    answer = darkshelf(capsys, "ingest", chain.delivery(small_chain()), "--lake", chain.lake)
    assert (answer.code, answer.out) == (75, "")
    assert answer.complaint == f"darkshelf: another ingest is writing to {chain.lake}; try again when it is done"
    assert published(chain.lake) == before


@pytest.mark.slow
def test_a_night_needs_no_lock(chain, second_writer):
    assert chain.night()


@pytest.mark.slow
def test_the_lock_of_a_killed_ingest_is_free(chain, second_writer):
    second_writer.kill()
    second_writer.wait()
    assert chain.ingest(small_chain()).tables[SALES].unchanged


@pytest.mark.slow
def test_a_disk_that_fails_leaves_the_lake_as_it_was(chain, monkeypatch):
    chain.ingest(within(small_chain(), FIRST_DAY, AS_OF - DAY))
    before = named(chain.lake)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.lake.manifest.sync", fails)
    with pytest.raises(OutputError, match=re.escape("No space left on device. The lake is as it was.")):
        chain.ingest(small_chain())
    assert named(chain.lake) == before


def test_a_night_whose_files_two_ingests_took_away_is_told_to_try_later(chain):
    chain.begin_with_small_chain()
    opened = open_lake(chain.lake)
    for number in (1.0, 2.0):
        newest = within(small_chain(), AS_OF, AS_OF)[SALES]
        chain.ingest({SALES: newest.with_columns(units_sold=pl.lit(number))})
    with pytest.raises(TryLaterError, match="was changed while it was read; try again"):
        list(opened.damages(SALES))


def test_a_folder_of_other_files_is_no_place_for_a_lake(chain):
    folder = chain.delivery(small_chain())
    before = published(folder)
    with pytest.raises(
        InputError, match=re.escape("is no lake and not empty: it holds impressions.parquet and more")
    ):
        ingest(folder, folder, IngestSettings())
    assert published(folder) == before
    assert not (folder / ".lock").exists()
