"""The settings of ranking."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.settings.frozen import Amount, Frozen, Share

Weights = tuple[Amount, Amount, Amount, Amount]
Mode = Literal["top_percent", "per_rep", "hybrid", "hybrid_segment"]


class ValueSettings(Frozen):
    """What a purchase in a division is worth, learned from earlier buyers."""

    size_feature: str = Field(
        "rfm__all__gp_sum__12m", description="Feature that says how large a customer is, in money."
    )
    cap_quantile: float = Field(
        0.95, gt=0.5, lt=1, description="Larger purchases, and larger expectations, are cut to this quantile."
    )
    min_buyers: int = Field(20, ge=2, description="A division with fewer buyers is cut at the quantile of all.")
    outlier_scales: float = Field(
        1.35, gt=1, le=10, description="Residuals beyond so many scales count linearly when size is fitted (Huber)."
    )
    significant_digits: int = Field(
        2, ge=1, le=9, description="Digits of a division's mean that are kept; more would only be noise."
    )


class BlendSettings(Frozen):
    """The compatible score: a weighted sum of four percentiles."""

    weights: tuple[float, float, float, float] = Field(
        (0.60, 0.20, 0.10, 0.10), description="Weights of chance, basket lift, similarity to owners and money."
    )
    normalize: Literal["percentile", "pooled"] = Field(
        "percentile", description="Percentiles within a division, or over all of them."
    )
    lift_feature: str = Field("mb_lift_max_lag60d", description="Feature that is the basket lift.")
    similarity_feature: str = Field(
        "als__div__owner_likeness__12m", description="Feature that is the likeness to owners."
    )
    assets_similarity_feature: str = Field(
        "als_assets__div__owner_likeness__12m", description="Feature that is the likeness to owners by assets."
    )
    als_blend_weights: tuple[Amount, Amount] = Field(
        (0.5, 0.5),
        description="Weights of likeness by purchases and by assets where both are known; what is known alone counts"
        " whole.",
    )
    backfill_feature: str = Field(
        "ppmi__div__owner_likeness__12m", description="Likeness that stands in where the first is too rarely known."
    )
    coverage_threshold: float = Field(
        0.30, gt=0, le=1, description="A signal that fewer of the rows have gets a smaller weight."
    )
    segment_columns: tuple[str, ...] = Field(
        ("industry", "size_bin"), description="What parts customers into cells with weights of their own."
    )
    segment_min_rows: int = Field(
        250, ge=1, description="Rows that a cell's coverage needs to outweigh that of its division."
    )
    grade_shares: tuple[float, float, float] = Field(
        (0.1, 0.3, 0.6), description="Shares of the list, from the best, down to which the grade is A, B and C."
    )

    @model_validator(mode="after")
    def _something_is_blended(self) -> Self:
        if not any(self.als_blend_weights):
            raise ValueError("als_blend_weights are both 0; let one of them be above 0")
        return self


class EligibilitySettings(Frozen):
    """Who is not called, and who is called later."""

    owned_months: int = Field(24, ge=1, le=240, description="Who bought in the division so recently owns it.")
    recent_contact_days: int = Field(21, ge=0, le=365, description="Who was contacted so recently is left alone.")
    served_regions: tuple[str, ...] = Field(
        (), description="Regions that are served; a customer of another is left out. Empty: all are."
    )
    cooldown_days: int = Field(30, ge=0, le=365, description="A list this recent counts as shown already.")
    cooldown_factor: float = Field(
        0.75, gt=0, le=1, description="What was shown and not acted on counts only so much."
    )


class CapacitySettings(Frozen):
    """How many can be called, and how the calls may be spread."""

    mode: Mode = Field(
        "top_percent",
        description="A share of the candidates, so many a rep, or the share in turns over divisions or segments.",
    )
    capacity_percent: float = Field(10, gt=0, le=100, description="Share of the candidates that can be called.")
    accounts_per_rep: int = Field(25, ge=1, le=100_000, description="Calls of a rep, where reps set the capacity.")
    division_share_cap: float = Field(0.6, gt=0, le=1, description="Largest share of the calls for one division.")
    rep_share_cap: float = Field(1.0, gt=0, le=1, description="Largest share of the calls for one rep.")
    region_share_cap: float = Field(1.0, gt=0, le=1, description="Largest share of the calls for one region.")
    per_customer: int = Field(3, ge=1, le=1000, description="Divisions that one customer is called about at most.")
    segment_minimum_shares: tuple[float, float, float] = Field(
        (0.0, 0.0, 0.0), description="Least shares of the calls for warm, cold and prospect customers."
    )


class WhatIfSettings(Frozen):
    """Alternatives to the list that stands, each of which is selected and told in money."""

    division_share_caps: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        (0.2, 0.4, 0.6, 0.8, 1.0),
        max_length=12,
        description="Caps of a division's share, beside the one that stands.",
    )
    capacity_factors: tuple[Annotated[float, Field(gt=0, le=10)], ...] = Field(
        (0.5, 1.5), max_length=6, description="How many times as large a list is tried, beside the one that stands."
    )
    weights: tuple[Weights, ...] = Field(
        ((1.0, 0.0, 0.0, 0.0), (0.4, 0.2, 0.2, 0.2), (0.25, 0.25, 0.25, 0.25)),
        max_length=12,
        description="Weights of the blended score that a list is ranked by, under the cap and capacity that stand.",
    )


class HoldoutSettings(Frozen):
    """Candidates that are left uncalled at random, so that what calls add can be told."""

    share: float = Field(0.05, ge=0, lt=0.5, description="Share of the eligible that is held out; 0 for none.")
    seed: int = Field(7, ge=0, description="Another seed holds out others.")


class ChallengerSettings(Frozen):
    """A rival score, learned from the realised outcomes of earlier cutoffs."""

    enabled: bool = Field(True, description="Train it, publish its score beside, and compare it.")
    cutoffs: int = Field(3, ge=1, le=20, description="Latest cutoffs on which it is compared.")
    inverse_penalty: float = Field(1.0, gt=0, le=1e6, description="Inverse strength of its penalty on weights.")


class FairnessSettings(Frozen):
    """How selection and success are compared between groups of customers."""

    columns: tuple[str, ...] = Field(
        ("industry", "size_bin", "region", "segment"), description="What customers are grouped by."
    )
    k_percents: tuple[float, ...] = Field((5, 10, 20), description="Lengths of lists that are compared, percent.")
    min_rows: int = Field(50, ge=1, description="Smaller groups are shown together.")
    gap: Share = Field(0.05, description="Difference from all that is flagged, where its interval excludes 0.")


class ExplanationSettings(Frozen):
    """The sentence and the reason codes of a recommendation."""

    max_characters: int = Field(149, ge=40, le=500, description="Longest sentence.")
    drivers: int = Field(2, ge=1, le=5, description="Reasons that a sentence names.")
    codes: int = Field(5, ge=1, le=50, description="Reasons that are listed beside it.")
    guarded_words: tuple[str, ...] = Field(
        (
            "age", "birth", "church", "citizen", "disab", "ethnic", "faith", "gender", "health", "income", "marital",
            "medical", "nationality", "orientation", "politic", "pregnan", "race", "religio", "sex", "union",
        ),
        description="A reason with a word that begins so is never told.",
    )  # fmt: skip


class RankingSettings(Frozen):
    """Whom to call, within which capacity."""

    rank_by: Literal["value", "score", "challenger"] = Field(
        "value",
        description="Expected money, the blended score, or the challenger where it was proved better.",
    )
    value: ValueSettings = ValueSettings()
    blend: BlendSettings = BlendSettings()
    eligibility: EligibilitySettings = EligibilitySettings()
    capacity: CapacitySettings = CapacitySettings()
    what_if: WhatIfSettings = WhatIfSettings()
    holdout: HoldoutSettings = HoldoutSettings()
    challenger: ChallengerSettings = ChallengerSettings()
    fairness: FairnessSettings = FairnessSettings()
    explanation: ExplanationSettings = ExplanationSettings()
    recency_feature: str = Field(
        "rfm__all__recency_days__life", description="Feature that says how long ago a customer bought."
    )
    replicates: int = Field(1000, ge=100, le=100_000, description="Draws of customers behind an interval.")
    level: Share = Field(0.95, description="Level of intervals.")
    stable_overlap: Share = Field(0.7, description="Overlap with the list before, below which a look is advised.")
