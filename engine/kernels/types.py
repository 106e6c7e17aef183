"""Types of kernel arguments, as annotations that say what `compiling` compiles for.

All arrays lie in memory row by row. An input may be read-only, as Polars hands its memory over: a kernel is compiled
once, whoever owns the memory. What a kernel writes is marked `Out`.
"""

from typing import Annotated, TypeVar

import numpy as np
from numba import types
from numpy.typing import NDArray

from engine.arrays import Codes, Flags, Floats, Integers, Marks

WRITTEN = "written"
"""Among the annotations of an array: a kernel writes it."""


def _array(kind: types.Type, dimensions: int) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


T = TypeVar("T")
Out = Annotated[T, WRITTEN]

Floats1D = Annotated[Floats, _array(types.float64, 1)]
Floats2D = Annotated[Floats, _array(types.float64, 2)]
Floats3D = Annotated[Floats, _array(types.float64, 3)]
Integers1D = Annotated[Integers, _array(types.int64, 1)]
Integers2D = Annotated[Integers, _array(types.int64, 2)]
Integers3D = Annotated[Integers, _array(types.int64, 3)]
Counts2D = Annotated[NDArray[np.int32], _array(types.int32, 2)]
Codes1D = Annotated[Codes, _array(types.uint16, 1)]
Codes2D = Annotated[Codes, _array(types.uint16, 2)]
Days1D = Annotated[NDArray[np.int32], _array(types.int32, 1)]
Seeds1D = Annotated[NDArray[np.uint64], _array(types.uint64, 1)]
Flags1D = Annotated[Flags, _array(types.uint8, 1)]
Flags2D = Annotated[Flags, _array(types.uint8, 2)]
Marks1D = Annotated[Marks, _array(types.boolean, 1)]
Marks2D = Annotated[Marks, _array(types.boolean, 2)]
