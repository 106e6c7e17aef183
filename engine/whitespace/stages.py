"""Stages: what each verb of the desk computes, and the files that it publishes.

In: the work of a run. Out: `Done`. `run` does all of them, a verb one by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.outputs.whitespace import shapes
from engine.runs.journal import Journal
from engine.vocabulary import whitespace as v
from engine.whitespace import (
    ablate,
    auto_safe,
    check,
    forward,
    forward_files,
    label_audit,
    overview,
    prequential,
    training_files,
)
from engine.whitespace.artifact import Artifact
from engine.whitespace.card import card
from engine.whitespace.features import publish as feature_files
from engine.whitespace.features.safe import safe
from engine.whitespace.gate import gate
from engine.whitespace.gauntlet import quality
from engine.whitespace.gauntlet import run as gauntlet_of
from engine.whitespace.gauntlet.report import checks_table
from engine.whitespace.ranking import artifacts as ranking_files
from engine.whitespace.ranking import learn
from engine.whitespace.ranking.baskets import baskets
from engine.whitespace.ranking.before import Before
from engine.whitespace.ranking.rank import Market, rank
from engine.whitespace.slug import slug
from engine.whitespace.tables import as_of
from engine.whitespace.work import Work


@dataclass(frozen=True)
class Asked:
    """What a stage is given beside the work.

    run_id, folder: of the run; what earlier stages published lies there. before: earlier lists. verdicts: on those.
    currency: of amounts in sentences.
    """

    run_id: str
    folder: Path
    before: Before
    verdicts: pl.DataFrame
    journal: Journal
    currency: str


@dataclass(frozen=True)
class Done:
    """What a stage came to. facts: key figures for the summary. files: to be published."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Artifact, ...] = ()


Stage = Callable[[Work, Asked], Done]


def _label(work: Work, asked: Asked) -> Done:
    rows = work.labels
    labelled = rows.filter("in_population")
    facts = {"customers": work.tables.customers.height, "rows": labelled.height}
    files = [*check.artifacts(work.delivery), *label_audit.artifacts(rows, work.blocks, work.settings.labels)]
    return Done(facts, tuple(files))


def _features(work: Work, asked: Asked) -> Done:
    newest = work.features.matrices[work.cutoff]
    scored = type(work.features)(work.features.registry, {work.cutoff: newest})
    policy = safe(work.features.registry, work.settings.features)
    files = [
        *feature_files.artifacts(scored, work.state, work.divisions),
        *(policy.as_artifact(division, str(work.cutoff)) for division in work.divisions),
    ]
    return Done({"features": len(work.features.registry)}, tuple(files))


def _train(work: Work, asked: Asked) -> Done:
    trained, settings = work.trained, work.settings
    files = [
        *training_files.artifacts(trained, work.dataset, settings.modeling, settings.waivers),
        *work.state.as_artifacts(),
        *overview.artifacts(trained, work.features, settings.modeling),
    ]
    backings = {backing: sum(one.backing == backing for one in trained.divisions.values()) for backing in v.BACKINGS}
    return Done({"divisions": len(trained.divisions), "backings": backings}, tuple(files))


def _gauntlet(work: Work, asked: Asked) -> Done:
    context = work.context
    with asked.journal.stage("gauntlet"):
        found, judged = gauntlet_of.gauntlet(context), quality.quality(context)
    verdicts = {name: found.of_division(name) for name in found.divisions}
    files = [
        *gauntlet_of.artifacts(found),
        *quality.artifacts(judged, context),
        Artifact(shapes.CHECKS, checks_table([*found.results, *judged])),
    ]
    statuses = {check.name: check.status for check in judged}
    return Done({"verdict": found.overall, "verdicts": verdicts, "quality": statuses}, tuple(files))


def _prequential(work: Work, asked: Asked) -> Done:
    with asked.journal.stage("prequential"):
        found = prequential.prequential(work.context)
    return Done({"prequential": found.check.status}, tuple(prequential.artifacts(found)))


def _ablate(work: Work, asked: Asked) -> Done:
    with asked.journal.stage("ablate"):
        found = ablate.ablate(work.context)
    return Done({"ablation": found.check.status}, tuple(ablate.artifacts(found)))


def _auto_safe(work: Work, asked: Asked) -> Done:
    with asked.journal.stage("ablate"):
        table = ablate.ablate(work.context).table
    proposal = auto_safe.auto_safe(table, work.settings)
    return Done(
        {"proposal": proposal.status, "proposed": list(proposal.divisions)}, tuple(auto_safe.artifacts(proposal))
    )


def _forward(work: Work, asked: Asked) -> Done:
    context, learned = work.context, work.learned
    with asked.journal.stage("forward"):
        found = forward.forward(context, learned)
    return Done({"forward": found.check.status}, tuple(forward_files.artifacts(found, work.settings)))


def _diagnose(work: Work, asked: Asked) -> Done:
    """One of the checks that explain rather than gate, by itself."""
    with asked.journal.stage("gauntlet"):
        found = gauntlet_of.gauntlet(work.context, only=(work.settings.gauntlet.diagnosis,))
    files = [file for result in found.results for file in result.artifacts]
    return Done({"diagnosed": len(files)}, tuple(files))


def _challenger(work: Work, asked: Asked) -> Done:
    learned = work.learned
    facts = {"challenger_promoted": learned.challenger.is_promoted}
    return Done(facts, tuple(learn.artifacts(learned)))


def _rank(work: Work, asked: Asked) -> Done:
    settings, rows, learned = work.settings.ranking, work.scored_rows, work.learned
    tables = as_of(work.tables, work.cutoff)
    market = Market(
        work.cutoff, tables, rows, work.features, work.trained, asked.verdicts, asked.before, asked.currency
    )
    with asked.journal.stage("rank"):
        ranking = rank(market, learned, settings)
    selected = ranking.selected
    facts = {
        "candidates": ranking.candidates.height,
        "eligible": ranking.candidates.filter(pl.col("excluded_because").is_null()).height,
        "selected": selected.height,
        "held_out": int(ranking.candidates["is_held_out"].sum()),
        "expected_gp": round(ranking.selection.worth, 2),
        "selection_status": ranking.selection.status,
    }
    rules = baskets(tables, work.cutoff, work.state, work.settings.features)
    return Done(facts, (*ranking_files.artifacts(ranking, asked.run_id, settings), *rules))


def _score(work: Work, asked: Asked) -> Done:
    chances = work.trained.predict(work.features, work.scored_rows)
    return Done({"scored": chances.height}, (Artifact(shapes.SCORES, chances),))


def _card(work: Work, asked: Asked) -> Done:
    folders, cutoff = {asked.run_id: asked.folder}, str(work.cutoff)
    names = work.divisions
    return Done({}, tuple(Artifact(shapes.card_file(slug(name)), card(folders, name, cutoff)) for name in names))


def _gate(work: Work, asked: Asked) -> Done:
    names = work.divisions
    found = gate({asked.run_id: asked.folder}, names, str(work.cutoff), is_published=False)
    return Done({"gate": found.overall}, (Artifact(shapes.GATE, found.as_dict()),))


STAGES: Final[Mapping[str, Stage]] = {
    "label": _label,
    "features": _features,
    "train": _train,
    "gauntlet": _gauntlet,
    "prequential": _prequential,
    "ablate": _ablate,
    "forward": _forward,
    "score": _score,
    "rank": _rank,
    "card": _card,
    "gate": _gate,
}
"""In the order of a run."""
EVERY_STAGE: Final[Mapping[str, Stage]] = {
    **STAGES,
    "diagnose": _diagnose,
    "auto-safe": _auto_safe,
    "challenger": _challenger,
}
"""With those that a run leaves out: what they say it says already, or is asked for once a quarter."""
TRAINING: Final = ("label", "features", "train")
"""Verbs that make what the others take from a frozen run."""
