"""Arrays by what they hold, whatever their number of dimensions."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]
Flags = NDArray[np.uint8]
"""Small whole numbers: 0 and 1, codes, bits."""
Codes = NDArray[np.uint16]
"""Numbers in two bytes each, see `engine.kernels.packed`."""
Rows = slice | Integers
"""Which rows: neighbouring ones, or those of these numbers."""
Marks = NDArray[np.bool_]
