"""What the pages of the growth desk are told."""

from pydantic import Field

from panel_app.settings import PageSettings


class GrowthPageSettings(PageSettings):
    """Everything the pages of the growth desk are told. Grain: one server."""

    grid_stores: int = Field(
        12,
        ge=1,
        le=200,
        description="Stores with a column in the grid of products by stores, most units first.",
    )
