"""Rescore: whose models a run takes that trains none, and whether they may score its day.

In: earlier runs, the work of this one. Out: the run that trained last; every reason against taking its models.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

import polars as pl

from engine.errors import InputError, NotFoundError, Problem
from engine.runs.registry import Registry, Run
from engine.settings.whitespace.run import Sections
from engine.vocabulary import whitespace as v
from engine.whitespace.features.publish import catalog
from engine.whitespace.features.registry import Feature
from engine.whitespace.work import Work

RESCORE: Final = "rescore"
MODELS_OF: Final = "models_of"
"""Under it a manifest names the run whose models were taken."""
STAGES: Final = ("score", "rank")
"""What is done with the models of another run; its checks of them stand there."""
DECIDES: Final = ("labels", "features", "modeling", "waivers")
"""Sections of the settings that decide what a model is."""
DECIDE: Final = ("division_rules", "divisions")
"""Of the settings of the tables, those that decide what it is a model of."""
SHOWN: Final = 5
PACKAGE: Final = "darkshelf"
COVERAGE: Final = "coverage"


def last_trained(registry: Registry, day: dt.date) -> Run:
    """The newest whole run with models that was trained for no later day. Raises NotFoundError."""
    runs = [run for run in registry.runs(v.DESK) if run.part_of is None and run.as_of <= str(day)]
    found = next((run for run in runs[::-1] if (run.folder / "models").is_dir()), None)
    if found is None:
        what = f"no run up to {day} under {registry.out} has trained models"
        raise NotFoundError(f"{what}: make one with  --set whitespace.rescoring.models=train")
    return found


def refuse_unlike(work: Work, trained: Run) -> None:
    """Raise InputError with every reason why the models of a run may not score the day of this one."""
    where = f"run {trained.run_id}"
    problems = [*_too_old(work, trained, where), *_other_settings(work.settings, trained, where)]
    # What features are made of is looked at where the settings alone do not say it.
    problems += [] if problems else _other_features(work.features.registry, trained, where)
    if problems:
        raise InputError(problems)


def described(trained: Run | None) -> dict[str, str]:
    """What a manifest says of the models that were taken; nothing where they were trained."""
    return {} if trained is None else {MODELS_OF: trained.run_id, "models_as_of": trained.as_of}


def _too_old(work: Work, trained: Run, where: str) -> Iterator[Problem]:
    days = (work.cutoff - dt.date.fromisoformat(trained.as_of)).days
    most = work.settings.rescoring.max_age_days
    if days > most:
        what = f"its models were trained for {trained.as_of}, {days} days before {work.cutoff}; {most} are allowed"
        advice = "train anew, or allow it with  --set whitespace.rescoring.max_age_days=" + str(days)
        yield Problem(where, what, advice)


def _other_settings(settings: Sections, trained: Run, where: str) -> Iterator[Problem]:
    now = _deciding(settings.model_dump(mode="json"))
    then = _deciding(trained.manifest.get("settings", {}).get("whitespace", {}))
    changed = [
        f"{key}: {then.get(key)} then, {now.get(key)} now"
        for key in sorted({*now, *then})
        if _differs(now, then, key)
    ]
    if changed:
        what = "its models were trained with other settings"
        advice = "train anew, or score with the settings of that run"
        yield Problem(where, what, advice, len(changed), len({*now, *then}), tuple(changed[:SHOWN]))


def _differs(now: Mapping[str, Any], then: Mapping[str, Any], key: str) -> bool:
    return bool(now.get(key) != then.get(key))


def _deciding(sections: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide what a model is, by their keys."""
    inputs = {name: sections.get("inputs", {}).get(name) for name in DECIDE}
    chosen = {name: sections.get(name, {}) for name in DECIDES} | {"inputs": inputs}
    return {f"{section}.{key}": value for section, values in chosen.items() for key, value in values.items()}


def _other_features(registry: tuple[Feature, ...], trained: Run, where: str) -> Iterator[Problem]:
    """Features of another version of the program, or whose facts are others than those that were published."""
    advice = "train anew: a model reads features as they were when it learned from them"
    then = trained.manifest.get("versions", {}).get(PACKAGE)
    if then != version(PACKAGE):
        what = f"its features are those of version {then}; this is {version(PACKAGE)}"
        yield Problem(where, what, advice)
        return
    kept = next(iter(sorted((trained.folder / "features").glob("feature_catalog_*.csv"))), None)
    if kept is None:
        yield Problem(where, "it published no catalogue of its features", advice)
        return
    before = {row["name"]: row for row in _facts(kept.read_bytes())}
    after = {row["name"]: row for row in _facts(catalog(registry).write_csv().encode())}
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if changed:
        what = "its models learned from features that are defined otherwise now"
        yield Problem(where, what, advice, len(changed), len({*before, *after}), tuple(changed[:SHOWN]))


def _facts(content: bytes) -> list[dict[str, Any]]:
    """The facts of features as text, without how many rows have them."""
    facts = pl.read_csv(content, infer_schema=False).drop(COVERAGE, strict=False)
    # What is empty is written in two ways.
    return facts.select(pl.all().fill_null("")).to_dicts()
