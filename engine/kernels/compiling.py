"""Compiling: a kernel's annotations are its signature, for people, mypy and the compiler alike.

A kernel is compiled once, by Numba (`building`), and its machine code is kept (`kept`). Calling it then takes no
compiler (`calling`): a night imports none.
"""

import os
from collections.abc import Callable
from functools import cached_property, update_wrapper
from threading import RLock
from typing import Any, TypeVar, cast

import numpy as np

from engine.arrays import Integers
from engine.kernels.calling import Call
from engine.kernels.compilation import Source
from engine.kernels.kept import address_of

Function = TypeVar("Function", bound=Callable[..., Any])
Record = TypeVar("Record", bound=tuple[Any, ...])

UNCOMPILED = os.environ.get("NUMBA_DISABLE_JIT") == "1"
"""Kernels run as the Python they are written in, where an index out of bounds is an error."""
_READYING = RLock()


class Compiled:
    """A function that is compiled, in the place of the one that was written."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._calls: list[Call] = []
        update_wrapper(self, source.function)

    def __call__(self, *arguments: Any) -> Any:
        """Run the machine code for the first signature that the arguments fit. Raises TypeError for other types."""
        if not self._calls:
            self.make_ready()
        *others, last = self._calls
        for call in others:
            if call.takes(arguments):
                return call(arguments)
        return last(arguments)

    def make_ready(self) -> None:
        """Find machine code for every signature; compile it where there is none."""
        with _READYING:
            if not self._calls:
                self._calls = [
                    Call(address_of(self.source, which), *types) for which, types in enumerate(self.source.signatures)
                ]

    @cached_property
    def _numba_type_(self) -> Any:
        """What Numba takes it for where a kernel calls it."""
        # The compiler takes a third of a second to import: it is what calls this.
        from engine.kernels.building import dispatcher_of

        return dispatcher_of(self.source)._numba_type_


def kernel(function: Function) -> Function:
    """Compile for the annotated types, or take what was compiled, when it is first called; the GIL is released.

    Arguments are annotated with the arrays of `types`, numbers and records of them (named tuples); an argument that
    may be of either of two types makes two compilations. Called with other types it raises TypeError.
    """
    return _compiled(function, is_part=False)


def inner(function: Function) -> Function:
    """A part of kernels, compiled with each of them for the types that it is called with there."""
    return _compiled(function, is_part=True)


def inner_of_numbers(function: Function) -> Function:
    """As `inner`, where no value is NaN: the processor may compare many at once."""
    return _compiled(function, is_part=True, fastmath=frozenset({"nnan", "nsz"}))


def inner_of_quotients(function: Function) -> Function:
    """As `inner`, where a divisor of 0 is no error: none is looked for, and many quotients are made at once."""
    return _compiled(function, is_part=True, divides_by_any=True)


def inner_of_exact_sums(function: Function) -> Function:
    """As `inner`, where any order of adding gives the same bits."""
    return _compiled(function, is_part=True, fastmath=frozenset({"reassoc", "nsz"}))


def inner_in_place(function: Function) -> Function:
    """As `inner`, of a record with many arrays: to hand that over would take longer than what is done with a row."""
    return _compiled(function, is_part=True, in_place=True)


def given(record: Record, rows: slice | Integers | None = None) -> Record:
    """A record of what kernels only read, cut to some rows where these are given: to write it is refused."""
    return type(record)(*(_read_only(field, rows) if isinstance(field, np.ndarray) else field for field in record))


def _compiled(
    function: Function,
    *,
    is_part: bool,
    fastmath: frozenset[str] = frozenset(),
    divides_by_any: bool = False,
    in_place: bool = False,
) -> Function:
    if UNCOMPILED:
        return function
    source = Source(function, is_part, fastmath, divides_by_any, in_place)
    return cast("Function", Compiled(source))


def _read_only(array: Any, rows: slice | Integers | None) -> Any:
    view = array.view() if rows is None else array[rows]
    view.flags.writeable = False
    return view
