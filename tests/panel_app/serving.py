"""The dashboard as a process of its own, as its users start it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    out: Path, *words: object, environment: Mapping[str, str] | None = None, prefix: str = ""
) -> Iterator[str]:
    """The address of `darkshelf dashboard` over an output folder, in a process of its own.

    environment: what it has beside that of the tests. prefix: the path that the words give it.
    """
    port = free_port()
    command = [PROGRAM, "dashboard", "--out", out, "--port", port, "--set", "poll_seconds=1", *words]
    with (out / f"server-{port}.log").open("wb") as log:
        server = subprocess.Popen(
            [str(word) for word in command],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}{prefix}/health", server, Path(log.name))
        yield f"http://127.0.0.1:{port}{prefix}/"
    finally:
        server.terminate()
        server.wait(10)


def log_of(out: Path, address: str) -> str:
    """What a server over an output folder has said so far."""
    port = address.split(":")[2].partition("/")[0]
    return (out / f"server-{port}.log").read_text(encoding="utf-8")


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the dashboard did not start:\n{log.read_text(encoding='utf-8')}")
