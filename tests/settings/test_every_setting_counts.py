"""Every setting of a profile changes something: a published byte, a notice or an exit code.

A setting for which no chain here shows an effect fails: it does not belong to the profile, or a chain that needs it
is still to be written. A night is looked at step by step, and ends with the first step that shows an effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import pytest

from engine.errors import DarkshelfError, SettingsError
from engine.lake.ingest import ingest
from engine.memory import Memory
from engine.outputs.shelf import shapes
from engine.runs.journal import Journal
from engine.settings.loading import described
from engine.settings.shelf.night import PROFILES, Settings, load
from engine.shelf import desk
from engine.shelf.check import Intake, check, readings_of
from engine.shelf.features import feature_blocks
from engine.shelf.method import findings_of
from engine.shelf.panel import Panel, panel
from engine.shelf.parts import CaseParts
from engine.shelf.series import series_blocks
from engine.shelf.summary import data_quality
from tests.settings import chains, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from pydantic.fields import FieldInfo

pytestmark = pytest.mark.slow

Chain = Callable[[Path], Path]
"""What writes a chain into a folder."""
Shown = tuple[str, ...]
"""What a night shows, a step each; or its refusal alone."""

ORDINARY = (plain.told_shelves, chains.trade, chains.faulty_trade, chains.awkward)
"""Where an effect is looked for, in this order, unless a key is about something rarer."""
RARER: dict[Chain, str] = {
    plain.uneven_deliveries: "inputs.usual_keys_meeting inputs.keys_days inputs.swapped panel.min_on_hand delivery",
    plain.thin_day: "delivery.habit delivery.chain delivery.spreads",
    plain.small_baskets: "delivery.amount",
    plain.some_far_days: "delivery.usual_days",
    plain.half_monday: "ingest",
    plain.shrunk_monday: "ingest.min_kept_share",
    plain.told_of_outside: "demand.occasions",
    plain.told_shelves: "price_check.tolerance",
    chains.half_of_the_keys: "inputs.min_keys_meeting",
    chains.sent_nearly_twice: "inputs.sent_twice_share",
    chains.a_few_sent_twice: "inputs.sent_twice_rows",
    chains.sent_twice: "inputs.sent_twice",
    chains.faulty_prices: "inputs.max_set_aside_share",
    chains.few_days: "panel.min_history_days",
    chains.a_stray_date: "delivery.stray",
    chains.a_late_date: "delivery.stray_late_share",
    chains.a_far_date: "delivery.far_gap_days",
    chains.trade: (
        "expect.min_kept_days causes.conversion_drop causes.promo_ineffective causes.misallocation "
        "recommend.price_response recommend.promo recommend.deep_drop recommend.end_promo "
        "demand.drift demand.usual_drift episode.neighbour episode.max_fdr episode.before episode.closed "
        "pattern.gap pattern.prior_views pattern.promo pattern.neighbour pattern.conversion "
        "events.run_out events.risen events.store_points events.group_cases transfers "
        "recommend.holding recommend.minutes response.own_spread pattern.symptom pattern.overstock_fall "
        "events.region events.return pattern.cover_days pattern.day_fit pattern.long_cover recommend.search_share "
        "demand.fallen_depth causes.price_too_high.own_"
    ),
    chains.faulty_trade: (
        "inputs panel delivery.min_silent delivery.silent delivery.closed delivery.notice delivery.stale_days "
        "delivery.warm_up delivery.group delivery.min_kept "
        "recommend.max_price recommend.deep_promo recommend.promo_lift_per price_check demand.bulk_ratio "
        "demand.paid demand.stock_ratio demand.price_ratio demand.slow pattern.price_response pattern.promo_share "
        "pattern.stock_growth events.group_gap recommend.cost_floor pattern.promo_step "
        "causes.promo_ineffective.weak_score"
    ),
    chains.markdowns: "recommend.markdown recommend.minutes.promo recommend.promo_run events.rise_",
    chains.awkward: (
        "recommend.min_price price_check.min_units demand.impossible demand.weighed pattern.price_rise "
        "events.holiday events.launch events.unit response.max_change panel.held_days panel.stock_from "
        "recommend.ordinary_cover demand.lender demand.young pattern.price_step"
    ),
}
"""How the keys begin that a chain is there for; the longest beginning of a key counts."""
CHAINS = {beginning: chain for chain, beginnings in RARER.items() for beginning in beginnings.split()}


OF_PROMOTIONS = ("promo_off_pct", "deep_promo_off_pct", "promo_lift_pct", "promo_lift_per_pct", "promo_run_days")
OF_WEATHER = ("weather_prior_units", "rain_bounds_millimetres", "departure_bounds_celsius", "usual_weather_days")
BESIDE = {
    # A promotion runs for a week: it is the best answer where looking for the reason is not expected to find it.
    **{("calibrated", f"recommend.{name}"): ("recommend.search_share=0",) for name in OF_PROMOTIONS},
    # Cover that never grew explains a fall in part; where it is asked to explain all of it, it has a surplus.
    ("calibrated", "recommend.ordinary_cover_days"): ("pattern.long_cover_strength=1",),
    # The weather is learnt only where it is asked for.
    **{("calibrated", f"demand.occasions.{name}"): ("demand.occasions.learn_weather=true",) for name in OF_WEATHER},
    # Few sales prove no large rise: how many tell one counts where a small proof is enough.
    ("calibrated", "events.rise_units"): ("events.rise_log_likelihood_ratio=1",),
}
"""Settings that a key needs beside it, because it decides only where another one leaves something to decide."""
SHOWN_BY: dict[str, object] = {
    "causes.misallocation.min_days": 90,
    "delivery.amount_slack": 0.6,
    "delivery.chain_slack": 0.55,
    "delivery.far_gap_days": 920,
    "delivery.min_expected": 10.0,
    "delivery.min_silent_skus": 30,
    "delivery.short_days": 14,
    "delivery.stale_days": 56,
    "delivery.stray_share": 0.55,
    "delivery.warm_up_days": 56,
    "demand.dark_depth": 0.525,
    "demand.dark_false_share": 0.016,
    "demand.impossible_ratio": 6.0,
    "demand.lender_prior_stores": 12.0,
    "demand.lots_alone": 1.5,
    "demand.paid_share": 0.005,
    "episode.closing_log_likelihood_ratio": 0.1,
    "events.ended_share": 0.525,
    "events.region_share": 0.375,
    "events.risen_share": 0.875,
    "expect.min_kept_days": 28,
    "inputs.min_keys_meeting": 0.75,
    "inputs.sent_twice_share": 0.45,
    "inputs.shared_place_share": 1.0,
    "inputs.shared_place_stores": 30,
    "inputs.swapped_place_spread": 3.0,
    "inputs.usual_keys_meeting": 0.9604,
    "pattern.promo_fall": 0.6,
    "pattern.symptom_share": 0.01,
    "price_check.tolerance": 0.003,
    "recommend.cost_floor_ratio": 21.0,
    "response.max_error": 0.015,
    "response.max_response": 0.12,
}
"""Values that show something where those tried first elsewhere do not: each of these is a night."""
BOUNDS = ("ge", "gt", "le", "lt")
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
    for cached in (written, usual_panel, judged, delivered, answered, ingested):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("profile", "key", "field"),
    [pytest.param(*of, id=name) for name, of in FIELDS.items()],
)
def test_every_setting_changes_something(profile: str, key: str, field: FieldInfo, place: Path):
    assert any(
        shows(chain, profile, key, value, place) for chain in chains_of(key) for value in other_values(key, field)
    )


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("way", ["judged", "delivered"])
def test_the_same_settings_show_nothing(way: str, profile: str, place: Path):
    settings = load(assignments=[f"profile={profile}"])
    look = {"judged": judged, "delivered": delivered}[way]
    for chain in ORDINARY:
        usual = look(chain, settings, place)
        assert look.__wrapped__(chain, settings, place, usual) == usual
        assert len(usual) > 1, "a night of which every step was looked at"


def chains_of(key: str) -> tuple[Chain, ...]:
    """The chains that may need a key: the one that is there for it, then the ordinary ones."""
    fitting = [beginning for beginning in CHAINS if key.startswith(beginning)]
    if not fitting:
        return ORDINARY
    mine = CHAINS[max(fitting, key=len)]
    return (mine,) if key.startswith("ingest") else (mine, *(chain for chain in ORDINARY if chain is not mine))


def other_values(key: str, field: FieldInfo) -> list[object]:
    """Values of the setting's kind other than its default: what is known to show something, then far ones.

    Those out of bounds are refused later.
    """
    usual = usual_values(field)
    return [SHOWN_BY[key], *usual] if key in SHOWN_BY else usual


def usual_values(field: FieldInfo) -> list[object]:
    default: Any = field.default
    if field.annotation is str:
        return ["€"]
    if field.annotation is bool:
        return [not default]
    if get_origin(field.annotation) is Literal:
        return [word for word in get_args(field.annotation) if word != default]
    if isinstance(default, tuple):
        stretched = [[round(one * factor, 6) for one in default] for factor in (0.7, 1.3)]
        return [*stretched, [default[0] / 2, *default[1:]], [*default[:-1], default[-1] * 0.9], [*reversed(default)]]
    bounds = [getattr(rule, kind) for rule in field.metadata for kind in BOUNDS if hasattr(rule, kind)]
    limits = [bound for bound in bounds if abs(bound) <= 20 * max(abs(default), 1)]
    between = [(default + bound) / 2 for bound in limits]
    # Where no bound shows anything, many times as much does for most: each value that does not is a night.
    factors = (20.0, 0.02, 0.98, 0.5, 2.0, 3.0, 1.2) if field.annotation is float else (10, 0.5, 2, 0.1)
    farthest, *others = (default * factor for factor in factors)
    found = [*limits, farthest, *between, *others, default + 1]
    numbers = [round(one) for one in found] if field.annotation is int else [round(one, 9) for one in found]
    return list(dict.fromkeys(one for one in numbers if one != default))


def shows(chain: Chain, profile: str, key: str, value: object, place: Path) -> bool:
    """Whether the program leaves something else behind with this value. A value that is refused shows nothing."""
    usual = [f"profile={profile}", *(BESIDE.get((profile, key), ()))]
    try:
        settings = load(assignments=[*usual, f"{key}={json.dumps(value)}"])
    except SettingsError:
        return False
    look = next((way for beginning, way in WAYS.items() if key.startswith(beginning)), judged)
    known = look(chain, load(assignments=usual), place)
    return look(chain, settings, place, known) != known


class DifferentError(Exception):
    """A step shows something else than it did in another night."""


class Steps:
    """Digests of what a night shows, a step each. known: those of another one, whose end is this one's too.

    What a night shows before it is refused is nothing: such a one has a single step, and is known as a whole.
    """

    def __init__(self, known: Shown) -> None:
        self._known = known if len(known) > 1 else ()
        self._found: list[str] = []

    def add(self, *parts: bytes) -> None:
        """Take the next step. Raises DifferentError where it is another one than is known."""
        self._found.append(digest(*parts))
        if self._known and self._known[: len(self._found)] != tuple(self._found):
            raise DifferentError

    def all_of(self, night: Callable[[], None]) -> Shown:
        """What a night shows that takes these steps: up to the first that differs, or the refusal."""
        try:
            with suppress(DifferentError):
                night()
        except DarkshelfError as refusal:
            return (f"{refusal.exit_code}: {refusal}",)
        return tuple(self._found)


@cache
def written(chain: Chain, place: Path) -> Path:
    """The folder of a chain."""
    return chain(place / chain.__name__)


@cache
def usual_panel(chain: Chain, profile: str, place: Path) -> Panel:
    """The panel of a night that is told nothing."""
    settings = load(assignments=[f"profile={profile}"])
    intake = Intake(settings.inputs, settings.delivery, readings_of(profile))
    sources = check(written(chain, place), intake=intake)
    return panel(sources, desk.panel_plan(settings, allow_partial=True), Memory())


@cache
def judged(chain: Chain, settings: Settings, place: Path, known: Shown = ()) -> Shown:
    """What a night finds on the usual panel, as it would be published."""
    days, steps = usual_panel(chain, settings.profile, place), Steps(known)

    def add(*frames: pl.DataFrame) -> None:
        steps.add(*map(as_parquet, frames))

    def describe(expected: Panel) -> None:
        add(*feature_blocks(expected, settings.expect, settings.causes))

    def take(folder: Path) -> None:
        parts = CaseParts(folder)
        night = desk.judge(
            days, settings, Journal(), describe, lambda cases: add(findings_of(settings)(cases)), parts
        )
        method, chain_days, found = night.method, night.panel, night.found
        cases = parts.whole()
        add(cases)
        tables = {**night.decided, **method.tables(chain_days, found, parts)}
        add(*(table.rows for table in tables.values()))
        quality = data_quality(chain_days, settings.panel.min_history_days, method.notices(chain_days, night.learnt))
        steps.add(json.dumps([dict(method.facts(found)), quality], default=str).encode())
        bands = partial(method.bands, chain_days, found)
        add(*series_blocks(chain_days, cases["pair"], bands, settings.expect.interval_z))

    with TemporaryDirectory() as folder:
        return steps.all_of(lambda: take(Path(folder)))


def as_parquet(frame: pl.DataFrame) -> bytes:
    """What a file of the frame would hold."""
    file = BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


@cache
def delivered(chain: Chain, settings: Settings, place: Path, known: Shown = ()) -> Shown:
    """What a whole night leaves behind, the reading of its tables included."""
    return outcome(chain, settings, place, known)


@cache
def answered(chain: Chain, settings: Settings, place: Path, known: Shown = ()) -> Shown:
    """What a night leaves behind that learns from what stores answered."""
    return outcome(chain, settings, place, known, feedback=plain.answers_of_stores(place / "answers.parquet"))


def outcome(chain: Chain, settings: Settings, place: Path, known: Shown, feedback: Path | None = None) -> Shown:
    """The features of a night, which are written long before the others, then all of its files."""
    steps, out = Steps(known), place / "out"
    rmtree(out, ignore_errors=True)

    def look(stage: str) -> None:
        if stage == "detect":
            steps.add(next(out.rglob(shapes.FEATURES)).read_bytes())

    def take() -> None:
        folder = written(chain, place)
        night = desk.run(folder, out, settings, allow_partial=True, feedback=feedback, watch=look)
        of_the_run = {"manifest.json", "logs.jsonl", "config_resolved.toml"}
        files = sorted(file for file in night.folder.rglob("*") if file.is_file() and file.name not in of_the_run)
        steps.add(*(str(file.relative_to(night.folder)).encode() + file.read_bytes() for file in files))

    return steps.all_of(take)


@cache
def ingested(chain: Chain, settings: Settings, place: Path, known: Shown = ()) -> Shown:
    """What a lake says to a delivery, which is one step."""
    steps, lake = Steps(known), place / "lake"
    rmtree(lake, ignore_errors=True)
    ingest(written(chain, place) / "held", lake, load().ingest)

    def take() -> None:
        steps.add(repr(ingest(written(chain, place) / "delivered", lake, settings.ingest, settings.inputs)).encode())

    return steps.all_of(take)


WAYS: dict[str, Callable[..., Shown]] = {
    "ingest": ingested,
    "inputs": delivered,
    "panel": delivered,
    "delivery": delivered,
    "certainty.min_answers": answered,
    "certainty.intercept_sd": answered,
    "certainty.log_slope_sd": answered,
}
"""Where keys show, by how they begin; all others show in what is judged."""


def digest(*parts: bytes) -> str:
    """One word for some bytes."""
    found = blake2b()
    for part in parts:
        found.update(part)
    return found.hexdigest()
