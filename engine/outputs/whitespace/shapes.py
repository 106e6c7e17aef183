"""The published files of a whitespace run, by name. Tables are of all divisions; an empty division is all of them.

Names with a division or a day in them are made by functions; `<div>` in a pattern is the slug of a division.
"""

import datetime as dt
from typing import Final

METRICS: Final = "metrics.parquet"
RELIABILITY: Final = "reliability.parquet"
GAINS: Final = "gains.parquet"
YIELDS: Final = "yields.parquet"
IMPORTANCE: Final = "importance.parquet"
CHECKS: Final = "checks.parquet"
OFFENDING: Final = "offending.parquet"
FEATURES: Final = "features.parquet"
SCORES: Final = "scores.parquet"
HORIZON: Final = "horizon.parquet"
ABLATION: Final = "ablation.parquet"
SCENARIOS: Final = "scenarios.parquet"
SEGMENTS: Final = "segments.parquet"
DRIFT: Final = "drift.parquet"
PREQUENTIAL_CHECKS: Final = "prequential_checks.parquet"
ABLATION_CHECKS: Final = "ablation_checks.parquet"
FORWARD_CHECKS: Final = "forward_checks.parquet"
CARDS: Final = "cards"
GATE: Final = "gate.json"

ALL_DIVISIONS: Final = ""
"""Stands for every division together where a table has a division."""


def ranking_file(cutoff: dt.date) -> str:
    """Every candidate as of a day, ranked."""
    return f"whitespace_{cutoff}.parquet"


def holdout_file(cutoff: dt.date) -> str:
    """The eligible of a day, and which of them were held out."""
    return f"whitespace_holdout_{cutoff}.parquet"


def metrics_file(cutoff: dt.date) -> str:
    """What is known about the ranking of a day."""
    return f"whitespace_metrics_{cutoff}.json"


def card_file(name: str) -> str:
    """The model card of a division, by its slug."""
    return f"{CARDS}/model_card_{name}.json"
