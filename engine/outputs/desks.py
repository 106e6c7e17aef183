"""Desks: what every shared verb and page asks of a desk, one record each.

A desk makes itself known by an entry point of its name in the group `darkshelf.desks`, in this distribution or in
another one that is installed beside it. Shared rooms find it there and know none by name. The group `darkshelf.first`
has the one that is meant where none is named: a run of it loads no other.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Final

from engine.contracts.contract import Contract
from engine.errors import NotFoundError
from engine.outputs.alertable import Alertable
from engine.outputs.compare import Change
from engine.outputs.markup import as_html
from engine.outputs.shown import Shown, as_text
from engine.runs.registry import Registry, Run
from engine.settings.frozen import DeskSettings, RunSettings
from engine.settings.loading import Assigned

GROUP: Final = "darkshelf.desks"
FIRST: Final = "darkshelf.first"


def _every_table(run: Run) -> Mapping[str, str]:
    """The Parquet files of a run by the names of their tables."""
    return {Path(name).stem: name for name in run.names if Path(name).match("*.parquet") and "/" not in name}


@dataclass(frozen=True, repr=False)
class Explanation:
    """One finding explained. facts: everything as JSON holds it. shown: the same for people.

    Printing it shows it in words.

    >>> print(str(night.explain(night.cases["case_id"][0])).splitlines()[1])
    case ...
    """

    facts: Mapping[str, Any]
    shown: Shown

    def __repr__(self) -> str:
        """The finding in words."""
        return as_text(self.shown)

    def _repr_html_(self) -> str:
        return as_html(self.shown)


@dataclass(frozen=True)
class Desk:
    """Everything shared rooms ask of a desk.

    name: as manifests have it. purpose: one line for people. rank: its place among the desks. load: the settings of a
    run, from a TOML file and assignments. models: every settings class of the desk, for `config`, by the verb that
    reads it, "" for the run. headline: the run's result in a few words, from its manifest alone. shown: its key
    figures. explain: one finding by its id. compare: two runs, old and new. report: the page of a run as HTML, with
    the runs before it at hand. views: SQL views beyond the files. stages: what each stage says while it works.
    options: what `run` takes beyond folder, output and settings. moment: reads the label of a run, such as its as-of
    day; raises ValueError. alerts: what people can be alerted to, by the name that subscriptions have for it.
    exports: the tables that are exported of a run, files by the names of their tables; by default every Parquet file.
    promised: the contracts of its tables.

    run, result, subjects, outcomes, pages, screens, style, page_settings, lookup, report_with_decisions: where the
    rest is found, as `module:name`, since it needs this record or lives on higher floors: the function `run(place,
    out, settings, moment, *, force, watch, ...)`, the kind of `Result` that it returns, the `SubjectKind` of its
    decisions, the function that tells from decisions and a run what became of it, as tables by name, the pages of its
    dashboard, its screens at addresses of their own, their CSS as text, the class of their own settings, the findings
    that other systems look up, and `report(decisions, registry, run, settings)`, the page of a run with what was
    decided on it; "" for none.
    """

    name: str
    purpose: str
    rank: int
    load: Callable[[Path | None, Assigned], DeskSettings]
    models: Mapping[str, type[RunSettings]]
    headline: Callable[[Mapping[str, Any]], str]
    shown: Callable[[Run], Shown]
    explain: Callable[[Run, str], Explanation]
    compare: Callable[[Run, Run], Change]
    report: Callable[[Registry, Run, RunSettings], str]
    report_settings: type[RunSettings]
    run: str
    result: str = "engine.outputs.result:Result"
    subjects: str = ""
    outcomes: str = ""
    pages: str = ""
    screens: str = ""
    style: str = ""
    page_settings: str = ""
    report_with_decisions: str = ""
    lookup: str = ""
    views: Callable[[Run], Mapping[str, str]] = field(default=lambda run: {})
    stages: Mapping[str, str] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    exports: Callable[[Run], Mapping[str, str]] = _every_table
    moment: Callable[[str], Any] = dt.date.fromisoformat
    alerts: Mapping[str, Alertable] = field(default_factory=dict)
    promised: Callable[[], Mapping[str, Contract]] = dict


@cache
def installed(group: str) -> EntryPoints:
    """What installed packages offer in a group. A process looks once: the lists of all packages take milliseconds."""
    return entry_points(group=group)


@cache
def desks() -> tuple[Desk, ...]:
    """Every desk that is installed, in the order of their ranks."""
    found = [point.load() for point in installed(GROUP)]
    return tuple(sorted({desk.name: desk for desk in found}.values(), key=lambda desk: (desk.rank, desk.name)))


def desk_named(name: str | None = None) -> Desk:
    """A desk by its name, the first without one. Raises NotFoundError naming those there are."""
    found = installed(FIRST) if name is None else installed(GROUP).select(name=name)
    if found:
        desk: Desk = next(iter(found)).load()
        return desk
    if name is None:
        return desks()[0]
    raise NotFoundError(f"there is no desk {name!r}; there are {', '.join(desk.name for desk in desks())}")


def desk_of(run: Run) -> Desk:
    """The desk that made a run. Raises NotFoundError where it is not installed."""
    return desk_named(run.desk)


def entry(name: str) -> Any:
    """What a desk keeps on a higher floor, by its `module:name`."""
    return resolve_name(name)
