"""The desk: one run, from delivered tables to a published ranking with everything that speaks for or against it.

check → label → features → train → gauntlet → prequential → ablate → forward → rank → card → gate; `run` does all of
them and leads readers to what it published, `part` does one and names the run it is a part of. With
`rescoring.models = "last"` a run trains nothing: it scores and ranks with the models of the last one that did.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.blocks.cluster import executor
from engine.decisions.database import FILE
from engine.decisions.store import open_decisions
from engine.decisions.whitespace.verdicts import verdicts
from engine.decisions.whitespace.words import VERDICT_SCHEMA
from engine.delivery.tables import Delivered
from engine.errors import InputError, NotFoundError, Problem
from engine.outputs.read import DATA_QUALITY, SUMMARY
from engine.outputs.whitespace.result import Ranked
from engine.runs.journal import Journal
from engine.runs.publish import Making
from engine.runs.publish import publish as publish_run
from engine.runs.registry import Registry, Run
from engine.settings.whitespace.run import WhitespaceSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import rescore
from engine.whitespace.artifact import Artifact
from engine.whitespace.check import check
from engine.whitespace.panel import newest_cutoff
from engine.whitespace.publish import publish
from engine.whitespace.quality import data_quality
from engine.whitespace.ranking.before import before
from engine.whitespace.rescore import RESCORE
from engine.whitespace.stages import EVERY_STAGE, STAGES, TRAINING, Asked, Done
from engine.whitespace.work import Work

RUN: Final = "run"
WHOLE: Final = (RUN, RESCORE)
"""Verbs that make a list of their own, and no part of another run."""
LIBRARIES: Final = ("implicit", "lightgbm", "scikit-learn", "scipy")
"""Another version of one of these may give other models."""
VERB: Final = "verb"
"""Under it the manifest says what was done."""
SAID: Final = ("customers", "divisions", "candidates", "selected", "expected_gp", "verdict", "gate")
"""Key figures that the manifest repeats."""


def run(
    place: Delivered,
    out: Path,
    settings: WhitespaceSettings,
    cutoff: dt.date | None = None,
    *,
    force: bool = False,
    cluster: str | None = None,
    watch: Callable[[str], None] | None = None,
    decisions: str | None = None,
) -> Ranked:
    """Do every stage as of one day and publish what came of it as one run under `out`.

    place: a folder of tables, or frames in memory. cutoff: by default the newest month end that was delivered whole.
    force: run again what is there already. cluster: where workers do divisions, parameters and checks, see
    `engine.blocks.cluster.executor`; they see `out` by the same name. watch: called with the name of each stage as it
    begins. decisions: the database of what was decided on earlier lists, by default the one beside the runs. Raises
    InputError, also where the models that are to be taken may not score that day, NotFoundError where there are none,
    SettingsError, TryLaterError, OutputError.
    """
    trains = settings.whitespace.rescoring.models == "train"
    verb, names = (RUN, tuple(STAGES)) if trains else (RESCORE, rescore.STAGES)
    return _published(verb, names, place, out, settings, cutoff, None, force, cluster, watch, decisions)


def part(
    verb: str,
    place: Delivered,
    out: Path,
    settings: WhitespaceSettings,
    cutoff: dt.date | None = None,
    *,
    model: str | None = None,
    force: bool = False,
    cluster: str | None = None,
    watch: Callable[[str], None] | None = None,
    decisions: str | None = None,
) -> Ranked:
    """Do one stage by itself, and publish it as a part of the run whose models it takes.

    verb: a name of `stages.EVERY_STAGE`. model: that run, by default the latest; stages of training take none and
    train anew. Everything else is as in `run`. Raises NotFoundError too, where there is no run with models.
    """
    frozen = None if verb in TRAINING else _frozen(Registry(out), model)
    return _published(verb, (verb,), place, out, settings, cutoff, frozen, force, cluster, watch, decisions)


def _frozen(registry: Registry, model: str | None) -> Run:
    """The run whose models are taken. Raises NotFoundError."""
    runs = [registry.find(model, v.DESK)] if model else registry.runs(v.DESK)[::-1]
    latest = registry.latest_id(v.DESK)
    ordered = sorted(runs, key=lambda run: run.run_id != latest)
    found = next((run for run in ordered if any(name.startswith("models/") for name in run.names)), None)
    if found is None:
        what = f"the run {model} has no models" if model else f"no run under {registry.where} has models"
        raise NotFoundError(f"{what}: train some with  darkshelf whitespace train INPUT --out {registry.where}")
    return found


def _published(
    verb: str,
    names: Iterable[str],
    place: Delivered,
    out: Path,
    settings: WhitespaceSettings,
    cutoff: dt.date | None,
    frozen: Run | None,
    force: bool,
    cluster: str | None,
    watch: Callable[[str], None] | None,
    decisions: str | None,
) -> Ranked:
    journal, registry, sections = Journal(watch), Registry(out), settings.whitespace
    with journal.stage("check"):
        delivery = check(place, sections.inputs)
        prints = {name: dict(source.fingerprints) for name, source in delivery.sources.items()}
    if verb == RESCORE:
        frozen = rescore.last_trained(registry, cutoff or newest_cutoff(delivery.tables))
    work = Work(delivery, cutoff, sections, journal, frozen)
    _refuse_other_day(work)
    if verb == RESCORE and frozen is not None:
        rescore.refuse_unlike(work, frozen)
    earlier = [each for each in registry.runs(v.DESK) if each.as_of < str(work.cutoff)]
    decided = _decided(out, decisions, earlier)
    lists = before(earlier, work.cutoff, sections.ranking.eligibility)
    making = Making(
        v.DESK,
        str(work.cutoff),
        settings,
        prints,
        delivery.folder,
        (verb, *_marks(decided, earlier, frozen)),
        None if verb in WHOLE else (frozen.run_id if frozen else ""),
    )

    def write(partial: Path) -> dict[str, Any]:
        asked = Asked(making.run_id, partial, lists, decided, journal, settings.currency)
        facts: dict[str, Any] = {"cutoff": str(work.cutoff), VERB: verb}
        with executor(cluster, partial) as work.who:
            for name in names:
                done: Done = EVERY_STAGE[name](work, asked)
                with journal.stage("publish"):
                    publish(partial, done.files)
                facts |= done.facts
        publish(partial, [Artifact(SUMMARY, facts), Artifact(DATA_QUALITY, data_quality(delivery))])
        taken = rescore.described(frozen) if verb == RESCORE else {}
        return {VERB: verb, **taken, **{name: facts[name] for name in SAID if name in facts}}

    return Ranked(*publish_run(out, making, journal, write, force=force))


def _refuse_other_day(work: Work) -> None:
    """Raise InputError where frozen models learned from labels that end after the day that is scored as of."""
    if work.frozen is not None and work.frozen.as_of > str(work.cutoff):
        what = f"was trained for {work.frozen.as_of}, after the day that is scored as of, {work.cutoff}"
        raise InputError([Problem(f"run {work.frozen.run_id}", what, "name an earlier run, or score a later day")])


def _decided(out: Path, url: str | None, earlier: list[Run]) -> pl.DataFrame:
    """Verdicts on the gaps of earlier lists; none where nothing was ever decided here."""
    if not earlier or (url is None and not (out / FILE).exists()):
        return pl.DataFrame(schema=VERDICT_SCHEMA)
    decisions = open_decisions(out, url)
    try:
        return verdicts(decisions, [run.run_id for run in earlier])
    finally:
        decisions.close()


def _marks(decided: pl.DataFrame, earlier: list[Run], frozen: Run | None) -> Mapping[str, None]:
    """What makes a run another one, beside its input and settings."""
    parts = [f"{name} {version(name)}" for name in LIBRARIES]
    parts += [run.run_id for run in earlier] + [str(decided.rows())] + ([frozen.run_id] if frozen else [])
    return dict.fromkeys(parts)
