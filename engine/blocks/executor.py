"""Executor: who runs the blocks of a chain, and work that is cut into pieces: this process, or workers.

Whoever it is, the results are the same and come in the same order.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import TypeVar

from engine.blocks.exchange import Program, silent
from engine.blocks.turns import in_turns

T = TypeVar("T")
Item = TypeVar("Item")


class Executor(ABC):
    """Who runs the blocks of a chain and work that is cut into pieces. workers: how many processes they are."""

    workers: int

    @abstractmethod
    def run(
        self, program: Program[T], blocks: int, watch: Callable[[str], None] | None = None, at_once: int = 1
    ) -> list[T]:
        """What the program returns for each of the blocks, in their order.

        program: called with a block's way to the others and with where it may tell what it begins. watch: called with
        what block 0 tells. at_once: so many blocks of a process work at a time. Raises what the first block to fail
        raised, once all have ended.
        """

    @abstractmethod
    def map(
        self,
        function: Callable[[Item], T],
        items: Iterable[Item],
        *,
        at_once: int = 1,
        within: Callable[[], AbstractContextManager[object]] = nullcontext,
        watch: Callable[[Item], None] | None = None,
    ) -> list[T]:
        """What the function makes of each item, in their order; no item may depend on another.

        The function may be called again with an item whose worker was lost. at_once: so many items this process works
        on at a time. within: what a process is in while it works. watch: called with each item that is done. Raises
        what an item that failed raised, and begins no further ones.
        """


class InProcess(Executor):
    """The process itself."""

    workers = 1

    def run(
        self, program: Program[T], blocks: int, watch: Callable[[str], None] | None = None, at_once: int = 1
    ) -> list[T]:
        """See `Executor`."""
        tell = watch or silent
        return in_turns(lambda block: program(block, silent if block.number else tell), blocks, at_once)

    def map(
        self,
        function: Callable[[Item], T],
        items: Iterable[Item],
        *,
        at_once: int = 1,
        within: Callable[[], AbstractContextManager[object]] = nullcontext,
        watch: Callable[[Item], None] | None = None,
    ) -> list[T]:
        """See `Executor`."""
        made, tell = list[T](), watch or silent
        with within(), ExitStack() as stack:
            # One alone stays in the thread that called, where an interruption reaches it.
            begin = map if at_once == 1 else stack.enter_context(ThreadPoolExecutor(at_once)).map
            every = list(items)
            for item, one in zip(every, begin(function, every), strict=True):
                made.append(one)
                tell(item)
        return made


IN_PROCESS: Executor = InProcess()
"""Nobody else."""
