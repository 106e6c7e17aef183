"""The settings of the delivered tables."""

import datetime as dt
from typing import Annotated

from pydantic import Field

from engine.settings.frozen import Frozen

ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"


class InputSettings(Frozen):
    """How tables are read, and what about them is told."""

    division_rules: str = Field("", description="A TOML file of rules from SKU to division; empty for none.")
    divisions: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="The divisions there are; empty for those of the data. Another one is refused."
    )
    first_date: str = Field("1990-01-01", pattern=ISO_DATE, description="An earlier date is a fault of its export.")
    data_as_of: str = Field(
        "", pattern=rf"^$|{ISO_DATE}", description="The last day that was delivered whole; empty to find it."
    )
    max_line_amount: float = Field(
        1e9, gt=0, le=1e12, description="Revenue or gross profit of a line beyond this, either way, is a fault."
    )
    max_set_aside_share: float = Field(
        0.2, ge=0, le=1, description="Refuse transactions of which more rows are faulty."
    )
    as_of_window_days: int = Field(7, ge=1, le=31, description="Days up to a newest day that must hold orders.")
    as_of_share: float = Field(
        0.1, ge=0, lt=1, description="And so much of the rows that as many days of the year before usually hold."
    )
    far_gap_days: int = Field(92, ge=28, le=3650, description="Few orders behind a longer gap are dated wrong.")
    thin_month_share: float = Field(
        0.2, ge=0, lt=1, description="A month with fewer of the rows of the months around it was not delivered."
    )
    huge_order_times: float = Field(
        30, gt=1, description="An order is told that is so many times the 99th percentile of orders."
    )
    same_orders: int = Field(3, ge=1, description="Two ids are told whose orders are equal, so many at least.")
    renamed_gap_days: int = Field(
        62, ge=1, le=366, description="A division may be another's new name if it begins so soon after its end."
    )
    renamed_share: float = Field(0.8, gt=0, le=1, description="And if it sells this share of the other's SKUs.")

    def first_day(self) -> dt.date:
        """The first date that is no fault."""
        return dt.date.fromisoformat(self.first_date)

    def last_day(self) -> dt.date | None:
        """The last day that was delivered whole, None where it is to be found."""
        return dt.date.fromisoformat(self.data_as_of) if self.data_as_of else None
