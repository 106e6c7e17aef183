"""The settings of what is looked at over time: prequential evaluation, ablation, forward validation and drift."""

import datetime as dt

from pydantic import Field

from engine.settings.frozen import Amount, Frozen, Share


class PrequentialSettings(Frozen):
    """How a model that was frozen earlier is followed from month end to month end."""

    train_cutoff: dt.date | None = Field(
        None,
        description="Month end at which it is frozen, no label of its training ending later; the latest that leaves"
        " the months whole unless set.",
    )
    months: int = Field(6, ge=1, le=36, description="Months for which it is followed, unless quarterly.")
    quarterly: bool = Field(
        False,
        description="Follow it quarter by quarter up to the newest, from the first day on which it could be trained.",
    )
    retrain_months: int = Field(3, ge=1, le=24, description="Months after which the model beside it is fitted again.")
    percents: tuple[int, ...] = Field((10, 20, 50), min_length=1, description="Shares of the list, percent.")
    far_days: int = Field(60, ge=0, le=730, description="From so far a rise fails; nearer it warns.")
    max_brier_rise: Amount = Field(
        0.002, description="Rise of the Brier score from the first two month ends to the next two."
    )


class AblationSettings(Frozen):
    """How models without the last days are held against models with all features."""

    far_days: int = Field(90, ge=1, le=730, description="Days from the last training label to a far month, at least.")
    far_months: int = Field(3, ge=3, le=20, description="Newest far months that are held out.")
    max_loss: Amount = Field(
        0.005, description="AUC by which SAFE features may be better than all of them before it fails."
    )
    reliance: Amount = Field(
        0.01, description="AUC by which all features are better than SAFE ones from which that is a warning."
    )


class ForwardSettings(Frozen):
    """How the deployed model is held against what was bought later."""

    capacity_percents: tuple[int, ...] = Field((5, 10, 20), min_length=1, description="Shares of the list, percent.")
    accounts_per_rep: tuple[int, ...] = Field((10, 25), min_length=1, description="Calls of each rep.")
    max_cal_mae: Amount = Field(
        0.03, description="Calibration error up to which lists are made by expected money, else by chance."
    )
    min_prevalence: Share = Field(0.002, description="A smaller share of buyers is a warning.")
    max_prevalence: Share = Field(0.5, description="A larger share of buyers is a warning.")
    segment_columns: tuple[str, ...] = Field(
        ("industry", "industry_sub", "region", "size_bin", "segment"),
        min_length=1,
        description="What customers are grouped by; the first that parts them serves the hybrid lists.",
    )
    segment_min_rows: int = Field(50, ge=1, description="Smaller groups are not looked at.")
    segment_percent: int = Field(10, ge=1, le=100, description="Share of the list that groups are compared by.")
    segment_max_gap: Share = Field(
        0.05, description="Share of buyers by which a group may be caught less than all before it is flagged."
    )


class DriftSettings(Frozen):
    """What change since training is worth an alert."""

    bins: int = Field(10, ge=2, le=100, description="Quantile bins of a feature.")
    max_psi: Amount = Field(0.25, description="Population stability index beyond noise, at most.")
    max_ks: Share = Field(0.15, description="Kolmogorov-Smirnov distance of scores beyond noise, at most.")
    max_money_gap: Amount = Field(0.25, description="Distance from 1 of realised to expected money, at most.")
    max_domain_auc: float = Field(
        0.75, ge=0.5, le=1, description="AUC with which rows may be told from training rows."
    )
    domain_rows: int = Field(20_000, ge=100, le=10_000_000, description="Rows that are told apart, at most.")
    highlights: int = Field(20, ge=1, le=1000, description="Features that are named, the most drifted first.")


class HorizonSettings(Frozen):
    """How far a frozen model is followed, and how it is validated forward."""

    bootstrap_replicates: int = Field(1000, ge=100, le=100_000, description="Draws of customers behind an interval.")
    prequential: PrequentialSettings = PrequentialSettings()
    ablation: AblationSettings = AblationSettings()
    forward: ForwardSettings = ForwardSettings()
    drift: DriftSettings = DriftSettings()
