"""An output in an object store is published to, read and pruned as one in a folder, by several machines at once."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import time
from itertools import count
from pathlib import Path
from unittest.mock import patch

import pytest

from engine.decisions.shelf.nights import shelf_nights
from engine.errors import EXIT_TRY_LATER, DarkshelfError, OutputError, TryLaterError
from engine.mirrors import folder_of
from engine.places.objects import ObjectFolder
from engine.python import open_run
from engine.runs.origin import Origin
from engine.runs.registry import Registry
from panel_app.news import News
from panel_app.rooms import Rooms
from panel_app.settings import load_settings
from tests.command import darkshelf
from tests.places.machines import Killed, killed_at, latest_at, machine, names_at, night, objects_of
from tests.places.servers import BUCKET, SECRET
from tests.places.test_faults import store_that, told
from tests.places.test_reading import data
from tests.planted.small import small_chain, write_parquet
from tests.toy.desk import write_toy

NUMBERS = count(1)


@pytest.fixture(autouse=True)
def here(tmp_path, store, _toy):
    with machine(tmp_path / "here"):
        yield tmp_path / "here"


@pytest.fixture
def there(tmp_path):
    """Another machine, for a `with` statement."""
    return lambda: machine(tmp_path / "there")


@pytest.fixture
def place():
    """A fresh place for an output."""
    return f"s3://{BUCKET}/out/{next(NUMBERS)}"


@pytest.fixture
def room(tmp_path):
    return write_toy(tmp_path / "in")


@pytest.mark.slow
def test_every_verb_reads_on_another_machine_what_was_published_on_one(place, room, tmp_path, there, capsys):
    local, far = (
        darkshelf(capsys, "run", room, "--desk", "toy", "--json", "--out", out).json()
        for out in (tmp_path / "local", place)
    )
    assert (far["run_id"], far["is_new"]) == (local["run_id"], True)
    with there():
        listed = darkshelf(capsys, "runs", "list", "--json", "--out", place).json()
        assert (listed["latest"], [run["run_id"] for run in listed["runs"]]) == (far["run_id"], [far["run_id"]])
        for words in (
            ("sql", "select * from quiet_stores", "--json"),
            ("explain", "1", "--json"),
            ("runs", "show", far["run_id"]),
            ("report", "--file", tmp_path / "page.html"),
            ("export", "latest", tmp_path / "exported"),
        ):
            told_here, told_there = (darkshelf(capsys, *words, "--out", out) for out in (tmp_path / "local", place))
            assert told_there.code == 0, told_there
            if "--json" in words:
                assert told_there.out == told_here.out
        again = darkshelf(capsys, "run", room, "--desk", "toy", "--json", "--out", place).json()
        assert (again["run_id"], again["is_new"]) == (far["run_id"], False)
        assert data(Path(again["folder"])) == data(Path(local["folder"]))
    written = (file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert not any(SECRET.encode() in content for content in written)


def test_a_run_of_python_is_published_to_a_store(place, room, tmp_path):
    result = night(str(tmp_path / "local"), "2026-01-01", room).to_folder(place)
    assert (result.is_new, latest_at(place)) == (True, result.run_id)
    assert (open_run(place).run_id, open_run(place).is_new) == (result.run_id, False)


def test_a_file_is_brought_when_it_is_asked_for_and_once(place, room, there, capsys, monkeypatch):
    night(place, "2026-01-01", room)
    brought = []
    fetch = ObjectFolder.fetch
    monkeypatch.setattr(ObjectFolder, "fetch", lambda *given: brought.append(Path(given[1]).name) or fetch(*given))
    with there():
        darkshelf(capsys, "runs", "list", "--out", place)
        assert brought == []
        for _ in range(2):
            darkshelf(capsys, "sql", "select * from quiet_stores", "--out", place)
        assert brought == ["quiet_stores.parquet"]


def test_files_that_nobody_reads_go_and_are_brought_again(place, room, here, capsys):
    folder = night(place, "2026-01-01", room).folder
    long_ago = time.time() - 31 * 86_400
    os.utime(folder, (long_ago, long_ago))
    Registry(folder_of(place)).look()
    assert [file.name for file in folder.iterdir()] == ["manifest.json"]
    assert darkshelf(capsys, "sql", "select * from quiet_stores", "--out", place).code == 0


def test_a_copy_that_was_changed_here_is_brought_again(place, room, capsys):
    run = night(place, "2026-01-01", room).run
    published = run.file("summary.json").read_bytes()
    (run.place / "summary.json").write_bytes(b" " * len(published))
    assert run.file("summary.json").read_bytes() == published


def test_runs_are_rolled_back_and_pruned_for_every_machine(place, room, there, capsys):
    ids = [night(place, f"2026-01-0{day}", room).run_id for day in (1, 2, 3)]
    with there():
        assert Registry(folder_of(place)).latest_id() == ids[2]
        assert darkshelf(capsys, "runs", "rollback", "--out", place).code == 0
    assert latest_at(place) == ids[1]
    # The one that readers see stays.
    assert darkshelf(capsys, "runs", "prune", "--keep", "1", "--out", place, "--json").json()["deleted"] == ids[:1]
    with there():
        out = folder_of(place)
        assert [run.run_id for run in Registry(out).runs()] == ids[1:]
        assert sorted(folder.name for folder in (out / "runs").iterdir()) == ids[1:]
    assert not any(ids[0] in name for name in names_at(place))


def test_latest_moves_forward_only_whoever_moves_it(place, room, there, monkeypatch):
    put = ObjectFolder.put_in_place_of

    def overtaken(self, name, *given):
        if name == "LATEST":
            monkeypatch.setattr(ObjectFolder, "put_in_place_of", put)
            with there():
                night(place, "2026-01-03", room)
        return put(self, name, *given)

    night(place, "2026-01-01", room)
    monkeypatch.setattr(ObjectFolder, "put_in_place_of", overtaken)
    older = night(place, "2026-01-02", room)
    assert older.is_new
    assert latest_at(place).startswith("2026-01-03")
    registry = Registry(folder_of(place))
    assert [run.as_of for run in registry.runs()] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert registry.find().as_of == "2026-01-03"


def test_of_two_that_make_one_run_the_slower_is_told(place, room, there, capsys, monkeypatch):
    begin = Origin._begin

    def overtaken(self, *given):
        begin(self, *given)
        monkeypatch.setattr(Origin, "_begin", begin)
        with there():
            night(place, "today", room)

    monkeypatch.setattr(Origin, "_begin", overtaken)
    words = ("run", room, "--out", place, "--desk", "toy", "--json")
    answer = darkshelf(capsys, *words)
    assert answer.code == EXIT_TRY_LATER
    assert answer.json()["error"].endswith("was published by somebody else meanwhile. Try again")
    run_id = latest_at(place)
    manifest = json.loads(objects_of(place).read(f"manifests/{run_id}.json")[0])
    wanted = [f"runs/{run_id}/{manifest['seal']}/{name}" for name in manifest["files"]]
    assert names_at(place, "runs") == sorted(wanted)
    again = darkshelf(capsys, *words).json()
    assert (again["run_id"], again["is_new"]) == (run_id, False)


def test_an_answer_that_was_lost_is_no_racer(place, room, monkeypatch):
    put = ObjectFolder.put_in_place_of

    def asked_twice(self, *given):
        put(self, *given)
        return put(self, *given)

    monkeypatch.setattr(ObjectFolder, "put_in_place_of", asked_twice)
    run_id = night(place, "2026-01-01", room).run_id
    assert latest_at(place) == run_id


@pytest.mark.slow
def test_whoever_is_killed_at_any_moment_leaves_the_old_night_or_the_new_and_the_next_ends_it(
    place, room, there, tmp_path
):
    for touch in count():
        out = f"{place}/{touch}"
        old = night(out, "2026-01-01", room)
        killed = tmp_path / f"killed-{touch}"
        with machine(killed), killed_at(touch) as done:
            try:
                new = night(out, "2026-01-02", room)
                break
            except Killed:
                pass
        with there():
            registry = Registry(folder_of(out))
            assert {run.as_of for run in registry.runs()} <= {"2026-01-01", "2026-01-02"}
            for run in registry.runs():
                assert all(run.file(name) for name in run.names)
            assert registry.latest_id() in {run.run_id for run in registry.runs()}
            ended = night(out, "2026-01-02", room)
            assert latest_at(out) == ended.run_id != old.run_id
            assert names_at(out, "attempts") == [] or ended.is_new
    assert new.is_new
    assert [change.split()[0] for change in done][:1] == ["put"]
    assert done[-2] == "put_in_place_of LATEST"


def test_what_was_given_up_is_cleared_away_by_the_next_writer(place, room, monkeypatch):
    with killed_at(2), pytest.raises(Killed):
        night(place, "2026-01-01", room)
    assert len(names_at(place)) == 2
    night(place, "2026-01-02", room)
    assert len(names_at(place, "attempts")) == 1
    monkeypatch.setattr("engine.runs.origin.GIVEN_UP_AFTER", dt.timedelta(0))
    night(place, "2026-01-03", room)
    assert names_at(place, "attempts") == []
    assert not any("2026-01-01" in name for name in names_at(place))


@pytest.mark.parametrize(
    ("answer", "content", "exit_code", "says"),
    [
        (503, told("SlowDown"), 75, "the store does not answer: SlowDown (status 503). Try again in a while"),
        (403, told("AccessDenied"), 2, "the credentials are refused AccessDenied (status 403)"),
        (400, told("ExpiredToken"), 2, "the credentials are refused ExpiredToken (status 400)"),
    ],
)
def test_a_store_that_refuses_is_told_before_a_night_is_made(answer, content, exit_code, says, room, capsys):
    with store_that(answer, content):
        for words in (("run", room, "--desk", "toy"), ("runs", "list")):
            found = darkshelf(capsys, *words, "--out", "s3://bucket/out")
            assert (found.code, found.out) == (exit_code, "")
            assert says in found.complaint
            assert "Traceback" not in found.err
            assert SECRET not in found.err


def test_a_store_that_fails_in_the_middle_has_nothing_half_published(place, room, capsys, monkeypatch):
    put = ObjectFolder.put

    def busy(self, name, content):
        if name.endswith("summary.json"):
            raise TryLaterError("the store does not answer")
        put(self, name, content)

    monkeypatch.setattr(ObjectFolder, "put", busy)
    words = ("run", room, "--out", place, "--desk", "toy", "--json")
    assert darkshelf(capsys, *words).code == EXIT_TRY_LATER
    assert names_at(place, "manifests") == []
    assert darkshelf(capsys, "runs", "list", "--json", "--out", place).json()["runs"] == []
    monkeypatch.setattr(ObjectFolder, "put", put)
    assert darkshelf(capsys, *words).json()["is_new"]


@pytest.mark.parametrize(
    ("content", "exit_code", "says"),
    [
        (lambda known: known[:-1], EXIT_TRY_LATER, "Try again"),
        (lambda known: known[:-1] + b"?", 2, "is not what was published"),
        (None, 2, "is not in s3://"),
    ],
)
def test_a_file_that_is_not_what_was_published_is_named(content, exit_code, says, place, room, there, capsys):
    run = night(place, "2026-01-01", room).run
    name = f"runs/{run.run_id}/{run.manifest['seal']}/quiet_stores.parquet"
    if content is None:
        objects_of(place).delete([name])
    else:
        objects_of(place).put(name, content(run.file("quiet_stores.parquet").read_bytes()))
    with there():
        answer = darkshelf(capsys, "sql", "select * from quiet_stores", "--out", place)
        with pytest.raises(DarkshelfError, match=re.escape(says)):
            _ = Registry(folder_of(place)).find().folder
    assert answer.code == exit_code
    assert says in answer.err
    assert "quiet_stores.parquet" in answer.err
    assert "Traceback" not in answer.err


def test_a_manifest_that_names_a_file_elsewhere_is_no_run(place, room, there, capsys):
    run = night(place, "2026-01-01", room).run
    evil = {**run.manifest, "seal": None, "files": {"../../x": {"n_bytes": 1, "content": "0"}}}
    objects_of(place).put(f"manifests/{run.run_id}.json", json.dumps(evil).encode())
    with there():
        answer = darkshelf(capsys, "runs", "list", "--out", place)
    assert "names a file outside its folder" in answer.err


def test_a_server_brings_the_newest_night_and_shows_what_is_here_while_the_store_is_away(
    place, room, there, caplog, monkeypatch
):
    night(place, "2026-01-01", room)
    with there():
        registry = Registry(folder_of(place))
        news = News([registry, Registry(Path("elsewhere"))])
        assert news.registries == [registry]
    night(place, "2026-01-02", room)
    with there():
        news.bring()
        newest = registry.find()
        assert newest.as_of == "2026-01-02"
        assert (newest.place / "quiet_stores.parquet").exists()
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with store_that(503, told("SlowDown")):
            away = News([Registry(newest.out)])
            away.bring()
        assert "pages show what is here" in caplog.text
        assert away.registries[0].find().as_of == "2026-01-02"


@pytest.mark.slow
def test_a_nightly_call_publishes_to_a_store_and_lets_old_runs_go(place, room, tmp_path, capsys):
    schedule = tmp_path / "schedule.toml"
    schedule.write_text(
        f'[[jobs]]\nname = "quiet"\ndesk = "toy"\ninput = "in"\nout = "{place}"\nrhythm = "delivery"\nkeep_runs = 1\n'
    )
    night(place, "2026-01-01", room)
    states = [json.loads(line)["state"] for line in darkshelf(capsys, "nightly", schedule, "--json").out.splitlines()]
    assert states == ["published", "let go"]
    assert names_at(place, "manifests") == [f"manifests/{latest_at(place)}.json"]


@pytest.mark.slow
def test_what_was_published_is_told_as_lineage_by_its_place(place, room, tmp_path):
    events = tmp_path / "events.jsonl"
    told_where = {"TYPE": "file", "LOG_FILE_PATH": str(events), "APPEND": "true"}
    with patch.dict(os.environ, {f"OPENLINEAGE__TRANSPORT__{name}": value for name, value in told_where.items()}):
        night(place, "2026-01-01", room)
    (output,) = json.loads(events.read_text().splitlines()[-1])["outputs"]
    assert f"{output['namespace']}/{output['name']}" == f"{place}/quiet_stores.parquet"


def test_what_is_no_place_for_runs_is_refused(tmp_path, monkeypatch, capsys):
    answer = darkshelf(capsys, "runs", "list", "--out", "postgresql://host/name")
    assert (answer.code, "is no local path and in no object store" in answer.err) == (2, True)
    (tmp_path / "file").touch()
    with machine(tmp_path / "file"), pytest.raises(OutputError, match="DARKSHELF_MIRROR__FOLDER"):
        folder_of(f"s3://{BUCKET}/out")


def test_two_stores_with_buckets_of_one_name_have_two_mirrors(monkeypatch):
    one = folder_of("s3://bucket/out/")
    assert one == folder_of("s3://bucket/out")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert one != folder_of("s3://bucket/out")


@pytest.mark.slow
def test_the_shelf_desk_and_its_pages_read_a_night_from_a_store(place, there, tmp_path, capsys):
    folder = write_parquet(tmp_path / "chain", small_chain())
    far, near = (
        darkshelf(capsys, "run", folder, "--json", "--out", out).json() for out in (place, tmp_path / "local")
    )
    assert data(Path(far["folder"])) == data(Path(near["folder"]))
    alerts = tmp_path / "alerts.toml"
    alerts.write_text(
        '[[subscription]]\nname = "open"\nwho = "ann"\ndesk = "shelf"\nabout = "cases"\nto = "json://127.0.0.1:9"\n'
    )
    with there():
        case = darkshelf(capsys, "sql", "select case_id from cases limit 1", "--json", "--out", place).json()
        assert darkshelf(capsys, "explain", case[0]["case_id"], "--out", place).code == 0
        assert darkshelf(capsys, "report", "--out", place, "--file", tmp_path / "night.html").code == 0
        words = ("alert", "--config", alerts, "--dry-run", "--json", "--out", place)
        assert [each["name"] for each in darkshelf(capsys, *words).json()["alerts"]] == ["open"]
        out = folder_of(place)
        rooms = Rooms(out, load_settings())
        assert rooms.home().room.desk == "shelf"
        assert {desk: run.run_id for desk, run in rooms.newest_runs().items()} == {"shelf": far["run_id"]}
        for page in rooms.home().room.pages:
            rooms.home().room.store(page).open().load()
        # A place that was typed is looked at once; what pages ask for later is here.
        with store_that(503, told("SlowDown")):
            assert rooms.look_around().skipped == []
            assert [night.run_id for night in shelf_nights(out)] == [far["run_id"]]
