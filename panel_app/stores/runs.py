"""The published runs of one desk, as every page may ask for them. A desk whose pages ask for more derives its own."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import ClassVar

from engine.outputs.money import currency_of
from engine.runs.registry import Registry, Run
from panel_app.settings import DashboardSettings


class Opened:
    """One published run, shared by every session. Derived ones read its tables when first asked, and keep them."""

    def __init__(self, run: Run, settings: DashboardSettings) -> None:
        self.run = run
        self.settings = settings

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.run.run_id

    @property
    def as_of(self) -> str:
        """What the run looked at, as its desk writes it: a day as an ISO date."""
        return self.run.as_of

    @property
    def is_partial(self) -> bool:
        """Whether it was run although what it looked at is not complete."""
        return self.run.manifest.get("partial") is True

    @property
    def currency(self) -> str:
        """What stands before its amounts of money."""
        return currency_of(self.run.manifest)

    def load(self) -> None:
        """Read what the first page needs, unless it is in memory. Raises NotFoundError where it is damaged."""


class Runs:
    """The runs of one desk under some folders, each opened once and shared by everybody.

    noun: what a run is called on the pages. opens: what a run is opened as.
    """

    noun: ClassVar[str] = "run"
    opens: ClassVar[type[Opened]] = Opened

    def __init__(self, desk: str, folders: Sequence[Path], settings: DashboardSettings) -> None:
        self.desk = desk
        self.settings = settings
        self.registries = [Registry(folder) for folder in folders]
        self._opened: OrderedDict[str, Opened] = OrderedDict()
        self._lock = Lock()

    def runs(self) -> list[Run]:
        """The published runs that can be read, oldest first."""
        found = [run for registry in self.registries for run in registry.runs(self.desk)]
        return sorted(found, key=_age)

    def latest_id(self) -> str | None:
        """The run that readers see: what `LATEST` names where that can be read; None before the first."""
        ids = [(registry, registry.latest_id(self.desk)) for registry in self.registries]
        found = [(registry, run_id) for registry, run_id in ids if run_id is not None]
        if len(found) > 1:
            return max((registry.find(run_id, self.desk) for registry, run_id in found), key=_age).run_id
        return found[0][1] if found else None

    def open(self, run_id: str | None = None) -> Opened:
        """A run by its id, the newest without one. Raises NotFoundError."""
        wanted = run_id or self.latest_id()
        with self._lock:
            if wanted is not None and wanted in self._opened:
                self._opened.move_to_end(wanted)
                return self._opened[wanted]
        places = (registry for registry in self.registries if wanted is not None and registry.has(wanted))
        run = next(places, self.registries[0]).find(wanted, self.desk)
        with self._lock:
            opened = self._opened.setdefault(run.run_id, self.opens(run, self.settings))
            while len(self._opened) > self.settings.nights_kept:
                self._opened.popitem(last=False)
        return opened


def _age(run: Run) -> tuple[str, str, str]:
    return run.as_of, run.finished_at, run.run_id
