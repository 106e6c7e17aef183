"""Many readers: ten who click for five minutes, and ten who read while a night is published."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from bench.dashboard.browsing import (
    FLAGS,
    PATIENCE_SECONDS,
    READY,
    chromium_path,
    memory_mib,
    seconds_of_async,
    serving,
)
from bench.dashboard.nights import CLASSIC
from engine.shelf import desk

USERS = 10
THINKING_SECONDS = (2.0, 6.0)
"""Between what a reader sees and the next click."""
SAMPLE_SECONDS = 10
FILTERED_BY = 2
"""The place of a confidence, among those offered, that leaves some of the queue and not all."""
LIST_COLUMNS = ("duration_days", "confidence_score", "revenue_at_risk")
PAGES = {
    "Summary": ".tile",
    "Queue": "table.queue",
    "Cases": "table.cases",
    "Map": "canvas",
    "Findings": "h1",
    "Run": "#stages",
    "Tasks": "h1",
}


@dataclass
class Watch:
    """What ten readers met. seconds: of every click. memory: MiB of the server, a value every ten seconds."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def clicking(out: Path, duration_seconds: float) -> Watch:
    """Ten readers at once, each of whom goes to pages, sorts, filters and opens cases."""
    watch = Watch()
    with serving(out) as address:
        asyncio.run(_all(address, watch, duration_seconds))
    return watch


async def _all(address: str, watch: Watch, duration_seconds: float) -> None:
    async with _readers(address, watch) as pages:
        end = time.monotonic() + duration_seconds
        await asyncio.gather(
            _sample(address, watch, end),
            *(_clicks(page, random.Random(place), watch, end) for place, page in enumerate(pages)),
        )


@asynccontextmanager
async def _readers(address: str, watch: Watch) -> AsyncIterator[list[Any]]:
    """The pages of all readers, each a stranger to the others."""
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        yield [await _reader(chromium, address, watch) for _ in range(USERS)]
        await chromium.close()


async def _reader(chromium: Any, address: str, watch: Watch) -> Any:
    context = await chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    page = await context.new_page()
    page.set_default_timeout(1000 * PATIENCE_SECONDS)
    page.on("console", lambda message: watch.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: watch.errors.append(str(error)))
    await page.goto(address)
    await page.wait_for_selector(READY, state="attached")
    return page


async def _sample(address: str, watch: Watch, end: float) -> None:
    while time.monotonic() < end:
        watch.memory.append(await asyncio.to_thread(memory_mib, address))
        await asyncio.sleep(SAMPLE_SECONDS)


async def _clicks(page: Any, dice: random.Random, watch: Watch, end: float) -> None:
    while time.monotonic() < end:
        act = dice.choice((_go, _sort, _case, _queue_filter))
        try:
            seconds = await seconds_of_async(partial(act, page, dice))
        except Exception as error:  # What a reader meets is what is measured, whatever it is.
            watch.errors.append(f"{act.__name__}: {error}".splitlines()[0])
            continue
        if seconds:
            watch.seconds.append(seconds)
        await asyncio.sleep(dice.uniform(*THINKING_SECONDS))


async def _go(page: Any, dice: random.Random) -> None:
    name = dice.choice(list(PAGES))
    await page.locator("nav.menu a", has_text=name).first.click()
    await page.locator("nav.menu a[aria-current]", has_text=name).wait_for()
    await page.locator(PAGES[name]).first.wait_for()


async def _sort(page: Any, dice: random.Random) -> None:
    if not await page.locator("table.cases").count():
        await page.locator("nav.menu a", has_text="Cases").first.click()
        await page.locator("table.cases").wait_for()
        return
    column = dice.choice(LIST_COLUMNS)
    await page.locator(f"#sort-{column}").click()
    await page.locator(f"th.{column}[aria-sort]").wait_for()


async def _case(page: Any, dice: random.Random) -> None:
    if not await page.locator("table.cases").count():
        await page.locator("nav.menu a", has_text="Cases").first.click()
        await page.locator("table.cases").wait_for()
        return
    await page.locator("td.sku_name a").nth(dice.randrange(10)).click()
    await page.locator("#accept").wait_for()


async def _queue_filter(page: Any, dice: random.Random) -> None:
    """A least confidence, or any again: another number of rows is left to decide on."""
    if not await page.locator("table.queue").count():
        await page.locator("nav.menu a", has_text="Queue").first.click()
        await page.locator("table.queue").wait_for()
        return
    if not await page.locator("#f-confidence").is_visible():
        await page.locator(".filters summary").click()
    is_all = await page.locator("#f-confidence").evaluate("field => field.selectedIndex === 0")
    before = await page.locator(".progress").first.inner_html()
    await page.locator("#f-confidence").select_option(index=FILTERED_BY if is_all else 0)
    end = time.monotonic() + PATIENCE_SECONDS
    while await page.locator(".progress").first.inner_html() == before:
        if time.monotonic() > end:
            raise TimeoutError("the queue stayed as it was")
        await asyncio.sleep(0)


@dataclass
class Publishing:
    """What ten readers saw while a night was published. mixtures: pages that showed two nights at once."""

    readings: int
    mixtures: int
    notices_seen: int
    errors: list[str]


def publishing(out: Path, tables: Path, day: date) -> Publishing:
    """Ten readers read on while the night of a day is run and published over a copy of their output folder."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "out"
        copytree(out, copy)
        with serving(copy) as address:
            return asyncio.run(_read_on(address, lambda: desk.run(tables, copy, CLASSIC, day, force=True)))


async def _read_on(address: str, publish: Callable[[], object]) -> Publishing:
    watch, seen = Watch(), Publishing(0, 0, 0, [])
    done = asyncio.Event()
    async with _readers(address, watch) as pages:

        async def run() -> None:
            await asyncio.sleep(3)
            await asyncio.to_thread(publish)
            await asyncio.sleep(8)
            done.set()

        await asyncio.gather(run(), *(_reads(page, seen, done) for page in pages))
        for page in pages:
            seen.notices_seen += await page.locator(".news button").count()
    seen.errors = watch.errors
    return seen


async def _reads(page: Any, seen: Publishing, done: asyncio.Event) -> None:
    """Summary and run in turn: the night of the menu has to be that of the page."""
    while not done.is_set():
        for name, heading, words in (("Run", "h1", "The run of"), ("Summary", ".lead", "judged")):
            await page.locator("nav.menu a", has_text=name).first.click()
            shown = await page.locator(heading, has_text=words).first.inner_text()
            night = await page.locator(".menu .night time").first.inner_text()
            seen.readings += 1
            seen.mixtures += night not in shown
            await asyncio.sleep(0.3)
