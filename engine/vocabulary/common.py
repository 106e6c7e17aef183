"""The words that every desk shares."""

from typing import Final, Literal

TIE_TOLERANCE: Final = 1e-9
"""Two computed numbers closer than this share of the larger one are the same number."""

Grain = Literal["row", "change", "week"]
"""What a row of a table with days stands for: its day, all days until the next change, or a week."""

DOLLARS: Final = "$"
"""What stands before an amount of money where nothing else is said."""
