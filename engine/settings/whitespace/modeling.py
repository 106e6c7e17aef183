"""The settings of splits, models, calibration and the choice of a champion."""

from pydantic import Field

from engine.settings.frozen import Frozen, Share


class BoostingSettings(Frozen):
    """Gradient-boosted trees. The grid is every pair of `leaves` and `leaf_rows`."""

    trees: int = Field(150, ge=1, le=5000, description="Trees of a model.")
    members: int = Field(
        3, ge=1, le=50, description="Such models whose log odds are averaged: each draws rows and features anew."
    )
    learning_rate: float = Field(0.06, gt=0, le=1, description="Share of each tree that is added.")
    leaves: tuple[int, ...] = Field((15,), min_length=1, description="Leaves of a tree, to choose from.")
    leaf_rows: tuple[int, ...] = Field((100, 300), min_length=1, description="Least rows of a leaf, to choose from.")
    feature_share: float = Field(0.3, gt=0, le=1, description="Features that a tree may use, drawn anew for each.")
    row_share: float = Field(0.8, gt=0, le=1, description="Rows that a tree is grown on, drawn anew for each.")
    ridge: float = Field(10.0, ge=0, description="Penalty on the squared values of leaves.")
    bins: int = Field(63, ge=8, le=255, description="Values of a feature that are told apart.")


class LinearSettings(Frozen):
    """Logistic regression with an elastic net. The grid is every pair of the two tuples."""

    inverse_penalties: tuple[float, ...] = Field(
        (0.003,), min_length=1, description="Inverse strengths of the penalty, to choose from."
    )
    l1_shares: tuple[float, ...] = Field(
        (0.2,), min_length=1, description="Shares of the penalty on absolute values, to choose from."
    )
    iterations: int = Field(20, ge=10, le=100_000, description="Passes over the rows after which fitting ends.")
    tolerance: float = Field(1e-3, gt=0, lt=1, description="Change of coefficients at which fitting ends.")


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
    boosting: BoostingSettings = BoostingSettings()
    own_boosting: BoostingSettings = BoostingSettings(trees=60, leaves=(7,), leaf_rows=(40,), ridge=30.0)
    linear: LinearSettings = LinearSettings()
    own_linear: LinearSettings = LinearSettings()
    monotone_method: str = Field(
        "basic",
        pattern="^(basic|intermediate|advanced)$",
        description="How trees keep to a direction: basic, intermediate or advanced.",
    )
    min_variance: float = Field(1e-12, ge=0, description="A feature that varies no more than this is dropped.")
    max_correlation: float = Field(
        0.995, gt=0, le=1, description="Of two features that go together more closely than this the later is dropped."
    )
    suspicious_auc: Share = Field(
        0.995, description="A feature that alone ranks buyers this well is dropped and reported as a leak."
    )
    suspicious_words: tuple[str, ...] = Field(
        ("future", "label", "bought_in_division", "target"),
        description="A feature with such a word in its name is dropped and reported as a leak.",
    )
    most_features: int = Field(
        400, ge=5, le=2000, description="Features of a model at most: those that trees gain most from on early rows."
    )
    max_overfit: float = Field(
        0.05, gt=0, le=1, description="AUC on seen rows above that on unseen ones from which a model is made simpler."
    )
    overfit_loss: float = Field(
        0.001,
        ge=0,
        le=1,
        description="Mean average precision over rolling origins that the simpler model may lose and be preferred.",
    )
    isotonic_from_positives: int = Field(
        1000,
        ge=10,
        description="Buyers in the calibration rows from which isotonic regression calibrates, else Platt.",
    )
    calibration_half_life_months: int = Field(
        6,
        ge=1,
        le=120,
        description="Rows of a cutoff so much older count half when new days are calibrated.",
    )
    calibration_bins: int = Field(10, ge=2, le=100, description="Bins of as many rows each in a reliability table.")
    heuristic_features: tuple[str, ...] = Field(
        ("neighbours__div__owner_share__24m", "popularity__div__buyer_rate__12m"),
        description="What stands in for a chance where nothing can be learned: the first of these that is known.",
    )
    sample_rows: int = Field(500, ge=1, le=5000, description="Training rows of a division kept with their features.")
    bootstrap_replicates: int = Field(
        200,
        ge=50,
        le=100_000,
        description="Draws of customers behind the standard error that a champion must exceed.",
    )
