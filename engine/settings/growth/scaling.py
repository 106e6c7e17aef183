"""The settings of the growth desk, a class a stage, and the two profiles they can start from."""

from typing import Any, Literal

from pydantic import Field, model_validator

from engine.settings.frozen import DeskSettings, Frozen, RunSettings

PROFILES: dict[str, dict[str, dict[str, object]]] = {
    "default": {},
    "reference": {
        "inputs": {"sales_column": "current_spu_count"},
        "elasticity": {"max_dampening": 0.0},
        "sell_through": {"max_boost": 0.0},
    },
}
"""What a profile sets where the user says nothing. `reference`: no elasticity, no boost, one sales column."""


class InputSettings(Frozen):
    """Which tables and columns are read."""

    sales_column: Literal["store_sales", "current_spu_count"] = Field(
        "store_sales",
        description="What a store sells; store_sales falls back to current_spu_count where it is empty.",
    )
    duplicate_sales: Literal["refuse", "sum"] = Field(
        "refuse", description="Several sales rows of a store and SPU: refuse them, or add them up."
    )
    allow_missing_step9: bool = Field(False, description="Run without Step 9; the trace then says so.")
    allow_missing_step10: bool = Field(False, description="Run without Step 10; the trace then says so.")
    require_step11_candidate: Literal[True] = Field(
        True, description="Only what Step 11 marked is scaled. It cannot be switched off: the boundary is the method."
    )
    traffic_window_periods: int = Field(1, ge=1, le=24, description="Half months whose traffic is averaged by store.")


class BenchmarkSettings(Frozen):
    """What a store is compared with."""

    quantile: float = Field(0.75, gt=0.5, lt=1, description="Quantile of the peers' sales that is the benchmark.")
    min_peers: int = Field(5, ge=1, le=1000, description="Fewer peers than this give no benchmark.")
    peers: Literal["carriers", "all_stores"] = Field(
        "carriers", description="Peers are the cluster's stores that sell the SPU, or all, the others with 0."
    )
    own_store: Literal["included", "left_out"] = Field(
        "included", description="Whether a store is among its own peers; left_out gives each store its own benchmark."
    )
    shrinkage_peers: float = Field(
        0, ge=0, le=1000, description="Peers that a cluster's benchmark needs to outweigh the chain's; 0 is off."
    )


class GapSettings(Frozen):
    """When a gap is worth closing, and how much of it is closed."""

    min_ratio: float = Field(0.10, gt=0, lt=1, description="Gaps below this share of the benchmark are left alone.")
    base_factor: float = Field(0.5, gt=0, le=1, description="Share of the gap that is closed before factors.")


class AffinitySettings(Frozen):
    """How well a store's visitors fit an SPU made for women or for men."""

    high_alignment: float = Field(
        0.6, gt=0.5, lt=1, description="Above this share of fitting visitors it is boosted."
    )
    low_alignment: float = Field(
        0.4, gt=0, lt=0.5, description="Below this share of fitting visitors it is dampened."
    )
    max_boost: float = Field(0.2, ge=0, le=1, description="Boost when every visitor fits.")
    max_dampening: float = Field(0.3, ge=0, lt=1, description="Dampening when no visitor fits.")


class ElasticitySettings(Frozen):
    """Dampening where the stores of a cluster differ by more than chance; it measures dispersion, not response."""

    max_dampening: float = Field(0.3, ge=0, lt=1, description="Dampening of the most dispersed peers.")
    calm_cv: float = Field(0.5, ge=0, le=10, description="Up to this variation beyond chance nothing is dampened.")
    cv_span: float = Field(1.0, gt=0, le=10, description="Further variation that earns the whole dampening.")


class SellThroughSettings(Frozen):
    """Boost where what was delivered was also sold."""

    max_boost: float = Field(0.10, ge=0, le=1, description="Boost when everything was sold.")
    neutral_rate: float = Field(0.5, ge=0, lt=1, description="Up to this sell-through nothing is boosted.")


class ConflictSettings(Frozen):
    """What other steps decided about the same store and SPU."""

    step9_factor: float = Field(0.5, gt=0, le=1, description="Factor where Step 9 already raises the store-SPU.")
    block_if_step10_reduced: Literal[True] = Field(
        True, description="What Step 10 reduces is not scaled. It cannot be switched off."
    )
    step10_lookback_periods: int = Field(
        1, ge=0, le=24, description="Reductions of the run's half month and so many before it block."
    )


class CapSettings(Frozen):
    """Hard limits of every quantity. They control risk; they change no strategy."""

    current_share: float = Field(
        0.50, gt=0, le=10, description="Against over-scaling: at most this share of the current quantity."
    )
    median_share: float = Field(
        0.30, gt=0, le=10, description="Within the peers' range: at most this share of the cluster's median."
    )
    absolute_units: float = Field(
        50, gt=0, le=100_000, description="Practical limit: at most so many units in one store."
    )
    min_units: float = Field(1, gt=0, le=1000, description="Below so many units it is noise, and nothing is moved.")
    zero_current: Literal["skip_cap", "strict"] = Field(
        "skip_cap", description="A store that holds none: leave the cap on current out, or let it be 0."
    )


class TierSettings(Frozen):
    """The names of quantities."""

    minimal_units: float = Field(5, gt=0, description="Up to so many units an adjustment is minimal.")
    moderate_units: float = Field(15, gt=0, description="Up to so many units it is moderate, above aggressive.")

    @model_validator(mode="after")
    def _edges_ascend(self) -> "TierSettings":
        if self.minimal_units >= self.moderate_units:
            raise ValueError(f"minimal_units {self.minimal_units} is not below moderate_units {self.moderate_units}")
        return self


class NewsvendorSettings(Frozen):
    """The newsvendor quantity, from margin and leftover cost, shown beside the quantity."""

    is_asked: bool = Field(True, description="Whether recommendations carry the newsvendor quantity.")
    margin_share: float = Field(0.5, gt=0, lt=1, description="Share of the price lost with a sale that is missed.")
    leftover_share: float = Field(0.3, gt=0, le=1, description="Share of the price lost with a unit left over.")
    least_dispersion: float = Field(
        0.01, gt=0, le=1, description="Least variance beyond chance, per unit of the mean."
    )

    @property
    def critical_ratio(self) -> float:
        """How sure one has to be to sell a unit before it is ordered."""
        return self.margin_share / (self.margin_share + self.leftover_share)


class TraceSettings(Frozen):
    """How a decision is explained."""

    style: Literal["extended", "seed"] = Field(
        "extended", description="Five lines as first specified (seed), or with every factor and the cap (extended)."
    )
    explained_rows: int = Field(
        200_000,
        ge=0,
        description="Up to so many recommendations are published with their texts and as CSV; of more, on demand.",
    )


class BacktestSettings(RunSettings):
    """How the rows of a run are compared with others alike. Grain: one call."""

    band_share: float = Field(
        0.1, gt=0, le=10, description="Rows are alike when their sales lie in one band so wide, by the benchmark."
    )
    min_others: int = Field(3, ge=2, le=1000, description="Rows that were not scaled, needed beside a scaled one.")
    interval_z: float = Field(1.96, gt=0, le=5, description="Half width of the interval in standard errors.")


class GrowthSettings(DeskSettings):
    """Everything a growth run is told. Grain: one run.

    >>> darkshelf.GrowthSettings().profile
    'default'
    """

    profile: Literal["default", "reference"] = Field("default", description="The defaults a run starts from.")
    inputs: InputSettings = InputSettings()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    gap: GapSettings = GapSettings()
    affinity: AffinitySettings = AffinitySettings()
    elasticity: ElasticitySettings = ElasticitySettings()
    sell_through: SellThroughSettings = SellThroughSettings()
    conflicts: ConflictSettings = ConflictSettings()
    caps: CapSettings = CapSettings()
    tiers: TierSettings = TierSettings()
    newsvendor: NewsvendorSettings = NewsvendorSettings()
    trace: TraceSettings = TraceSettings()

    @model_validator(mode="before")
    @classmethod
    def _start_from_profile(cls, given: Any) -> Any:
        """The profile's values lie under those that are given; an unknown profile is left to its own complaint."""
        if not isinstance(given, dict):
            return given
        tree = dict(given)
        for section, values in PROFILES.get(str(tree.get("profile", "default")), {}).items():
            own = tree.get(section, {})
            if isinstance(own, dict):
                tree[section] = {**values, **own}
        return tree
