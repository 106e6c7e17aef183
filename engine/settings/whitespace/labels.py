"""The settings of labels and cutoffs."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.settings.frozen import Frozen


class LabelSettings(Frozen):
    """What counts as a purchase to come, for whom, and as of which days."""

    divisions: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="Divisions that are trained and ranked; empty for every one."
    )
    horizon_months: int = Field(6, ge=1, le=24, description="Months after a cutoff in which a purchase counts.")
    division_horizons: tuple[Annotated[str, Field(pattern=r"^.+=([1-9]|1\d|2[0-4])$")], ...] = Field(
        (), description="Divisions with months of their own, such as `CPE=12`."
    )
    sparse_min_positives: int = Field(
        0, ge=0, description="A division with fewer purchases gets a wider horizon; 0 for none."
    )
    sparse_step_months: int = Field(3, ge=1, le=12, description="By so many months at a time.")
    sparse_max_months: int = Field(12, ge=1, le=24, description="And not wider than this.")
    gp_min_threshold: float = Field(
        0.0, ge=0, description="Net gross profit within the horizon above which a customer bought."
    )
    denied_skus: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="SKUs such as trials that are no purchase within the horizon."
    )
    buffer_days: int = Field(0, ge=0, le=90, description="Days after a cutoff that count neither way: an audit.")
    population: Literal["expansion", "all"] = Field(
        "expansion",
        description="Who is trained on and ranked: customers who buy but not of the division, or everyone.",
    )
    active_months: int = Field(12, ge=1, le=120, description="An expansion customer bought anything so recently.")
    absent_months: int = Field(24, ge=1, le=120, description="It bought nothing of the division for so long.")
    cutoffs: int = Field(6, ge=3, le=40, description="Quarterly cutoffs that models are tuned on.")
    spacing_months: int = Field(3, ge=1, le=12, description="Months from one cutoff to the next.")

    @model_validator(mode="after")
    def _widening_widens(self) -> "LabelSettings":
        if self.sparse_max_months < self.horizon_months and self.sparse_min_positives:
            raise ValueError("sparse_max_months is less than horizon_months")
        return self

    def own_horizons(self) -> dict[str, int]:
        """The months of the divisions that have their own."""
        pairs = (each.rpartition("=") for each in self.division_horizons)
        return {division: int(months) for division, _, months in pairs}
