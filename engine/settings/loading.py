"""Settings: one frozen class a stage, every value bounded and described, unknown keys refused.

Order of precedence: defaults, then one TOML file, then the environment, then `--set key=value`.
"""

import difflib
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from engine.errors import Problem, SettingsError
from engine.settings.frozen import RunSettings

AnySettings = TypeVar("AnySettings", bound=RunSettings)
Assigned = Sequence[str] | Mapping[str, object]
"""Values of settings: `key=value` texts, or values by their dotted keys."""
EXPLAINED = "see its meaning and bounds with  darkshelf config explain"
VARIABLE: Final = "DARKSHELF_"
"""What the variables of the environment begin with that stand for settings."""


def load_as(model: type[AnySettings], path: Path | None = None, assignments: Assigned = ()) -> AnySettings:
    """The settings of a desk: defaults, then the TOML file, then the environment, then assignments in their order.

    Raises SettingsError listing every unknown key and every value out of bounds at once.
    """
    known = [key for key, _ in described(model)]
    return settings_of(model, *read_tree(path, assignments, known), known)


def read_tree(
    path: Path | None, assignments: Assigned, known: Collection[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """What the TOML file, the environment and the assignments say, nested by section, and what cannot be read.

    known: every key there is, for advice. Raises SettingsError when the file cannot be read.
    """
    tree = _read_toml(path) if path is not None else {}
    found = [_put(tree, key, _value(os.environ[name]), name, known) for name, key in variables(known).items()]
    if isinstance(assignments, Mapping):
        problems = [_put(tree, key, value, key, known) for key, value in assignments.items()]
    else:
        problems = [_assign(tree, assignment, known) for assignment in assignments]
    return tree, [problem for problem in (*found, *problems) if problem is not None]


def variables(known: Collection[str]) -> dict[str, str]:
    """The variables of the environment that stand for a settings key, in order, with the key.

    `panel.active_days` is `DARKSHELF_PANEL__ACTIVE_DAYS`, with a value as after `--set`.
    """
    named = {f"{VARIABLE}{key.upper().replace('.', '__')}": key for key in known}
    return {name: named[name] for name in sorted(named.keys() & os.environ.keys())}


def unknown_variables(known: Collection[str]) -> list[Problem]:
    """A problem for each variable of the environment that looks like the key of a section and is none."""
    keys = {name: name.removeprefix(VARIABLE).lower().replace("__", ".") for name in sorted(os.environ)}
    strange = (name for name in keys if name.startswith(VARIABLE) and "__" in name and name not in variables(known))
    return [Problem(name, "stands for no setting", _nearest(keys[name], known)) for name in strange]


def settings_of(
    model: type[AnySettings],
    tree: Mapping[str, Any],
    problems: Sequence[Problem],
    known: Collection[str],
    explained: str = EXPLAINED,
) -> AnySettings:
    """The settings that a tree names, the others at their defaults.

    problems: found before, told together with those of the values. known: every key there is, for advice.
    explained: where the values and their bounds are. Raises SettingsError.
    """
    found = list(problems)
    try:
        settings = model.model_validate(tree)
    except ValidationError as error:
        found += [one for detail in error.errors() for one in _complaints(dict(detail), known, explained)]
    if found:
        raise SettingsError(found)
    return settings


def described(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every settings key, a dotted path such as `panel.active_days`, with its field, in reading order."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from described(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def bounds(field: FieldInfo) -> str:
    """The bounds of a setting in words, such as `> 0, <= 1` or `one of calibrated, classic`; empty without any."""
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    is_list = get_origin(field.annotation) is tuple
    rules = _rules_of_a_list(field) if is_list else field.metadata
    limits = [f"{signs[kind]} {getattr(rule, kind)}" for rule in rules for kind in signs if hasattr(rule, kind)]
    if field.annotation is str:
        lengths = " to ".join(str(length) for rule in rules for length in _lengths(rule))
        return f"text of {lengths} signs" if lengths else ""
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(field.annotation)))}"
    return f"list of numbers {', '.join(limits)}" if is_list and limits else ", ".join(limits)


def _lengths(rule: Any) -> list[int]:
    return [getattr(rule, kind) for kind in ("min_length", "max_length") if hasattr(rule, kind)]


def _rules_of_a_list(field: FieldInfo) -> list[Any]:
    return [rule for info in getattr(get_args(field.annotation)[0], "__metadata__", ()) for rule in info.metadata]


def value_of(settings: RunSettings, key: str) -> object:
    """The value at a dotted key, such as `panel.active_days`."""
    value: object = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def as_toml(settings: RunSettings) -> str:
    """The settings as a TOML file that `load_as` reads back to the same settings."""
    lines: list[str] = []
    section = ""
    for key, _ in described(type(settings)):
        here, _, name = key.rpartition(".")
        if here != section:
            lines += ["", f"[{here}]"]
            section = here
        value = value_of(settings, key)
        lines.append(f"{name} = {_toml_value(value)}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _toml_value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml_value(one) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = Problem(str(path), f"cannot be read: {error.strerror}", "give the path of a readable TOML file")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = Problem(str(path), f"is not TOML: {error}", "correct the file at the place named")
    raise SettingsError([problem])


def _assign(tree: dict[str, Any], assignment: str, known: Collection[str]) -> Problem | None:
    key, equals, text = assignment.partition("=")
    if not equals or not key.strip():
        return Problem(f"--set {assignment}", "is not key=value", "write it as  --set panel.active_days=5")
    return _put(tree, key.strip(), _value(text), f"--set {assignment}", known)


def _value(text: str) -> object:
    """What a text says as TOML; the text itself where it is none, so that words need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _put(tree: dict[str, Any], key: str, value: object, named: str, known: Collection[str]) -> Problem | None:
    """Put a value into its place in a tree; the problem where that is none. named: as messages call it."""
    *sections, name = key.split(".")
    for section in sections:
        inner = tree.setdefault(section, {})
        if not isinstance(inner, dict):
            return Problem(named, f"{section} is a value, not a section", _nearest(key, known))
        tree = inner
    tree[name] = value
    return None


def _complaints(detail: dict[str, Any], known: Collection[str], explained: str) -> Iterator[Problem]:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        for one in _keys_in(detail["input"], key):
            yield Problem(one, "is no setting", _nearest(one, known))
        return
    given = "" if isinstance(detail["input"], dict | BaseModel) else f" (given: {detail['input']!r})"
    yield Problem(
        key or "settings",
        f"{detail['msg']}{given}",
        explained,
    )


def _keys_in(given: object, key: str) -> Iterator[str]:
    """The key, or those inside it when a section was given."""
    if not isinstance(given, dict) or not given:
        yield key
        return
    for name, inner in given.items():
        yield from _keys_in(inner, f"{key}.{name}")


def _nearest(key: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else "list every setting with  darkshelf config explain"
