"""What the pages of the shelf desk are told: severity, how far trends look back, photos, the ground of maps."""

from pydantic import Field

from engine.decisions.shelf.photos import PhotoSettings
from engine.outputs.shelf.confidence import ConfidenceSettings
from engine.outputs.shelf.severity import SeveritySettings
from panel_app.settings import PageSettings


class ShelfPageSettings(PageSettings, SeveritySettings, ConfidenceSettings, PhotoSettings):
    """Everything the pages of the shelf desk are told. Grain: one server."""

    trend_nights: int = Field(30, ge=2, le=400, description="Nights that trends and histories look back on.")
    curve_days: int = Field(42, ge=14, le=400, description="Days of the small curves in the queue.")
    snooze_days: int = Field(
        7, ge=1, le=365, description="Days until what is snoozed comes back, where no other day is named."
    )
    hits_days: int = Field(
        7, ge=1, le=60, description="Days of nights that a store's hits and money are counted over."
    )
    map_tiles: str = Field(
        "",
        description="Address of map tiles with {z}, {x} and {y}, used where the browser reaches them; empty: none.",
    )

    @property
    def image_addresses(self) -> tuple[str, ...]:
        """Those of the map tiles."""
        return (self.map_tiles,) if self.map_tiles else ()
