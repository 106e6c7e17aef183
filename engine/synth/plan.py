"""What a simulated chain is asked to be: sizes, days, seed, and how rough its data are."""

from datetime import date, timedelta
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

FileFormat = Literal["parquet", "csv", "csv.gz"]
FILE_FORMATS: Final[tuple[FileFormat, ...]] = get_args(FileFormat)


class ChainPlan(BaseModel):
    """One simulated chain. The same plan always writes the same bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    stores: int = Field(500, ge=1, le=100_000, description="Stores of the chain, numbered from 1.")
    skus: int = Field(50, ge=1, le=20_000, description="SKUs of the chain, numbered from 1.")
    days: int = Field(90, ge=7, le=730, description="Days simulated, the last date included.")
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of everything random.")
    last_date: date = Field(date(2026, 3, 31), description="Last simulated day; the others count back.")
    file_format: FileFormat = Field("parquet", description="How the tables are written.")
    assortment_share: float = Field(1.0, gt=0, le=1, description="Share of the SKUs that each store carries.")
    extra_episodes: float = Field(
        0.0, ge=0, le=0.5, description="Share of the store-SKUs planted beyond the five fixed scenarios."
    )
    median_daily_units: float = Field(
        1.2, gt=0, le=50, description="Daily units of the median SKU; a long tail sells far more."
    )
    demand_cv: float = Field(
        0.12, gt=0, le=2, description="Day-to-day variation of demand beyond the chance of counts, std/mean."
    )
    extra_min_daily_units: float = Field(
        0.0, ge=0, le=40, description="Extra episodes befall only SKUs that sell so many units on an ordinary day."
    )
    further_causes: bool = Field(
        False, description="Extra episodes also have causes that the classic rule does not know."
    )
    weekend_peak: float = Field(1.0, ge=0, le=4, description="Power to which the profile of the week is raised.")
    half_traffic_stores: int = Field(
        0, ge=0, description="Last stores of the chain that lose half their shoppers for the last three weeks."
    )
    fading_skus: int = Field(0, ge=0, description="Last SKUs of the chain that fade everywhere in the last weeks.")
    price_spread: float = Field(1.4, ge=1, le=50, description="Highest over lowest regular price inside a category.")
    flyer_share: float = Field(
        0.3, ge=0, le=1, description="Chance that a SKU is in the flyer for a week of a four-week period."
    )
    late_share: float = Field(0.05, ge=0, le=1, description="Share of the deliveries that come weeks late.")
    closed_days: int = Field(1, ge=0, le=6, description="Days on which each store stays closed.")
    zero_rows_omitted: float = Field(
        0.8, ge=0, le=1, description="Share of the days without a sale that leave no sales row."
    )
    missing_rows: float = Field(
        0.01, ge=0, le=0.9, description="Share of missing rows in snapshots, prices and impressions."
    )

    @model_validator(mode="after")
    def _calendar_reaches_back(self) -> "ChainPlan":
        if (self.last_date - date.min).days < self.days:
            raise ValueError(f"{self.days} days before {self.last_date} leave the calendar")
        return self

    @property
    def first_date(self) -> date:
        """Day 1."""
        return self.last_date - timedelta(days=self.days - 1)

    @property
    def skus_per_store(self) -> int:
        """SKUs that every store carries, at least one."""
        return max(1, round(self.assortment_share * self.skus))

    @property
    def store_skus(self) -> int:
        """Store-SKUs of the chain."""
        return self.stores * self.skus_per_store
