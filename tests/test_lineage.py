"""A run is told as OpenLineage events where the environment says so, and nowhere else."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InputError
from engine.runs.journal import Journal
from engine.runs.lineage import tables_of
from engine.runs.publish import Making, publish
from engine.settings.shelf.night import load
from tests.decisions.receivers import web_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SECRET = "canary-5d1c"
INPUTS = {"sales_transactions": {"sales_transactions.csv": "1"}, "skus": {"skus.csv": "2"}}


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """The client writes variables of its own into the environment."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]


@pytest.fixture
def into_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """The environment leads to a file; what was told."""
    file = tmp_path / "events.jsonl"
    for name, value in {"TYPE": "file", "LOG_FILE_PATH": str(file), "APPEND": "true"}.items():
        monkeypatch.setenv(f"OPENLINEAGE__TRANSPORT__{name}", value)
    return lambda: [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def run(tmp_path: Path, write: Callable[[Path], Mapping[str, Any]]) -> bool:
    making = Making("shelf", "2025-06-30", load(), INPUTS, tmp_path / "in")
    return publish(tmp_path / "out", making, Journal(), write)[1]


def some_files(folder: Path) -> dict[str, Any]:
    for name in ("cases.parquet", "dark_shelf_cases.csv", "summary.json"):
        (folder / name).write_text("{}")
    return {}


@pytest.mark.slow
def test_a_run_is_told_as_it_starts_and_as_it_completes(tmp_path, into_a_file):
    assert run(tmp_path, some_files)
    start, complete = into_a_file()
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert start["job"] | {"facets": {}} == {"namespace": "darkshelf", "name": "shelf", "facets": {}}
    for event in (start, complete):
        assert [(each["namespace"], each["name"]) for each in event["inputs"]] == [
            ("file", f"{tmp_path}/in/{table}") for table in INPUTS
        ]
    assert start["outputs"] == []
    assert [each["name"] for each in complete["outputs"]] == [
        f"{tmp_path}/out/{name}" for name in ("cases.parquet", "dark_shelf_cases.csv")
    ]
    (run_id,) = {each["facets"]["version"]["datasetVersion"] for each in complete["outputs"]}
    assert (tmp_path / "out" / "runs" / run_id).is_dir()


def test_a_run_that_is_there_already_is_not_told_again(tmp_path, into_a_file):
    assert [run(tmp_path, some_files), run(tmp_path, some_files)] == [True, False]
    assert len(into_a_file()) == 2


def test_a_run_that_fails_is_told_with_its_reason_and_without_secrets(tmp_path, into_a_file):
    def fails(folder: Path) -> dict[str, Any]:
        raise RuntimeError(f"postgresql://me:{SECRET}@host/db does not answer")

    with pytest.raises(RuntimeError):
        run(tmp_path, fails)
    start, failed = into_a_file()
    assert (start["eventType"], failed["eventType"]) == ("START", "FAIL")
    assert failed["run"]["facets"]["errorMessage"]["message"].startswith("RuntimeError: postgresql://***@host/db")
    assert SECRET not in json.dumps([start, failed])


def test_a_server_is_told_by_its_address_alone(tmp_path, monkeypatch):
    with web_server() as (web, address):
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://{address}")
        monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "retail")
        assert run(tmp_path, some_files)
        told = [body for _, body in web.calls]
    assert [(event["eventType"], event["job"]["namespace"]) for event in told] == [
        ("START", "retail"),
        ("COMPLETE", "retail"),
    ]


def test_a_sink_that_fails_fails_no_run(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(tmp_path / "nowhere" / "events"))
    assert run(tmp_path, some_files)
    assert "the event COMPLETE was not taken" in caplog.text


def test_without_the_extra_a_run_that_is_to_be_told_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "openlineage.client", None)
    with pytest.raises(InputError, match=r"needs openlineage.*\n.* 'darkshelf\[lineage\]'"):
        run(tmp_path, some_files)


def test_without_a_variable_nothing_is_asked_of_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openlineage.client", None)
    assert run(tmp_path, some_files)


def test_tables_are_named_by_where_they_lie(tmp_path):
    mapping = {
        "tables": {
            "skus": [{"source": {"source": ["master/items-*.csv"]}}],
            "pricing": [
                {"source": {"a": ["s3://bucket/prices/*.parquet"], "b": ["postgresql://me@db:5433/retail?table=x.y"]}}
            ],
        }
    }
    named = tables_of(tmp_path / "darkshelf.toml", dict.fromkeys(("skus", "pricing")), mapping)
    assert named == (
        ("file", f"{tmp_path}/master/items-*.csv"),
        ("s3://bucket", "prices/*.parquet"),
        ("postgresql://db:5433", "retail/x.y"),
    )
    assert tables_of("s3://bucket/in", {"skus": {}}, None) == (("s3://bucket", "in/skus"),)
    assert tables_of(None, {"skus": {}}, None) == (("memory", "skus"),)
