"""Smoke: settings with which everything is done on a small company within a minute or two."""

from typing import Any, Final

SETTINGS: Final[dict[str, Any]] = {"whitespace.gauntlet.permutations": 99}
"""As few shuffles of labels as can tell a chance of one in a hundred; everything else as by default."""
