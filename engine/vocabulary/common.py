"""The words that every desk shares."""

from typing import Final

TIE_TOLERANCE: Final = 1e-9
"""Two computed numbers closer than this share of the larger one are the same number."""

DOLLARS: Final = "$"
"""What stands before an amount of money where nothing else is said."""
