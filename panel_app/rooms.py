"""The desks as the dashboard has them: a room each, with its pages and what they read. Shared by every session.

Rooms are found by the records of the desks that are installed; the shell knows none by name.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from engine.errors import InputError, Problem
from engine.outputs.desks import Desk, desks, entry
from engine.runs.registry import Registry, Run
from panel_app.markup import CSS
from panel_app.pages.page import Page
from panel_app.settings import DashboardSettings
from panel_app.stores.runs import Runs

if TYPE_CHECKING:
    from panel_app.lookup.desk import Lookup

Store = TypeVar("Store", bound=Runs)


class Room:
    """One desk in the dashboard: its pages in the order of the menu, and the stores that they read.

    screens: where its further addresses are found, see `panel_app.screens`; empty for none.
    """

    def __init__(self, desk: Desk, folders: Sequence[Path], settings: DashboardSettings) -> None:
        self.desk = desk.name
        self.folders = tuple(dict.fromkeys(folders))
        self.pages: tuple[Page, ...] = tuple(entry(desk.pages))
        self.screens = desk.screens
        self._lookup = desk.lookup
        self._stores = {kind: kind(desk.name, self.folders, settings) for kind in {page.store for page in self.pages}}

    def store_of(self, kind: type[Store]) -> Store:
        """What reads the runs of this desk, by its class."""
        found = self._stores[kind]
        assert isinstance(found, kind)
        return found

    def store(self, page: Page) -> Runs:
        """What a page of this room reads."""
        return self._stores[page.store]

    @property
    def index(self) -> Page | None:
        """The page that the words of the menu's search lead to."""
        return next((page for page in self.pages if page.is_index), None)

    @cached_property
    def lookup(self) -> "Lookup | None":
        """The findings that other systems look up; None where the desk has none."""
        return entry(self._lookup) if self._lookup else None

    def has_runs(self) -> bool:
        """Whether any run of the desk can be read."""
        return self.store(self.pages[0]).latest_id() is not None


class Place(NamedTuple):
    """A page, and the room it is in."""

    room: Room
    page: Page


class Around(NamedTuple):
    """What there is to be seen now. rooms: those with runs, all where none has any. skipped: what cannot be shown."""

    rooms: list[Room]
    skipped: list[str]


class Rooms:
    """The rooms over one output folder, in the order of the desks. Raises InputError where two pages have one key.

    further: more folders with runs, by the name of the desk. css: what pages look like, those of every desk.
    registries: the runs of every folder.
    """

    def __init__(
        self, out: Path, settings: DashboardSettings, further: Mapping[str, Sequence[Path]] | None = None
    ) -> None:
        self.settings = settings
        more = further or {}
        self.rooms = [Room(desk, [out, *more.get(desk.name, ())], settings) for desk in desks() if desk.pages]
        folders = dict.fromkeys([out, *chain.from_iterable(more.values())])
        self.registries = [Registry(folder) for folder in folders]
        self._known = {desk.name for desk in desks()}
        self._places: dict[str, Place] = {}
        for room in self.rooms:
            for page in room.pages:
                other = self._places.setdefault(page.key, Place(room, page))
                if other.page is not page:
                    what = f"is of the {other.room.desk} desk and of the {room.desk} desk"
                    raise InputError([Problem(f"the page {page.key!r}", what, "give one of them another key")])
        self.css = "".join([CSS, *(entry(desk.style) for desk in desks() if desk.style)])

    def home(self) -> Place:
        """The first page of the first desk that has runs, of the first desk where none has any."""
        room = next((room for room in self.rooms if room.has_runs()), self.rooms[0])
        return Place(room, room.pages[0])

    def place(self, key: str) -> Place | None:
        """A page by its key, the first one for the empty key; None where there is none."""
        return self._places.get(key) if key else self.home()

    def newest_ids(self) -> tuple[str | None, ...]:
        """The latest run of every desk, in the order of the rooms; None where there is none."""
        return tuple(room.store(room.pages[0]).latest_id() for room in self.rooms)

    def newest_runs(self) -> dict[str, Run]:
        """The latest run of every desk that has one that can be read, by the desk."""
        rooms = ((room.desk, room.store(room.pages[0])) for room in self.rooms)
        return {desk: store.open(run_id).run for desk, store in rooms if (run_id := store.latest_id()) is not None}

    def look_around(self) -> Around:
        """The rooms that have runs, and in a sentence each what lies there and is of no use: damaged, or unknown."""
        surveys = {registry.out: registry.survey() for registry in self.registries}
        here = {(run.desk, folder) for folder, survey in surveys.items() for run in survey.runs}
        found = [room for room in self.rooms if any((room.desk, folder) in here for folder in room.folders)]
        damaged = [f"{problem.where} {problem.what}" for survey in surveys.values() for problem in survey.skipped]
        runs = chain.from_iterable(survey.runs for survey in surveys.values())
        strange = [run.run_id for run in runs if run.desk not in self._known]
        unknown = [f"run {run_id} is of no desk that is known here" for run_id in strange]
        return Around(found or self.rooms, [*damaged, *unknown])
