"""Turns: the blocks of a chain in one process, some of them at work while the others wait.

Every block has a thread of its own. It works while it holds one of the turns and hands it on while it waits for the
others; so the memory of a block that works is needed for as many blocks as there are turns.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from engine.blocks.together import ALONE, Together

T = TypeVar("T")
Program = Callable[[Together], T]
"""What every block runs. It asks the others in the same order as they ask it."""


def in_turns(program: Program[T], blocks: int, at_once: int = 1) -> list[T]:
    """What the program returns for each of the blocks, in their order.

    at_once: so many of them work at a time. Raises what the first block to fail raised, once all have ended.
    """
    if blocks == 1:
        return [program(ALONE)]
    table = _Table(blocks, threading.Semaphore(at_once))

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
    """What was given at one question, by block. made: what `once` made, in a list of one."""

    given: dict[int, Any] = field(default_factory=dict)
    made: list[Any] = field(default_factory=list)
    making: threading.Lock = field(default_factory=threading.Lock)
    taken: int = 0


class _Table:
    """Where the blocks of a process meet. failure: why the first of them failed."""

    def __init__(self, blocks: int, turns: threading.Semaphore) -> None:
        self.blocks = blocks
        self.failure: BaseException | None = None
        self._turns = turns
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

    def meet(self, question: int, number: int, mine: Any) -> list[Any]:
        """Give one's own, hand the turn on, and come back when every block has given."""
        with self._changed:
            place = self._rounds.setdefault(question, _Round())
            place.given[number] = mine
            self._changed.notify_all()
        self._turns.release()
        try:
            with self._changed:
                self._changed.wait_for(lambda: len(place.given) == self.blocks or self.failure is not None)
                if self.failure is not None:
                    raise BlockStoppedError
                self._leave(question, place)
        finally:
            self._turns.acquire()
        return [place.given[each] for each in range(self.blocks)]

    def make(self, question: int, make: Callable[[], Any]) -> Any:
        """What the first block to come here makes."""
        with self._changed:
            place = self._rounds.setdefault(question, _Round())
        with place.making:
            if not place.made:
                place.made.append(make())
        with self._changed:
            self._leave(question, place)
        return place.made[0]

    def _leave(self, question: int, place: _Round) -> None:
        """Forget a question once every block has its answer."""
        place.taken += 1
        if place.taken == self.blocks:
            del self._rounds[question]


class _Seat(Together):
    """One block at the table."""

    def __init__(self, number: int, table: _Table) -> None:
        self.number, self.of = number, table.blocks
        self._table = table
        self._question = 0

    def gathered(self, mine: T) -> list[T]:
        return self._table.meet(self._next(), self.number, mine)

    def once(self, make: Callable[[], T]) -> T:
        made: T = self._table.make(self._next(), make)
        return made

    def _next(self) -> int:
        self._question += 1
        return self._question
