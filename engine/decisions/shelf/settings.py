"""Settings of the loop back from the store: what is checked in a day, and when answers say enough."""

from typing import Annotated, Literal

from pydantic import Field

from engine.settings.frozen import Frozen, RunSettings

Minutes = Annotated[float, Field(ge=0.5, le=60, multiple_of=0.5)]
"""In steps of half a minute: the plan counts in them."""


class TaskSettings(Frozen):
    """What a store is asked to look at in a day."""

    labour_minutes: float = Field(60, ge=0, le=1440, multiple_of=0.5, description="Minutes a store has in a day.")
    setup_minutes: float = Field(
        4, ge=0, le=60, multiple_of=0.5, description="Walk to a category, once however much is checked there."
    )
    look_minutes: Minutes = Field(3, description="Look for a product on the shelf and in the backroom.")
    count_minutes: Minutes = Field(6, description="Count a product on the shelf and in the backroom.")
    label_minutes: Minutes = Field(1.5, description="Compare the price label with the price.")
    offer_minutes: Minutes = Field(2, description="Look whether an offer is set up and signed.")
    value: Literal["recoverable", "revenue_at_risk"] = Field(
        "recoverable", description="What a case is worth, before its chance of being true."
    )
    rest_days: int = Field(
        3, ge=0, le=60, description="A store-SKU that was answered is not asked again so soon for the same episode."
    )
    rest_gain: float = Field(
        10, gt=0, le=100, description="It is, when the confidence of its case grew by so many points since."
    )
    sample_pairs: int = Field(
        20, ge=0, le=10_000, description="Store-SKUs without an open case, drawn in the whole chain a night."
    )
    sample_cases: int = Field(
        10, ge=0, le=10_000, description="Open cases, drawn in the whole chain a night, whatever their worth."
    )
    withheld_share: float = Field(
        0,
        ge=0,
        le=0.5,
        description="Share of accepted cases drawn by lot and withheld: what actions bring is measured.",
    )
    withheld_days: int = Field(28, ge=8, le=120, description="A withheld case is checked again after so many days.")


class AccuracySettings(Frozen):
    """When answers are enough, and how sure an interval is."""

    min_answers: int = Field(30, ge=5, le=100_000, description="Nothing is claimed of fewer answers that tell.")
    level: float = Field(0.95, gt=0.5, lt=1, description="Share of intervals that hold the truth.")
    confidence_bands: tuple[Annotated[float, Field(gt=0, lt=100)], ...] = Field(
        (50, 70, 80, 90, 95), min_length=1, description="Bounds of the bands of confidence, percent, ascending."
    )


class RecoverySettings(Frozen):
    """How what an action brought is compared with pairs that nobody acted on."""

    wait_days: int = Field(8, ge=7, le=60, description="A later night shows the first week after so many days.")
    max_wait_days: int = Field(21, ge=7, le=120, description="Nights later than this say nothing of the decision.")
    max_distance: float = Field(
        0.7, gt=0, le=10, description="Pairs whose sales differ by more, in logarithms, are not compared."
    )
    min_matched: int = Field(10, ge=5, le=100_000, description="Nothing is claimed of fewer matched pairs.")
    level: float = Field(0.95, gt=0.5, lt=1, description="Share of intervals that hold the truth.")


class LoopSettings(RunSettings):
    """Everything the loop back from the store is told."""

    tasks: TaskSettings = TaskSettings()
    accuracy: AccuracySettings = AccuracySettings()
    recovery: RecoverySettings = RecoverySettings()
