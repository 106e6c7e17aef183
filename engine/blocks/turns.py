"""Turns: the blocks of a chain in one process, some of them at work while the others wait.

Every block has a thread of its own. It works while it holds one of the turns and hands it on while it waits for the
others; so the memory of a block that works is needed for as many blocks as there are turns.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from engine.blocks.together import ALONE, Numbers, Together

T = TypeVar("T")
Program = Callable[[Together], T]
"""What every block runs. It asks the others in the same order as they ask it."""


def in_turns(program: Program[T], blocks: int, at_once: int = 1) -> list[T]:
    """What the program returns for each of the blocks, in their order.

    at_once: so many of them work at a time. Raises what the first block to fail raised, once all have ended.
    """
    if blocks == 1:
        return [program(ALONE)]
    table = _Table(blocks, at_once)

    def work(number: int) -> T:
        with table.turn():
            try:
                return program(_Seat(number, table))
            except BaseException as error:
                table.fail(error)
                raise

    with ThreadPoolExecutor(blocks) as pool:
        working = [pool.submit(work, number) for number in range(blocks)]
    if table.failure is not None:
        raise table.failure
    return [done.result() for done in working]


class BlockStoppedError(Exception):
    """Another block failed: this one ends, and its own reason is none."""


@dataclass
class _Round:
    """What was given at one question, by block, or its sum; n_given: by so many blocks. made: what `once` made."""

    given: dict[int, Any] = field(default_factory=dict)
    sum: Any = None
    n_given: int = 0
    made: Future[Any] = field(default_factory=Future)
    making: threading.Lock = field(default_factory=threading.Lock)
    taken: int = 0

    def add(self, mine: Numbers) -> None:
        """Make an array part of the sum. The first one is copied: its block may still hold it."""
        if self.sum is None:
            self.sum = mine.copy()
        else:
            self.sum += mine


class _Table:
    """Where the blocks of a process meet. failure: why the first of them failed."""

    def __init__(self, blocks: int, at_once: int) -> None:
        self.blocks = blocks
        self.takes_turns = at_once < blocks
        self.failure: BaseException | None = None
        self._turns = threading.Semaphore(at_once)
        self._changed = threading.Condition()
        self._rounds: dict[int, _Round] = {}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Work while one of the turns is held."""
        with self._turns:
            yield

    def fail(self, error: BaseException) -> None:
        """Let every block that waits end, too."""
        with self._changed:
            if self.failure is None:
                self.failure = error
            self._changed.notify_all()

    def give(self, question: int, put: Callable[[_Round], None]) -> _Round:
        """Put one's own into the round of a question."""
        with self._changed:
            place = self._rounds.setdefault(question, _Round())
            put(place)
            place.n_given += 1
            # Who waits, waits for the last one: to wake all at each would take the square of the blocks.
            if place.n_given == self.blocks:
                self._changed.notify_all()
        return place

    def wait(self, question: int, place: _Round, rest: Callable[[], None]) -> None:
        """Come back when every block has given. Unless all have, rest, and hand the turn on meanwhile."""
        if place.n_given < self.blocks:
            rest()
            self._turns.release()
            try:
                with self._changed:
                    self._changed.wait_for(lambda: place.n_given == self.blocks or self.failure is not None)
            finally:
                self._turns.acquire()
        with self._changed:
            if self.failure is not None:
                raise BlockStoppedError
            self._leave(question, place)

    def make(self, question: int, make: Callable[[], Any]) -> Any:
        """What the first block to come here makes, or fails with."""
        with self._changed:
            place = self._rounds.setdefault(question, _Round())
        with place.making:
            if not place.made.done():
                try:
                    place.made.set_result(make())
                except BaseException as error:
                    place.made.set_exception(error)
        with self._changed:
            self._leave(question, place)
        return place.made.result()

    def _leave(self, question: int, place: _Round) -> None:
        """Forget a question once every block has its answer."""
        place.taken += 1
        if place.taken == self.blocks:
            del self._rounds[question]


class _Seat(Together):
    """One block at the table."""

    def __init__(self, number: int, table: _Table) -> None:
        self.number, self.of, self.takes_turns = number, table.blocks, table.takes_turns
        self._table = table
        self._question = 0
        self._rests: list[Callable[[], None]] = []

    def gathered(self, mine: T) -> list[T]:
        question = self._next()
        place = self._table.give(question, lambda place: place.given.update({self.number: mine}))
        self._table.wait(question, place, self._rest)
        return [place.given[each] for each in range(self.of)]

    def added(self, mine: Numbers) -> Numbers:
        question = self._next()
        # Adding up at once keeps one sum, and not the array of every block until the last has come.
        place = self._table.give(question, lambda place, given=mine: place.add(given))  # type: ignore[misc]
        del mine
        self._table.wait(question, place, self._rest)
        total: Numbers = place.sum
        return total

    def once(self, make: Callable[[], T]) -> T:
        made: T = self._table.make(self._next(), make)
        return made

    def before_waiting(self, rest: Callable[[], None]) -> None:
        self._rests.append(rest)

    def _rest(self) -> None:
        for rest in self._rests:
            rest()

    def _next(self) -> int:
        self._question += 1
        return self._question
