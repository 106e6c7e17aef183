"""The settings of the default producers, a class a step."""

from pydantic import Field, model_validator

from engine.settings.frozen import Frozen, RunSettings


class ClusterSettings(Frozen):
    """Stores alike in what and how much they sell, when no clusters are given."""

    fewest: int = Field(2, ge=2, le=200, description="Fewest clusters tried.")
    most: int = Field(12, ge=2, le=200, description="Most clusters tried.")
    min_stores: int = Field(
        8, ge=2, le=1000, description="A number of clusters leaving one with fewer is not chosen."
    )
    volume_weight: float = Field(1.0, ge=0, le=10, description="Weight of the volume beside one category's share.")
    starts: int = Field(10, ge=1, le=100, description="Starts of k-means per number of clusters; the best counts.")
    seed: int = Field(7, ge=0, description="Another seed starts elsewhere.")

    @model_validator(mode="after")
    def _range_ascends(self) -> "ClusterSettings":
        if self.fewest > self.most:
            raise ValueError(f"fewest {self.fewest} is more than most {self.most}")
        return self


class ProtectSettings(Frozen):
    """Step 9: what stores may not fall below."""

    quantile: float = Field(0.10, gt=0, lt=0.5, description="Quantile of a cluster's quantities that is the minimum.")
    min_rows: int = Field(5, ge=1, le=1000, description="Fewer stores than this give no such quantile.")
    least_units: float = Field(1.0, gt=0, description="The minimum where no quantile is known.")
    sell_through_share: float = Field(
        0.5, ge=0, le=1, description="This share of the cluster's median sell-through is a sign of demand."
    )
    baseline_share: float = Field(0.2, gt=0, le=10, description="Largest increase as a share of the sales.")
    core_subcategories: tuple[str, ...] = Field(
        ("直筒裤", "束脚裤", "锥形裤", "straight-leg", "jogger", "tapered"),
        description="Subcategories that are always looked at.",
    )


class ReduceSettings(Frozen):
    """Step 10: where too much lies."""

    max_cover_periods: float = Field(2.0, gt=0, le=24, description="More half months of cover than this is too much.")
    max_share: float = Field(0.4, gt=0, le=1, description="Largest reduction as a share of the current quantity.")
    max_core_share: float = Field(0.2, gt=0, le=1, description="The same for core subcategories.")
    min_units: float = Field(1.0, ge=0, description="Smaller reductions are left alone.")
    volatile_periods: int = Field(4, ge=2, le=24, description="Half months that volatility needs.")
    volatile_cv: float = Field(1.5, gt=0, le=10, description="Variation beyond chance from which sales are volatile.")


class NominateSettings(Frozen):
    """Step 11: what may grow."""

    min_cluster_stores: int = Field(8, ge=2, le=1000, description="Smaller clusters are left alone.")
    min_selling_stores: int = Field(5, ge=1, le=1000, description="SPUs that fewer of the cluster's stores sell are.")
    top_rank: float = Field(0.95, gt=0, le=1, description="Rank from which an SPU is a top performer of its cluster.")
    min_adoption: float = Field(0.70, ge=0, le=1, description="Share of the cluster's stores that have to sell it.")
    min_score: float = Field(0.15, ge=0, le=1, description="Rank times adoption has to reach this.")
    high_affinity: float = Field(0.7, gt=0, le=1, description="Affinity from which it is called high.")
    moderate_affinity: float = Field(0.4, ge=0, le=1, description="Affinity from which it is called moderate.")
    tolerated_mismatch: float = Field(0.30, ge=0, le=1, description="Difference of visitors that costs nothing.")
    mismatch_slope: float = Field(2.0, ge=0, description="Penalty per further difference of visitors.")
    max_penalty: float = Field(0.5, ge=0, le=1, description="Largest penalty.")
    score_weight: float = Field(0.4, ge=0, le=1, description="Weight of the opportunity in the tier score.")
    adoption_weight: float = Field(0.3, ge=0, le=1, description="Weight of the adoption in the tier score.")
    affinity_weight: float = Field(0.2, ge=0, le=1, description="Weight of the affinity in the tier score.")
    sell_through_weight: float = Field(0.1, ge=0, le=1, description="Weight of the sell-through in the tier score.")
    unknown_sell_through: float = Field(0.5, ge=0, le=1, description="Sell-through where it is not known.")
    high_tier: float = Field(0.70, gt=0, le=1, description="Tier score from which confidence is high.")
    medium_tier: float = Field(0.40, gt=0, le=1, description="Tier score from which confidence is medium.")


class ShelfSettings(Frozen):
    """What a night of the shelf desk says of growth."""

    star_ratio: float = Field(1.2, gt=1, le=10, description="Above this multiple of its expectation it is a star.")
    thin_cover_days: float = Field(14, gt=0, le=365, description="Below so many days of supply its cover is thin.")


class DiscoverSettings(RunSettings):
    """Everything the default producers are told. Grain: one call."""

    clusters: ClusterSettings = ClusterSettings()
    protect: ProtectSettings = ProtectSettings()
    reduce: ReduceSettings = ReduceSettings()
    nominate: NominateSettings = NominateSettings()
    shelf: ShelfSettings = ShelfSettings()
