"""The schedule: which desk runs over which input, how often, and what is done with what it published."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.settings.frozen import Frozen, RunSettings

Text = Annotated[str, Field(min_length=1, max_length=500)]
Rhythm = Literal["daily", "weekly", "monthly", "quarterly", "delivery"]


class JobSettings(Frozen):
    """One desk over one input. Paths that are not absolute are meant from the file of the schedule."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$", description="What logs call the job.")
    desk: str = Field("shelf", min_length=1, description="The desk that runs.")
    input: Text | None = Field(
        None, description="Folder, mapping or place, such as s3://, of its tables; or give a lake."
    )
    lake: Path | None = Field(None, description="Lake of days it reads, in place of a folder.")
    delivery: Text | None = Field(
        None, description="Folder, mapping or place that is taken into the lake first, where it holds anything."
    )
    out: Path = Field(description="Where its runs are published.")
    config: Path | None = Field(None, description="Settings of the desk, a TOML file.")
    settings: tuple[str, ...] = Field((), description="Single settings, each `key=value`; they go before the file.")
    rhythm: Rhythm = Field(
        "daily",
        description="How often it runs: for every day; for the last day of every week (Sunday), month or quarter; or "
        "once for every delivery, for the newest that its input holds.",
    )
    first_day: dt.date | None = Field(
        None, description="The first day that is run, where there is no run yet; by default the newest."
    )
    look_back_days: int = Field(
        14, ge=1, le=3660, description="Days that were missed are made up for so long, counted back from the last."
    )
    exports: tuple[str, ...] = Field(
        (), description="Where every new run is written to, too: folders and places as `darkshelf export` takes them."
    )
    alerts: Path | None = Field(None, description="Subscriptions of `darkshelf alert` that hear what is new.")
    keep_runs: int = Field(0, ge=0, description="Newest runs that stay after a good run; 0 keeps all.")
    keep_run_days: int = Field(0, ge=0, description="Runs for days longer ago than this go; 0 keeps all.")
    keep_lake_days: int = Field(0, ge=0, description="Days of the lake longer ago than this go; 0 keeps all.")

    @model_validator(mode="after")
    def _has_one_input(self) -> Self:
        if (self.input is None) == (self.lake is None):
            raise ValueError("give either input or lake")
        if self.lake is None and (self.delivery is not None or self.keep_lake_days):
            raise ValueError("delivery and keep_lake_days are of a lake: name it")
        return self


class ScheduleSettings(RunSettings):
    """What `darkshelf nightly` does, job by job in their order."""

    jobs: tuple[JobSettings, ...] = Field((), description="The jobs, in their order.")
    metrics: Path | None = Field(None, description="File that figures of the newest runs are written to.")

    @model_validator(mode="after")
    def _has_jobs_of_different_names(self) -> Self:
        if not self.jobs:
            raise ValueError("there is no job: write one under [[jobs]]")
        often = [name for name, count in Counter(job.name for job in self.jobs).items() if count > 1]
        if often:
            raise ValueError(f"two jobs have the name {often[0]}")
        return self
