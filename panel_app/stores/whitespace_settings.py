"""What the pages of the whitespace desk are told: when calls that were set aside come back."""

from pydantic import Field

from panel_app.settings import PageSettings


class WhitespacePageSettings(PageSettings):
    """Everything the pages of the whitespace desk are told. Grain: one server."""

    snooze_days: int = Field(
        7, ge=1, le=365, description="Days until a call that is set aside comes back, where no other day is named."
    )
