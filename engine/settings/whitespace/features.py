"""The settings of features."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from engine.settings.frozen import Frozen

Family = Literal[
    "windows",
    "recency",
    "lifecycle",
    "season",
    "trajectory",
    "cross_division",
    "diversity",
    "returns",
    "sku",
    "basket",
    "embeddings",
    "neighbours",
    "popularity",
    "encoders",
    "taste",
    "assets",
    "contacts",
    "firmographics",
    "missing",
]
"""The families of features, a file each."""

Months = Annotated[int, Field(ge=1, le=120)]
Days = Annotated[int, Field(ge=1, le=365)]


class FeatureSettings(Frozen):
    """Which features are computed, and over which windows."""

    families: tuple[Family, ...] = Field(
        get_args(Family), min_length=1, description="Families of features that are computed; the others are absent."
    )
    windows_months: tuple[Months, ...] = Field(
        (3, 6, 12, 24), min_length=1, max_length=6, description="Windows of sales, in months."
    )
    offset_days: tuple[Days, ...] = Field(
        (60,), max_length=3, description="The same windows also end so many days earlier."
    )
    half_lives_days: tuple[Days, ...] = Field(
        (30, 90, 180), description="Half-lives of the decay since the last order."
    )
    recency_lag_days: int = Field(
        30, ge=1, le=365, description="Recency is also told as of so many days before the cutoff."
    )
    winsor_share: float = Field(
        0.01, gt=0, lt=0.5, description="Share of customers at either end whose money is capped to the next one's."
    )
    log_ratio_limit: float = Field(5.0, gt=0, le=20, description="Growth ratios stay within this, in logarithms.")
    prior_lines: float = Field(
        5, gt=0, le=1000, description="Median order lines' worth of profit by which a share is drawn to its prior."
    )
    expected_weeks: int = Field(26, ge=1, le=520, description="Weeks ahead in which orders are expected.")
    season_prior_lines: float = Field(
        4, gt=0, le=1000, description="Order lines by which shares of quarters are drawn to even ones."
    )
    encoder_prior_customers: float = Field(
        50,
        gt=0,
        le=10_000,
        description="Customers' worth of belief in the overall rate behind an industry's or city's.",
    )
    wide_divisions: int = Field(
        12, ge=0, le=200, description="Most bought divisions whose sales have columns of their own."
    )
    named_skus: int = Field(17, ge=0, le=500, description="Most bought SKUs whose sales have columns of their own.")
    named_levels: int = Field(
        20, ge=0, le=200, description="Most common industries, regions, branches and sizes with columns of their own."
    )
    named_assets: int = Field(
        20, ge=0, le=200, description="Most owned products of assets with columns of their own."
    )
    representative_buckets: int = Field(
        8, ge=0, le=64, description="Buckets that representatives are hashed into: a person is no feature."
    )
    lift_support: int = Field(10, ge=1, le=10_000, description="Buyers a SKU needs before its lift counts.")
    lift_prior_owners: float = Field(
        5, gt=0, le=1000, description="Expected owners' worth of belief that a SKU says nothing."
    )
    lift_top: int = Field(10, ge=1, le=100, description="Largest lifts that are added up.")
    neighbours: int = Field(50, ge=1, le=1000, description="Most similar customers that are asked.")
    nearby: int = Field(20, ge=1, le=1000, description="Nearest customers on the map that are asked.")
    nearby_km: float = Field(5, gt=0, le=1000, description="Distance at which a near customer counts half.")
    factors: int = Field(16, ge=2, le=128, description="Dimensions of an embedding.")
    embedding_months: int = Field(12, ge=1, le=120, description="Months of purchases that an embedding learns from.")
    als_iterations: int = Field(6, ge=1, le=100, description="Iterations of alternating least squares.")
    als_regularization: float = Field(0.1, gt=0, le=100, description="Regularization of alternating least squares.")
    als_confidence: float = Field(10, gt=0, le=1000, description="Weight of a purchase in alternating least squares.")
    embedding_skus: int = Field(
        1500,
        ge=10,
        le=10_000,
        description="Most bought SKUs that are embedded by basket; memory grows with their square.",
    )
    seed: int = Field(42, ge=0, description="Another seed starts embeddings otherwise.")
    safe_windows_min_months: int = Field(
        6, ge=1, le=60, description="SAFE keeps no shorter window, other than as a lagged stand-in."
    )
    safe_lag_days: int = Field(30, ge=1, le=365, description="SAFE keeps what ends so many days before the cutoff.")
