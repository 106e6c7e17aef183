"""The settings of the gauntlet, and what may be waived."""

from pydantic import Field

from engine.settings.frozen import Amount, Frozen, Share
from engine.vocabulary.whitespace import Diagnosis


class GauntletSettings(Frozen):
    """The bounds of the checks."""

    strict: bool = Field(
        False, description="Fail a division that breaks a bound even where its buyers are too few to be sure."
    )
    deep: bool = Field(False, description="Check with every customer, fold and the champion itself; takes long.")
    diagnosis: Diagnosis = Field(
        "time_adjacency", description="What `diagnose` looks at: one of the checks that explain and do not gate."
    )
    max_error_chance: Share = Field(
        0.05, description="Chance that some division fails a check by noise alone, over all divisions together."
    )
    power: Share = Field(0.8, description="Chance to settle a breach with the positives that `low_power` names.")
    alike_orders_least: int = Field(5, ge=2, le=1000, description="Order lines below which ids are not compared.")
    shift_grid_days: tuple[int, ...] = Field(
        (7, 14, 28, 56), min_length=1, description="Days by which features are made staler."
    )
    shift_max_auc_gain: Amount = Field(0.01, description="Rise of AUC with staler features that fails.")
    shift_max_lift_gain: Amount = Field(
        0.25, description="Rise of lift at 10 percent with staler features that fails."
    )
    moved_days: int = Field(14, ge=1, le=180, description="Days by which cutoffs and labels move back together.")
    permutations: int = Field(999, ge=99, le=99_999, description="Times that labels are shuffled.")
    permutation_max_p: Share = Field(0.01, description="Chance of so good a score without any signal, at most.")
    permutation_min_gap: Amount = Field(0.05, description="AUC above that of shuffled labels, at least.")
    permutation_band: Share = Field(0.99, description="Where the AUC of shuffled labels lies unless splits leak.")
    deep_permutations: int = Field(99, ge=99, le=99_999, description="Shuffles of the champion itself, when deep.")
    small_rows: int = Field(
        1000, ge=100, le=1_000_000, description="Rows of a division that the small estimator learns from."
    )
    small_pooled_rows: int = Field(
        5000, ge=100, le=1_000_000, description="Rows of all divisions together that it learns from."
    )
    small_trees: int = Field(10, ge=1, le=1000, description="Trees of the small estimator.")
    small_leaves: int = Field(7, ge=2, le=255, description="Leaves of each of its trees.")
    small_feature_share: float = Field(0.2, gt=0, le=1, description="Share of the features that a tree may use.")
    topk_list: tuple[int, ...] = Field((10, 25, 50), description="Features that the top families take with them.")
    ablation_max_auc_gain: Amount = Field(0.01, description="Rise of AUC without top families that is suspect.")
    ablation_max_lift_gain: Amount = Field(0.25, description="Rise of lift without top families that is suspect.")
    repro_customers: int = Field(
        200, ge=20, le=1_000_000, description="Customers that are computed twice; every one when deep."
    )
    repro_max_auc_change: Amount = Field(0.002, description="Difference in AUC between two computations.")
    repro_max_lift_change: Amount = Field(0.05, description="Difference in lift between two computations.")
    stability_top: int = Field(50, ge=1, le=1000, description="Top features whose importance is followed.")
    stability_subsets: int = Field(5, ge=2, le=100, description="Draws of customers that importance is computed on.")
    stability_rows: int = Field(5000, ge=100, le=1_000_000, description="Rows that the model of an era learns from.")
    recent_days: int = Field(60, ge=1, le=365, description="A feature of events so near the cutoff is looked at.")
    tail_mask_days: tuple[int, ...] = Field(
        (30, 60), min_length=1, description="Days before the cutoff that are hidden to see what a feature loses."
    )
    early_days: tuple[int, ...] = Field(
        (14, 30), min_length=1, description="Days after the cutoff within which first purchases are counted."
    )
    early_max_ratio: float = Field(
        2.0, ge=1, description="First purchases in the first of these periods, of what an even spread would bring."
    )
    min_auc: float = Field(0.70, ge=0.5, lt=1, description="AUC that a model must reach out of time.")
    max_relative_error: Amount = Field(0.25, description="Calibration error, of the share of buyers, at most.")


class WaiverSettings(Frozen):
    """What is switched off, for forensics; every waiver is recorded and shown."""

    safe: bool = Field(False, description="Train safe divisions on every feature all the same.")
    purge: bool = Field(False, description="Leave no days between training and validation labels.")
    permutation: bool = Field(False, description="Leave the permutation check out.")
    shift_grid: bool = Field(False, description="Leave the shift grid out.")
