"""Settings of the input: what is told, what is set aside and what is refused before a row is placed."""

from typing import Literal

from pydantic import Field, model_validator

from engine.frozen import Frozen


class InputSettings(Frozen):
    """What tables may look like: keys that meet, files sent twice, places, rows set aside."""

    min_keys_meeting: float = Field(0.5, ge=0, le=1, description="Refuse tables of whose keys fewer meet the sales.")
    usual_keys_meeting: float = Field(0.98, ge=0, le=1, description="Tell of tables of whose keys fewer meet.")
    keys_days: int = Field(90, ge=1, le=730, description="Days up to the as-of day whose keys are compared.")
    sent_twice: Literal["refuse", "once", "sum"] = Field(
        "refuse", description="What becomes of sales rows that were sent twice."
    )
    sent_twice_share: float = Field(0.9, gt=0, le=1, description="Sent twice: so many rows equal those sent before.")
    sent_twice_rows: int = Field(20, ge=1, description="And at least so many different rows.")
    max_set_aside_share: float = Field(0.2, ge=0, le=1, description="Refuse a table of which more rows are faulty.")
    zero_place_degrees: float = Field(1.0, ge=0, le=10, description="Coordinates so near to 0,0 are no place.")
    shared_place_stores: int = Field(3, ge=2, description="No place: one point of so many stores of other names.")
    shared_place_share: float = Field(0.02, ge=0, le=1, description="And of more than this share of all stores.")
    swapped_place_spread: float = Field(
        5, gt=1, description="Swapped: so many times as far off as half the stores, but not the other way round."
    )

    @model_validator(mode="after")
    def _shares_are_ordered(self) -> "InputSettings":
        if self.min_keys_meeting > self.usual_keys_meeting:
            raise ValueError("min_keys_meeting is more than usual_keys_meeting")
        return self
