"""What the dashboard is told: language, sizes of pages and caches, logins, frames; and what each desk's pages are.

The settings of a desk's pages are a section under the name of the desk. Their class is found by the record of the
desk: the shell knows none by name.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from pydantic import Field, create_model, model_validator

from engine.errors import Problem
from engine.outputs.desks import desks, entry
from engine.settings.frozen import Frozen, RunSettings
from engine.settings.loading import Assigned, described, read_tree, settings_of

Section = TypeVar("Section", bound="PageSettings")
GONE: Final = {"currency": "leave it out: every run is shown in its own; tell a run  darkshelf run --set currency=€"}
"""Keys of earlier versions without a successor, with what to do."""


class PageSettings(Frozen):
    """What the pages of one desk are told. A desk that tells them anything derives its own. Grain: one server."""

    @property
    def image_addresses(self) -> tuple[str, ...]:
        """Addresses on other servers that the pages show images of, for the policy of every answer; usually none."""
        return ()


class DashboardSettings(RunSettings):
    """Everything the shell is told; `dashboard_settings` adds a section for each desk. Grain: one server."""

    locale: str = Field(
        "",
        pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description="Form of numbers; empty: the browser's own.",
    )
    language: str = Field(
        "en",
        pattern=r"^(en|de)$",
        description="Language of the pages where neither the address (`?lang=de`) nor the browser says another.",
    )
    page_rows: int = Field(50, ge=5, le=500, description="Rows on one page of a table.")
    poll_seconds: float = Field(5, ge=0.2, le=3600, description="How often an open page looks for a new run.")
    decisions_poll_seconds: float = Field(
        1, ge=0.2, le=60, description="How often open pages look for what others decided."
    )
    places_poll_seconds: float = Field(
        60, ge=1, le=86_400, description="How often a server looks for new runs of an output in an object store."
    )
    nights_kept: int = Field(3, ge=1, le=100, description="Runs of a desk whose tables stay in memory.")
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
    lookup_rows: int = Field(100, ge=1, le=10_000, description="Rows of a page of the look-up that names no number.")
    lookup_rows_most: int = Field(1000, ge=1, le=10_000, description="Most rows of a page of the look-up.")
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

    @model_validator(mode="after")
    def _pages_are_possible(self) -> Self:
        if self.lookup_rows_most < self.lookup_rows:
            raise ValueError("lookup_rows_most is below lookup_rows")
        return self

    def of(self, kind: type[Section]) -> Section:
        """What the pages of a desk are told, by the class of their settings."""
        (found,) = (section for section in self._sections() if isinstance(section, kind))
        return found

    @property
    def image_addresses(self) -> tuple[str, ...]:
        """Addresses on other servers that the pages of any desk show images of."""
        return tuple(chain.from_iterable(section.image_addresses for section in self._sections()))

    def _sections(self) -> Iterator[PageSettings]:
        values = (getattr(self, name) for name in type(self).model_fields)
        return (value for value in values if isinstance(value, PageSettings))


def dashboard_settings() -> type[DashboardSettings]:
    """The settings of the shell with a section for every installed desk whose pages have settings of their own."""
    kinds = {desk.name: entry(desk.page_settings) for desk in desks() if desk.page_settings}
    sections: dict[str, Any] = {name: (kind, kind()) for name, kind in kinds.items()}
    return create_model("DashboardSettings", __base__=DashboardSettings, **sections)


def load_settings(path: Path | None = None, assignments: Assigned = ()) -> DashboardSettings:
    """The settings of a dashboard: defaults, then the TOML file, then assignments in their order.

    Raises SettingsError listing every unknown key and every value out of bounds at once.
    """
    model = dashboard_settings()
    known = [key for key, _ in described(model)]
    tree, problems = read_tree(path, assignments, known)
    problems += [Problem(key, "is no setting any more", what) for key, what in GONE.items() if key in tree]
    return settings_of(model, {key: setting for key, setting in tree.items() if key not in GONE}, problems, known)
