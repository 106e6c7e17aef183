"""The dashboard as a process of its own, as its users start it."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.command import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

IMPORTED = """
import gc, json, os, signal, sys

import hvplot.polars

from cli.main import main
from engine.outputs.desks import desks, entry
from panel_app import app, login, serve

for desk in desks():
    for name in filter(None, (desk.pages, desk.screens, desk.page_settings, desk.lookup)):
        entry(name)
gc.collect(), gc.freeze()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    words, environment, log = json.loads(line)
    if child := os.fork():
        print(child, flush=True)
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1), os.dup2(said, 2)
    os.environ.clear(), os.environ.update(environment)
    sys.argv = words
    sys.exit(main())
"""
"""Importing takes most of the start of a server: it is done once, and every server forks off before any thread.

What was imported stays for good, so that no server looks through it for garbage.
"""


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

    environment: what it has beside that of the tests; it is then started as users start it, since some of that counts
    while it imports. prefix: the path that the words give it.
    """
    port = free_port()
    command = [PROGRAM, "dashboard", "--out", out, "--port", port, "--set", "poll_seconds=1", *words]
    log = out / f"server-{port}.log"
    server = _started([str(word) for word in command], log, environment)
    try:
        _wait_for(f"http://127.0.0.1:{port}{prefix}/health", server, log)
        yield f"http://127.0.0.1:{port}{prefix}/"
    finally:
        with suppress(psutil.NoSuchProcess):
            server.terminate()
        server.wait(10)


def log_of(out: Path, address: str) -> str:
    """What a server over an output folder has said so far."""
    port = address.split(":")[2].partition("/")[0]
    return (out / f"server-{port}.log").read_text(encoding="utf-8")


def _started(command: Sequence[str], log: Path, environment: Mapping[str, str] | None) -> psutil.Process:
    if environment:
        with log.open("wb") as said:
            return psutil.Popen(command, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, **environment})
    imported = _imported()
    assert imported.stdin
    assert imported.stdout
    print(json.dumps([command, dict(os.environ), str(log)]), file=imported.stdin, flush=True)
    return psutil.Process(int(imported.stdout.readline()))


@cache
def _imported() -> subprocess.Popen[str]:
    """The process that servers fork off from; it ends with that of the tests."""
    words = [sys.executable, "-c", IMPORTED]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    atexit.register(process.communicate)
    return process


def _is_alive(server: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(server.status() != psutil.STATUS_ZOMBIE)
    return False


def _wait_for(address: str, server: psutil.Process, log: Path) -> None:
    for _ in range(1200):
        if not _is_alive(server):
            break
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the dashboard did not start:\n{log.read_text(encoding='utf-8')}")
