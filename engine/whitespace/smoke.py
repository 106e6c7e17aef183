"""Smoke: settings with which everything is done on a small company within a minute or two."""

from typing import Any, Final

SETTINGS: Final[dict[str, Any]] = {"whitespace.gauntlet.permutations": 99, "whitespace.labels.population": "all"}
"""As few shuffles of labels as can tell a chance of one in a hundred; and everyone is judged, owners too, because of
600 customers too few buy for the first time to tell a leak from noise. Everything else as by default."""
