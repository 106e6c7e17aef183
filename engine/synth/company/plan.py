"""What a generated company is asked to be: sizes, months, seed, divisions and planted leaks."""

from datetime import date
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Leak = Literal["future_count", "future_asset", "label_column", "duplicate_customer"]
LEAKS: Final[tuple[Leak, ...]] = get_args(Leak)
"""Faults of a delivery that tell what comes.

future_count: `size` counts the orders of a customer, those to come included. future_asset: assets are recorded
before they are bought. label_column: `industry_sub` says of which divisions a customer buys in the last
window that the truth knows whole. duplicate_customer: some customers stand under two ids with the same orders.
"""

NAMES: Final = ("Hardware", "Services", "Scanning", "Training", "Software", "Supplies", "Inspection", "Logistics")


class CompanyPlan(BaseModel):
    """One generated company. The same plan always writes the same bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    customers: int = Field(600, ge=20, le=200_000, description="Customers, in the end.")
    divisions: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        NAMES[:4], min_length=2, max_length=len(NAMES), description="What the divisions are called."
    )
    months: int = Field(54, ge=30, le=240, description="Whole months simulated.")
    last_month: date = Field(date(2024, 12, 1), description="A day of the last of them.")
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of everything random.")
    skus_per_division: int = Field(6, ge=2, le=200, description="SKUs of every division.")
    horizon_months: int = Field(6, ge=1, le=24, description="Months ahead of the true probabilities.")
    truth_cutoffs: int = Field(10, ge=1, le=80, description="Quarter ends of which the truth is told, the last ones.")
    truth_draws: int = Field(200, ge=1, le=10_000, description="Futures drawn for a true probability.")
    leaks: tuple[Leak, ...] = Field((), description="Leaks that are planted.")

    @model_validator(mode="after")
    def _names_differ(self) -> "CompanyPlan":
        if len(set(self.divisions)) < len(self.divisions):
            raise ValueError("two divisions have one name")
        return self
