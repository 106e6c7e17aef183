"""Exchange: what slots tell one another through a folder that all of them see. A slot is the blocks of one worker.

Each answer is a file, written under another name and renamed, so what is there is whole. Files stay until the night
ends: the blocks of a worker that died run again from their start, elsewhere, find every question that was answered
before, and catch up. What they give again has to be what they gave.

Blocks of a slot meet in their process first: there is one file a slot and question. Sums are made by one slot, each
slot in its turn, so that no other reads more than the sum.
"""

import hashlib
import itertools
import json
import logging
import pickle
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl

from engine.blocks.together import Numbers, Together
from engine.blocks.turns import BlockStoppedError, in_turns
from engine.disk import PARTIAL
from engine.errors import DarkshelfError

T = TypeVar("T")
Tell = Callable[[str], None]
Program = Callable[[Together, Tell], T]
"""What every block runs. What block 0 tells comes to the caller; what others tell goes nowhere."""

LOGGER = logging.getLogger("darkshelf")
LOGGED = ("levelno", "levelname", "created", "facts")
"""Of an event, beside its words, what comes to the log of the caller."""
SAID, EVENT = "said", "event"
"""Kinds of what comes to the caller: what the program tells, and what is logged on the way."""
GOING, TOLD = "going", "told"
SHORTEST_PAUSE, LONGEST_PAUSE = 0.001, 0.25
PAUSE_SHARE = 0.05
"""Of the time waited so far: who waits for an hour need not look every millisecond."""
PATIENCE_SECONDS = 300.0
"""So long after the last beat of the caller its blocks end: longer than a shared disk may keep old times."""


class OtherAnswerError(DarkshelfError):
    """Blocks that were run again gave something else than the first time."""


class Caller:
    """Who waits for the slots. They go on while it beats, and end once it stops."""

    def __init__(self, folder: Path) -> None:
        self._going, self._told = folder / GOING, folder / TOLD
        self._heard = {SAID: 0, EVENT: 0}
        self._going.touch()

    def beat(self) -> list[str]:
        """Say that the night goes on. What block 0 told since the last beat, each once, also when it runs again.

        What was logged at its worker is logged here.
        """
        self._going.touch()
        said = list[str]()
        # What stands behind the last end of a line is being written.
        told = self._told.read_text(encoding="utf-8") if self._told.exists() else ""
        for kind, number, what in map(json.loads, told.rpartition("\n")[0].splitlines()):
            if number <= self._heard[kind]:
                continue
            self._heard[kind] = number
            if kind == SAID:
                said.append(what)
            else:
                LOGGER.handle(logging.makeLogRecord(what))
        return said

    def stop(self) -> None:
        """Let every slot end at its next question."""
        self._going.unlink(missing_ok=True)


class Exchange:
    """One slot's side of the folder. slots: how many there are; a caller waits for them."""

    def __init__(self, folder: Path, slot: int, slots: int) -> None:
        self.folder, self.slot, self.slots = folder, slot, slots
        self._beat, self._beaten_at = 0, time.monotonic()

    def gathered(self, question: int, mine: list[T]) -> list[T]:
        """What the blocks of every slot give, one slot after the other. mine: of this slot's blocks."""
        files = [self._file(question, slot) for slot in range(self.slots)]
        own = files[self.slot]
        if own.exists():
            _agree(_same(_read(own), mine), question)
        else:
            self._write(own, mine)
        every = [mine if file == own else _read(self._first_of(file)) for file in files]
        return [each for of_slot in every for each in of_slot]

    def added(self, question: int, mine: Numbers) -> Numbers:
        """The sum of the arrays of every slot. mine: the sum of this slot's."""
        whole = self._file(question, "sum")
        digest = hashlib.blake2b(np.ascontiguousarray(mine).tobytes(), digest_size=16).hexdigest()
        if not whole.exists():
            self._write(self._file(question, self.slot), (mine, digest))
            if self.slot == question % self.slots:
                self._add(question, whole)
        total, digests = _read(self._first_of(whole))
        _agree(digests[self.slot] == digest, question)
        return np.asarray(total)

    def tell(self, kind: str, number: int, what: Any) -> None:
        """Have the caller hear something, as JSON takes it. number: of what is told of its kind, from 1."""
        try:
            with (self.folder / TOLD).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps([kind, number, what]) + "\n")
        except OSError:
            self._end_unless_going()
            raise

    def _add(self, question: int, whole: Path) -> None:
        """Write the sum and let its parts go, unless another run of this slot has done so meanwhile."""
        parts = [self._file(question, slot) for slot in range(self.slots)]
        total: Any = None
        digests = []
        for part in parts:
            try:
                first = self._first_of(whole, part)
                array, digest = _read(first)
            except FileNotFoundError:
                return
            if first == whole:
                return
            total = array if total is None else np.add(total, array, dtype=array.dtype)
            digests.append(digest)
        self._write(whole, (total, digests))
        for part in parts:
            part.unlink(missing_ok=True)

    def _file(self, question: int, slot: int | str) -> Path:
        return self.folder / f"{question:06}-{slot}"

    def _write(self, file: Path, value: Any) -> None:
        """Have a file there, whole or not at all. Raises OSError, such as of a disk that is full."""
        partial = file.with_name(f".{file.name}-{uuid.uuid4().hex}{PARTIAL}")
        try:
            with partial.open("wb") as stream:
                pickle.dump(value, stream, pickle.HIGHEST_PROTOCOL)
            partial.replace(file)
        except OSError:
            partial.unlink(missing_ok=True)
            self._end_unless_going()
            raise

    def _first_of(self, *files: Path) -> Path:
        """The first of these that is there, once one is."""
        began = time.monotonic()
        while True:
            for file in files:
                if file.exists():
                    return file
            self._end_unless_going()
            waited = time.monotonic() - began
            time.sleep(min(max(waited * PAUSE_SHARE, SHORTEST_PAUSE), LONGEST_PAUSE))

    def _end_unless_going(self) -> None:
        """Raise BlockStoppedError when the caller has stopped, or has not been heard of for too long."""
        try:
            beat = (self.folder / GOING).stat().st_mtime_ns
        except FileNotFoundError:
            raise BlockStoppedError from None
        # Clocks of machines differ: what counts is whether the time of the file moves.
        if beat != self._beat:
            self._beat, self._beaten_at = beat, time.monotonic()
        elif time.monotonic() - self._beaten_at > PATIENCE_SECONDS:
            raise BlockStoppedError


class _Seat(Together):
    """One block of a slot. near: its way to the other blocks of the slot. first: the first block of the slot."""

    def __init__(self, near: Together, exchange: Exchange, first: int, of: int) -> None:
        self.number, self.of, self.takes_turns = first + near.number, of, near.takes_turns
        self._near, self._exchange = near, exchange
        self._question = 0

    def gathered(self, mine: T) -> list[T]:
        near, question = self._near.gathered(mine), self._next()
        return self._near.once(lambda: self._exchange.gathered(question, near))

    def added(self, mine: Numbers) -> Numbers:
        near, question = self._near.added(mine), self._next()
        return self._near.once(lambda: self._exchange.added(question, near))

    def once(self, make: Callable[[], T]) -> T:
        return self._near.once(make)

    def before_waiting(self, rest: Callable[[], None]) -> None:
        self._near.before_waiting(rest)

    def _next(self) -> int:
        self._question += 1
        return self._question


def run_slot(program: Program[T], blocks: int, exchange: Exchange, at_once: int = 1) -> list[T]:
    """What the program returns for each block of a slot, in their order.

    blocks: of all slots; each slot runs neighbours, about equally many. at_once: so many of them work at a time.
    Raises what the first of them to fail raised, and BlockStoppedError when the caller has stopped.
    """
    first, end = (blocks * slot // exchange.slots for slot in (exchange.slot, exchange.slot + 1))
    lines = itertools.count(1)

    def work(near: Together) -> T:
        seat = _Seat(near, exchange, first, blocks)
        return program(seat, silent if seat.number else lambda text: exchange.tell(SAID, next(lines), text))

    with _events_told(exchange) if exchange.slot == 0 else nullcontext():
        return in_turns(work, end - first, at_once)


@contextmanager
def _events_told(exchange: Exchange) -> Iterator[None]:
    """Have the caller log what is logged here."""
    numbers = itertools.count(1)

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            known = {name: getattr(record, name) for name in LOGGED if hasattr(record, name)}
            exchange.tell(EVENT, next(numbers), {"msg": record.getMessage(), **known})

    handler, level = Told(), LOGGER.level
    LOGGER.setLevel(logging.INFO)
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(level)


def silent(_: object) -> None:
    """What other blocks than the first tell."""


def _read(file: Path) -> Any:
    with file.open("rb") as stream:
        return pickle.load(stream)


def _agree(is_same: bool, question: int) -> None:
    if not is_same:
        message = (
            f"blocks that ran again gave something else at question {question}: the night would depend on chance"
        )
        raise OtherAnswerError(message)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same; what is not a number is the same as itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, pl.DataFrame):
        return one.schema == other.schema and one.equals(other)
    if isinstance(one, pl.Series):
        return _same(one.to_frame(), other.to_frame())
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if is_dataclass(one):
        return all(_same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    # A number that is none equals nothing, and 0.0 equals -0.0.
    return repr(one) == repr(other) if isinstance(one, float) else bool(one == other)
