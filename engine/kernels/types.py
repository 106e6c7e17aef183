"""Types of kernel arguments, as annotations that say what `compiling` compiles for.

All arrays lie in memory row by row. An input may be read-only, as Polars hands its memory over: a kernel is compiled
once, whoever owns the memory. What a kernel writes is marked `Out`.
"""

from typing import Annotated, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Codes, Flags, Floats, Integers, Marks

WRITTEN = "written"
"""Among the annotations of an array: a kernel writes it."""


class Array(NamedTuple):
    """What a kernel is told of an array: NumPy's name of its items, and how many dimensions they have."""

    items: str
    dimensions: int


T = TypeVar("T")
Out = Annotated[T, WRITTEN]

Floats1D = Annotated[Floats, Array("float64", 1)]
Floats2D = Annotated[Floats, Array("float64", 2)]
Floats3D = Annotated[Floats, Array("float64", 3)]
Integers1D = Annotated[Integers, Array("int64", 1)]
Integers2D = Annotated[Integers, Array("int64", 2)]
Integers3D = Annotated[Integers, Array("int64", 3)]
Counts2D = Annotated[NDArray[np.int32], Array("int32", 2)]
Codes1D = Annotated[Codes, Array("uint16", 1)]
Codes2D = Annotated[Codes, Array("uint16", 2)]
Days1D = Annotated[NDArray[np.int32], Array("int32", 1)]
Seeds1D = Annotated[NDArray[np.uint64], Array("uint64", 1)]
Flags1D = Annotated[Flags, Array("uint8", 1)]
Flags2D = Annotated[Flags, Array("uint8", 2)]
Marks1D = Annotated[Marks, Array("bool", 1)]
Marks2D = Annotated[Marks, Array("bool", 2)]
