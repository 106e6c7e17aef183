"""Smoke: settings with which everything is done on a small company within a minute or two."""

from typing import Any, Final

SETTINGS: Final[dict[str, Any]] = {
    "whitespace.gauntlet.permutations": 99,
    "whitespace.labels.population": "all",
    "whitespace.modeling.most_features": 100,
}
"""As few shuffles of labels as can tell a chance of one in a hundred; everyone is judged, owners too, because of 600
customers too few buy for the first time to tell a leak from noise; models take the hundred leading features. All else
is as by default."""
