"""What the dashboard is told: severity, money, language, sizes of pages and caches, logins, frames."""

from typing import Self

from pydantic import Field, model_validator

from engine.outputs.shelf.severity import SeveritySettings


class DashboardSettings(SeveritySettings):
    """Everything the dashboard is told. Grain: one server."""

    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="Currency of the prices, as ISO 4217 names it.")
    locale: str = Field(
        "",
        pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description="Form of numbers; empty: the browser's own.",
    )
    page_rows: int = Field(50, ge=5, le=500, description="Cases on one page of the table.")
    poll_seconds: float = Field(5, ge=0.2, le=3600, description="How often an open page looks for a new night.")
    nights_kept: int = Field(3, ge=1, le=100, description="Nights whose tables stay in memory.")
    trend_nights: int = Field(30, ge=2, le=400, description="Nights that trends and histories look back on.")
    map_tiles: str = Field(
        "",
        description="Address of map tiles with {z}, {x} and {y}, used where the browser reaches them; empty: none.",
    )
    login_hours: float = Field(12, gt=0, le=720, description="How long a login lasts.")
    login_delay_seconds: float = Field(
        1, ge=0.1, le=60, description="Wait after a first wrong password; it doubles with each further one."
    )
    login_delay_most_seconds: float = Field(300, ge=1, le=86_400, description="Longest wait after wrong passwords.")
    login_tries_per_address: int = Field(
        10, ge=1, le=1000, description="Wrong passwords from one address before it has to wait too."
    )
    page_token_seconds: int = Field(
        300, ge=10, le=3600, description="How long a loaded page may take until it connects."
    )
    frame_origins: str = Field(
        "",
        pattern=r"^(https?://[\w.:\-*\[\]]+( https?://[\w.:\-*\[\]]+)*)?$",
        description="Origins, by blanks, whose pages may show the dashboard in a frame; empty: only its own.",
    )

    @model_validator(mode="after")
    def _delays_grow(self) -> Self:
        if self.login_delay_most_seconds < self.login_delay_seconds:
            raise ValueError("login_delay_most_seconds is below login_delay_seconds")
        return self
