"""The settings of the delivered tables."""

from pydantic import Field

from engine.settings.frozen import Frozen


class InputSettings(Frozen):
    """How tables are read."""

    division_rules: str = Field("", description="A TOML file of rules from SKU to division; empty for none.")
