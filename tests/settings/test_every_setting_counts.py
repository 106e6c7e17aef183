"""Every setting of a profile changes something: a published byte, a notice or an exit code.

A setting for which no chain here shows an effect fails: it does not belong to the profile, or a chain that needs it
is still to be written.
"""

from __future__ import annotations

import json
from functools import cache, partial
from hashlib import blake2b
from io import BytesIO
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import pytest

from engine.errors import DarkshelfError, SettingsError
from engine.lake.ingest import ingest
from engine.memory import Memory
from engine.runs.journal import Journal
from engine.settings.loading import described
from engine.settings.shelf.night import PROFILES, load
from engine.shelf import desk
from engine.shelf.check import Intake, check, readings_of
from engine.shelf.features import features
from engine.shelf.method import findings_of
from engine.shelf.panel import Panel, panel
from engine.shelf.series import series_blocks
from engine.shelf.summary import data_quality
from tests.settings import chains

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl
    from pydantic.fields import FieldInfo

    from engine.settings.shelf.night import Settings

pytestmark = pytest.mark.slow

ORDINARY = (chains.trade, chains.faulty_trade, chains.awkward)
"""Where an effect is looked for, in this order, unless a key is about something rarer."""
RARER: dict[str, tuple[Callable[[Path], Path], ...]] = {
    "inputs.min_keys_meeting": (chains.half_of_the_keys,),
    "inputs.usual_keys_meeting": (chains.half_of_the_keys,),
    "inputs.sent_twice_share": (chains.sent_nearly_twice,),
    "inputs.sent_twice_rows": (chains.a_few_sent_twice,),
    "inputs.sent_twice": (chains.sent_twice,),
    "inputs.max_set_aside_share": (chains.faulty_prices,),
    "inputs": (chains.faulty_trade,),
    "panel.min_history_days": (chains.few_days,),
    "panel": (chains.faulty_trade, chains.awkward),
    "delivery.stray_late_share": (chains.a_late_date,),
    "delivery.stray": (chains.a_stray_date, chains.a_late_date),
    "delivery.far_gap_days": (chains.a_far_date,),
    "delivery.usual_days": (chains.a_far_date, chains.a_stray_date),
    "ingest": (chains.short_trade,),
    "delivery": (chains.faulty_trade, chains.half_of_a_day),
}
"""The chains of keys by how they begin; the first that fits counts."""
NOT_SHOWN_YET = frozenset(
    {
        "calibrated: causes.overstock.unsold_cover_days",
        "calibrated: certainty.intercept_sd",
        "calibrated: certainty.log_slope_sd",
        "calibrated: certainty.min_answers",
        "calibrated: delivery.amount_slack",
        "calibrated: delivery.habit_decay_factor",
        "calibrated: delivery.min_kept_share",
        "calibrated: delivery.short_days",
        "calibrated: delivery.stale_gaps",
        "calibrated: delivery.steady_share",
        "calibrated: delivery.stray_share",
        "calibrated: delivery.usual_days",
        "calibrated: demand.lots_alone",
        "calibrated: episode.depth_weights",
        "calibrated: ingest.errors",
        "calibrated: ingest.min_weekdays",
        "calibrated: ingest.slack",
        "calibrated: ingest.spreads",
        "calibrated: ingest.stray_share",
        "calibrated: ingest.usual_days",
        "calibrated: inputs.keys_days",
        "calibrated: inputs.swapped_place_spread",
        "calibrated: inputs.usual_keys_meeting",
        "calibrated: panel.min_on_hand",
        "calibrated: recommend.clearance_pct",
        "calibrated: recommend.cover_clearance_pct",
        "calibrated: recommend.deep_clearance_cover_days",
        "calibrated: response.max_response",
        "calibrated: events.ended_share",
        "calibrated: events.rise_units",
        "calibrated: events.season_ratio",
        "classic: causes.overstock.unsold_cover_days",
        "classic: delivery.amount_slack",
        "classic: delivery.chain_slack",
        "classic: delivery.errors",
        "classic: delivery.habit_decay_factor",
        "classic: delivery.min_expected",
        "classic: delivery.min_kept_share",
        "classic: delivery.short_days",
        "classic: delivery.spreads",
        "classic: delivery.stale_gaps",
        "classic: delivery.steady_share",
        "classic: delivery.stray_share",
        "classic: delivery.usual_days",
        "classic: ingest.errors",
        "classic: ingest.min_weekdays",
        "classic: ingest.slack",
        "classic: ingest.spreads",
        "classic: ingest.stray_share",
        "classic: ingest.usual_days",
        "classic: inputs.keys_days",
        "classic: inputs.swapped_place_spread",
        "classic: inputs.usual_keys_meeting",
        "classic: panel.min_on_hand",
        "classic: panel.return_days",
        "classic: recommend.min_price_cut_pct",
    }
)
"""Settings for which no chain here shows an effect. It only ever shrinks."""


FIELDS = {
    f"{profile}: {key}": (profile, key, field)
    for profile, model in PROFILES.items()
    for key, field in described(model)
    if key != "profile"
}
"""Every key of every profile."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where chains are kept. Evidence by chance is simulated of few series, and outside the user's cache."""
    folder = tmp_path_factory.mktemp("chains")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr("engine.shelf.calibrated.null.SERIES", 1600)
        yield folder
    for cached in (written, usual_panel, usual_results, usual_outcome):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("profile", "key", "field"),
    [pytest.param(*of, id=name) for name, of in FIELDS.items() if name not in NOT_SHOWN_YET],
)
def test_every_setting_changes_something(profile: str, key: str, field: FieldInfo, place: Path):
    assert any(
        shows(chain, profile, key, value, place) for chain in chains_of(key) for value in other_values(key, field)
    )


def test_what_is_not_shown_yet_is_still_there():
    assert FIELDS.keys() >= NOT_SHOWN_YET


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_settings_show_nothing(profile: str, place: Path):
    settings = load(assignments=[f"profile={profile}"])
    for chain in ORDINARY:
        assert results(usual_panel(chain, profile, place), settings) == usual_results(chain, profile, place)
        assert outcome(written(chain, place), settings, place) == usual_outcome(chain, profile, place)


def chains_of(key: str) -> tuple[Callable[[Path], Path], ...]:
    """The chains that may need a key."""
    return next((some for beginning, some in RARER.items() if key.startswith(beginning)), ORDINARY)


def other_values(key: str, field: FieldInfo) -> list[object]:
    """Values of the setting's kind other than its default, far ones first; those out of bounds are refused later."""
    default: Any = field.default
    if field.annotation is str:
        return ["€"]
    if get_origin(field.annotation) is Literal:
        return [word for word in get_args(field.annotation) if word != default]
    if isinstance(default, tuple):
        stretched = [[round(one * factor, 6) for one in default] for factor in (0.7, 1.3)]
        return [*stretched, [default[0] / 2, *default[1:]], [*default[:-1], default[-1] * 0.9]]
    limits = [getattr(rule, kind) for rule in field.metadata for kind in ("ge", "le") if hasattr(rule, kind)]
    nearby = [limit for limit in limits if abs(limit) <= 20 * max(abs(default), 1)]
    factors = (0.02, 0.98, 20.0, 0.5, 2.0, 1.2) if field.annotation is float else (0.5, 2, 10, 0.1)
    found = [*nearby, *(default * factor for factor in factors)]
    numbers = [round(one) for one in found] if field.annotation is int else [round(one, 9) for one in found]
    return list(dict.fromkeys(one for one in numbers if one != default))


def shows(chain: Callable[[Path], Path], profile: str, key: str, value: object, place: Path) -> bool:
    """Whether a night over the chain is another with this value. A value that is refused shows nothing."""
    try:
        settings = load(assignments=[f"profile={profile}", f"{key}={json.dumps(value)}"])
    except SettingsError:
        return False
    section = key.partition(".")[0]
    if section == "ingest":
        return lake_of(chain, settings, place) != lake_of(chain, load(), place)
    if section in {"inputs", "panel", "delivery"}:
        return outcome(written(chain, place), settings, place) != usual_outcome(chain, profile, place)
    return results(usual_panel(chain, profile, place), settings) != usual_results(chain, profile, place)


@cache
def written(chain: Callable[[Path], Path], place: Path) -> Path:
    """The folder of a chain."""
    return chain(place / chain.__name__)


@cache
def usual_panel(chain: Callable[[Path], Path], profile: str, place: Path) -> Panel:
    """The panel of a night that is told nothing."""
    settings = load(assignments=[f"profile={profile}"])
    intake = Intake(settings.inputs, settings.delivery, readings_of(profile))
    sources = check(written(chain, place), intake=intake)
    return panel(sources, desk.panel_plan(settings, allow_partial=True), Memory())


@cache
def usual_results(chain: Callable[[Path], Path], profile: str, place: Path) -> str:
    """What a night that is told nothing finds."""
    return results(usual_panel(chain, profile, place), load(assignments=[f"profile={profile}"]))


@cache
def usual_outcome(chain: Callable[[Path], Path], profile: str, place: Path) -> str:
    """What a night that is told nothing leaves behind."""
    return outcome(written(chain, place), load(assignments=[f"profile={profile}"]), place)


def results(chain: Panel, settings: Settings) -> str:
    """What a night finds on a panel, as it would be published: a digest, or the refusal."""
    blocks: list[pl.DataFrame] = []
    try:
        night = desk.judge(chain, settings, Journal(), lambda cases: blocks.append(findings_of(settings)(cases)))
    except DarkshelfError as refusal:
        return f"{refusal.exit_code}: {refusal}"
    method, chain, found = night.method, night.panel, night.found
    tables = {**night.decided, **method.tables(chain, found, night.cases)}
    bands = partial(method.bands, chain, found)
    days = series_blocks(chain, night.cases, bands, settings.expect.interval_z)
    quality = data_quality(chain, settings.panel.min_history_days, method.notices(chain, night.learnt))
    frames = [night.cases, *blocks, *tables.values(), *days, features(chain, settings.expect, settings.causes)]
    told = json.dumps([dict(method.facts(found)), quality], default=str)
    return digest(told.encode(), *map(as_parquet, frames))


def as_parquet(frame: pl.DataFrame) -> bytes:
    """What a file of the frame would hold."""
    file = BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def outcome(folder: Path, settings: Settings, place: Path) -> str:
    """What a night leaves behind: a digest of its files, or the refusal."""
    rmtree(place / "out", ignore_errors=True)
    try:
        run = desk.run(folder, place / "out", settings, allow_partial=True).folder
    except DarkshelfError as refusal:
        return f"{refusal.exit_code}: {refusal}"
    of_the_run = {"manifest.json", "logs.jsonl", "config_resolved.toml"}
    files = sorted(file for file in run.rglob("*") if file.is_file() and file.name not in of_the_run)
    return digest(*(str(file.relative_to(run)).encode() + file.read_bytes() for file in files))


def lake_of(chain: Callable[[Path], Path], settings: Settings, place: Path) -> str:
    """What a lake that holds ordinary trade says to a chain."""
    rmtree(place / "lake", ignore_errors=True)
    ingest(written(chains.trade, place), place / "lake", load().ingest)
    try:
        return repr(ingest(written(chain, place), place / "lake", settings.ingest, settings.inputs))
    except DarkshelfError as refusal:
        return f"{refusal.exit_code}: {refusal}"


def digest(*parts: bytes) -> str:
    """One word for some bytes."""
    found = blake2b()
    for part in parts:
        found.update(part)
    return found.hexdigest()
