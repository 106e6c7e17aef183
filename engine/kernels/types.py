"""Types of kernel arguments. An input may be read-only, as Polars hands its memory over; an output never is.

Kernels are compiled for these signatures alone: one compilation, whoever owns the memory.
"""

from numba import types


def given(kind: types.Type, dimensions: int) -> types.Array:
    """A contiguous array that a kernel only reads."""
    return types.Array(kind, dimensions, "C", readonly=True)


def written(kind: types.Type, dimensions: int) -> types.Array:
    """A contiguous array that a kernel writes."""
    return types.Array(kind, dimensions, "C")


flag = types.boolean
byte = types.uint8
whole = types.int64
day = types.int32
seed = types.uint64
single = types.float32
real = types.float64
nothing = types.void
two_wholes = types.UniTuple(whole, 2)  # type: ignore[no-untyped-call]

series_in, table_in = given(real, 1), given(real, 2)
series_out, table_out = written(real, 1), written(real, 2)
bytes_in, bytes_out = given(byte, 2), written(byte, 2)
wholes_in, wholes_out = given(whole, 1), written(whole, 1)
