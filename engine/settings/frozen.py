"""What every slice of the settings is made of: frozen, finite, and without a key that nobody knows."""

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, lt=1)]
Amount = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Currency = Annotated[
    str, Field(min_length=1, max_length=5, description="What stands before an amount of money in sentences.")
]


class Frozen(BaseModel):
    """A slice of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class RunSettings(Frozen):
    """Everything one verb is told."""

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that differ when any setting differs."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=8).hexdigest()


class DeskSettings(RunSettings):
    """Everything one run of a desk is told. profile: which of its methods, or of its sets of defaults."""

    profile: str
