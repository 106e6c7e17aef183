"""Calling machine code of a kernel: what its arguments become, and what becomes of its answer.

Compiled by Numba, a kernel is a function of C: `int kernel(answer*, fault**, words …)`. A number is a word; an array
is who owns its memory and which Python object it is (nobody and none, here: whoever calls keeps it), its size, the
size of an item, its address, its shape and its strides; a record is the words of its fields. What it returns is 0
unless there is a fault.
"""

import ctypes
import operator
import pickle
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np

from engine.kernels.types import WRITTEN, Array

Words = Sequence[Any]
Take = Callable[[Any], Words]

_NUMBERS: dict[Any, tuple[Any, Callable[[Any], Any]]] = {
    bool: (ctypes.c_bool, bool),
    int: (ctypes.c_int64, operator.index),
    float: (ctypes.c_double, float),
}


class _Fault(ctypes.Structure):
    """What a kernel raised: pickled, its class, its arguments and where."""

    _fields_ = (("pickled", ctypes.c_void_p), ("size", ctypes.c_int32))


class Call:
    """A kernel at an address, for the types of its answer and of its arguments as annotated."""

    def __init__(self, address: int, returned: Any, *arguments: Any) -> None:
        kinds, self._take = _record(arguments)
        self._room, self._answer = _answer(returned)
        prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *kinds)
        self._machine_code = prototype(address)

    def takes(self, arguments: tuple[Any, ...]) -> bool:
        """Are these of its types?"""
        try:
            self._take(arguments)
        except TypeError:
            return False
        return True

    def __call__(self, arguments: tuple[Any, ...]) -> Any:
        """The answer; other threads run meanwhile. Raises TypeError for other types, and what the kernel raises."""
        answer, fault = self._room(), ctypes.POINTER(_Fault)()
        if self._machine_code(ctypes.byref(answer), ctypes.byref(fault), *self._take(arguments)):
            raised = fault.contents
            kind, told, _ = pickle.loads(ctypes.string_at(raised.pickled, raised.size))
            raise kind(*told)
        return self._answer(answer)


def _argument(annotation: Any) -> tuple[list[Any], Take]:
    """Kinds of the words of an argument, and how it becomes them."""
    if annotation in _NUMBERS:
        kind, number = _NUMBERS[annotation]
        return [kind], lambda value: (number(value),)
    if get_origin(annotation) is Annotated:
        array, *marks = annotation.__metadata__
        kinds = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_void_p]
        return kinds + [ctypes.c_ssize_t] * (2 * array.dimensions), _array(array, is_written=WRITTEN in marks)
    fields = get_type_hints(annotation, include_extras=True).values()
    return _record(fields)


def _record(annotations: Any) -> tuple[list[Any], Take]:
    parts = [_argument(annotation) for annotation in annotations]
    takes = [take for _, take in parts]

    def words(record: Any) -> Words:
        if len(record) != len(takes):
            raise TypeError(f"takes {len(takes)} arguments or fields, not {len(record)}")
        return [word for take, field in zip(takes, record, strict=True) for word in take(field)]

    return [kind for kinds, _ in parts for kind in kinds], words


def _array(kind: Array, *, is_written: bool) -> Take:
    items, dimensions = np.dtype(kind.items), kind.dimensions

    def words(array: Any) -> Words:
        is_right = isinstance(array, np.ndarray) and array.dtype == items and array.ndim == dimensions
        if not is_right or not array.flags.c_contiguous or (is_written and not array.flags.writeable):
            raise TypeError(_wrong(array, kind, is_written=is_written))
        return (None, None, array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides)

    return words


def _wrong(array: Any, kind: Array, *, is_written: bool) -> str:
    wanted = f"takes {kind.dimensions} dimensions of {kind.items}, row by row{', to be written' * is_written}"
    if not isinstance(array, np.ndarray):
        return f"{wanted}; given a {type(array).__name__}"
    lies = "row by row" if array.flags.c_contiguous else "otherwise"
    kept = "" if array.flags.writeable else ", read-only"
    return f"{wanted}; given {array.ndim} dimensions of {array.dtype}, {lies}{kept}"


def _answer(annotation: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Room for what a kernel answers, and how it is read."""
    if annotation is type(None):
        return ctypes.c_void_p, lambda _: None
    if annotation in _NUMBERS:
        return _NUMBERS[annotation][0], operator.attrgetter("value")
    members = get_args(annotation) or tuple(get_type_hints(annotation, include_extras=True).values())
    fields = [(f"field_{place}", _NUMBERS[member][0]) for place, member in enumerate(members)]
    room = type("Answer", (ctypes.Structure,), {"_fields_": fields})
    make = tuple if get_origin(annotation) is tuple else annotation._make
    return room, lambda answer: make(getattr(answer, name) for name, _ in fields)
