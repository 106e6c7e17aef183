"""The settings of splits, models, calibration and the choice of a champion."""

from pydantic import Field

from engine.settings.frozen import Frozen


class ModelSettings(Frozen):
    """How models are trained, calibrated and chosen."""

    seed: int = Field(42, ge=0, description="Another seed splits and draws otherwise.")
    folds: int = Field(3, ge=2, le=10, description="Groups of customers that take turns at validating.")
    purge_days: int = Field(45, ge=0, le=365, description="Days between a training label and what is validated.")
    pooled_below_positives: int = Field(
        100, ge=1, description="A division with fewer buyers to learn from shares the pooled model."
    )
    top_k_percents: tuple[int, ...] = Field((5, 10, 20), description="Shares of a list that are measured, percent.")
    safe_divisions: tuple[str, ...] = Field((), description="Divisions that are trained without risky features.")
