"""Everything a night of the shelf desk is told: the settings of the method that judges it, and no others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from engine.errors import Problem, SettingsError
from engine.settings.loading import described, read_tree, settings_of
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.classic import ClassicSettings
from engine.settings.shelf.common import NightSettings

Settings = CalibratedSettings | ClassicSettings

PROFILES: Mapping[str, type[Settings]] = {"calibrated": CalibratedSettings, "classic": ClassicSettings}
"""The settings of each profile."""
USUAL = "calibrated"
"""The profile of a night that names none."""
_KEYS = {profile: frozenset(key for key, _ in described(model)) for profile, model in PROFILES.items()}


def load(path: Path | None = None, assignments: Sequence[str] = ()) -> Settings:
    """The settings of a night: defaults of its profile, then the TOML file, then `key=value` assignments in order.

    Raises SettingsError listing every unknown key, every key that another profile alone reads, and every value out
    of bounds at once.
    """
    known = known_keys()
    tree, problems = read_tree(path, assignments, known)
    profile = tree.get("profile", USUAL)
    if not isinstance(profile, str) or profile not in PROFILES:
        what = f"is none of {', '.join(PROFILES)} (given: {profile!r})"
        raise SettingsError([*problems, Problem("profile", what, "leave it out, or name one of them")])
    strange = _taken_out(tree, [key for key in known if profile not in readers(key)])
    return settings_of(PROFILES[profile], tree, [*problems, *map(_of_another_profile, strange)], known)


def known_keys() -> dict[str, FieldInfo]:
    """Every settings key of any profile with its field, section by section; what all profiles read comes first."""
    found: dict[str, FieldInfo] = {}
    for model in (NightSettings, *PROFILES.values()):
        for key, field in described(model):
            found.setdefault(key, field)
    sections = list(dict.fromkeys(map(_section, found)))
    return {key: found[key] for key in sorted(found, key=lambda key: sections.index(_section(key)))}


def readers(key: str) -> tuple[str, ...]:
    """The profiles that read a key."""
    return tuple(profile for profile, keys in _KEYS.items() if key in keys)


def _section(key: str) -> str:
    return key.rpartition(".")[0]


def _taken_out(tree: dict[str, Any], keys: Sequence[str]) -> list[str]:
    """Those of the keys that the tree holds. They are taken out of it, and with them sections that become empty."""
    return [key for key in keys if _take_out(tree, key.split("."))]


def _take_out(tree: dict[str, Any], path: Sequence[str]) -> bool:
    name, *rest = path
    if name not in tree:
        return False
    if not rest:
        del tree[name]
        return True
    inner = tree[name]
    found = isinstance(inner, dict) and _take_out(inner, rest)
    if found and not inner:
        del tree[name]
    return found


def _of_another_profile(key: str) -> Problem:
    (profile,) = readers(key)
    what = f"is read by the {profile} profile alone"
    advice = f"leave it out or run it with  --profile {profile} ; see  darkshelf config explain --profile {profile}"
    return Problem(key, what, advice)
