"""What the dashboard is told: thresholds of severity, money, language, sizes of pages and caches."""

from pydantic import Field

from engine.outputs.severity import SeveritySettings


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
