"""Python: what a notebook or another program calls. `import engine as darkshelf` has every public name.

In: tables in a folder, in a lake or in memory. Out: a `Result`, whose run lies in an output folder as the command
leaves it, or in a temporary one that goes with the result.
"""

import datetime as dt
import os
import shutil
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from pydantic import ValidationError

from engine.delivery.elsewhere import Elsewhere
from engine.delivery.frames import frames_of
from engine.delivery.tables import Delivered
from engine.errors import InputError, Problem, SettingsError
from engine.lake.manifest import DayLake, is_lake, open_lake
from engine.lake.origin import is_lake_there
from engine.mirrors import folder_of
from engine.outputs.desks import desk_of, entry
from engine.outputs.growth.result import Scaling
from engine.outputs.read import find_run
from engine.outputs.result import Result
from engine.outputs.shelf.result import Night
from engine.outputs.whitespace.result import Ranked
from engine.places.place import OBJECTS, Place, local_path, place_of
from engine.settings.growth.scaling import GrowthSettings
from engine.settings.loading import load_as
from engine.settings.shelf.night import Settings, load
from engine.settings.whitespace.run import WhitespaceSettings
from engine.synth.chain import ChainSummary, write_chain
from engine.synth.plan import ChainPlan

AnyPath = str | os.PathLike[str]
Tables = AnyPath | Mapping[str, object]
"""A folder of tables or a place elsewhere such as `s3://BUCKET/FOLDER`, or frames by table name."""
AnyResult = TypeVar("AnyResult", bound=Result)
Watch = Callable[[str], None] | None


def run_shelf(
    tables: Tables | DayLake,
    out: AnyPath | None = None,
    *,
    as_of: dt.date | str | None = None,
    settings: Settings | Mapping[str, object] | AnyPath | None = None,
    force: bool = False,
    allow_partial: bool = False,
    max_memory: int | None = None,
    feedback: AnyPath | None = None,
    watch: Watch = None,
) -> Night:
    """Run one night of the shelf desk: find dark shelves, say what they cost, why, and what to do.

    tables: a folder, a lake, or frames by table name, of Polars, pandas, PyArrow, DuckDB or anything else that has
    `__arrow_c_stream__`. out: where the run is published; without it the run goes when the result does. as_of: the
    last day that may be seen, a date or YYYY-MM-DD, by default the newest of the tables. settings: by their dotted
    keys, from a TOML file, or as an object. force: run again what is published already. allow_partial: judge an as-of
    day that is not complete by what came of it. max_memory: bytes the process may take. feedback: a file of what
    stores answered on earlier nights. watch: called with the name of each stage as it begins.

    Raises InputError and SettingsError with every problem at once, TryLaterError where the as-of day is not complete
    or another process writes, OutputError where the disk does not take it.

    >>> night = darkshelf.run_shelf("data/chain", settings={"profile": "classic", "detect.dark_ratio": 0.5})
    >>> night.cases.columns[:3]
    ['case_id', 'store_id', 'sku_id']
    """
    place = tables if isinstance(tables, DayLake) else _place_of_a_night(tables)
    chosen = settings if isinstance(settings, Settings) else load(*_values(settings))
    day = _day(as_of)
    from engine.shelf import desk

    return _published(
        lambda folder: desk.run(
            place,
            folder,
            chosen,
            day,
            force=force,
            allow_partial=allow_partial,
            max_memory=max_memory,
            feedback=None if feedback is None else Path(feedback),
            watch=watch,
        ),
        out,
    )


def run_growth(
    tables: Tables,
    out: AnyPath | None = None,
    *,
    period: str | None = None,
    settings: GrowthSettings | Mapping[str, object] | AnyPath | None = None,
    force: bool = False,
    watch: Watch = None,
) -> Scaling:
    """Run one scaling of the growth desk: how much every candidate of Step 11 grows, within hard caps, and why.

    tables: a folder, or frames by table name. period: the half month, such as 202506A, by default the latest of the
    sales. Everything else is as in `run_shelf`.

    Raises InputError and SettingsError with every problem at once, TryLaterError while another process writes,
    OutputError where the disk does not take it.

    >>> scaling = darkshelf.run_growth("data/growth")
    >>> scaling.recommendations.columns[:2]
    ['str_code', 'spu_code']
    """
    place = _delivered(tables)
    chosen = settings if isinstance(settings, GrowthSettings) else load_as(GrowthSettings, *_values(settings))
    from engine.growth import desk

    return _published(lambda folder: desk.run(place, folder, chosen, period, force=force, watch=watch), out)


def run_whitespace(
    tables: Tables,
    out: AnyPath | None = None,
    *,
    cutoff: dt.date | str | None = None,
    settings: WhitespaceSettings | Mapping[str, object] | AnyPath | None = None,
    force: bool = False,
    decisions: str | None = None,
    watch: Watch = None,
) -> Ranked:
    """Run the whitespace desk: who will buy what it does not buy yet, and how well that is known.

    tables: a folder, or frames by table name. cutoff: the month end that is scored as of, by default the newest that
    was delivered whole. decisions: the database of what was decided on earlier lists, by default the one beside the
    runs. Everything else is as in `run_shelf`.

    Raises InputError and SettingsError with every problem at once, TryLaterError while another process writes,
    OutputError where the disk does not take it.

    >>> ranked = darkshelf.run_whitespace(
    ...     "data/company", "data/whitespace", settings={"whitespace.gauntlet.permutations": 99}
    ... )
    >>> ranked.selected["is_selected"].all()
    True
    """
    place, day = _delivered(tables), _day(cutoff)
    chosen = settings if isinstance(settings, WhitespaceSettings) else load_as(WhitespaceSettings, *_values(settings))
    from engine.whitespace import desk

    return _published(
        lambda folder: desk.run(place, folder, chosen, day, force=force, watch=watch, decisions=decisions), out
    )


def open_run(out: AnyPath, run_id: str | None = None, *, desk: str | None = None) -> Result:
    """A published run of an output folder, the latest without an id: a `Night`, a `Scaling`, a `Ranked`, or another.

    desk: of this desk alone. Raises NotFoundError naming the runs there are, DamagedRunError.

    >>> darkshelf.run_shelf("data/chain", "data/runs").run_id == darkshelf.open_run("data/runs").run_id
    True
    """
    run = find_run(folder_of(os.fspath(out)), run_id, desk)
    kind: type[Result] = entry(desk_of(run).result)
    return kind(run, is_new=False)


def simulate(
    folder: AnyPath, *, stores: int = 100, skus: int = 50, days: int = 90, seed: int = 7, extra_episodes: float = 0.0
) -> ChainSummary:
    """Write the tables of a simulated chain with planted dark shelves, and the truth about them, into a folder.

    stores, skus, days: how large it is. seed: another one is another chain. extra_episodes: share of the store-SKUs
    that go dark beyond the fixed ones. Raises SettingsError where a number is out of its bounds, OutputError.

    >>> darkshelf.simulate("data/small", stores=12, skus=4, days=60).store_skus
    48
    """
    try:
        plan = ChainPlan(stores=stores, skus=skus, days=days, seed=seed, extra_episodes=extra_episodes)
    except ValidationError as error:
        advice = "see the bounds with  darkshelf synth --help"
        faults = [(".".join(map(str, fault["loc"])) or "chain", fault["msg"]) for fault in error.errors()]
        raise SettingsError([Problem(where, what, advice) for where, what in faults]) from None
    return write_chain(local_path(os.fspath(folder)), plan)


def _place_of_a_night(tables: Tables) -> Delivered | DayLake:
    """Where the tables of a night are. Raises InputError."""
    place = _delivered(tables)
    if isinstance(place, Elsewhere) and place.place.kind in OBJECTS and is_lake_there(place.place):
        return open_lake(folder_of(str(place.place)))
    return open_lake(place) if isinstance(place, Path) and is_lake(place) else place


def _delivered(tables: Tables) -> Delivered:
    """A folder as a path, or frames as a delivery. Raises InputError."""
    given: object = tables
    if isinstance(given, Mapping):
        return frames_of(given)
    if isinstance(given, str | os.PathLike):
        place = place_of(os.fspath(given))
        return Elsewhere(place) if isinstance(place, Place) else place
    what = f"is a {type(tables).__name__}"
    raise InputError([Problem("tables", what, "give the path of a folder, or frames by the names of their tables")])


def _values(given: object) -> tuple[Path | None, Mapping[str, object]]:
    """The TOML file that was given, and the values. Raises SettingsError."""
    if isinstance(given, Mapping):
        return None, given
    if given is None or isinstance(given, str | os.PathLike):
        return (None if given is None else Path(given)), {}
    what = f"is a {type(given).__name__}"
    advice = "give a mapping, the path of a TOML file, or an object of settings of this desk"
    raise SettingsError([Problem("settings", what, advice)])


def _day(given: dt.date | str | None) -> dt.date | None:
    """The as-of day as a date. Raises InputError."""
    if isinstance(given, dt.datetime):
        return given.date()
    if given is None or isinstance(given, dt.date):
        return given
    try:
        return dt.date.fromisoformat(given)
    except (TypeError, ValueError):
        raise InputError([Problem("as_of", f"{given!r} is no date", "give a date, or write it YYYY-MM-DD")]) from None


def _published(run: Callable[[Path], AnyResult], out: AnyPath | None) -> AnyResult:
    """The result of a run under `out`, or in a temporary folder that goes when the result does."""
    if out is not None:
        return run(folder_of(os.fspath(out)))
    folder = Path(mkdtemp(prefix="darkshelf-"))
    try:
        result = run(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(result, shutil.rmtree, folder, ignore_errors=True)
    return result
