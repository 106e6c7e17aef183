"""Compiling: a kernel's annotations are its signature, for people, mypy and Numba alike."""

import itertools
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from numba import njit, types
from numba.np import linalg

from engine.arrays import Integers
from engine.kernels.types import WRITTEN

Function = TypeVar("Function", bound=Callable[..., Any])
Record = TypeVar("Record", bound=tuple[Any, ...])

_SCALARS = {bool: types.boolean, int: types.int64, float: types.float64, type(None): types.void}


def kernel(function: Function) -> Function:
    """Compile for the annotated types, or load from the cache, when its module is imported; the GIL is released.

    Arguments are annotated with the arrays of `types`, numbers and records of them (named tuples); an argument that
    may be of either of two types makes two compilations.
    """
    hints = get_type_hints(function, include_extras=True)
    returned = _compiled_types(hints.pop("return"))[0]
    signatures = [returned(*arguments) for arguments in itertools.product(*map(_compiled_types, hints.values()))]
    return _compiled(function, signatures)


def inner(function: Function) -> Function:
    """A part of kernels, compiled with each of them for the types that it is called with there."""
    return _compiled(function)


def inner_of_numbers(function: Function) -> Function:
    """As `inner`, where no value is NaN: the processor may compare many at once."""
    return _compiled(function, fastmath={"nnan", "nsz"})


def inner_of_exact_sums(function: Function) -> Function:
    """As `inner`, where any order of adding gives the same bits."""
    return _compiled(function, fastmath={"reassoc", "nsz"})


def given(record: Record, rows: slice | Integers | None = None) -> Record:
    """A record as kernels take it: its arrays read-only, and cut to some rows where these are given.

    Numba lets an array that may be written pass for one that may not, but not within a record.
    """
    return type(record)(*(_read_only(field, rows) if isinstance(field, np.ndarray) else field for field in record))


def _load_arrays_without_blas() -> None:
    """Let Numba load what it knows of arrays without looking for the BLAS of SciPy.

    It looks for it at once, for matrix products, which no kernel makes; loading SciPy takes a third of the start of
    a command. A product in a kernel of somebody else still finds it: what compiles one looks again.
    """
    look_for_blas = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look_for_blas


_load_arrays_without_blas()


def _compiled(function: Function, signatures: list[Any] | None = None, fastmath: set[str] | bool = False) -> Function:
    return cast("Function", njit(signatures, cache=True, nogil=True, fastmath=fastmath)(function))


def _read_only(array: Any, rows: slice | Integers | None) -> Any:
    view = array.view() if rows is None else array[rows]
    view.flags.writeable = False
    return view


def _compiled_types(annotation: Any) -> list[types.Type]:
    """What an annotation says to Numba: one type, or those of every member of a union."""
    if annotation in _SCALARS:
        return [_SCALARS[annotation]]
    if get_origin(annotation) is Union:
        return [kind for member in get_args(annotation) for kind in _compiled_types(member)]
    if get_origin(annotation) is Annotated:
        array, *marks = annotation.__metadata__
        return [array.copy(readonly=WRITTEN not in marks)]
    if get_origin(annotation) is tuple:
        members = [_compiled_types(member)[0] for member in get_args(annotation)]
        return [types.BaseTuple.from_types(members)]  # type: ignore[no-untyped-call]
    fields = [_compiled_types(field)[0] for field in get_type_hints(annotation, include_extras=True).values()]
    return [types.BaseTuple.from_types(fields, annotation)]  # type: ignore[no-untyped-call]
