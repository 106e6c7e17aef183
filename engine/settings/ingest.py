"""Settings of a lake: what it takes for a correction, and for a whole day."""

from pydantic import Field

from engine.settings.frozen import Frozen


class IngestSettings(Frozen):
    """What a lake takes for a correction of a day it holds, and for a whole day."""

    min_kept_share: float = Field(0.5, ge=0, le=1, description="Refuse a day that comes back with fewer rows.")
    slack: float = Field(0.15, gt=0, lt=1, description="A newest day may always hold fewer rows by this share.")
    spreads: float = Field(5, gt=0, le=20, description="And by so many usual deviations of its weekday.")
    errors: float = Field(5, ge=0, le=20, description="And by so many standard errors of its number of rows.")
    stray_share: float = Field(0.1, ge=0, lt=1, description="A date with fewer of the usual rows is no day.")
    usual_days: int = Field(90, ge=28, le=730, description="Days before a day that tell its usual rows.")
    min_weekdays: int = Field(4, ge=2, le=52, description="Fewer days of its weekday tell nothing.")
