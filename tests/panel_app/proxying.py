"""A reverse proxy for the tests: passes everything on, websockets too, and says whom it speaks for."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS = 20


@contextmanager
def proxying(target: int, port: int = 0, scheme: str = "http") -> Iterator[int]:
    """The port of a proxy before a server on another port of this machine."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    bound: list[int] = []
    stop = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(lambda r, w: _pass_on(r, w, target, scheme), "127.0.0.1", port)
        bound.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(PATIENCE_SECONDS)
    try:
        yield bound[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_SECONDS)
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int, scheme: str) -> None:
    """One request, and after an upgrade whatever both sides send."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").rstrip().split("\r\n")
        is_upgrade = any(line.lower().startswith("upgrade:") for line in lines)
        if not is_upgrade:
            # One request a connection keeps this short.
            lines = [line for line in lines if not line.lower().startswith("connection:")] + ["Connection: close"]
        lines = [line for line in lines if not line.lower().startswith("x-forwarded-")]
        lines += [f"X-Forwarded-Proto: {scheme}", "X-Forwarded-For: 192.0.2.7"]
        inward, outward = await asyncio.open_connection("127.0.0.1", target)
        outward.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        await asyncio.gather(_pump(reader, outward), _pump(inward, writer))
    except (OSError, asyncio.IncompleteReadError):
        pass  # Browsers open connections that they do not use, and close those that they do.
    finally:
        writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()
