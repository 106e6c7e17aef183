"""A place that fails is told in one line that says what, where and what to do, and nothing is half done."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from engine.places import objects
from tests.command import darkshelf
from tests.places.servers import SECRET, database, led_to

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTED = (
    b"<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount><Contents>"
    b'<Key>in/pricing.csv</Key><Size>30</Size><ETag>"1"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>'
    b"</Contents></ListBucketResult>"
)


@contextmanager
def store_that(answer: int, content: bytes, promised: int | None = None) -> Iterator[None]:
    """A store that lists one file and answers everything else alike. promised: bytes it says that it will send."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listing = "list-type" in self.path and answer == 200
            body = LISTED if listing else content
            self.send_response(answer)
            self.send_header("Content-Length", str(len(body) if listing or promised is None else promised))
            self.send_header("ETag", '"1"')
            self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *words: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in led_to(f"http://127.0.0.1:{server.server_port}").items():
            patch.setenv(name, value)
        patch.setattr(objects, "RETRIES", {**objects.RETRIES, "max_retries": 1})
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()


def told(code: str) -> bytes:
    """What a store says of a failure."""
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


@pytest.mark.parametrize(
    ("answer", "content", "exit_code", "says"),
    [
        (
            503,
            told("SlowDown"),
            75,
            "cannot be listed: the store does not answer: SlowDown (status 503). Try again in a",
        ),
        (
            500,
            told("InternalError"),
            75,
            "the store does not answer: InternalError (status 500). Try again in a while",
        ),
        (403, told("AccessDenied"), 2, "cannot be listed: the credentials are refused AccessDenied (status 403)"),
        (400, told("ExpiredToken"), 2, "cannot be listed: the credentials are refused ExpiredToken (status 400)"),
        (404, told("NoSuchBucket"), 2, "cannot be listed: there is no bucket"),
    ],
)
def test_a_store_that_refuses_or_is_busy_is_told_in_a_line(answer, content, exit_code, says, tmp_path, capsys):
    with store_that(answer, content):
        found = darkshelf(capsys, "run", "s3://bucket/in", "--out", tmp_path / "out")
    assert (found.code, found.out) == (exit_code, "")
    assert f"s3://bucket/in{':' if exit_code == 2 else ''} " in found.complaint
    assert says in found.complaint
    assert "Traceback" not in found.err
    assert SECRET not in found.err
    assert not (tmp_path / "out" / "runs").exists() or not list((tmp_path / "out" / "runs").iterdir())


@pytest.mark.parametrize("promised", [30, 12])
def test_half_a_file_is_no_table(promised, capsys):
    with store_that(200, b"store_id,vis", promised):
        found = darkshelf(capsys, "check", "s3://bucket/in")
    assert found.code == 75
    assert found.err.startswith("darkshelf: s3://bucket/in")
    assert "Try again" in found.err


def test_a_store_that_is_slow_is_given_up(capsys, monkeypatch):
    monkeypatch.setattr(objects, "TIMEOUTS", {"timeout": "200ms", "connect_timeout": "200ms"})
    with store_that(200, b"store_id,visitors\n", 30):
        monkeypatch.setattr(ThreadingHTTPServer, "finish_request", lambda *_: threading.Event().wait(3))
        found = darkshelf(capsys, "check", "s3://bucket/in")
    assert found.code == 75
    assert "s3://bucket/in cannot be listed: the store does not answer" in found.err
    assert "Try again in a while" in found.err


def test_a_database_that_is_not_there_is_told_without_what_it_was_asked_with(capsys, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", SECRET)
    found = darkshelf(capsys, "check", "postgresql://ann@127.0.0.1:9/name")
    assert found.code == 75
    assert "postgresql://ann@127.0.0.1:9/name cannot be read: " in found.err
    assert SECRET not in found.err


def test_a_database_or_schema_that_is_not_there_is_named(server, capsys):
    place = database(server, "faults")
    found = darkshelf(capsys, "check", place.replace("/faults", "/nothing"))
    assert (found.code, 'database "nothing" does not exist' in found.err) == (2, True)
    found = darkshelf(capsys, "check", f"{place}?table=nowhere.{{table}}")
    assert found.code == 2
    assert "sales_transactions: the table is missing\n    do   : put a table nowhere.sales_transactions" in found.err
