"""The terminal: progress while a night runs, and tables in one style."""

import json
import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from engine.outputs.shown import Part, Shown

WIDE = 10_000
"""Columns of a page that is no terminal: a program reads it, and a cut number would be another number."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else WIDE)


@contextmanager
def progress(stages: Mapping[str, str], *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A bar over the stages on a terminal, one line per finished stage elsewhere, nothing when quiet.

    stages: what each says while it works, in their order.
    """
    if quiet:
        yield lambda stage: None
    elif sys.stderr.isatty():
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description:<26}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True) as bar:
            task = bar.add_task("starting", total=len(stages))

            def advance(stage: str) -> None:
                done = list(stages).index(stage) if stage in stages else 0
                bar.update(task, completed=done, description=stages.get(stage, stage))

            yield advance
    else:
        with _stage_lines():
            yield lambda stage: None


@contextmanager
def _stage_lines() -> Iterator[None]:
    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            facts = getattr(record, "facts", {})
            if "note" in facts:
                print(facts["note"], file=sys.stderr)
            elif "stage" in facts:
                print(f"{facts['stage']:<10} {facts['seconds']:>8.3f} s  {facts['peak_mib']:>6} MiB", file=sys.stderr)

    logger, handler = logging.getLogger("darkshelf"), Lines()
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def logged_as_json() -> Iterator[Callable[[str], None]]:
    """A JSON object on stderr per event of the run, such as a finished stage: progress for programs."""
    from engine.runs.journal import JsonLines

    logger, handler = logging.getLogger("darkshelf"), logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield lambda stage: None
    finally:
        logger.removeHandler(handler)


DASHBOARD = "darkshelf.dashboard"
"""What the server logs has times and goes to its own log, line by line."""


class Warnings(logging.Handler):
    """Tells each warning of the engine once, on stderr: a run that was skipped, a night that is not the latest."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._printed: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Print the warning, unless it was printed before. A failure is told by whoever ends with it."""
        line = record.getMessage()
        is_printed = line in self._printed or record.name.startswith(DASHBOARD)
        if record.levelno == logging.WARNING and not is_printed:
            self._printed.add(line)
            err.print(f"warning: {line}", markup=False, soft_wrap=True)


@contextmanager
def printing_warnings() -> Iterator[None]:
    """Tell the warnings of the engine while the block runs."""
    logger, handler = logging.getLogger("darkshelf"), Warnings()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def answer(facts: Mapping[str, Any]) -> None:
    """Print the one JSON object of a verb with `--json`. What is no number is null there."""
    print(json.dumps(_as_json(facts), default=str, allow_nan=False))


def _as_json(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _as_json(item) for name, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list | tuple) else value


def table(*headers: str, title: str | None = None, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table in the house style. numbers: the headers whose columns align right."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for place, header in enumerate(headers):
        is_number = header in numbers
        justify: JustifyMethod = "right" if is_number else "left"
        whole = is_number or place == 0
        made.add_column(Text(header), justify=justify, overflow="ellipsis" if whole else "fold", no_wrap=whole)
    return made


STYLES: Final[Mapping[str, str]] = {
    "plain": "",
    "strong": "bold",
    "faint": "dim",
    "alarm": "red",
    "warning": "yellow",
    "figure": "cyan",
    "good": "bold green",
}


def show_blocks(shown: "Shown") -> None:
    """Print lines and tables as a desk has them."""
    from engine.outputs.shown import Grid

    for block in shown:
        if isinstance(block, Grid):
            rows = table(*block.headers, title=block.title or None, numbers=block.numbers)
            for row in block.rows:
                rows.add_row(*map(_text, row))
            out.print(rows)
        else:
            out.print(Text().join(map(_text, block.parts)), soft_wrap=True)


def _text(part: "str | Part") -> Text:
    return Text(part) if isinstance(part, str) else Text(part.text, style=STYLES[part.style])
