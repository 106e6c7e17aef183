"""Compilation: what the compiler is given, a function and how it is compiled, and the machine code that it makes."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Source:
    """A function that is compiled: a kernel for the types of its annotations, a part with each kernel around it.

    fastmath: what LLVM may take for granted of numbers, by LLVM's names. divides_by_any: a divisor of 0 is no error.
    in_place: its code stands wherever it is called.
    """

    function: Callable[..., Any]
    is_part: bool
    fastmath: frozenset[str]
    divides_by_any: bool
    in_place: bool

    @property
    def name(self) -> str:
        """The function's name with that of its module."""
        return f"{self.function.__module__}.{self.function.__name__}"

    @cached_property
    def signatures(self) -> list[tuple[Any, ...]]:
        """Types as annotated, of what is returned and of every argument; one where an argument is a union, too."""
        if self.is_part:
            return []
        hints = get_type_hints(self.function, include_extras=True)
        return list(itertools.product([hints.pop("return")], *map(_members, hints.values())))


class MachineCode(NamedTuple):
    """Machine code of a kernel: the name of its entry, and whether it calls into Numba's package as it runs."""

    entry: str
    calls_numba: bool
    code: bytes


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
