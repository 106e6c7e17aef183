"""What a backtest is asked to do: which nights, what is planted, and how it is told apart."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Injection(_Frozen):
    """Which store-SKUs go dark, for how long and how dark. The same data and seed always plant the same."""

    share: float = Field(0.1, gt=0, le=0.5, description="Share of the store-SKUs that get an episode.")
    depths: tuple[float, ...] = Field(
        (0.0, 0.25, 0.5), min_length=1, description="Shares of the sales that are left."
    )
    shortest_days: int = Field(3, ge=1, description="Shortest episode, in calendar days.")
    longest_days: int = Field(35, ge=1, description="Longest episode.")
    history_days: int = Field(28, ge=1, description="Days of sales before the first day of an episode.")
    seed: int = Field(0, ge=0, description="Another seed plants other episodes.")

    @model_validator(mode="after")
    def _lengths_and_depths_make_sense(self) -> "Injection":
        if self.shortest_days > self.longest_days:
            raise ValueError("shortest_days is more than longest_days")
        if not all(0 <= depth < 1 for depth in self.depths):
            raise ValueError("depths are shares from 0 to below 1")
        return self


class BacktestPlan(_Frozen):
    """Nights, planted episodes, and the rules of scoring. injection: None plants nothing."""

    every_days: int = Field(7, ge=1, description="Days from a night to the next; the last night is the last day.")
    nights: int = Field(6, ge=1, description="At most so many nights, the latest ones.")
    last: dt.date | None = Field(None, description="Last night; by default the latest sales date.")
    injection: Injection | None = None
    bands: tuple[float, ...] = Field((0.1, 0.3, 1, 2, 5), description="Units a day, ascending, that part the bands.")
    min_age_days: int = Field(3, ge=1, description="An episode counts as missed from this age on.")
    worth_units: float = Field(8, gt=0, description="An expected loss from which an episode is worth finding.")
    replicates: int = Field(400, ge=50, description="Bootstrap replicates over stores.")
    level: float = Field(0.95, gt=0, lt=1, description="Share of the replicates inside an interval.")
