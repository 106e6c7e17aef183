"""A server in a process of its own, and readers who wait for what they see.

A time is taken from before a click until what was asked for stands in the page; that includes the browser, the wire
and the driver that clicks.
"""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from sys import executable
from typing import Any

PROGRAM = Path(executable).with_name("darkshelf")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
READY = "html[data-ready]"
FIGURES = ".tile .value"
PATIENCE_SECONDS = 180


@contextmanager
def serving(out: Path, *, warm: bool = True, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a dashboard that has just started.

    warm: one reader has been there before. environment: what it has beside that of the measurement.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(PROGRAM), "dashboard", "--out", str(out), "--port", str(port), "--set", "poll_seconds=2"]
    with (out / "server.log").open("w") as log:
        own = {**os.environ, **(environment or {})}
        server = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, env=own)
    address = f"http://127.0.0.1:{port}/"
    try:
        wait_for(f"{address}metrics", server)
        if warm:
            urllib.request.urlopen(address, timeout=PATIENCE_SECONDS).close()
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers. Raises RuntimeError when it does not."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=PATIENCE_SECONDS).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the dashboard did not start")


def chromium_path() -> str:
    """Where Chromium is, without a desktop where that is there. Raises RuntimeError where there is none."""
    found = which("chromium-headless-shell") or which("chromium")
    if found is None:
        raise RuntimeError("there is no chromium: see tests/system_packages.sh")
    return found


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium as the tests use it. Raises RuntimeError where there is none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        yield started
        started.close()


def seconds_of(act: Callable[[], object]) -> float:
    """How long an act takes, with the waiting that is in it."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


async def seconds_of_async(act: Callable[[], Awaitable[object]]) -> float:
    """The same for one of many readers at once."""
    begin = time.perf_counter()
    await act()
    return time.perf_counter() - begin


def memory_mib(address: str) -> float:
    """What the server holds, as its own figures tell."""
    with urllib.request.urlopen(f"{address}metrics", timeout=PATIENCE_SECONDS) as answer:
        lines = answer.read().decode().splitlines()
    (line,) = (line for line in lines if line.startswith("darkshelf_memory_bytes "))
    return float(line.split()[1]) / 2**20
