"""Permutation: a model that learned from shuffled labels must not know who buys (G7).

Training labels are shuffled within each cutoff; splits and parameters stay. They are not kept within divisions: the
pooled estimator would learn how popular each is from what its customers bought before, and so know who buys within a
division without one true label. Two verdicts: *signal*, the true labels score better than nearly all shuffled ones
and by enough; *leak*, shuffled labels score better than base rates alone can, which only splits that leak can do. To
have no signal is not a leak.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol, cast

import numpy as np
import polars as pl
from scipy.special import ndtri

from engine.arrays import Flags, Floats, Integers, Singles
from engine.settings.whitespace.gauntlet import GauntletSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import fingerprint
from engine.whitespace.artifact import Artifact
from engine.whitespace.dataset import outcomes
from engine.whitespace.experiment import chosen
from engine.whitespace.gauntlet.context import Context, leading
from engine.whitespace.gauntlet.decide import Rule, decide, figure, figures
from engine.whitespace.gauntlet.files import named, place
from engine.whitespace.gauntlet.pictures import histogram
from engine.whitespace.gauntlet.scores import AUC, Scores, known
from engine.whitespace.gauntlet.shapes import PermutationDiag, PermutationGate, Status
from engine.whitespace.gauntlet.small import small
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, reading, readings, waived
from engine.whitespace.models import fit
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.trained import DivisionModel

NAME: Final = "permutation"
DIAG: Final = "permutation_diag"
GATE: Final = "permutation_gate"
PICTURE: Final = "perm_auc_hist.png"
BATCH: Final = 37
"""Shuffles between two looks at whether p can still be small enough."""
DRAWS: Final = 37
"""Of labels by base rates alone, which shuffled ones are held against."""


@dataclass(frozen=True)
class Shuffled:
    """What one division, or all together, scored. All AUC out of time and among rows of one division, so that to know
    how popular divisions are earns nothing; NaN where nothing could be learned.

    true: with the true labels. permuted: with shuffled ones, (n_done,). base_rate: mean of labels that are drawn by
    the base rate of each cutoff alone, which features that grow with time tell of; NaN of champions. base_rate_error:
    standard error of its difference from the mean of shuffled ones. true_error: standard error of `true`. positives:
    validated.
    """

    division: str
    estimator: str
    true: float
    true_error: float
    permuted: Floats
    positives: int
    stopped_early: bool
    base_rate: float = math.nan
    base_rate_error: float = math.nan

    @property
    def p_value(self) -> float:
        """The chance of a score as good as the true one without any signal (Phipson and Smyth 2010)."""
        if not self.permuted.size:
            return float("nan")
        return float((1 + (self.permuted >= self.true).sum()) / (1 + self.permuted.size))

    @property
    def mean(self) -> float:
        """Mean AUC of shuffled labels."""
        return float(self.permuted.mean()) if self.permuted.size else float("nan")

    @property
    def gap(self) -> float:
        """How much higher the true labels score."""
        return self.true - self.mean


def permutation(context: Context, base: Scores) -> CheckResult:
    """The check, of all divisions together and of each. base: the champions, whose own AUC is told beside."""
    if context.settings.waivers.permutation:
        return waived(NAME, "waivers.permutation")
    asked = (ALL, *context.divisions)
    found = side_by_side(partial(shuffled, context), asked, context.who)
    settings = context.settings.gauntlet
    tables = [_signal(found, settings), _leak(found, settings)]
    if settings.deep:
        tables.append(_champions(context))
    result = CheckResult(NAME, pl.concat(tables))
    files = [file for one in found for file in _files(context, one, result, base)]
    return CheckResult(NAME, result.readings, artifacts=tuple(files))


def shuffled(context: Context, division: str) -> Shuffled:
    """The small estimator on true and on shuffled labels of a division, or of all together."""
    settings, leader = context.settings.gauntlet, leading(context, division)
    most = settings.small_pooled_rows if division == ALL else settings.small_rows
    parts = list(_parts(context, division, most))
    machines = [
        small(leader.champion, *_values(context, part, leader), settings, context.settings.modeling.seed)
        for part in parts
    ]
    found = _shuffled(context, division, f"small {leader.champion}", parts, machines, settings.permutations)
    return _beside_base_rates(context, found, parts, machines) if found.permuted.size else found


@dataclass(frozen=True)
class _Part:
    """The rows of one fold: what is learned from, what is validated, and what may be exchanged with what."""

    train: pl.DataFrame
    valid: pl.DataFrame
    strata: Integers

    @property
    def labels(self) -> Flags:
        return outcomes(self.train)

    @property
    def base_rates(self) -> Floats:
        """Of the cutoff of each row that is learned from, (n_train,)."""
        counts = np.maximum(np.bincount(self.strata), 1)
        return np.asarray((np.bincount(self.strata, self.labels) / counts)[self.strata])


class _Machine(Protocol):
    """Something that learns from labels of the rows of one fold and scores those that it validates."""

    def scores(self, labels: Flags) -> Floats:
        """As `Small.scores`."""


class _Champion:
    """The champion itself, fitted anew to every shuffle."""

    def __init__(self, context: Context, part: _Part, leader: DivisionModel) -> None:
        self._train, self._valid = _values(context, part, leader)
        self._features = chosen(context.dataset.features.registry, leader.features)
        self._candidate, self._params = leader.champion, leader.params
        self._seed = context.settings.modeling.seed

    def scores(self, labels: Flags) -> Floats:
        """As `Small.scores`."""
        model = fit(self._candidate, self._train, labels, self._features, self._params, self._seed)
        return model.predict(self._valid)


def _shuffled(
    context: Context, division: str, estimator: str, parts: Sequence[_Part], machines: Sequence[_Machine], times: int
) -> Shuffled:
    labels, divisions = _validated(parts, context.dataset.rows)
    positives = int(labels.sum())
    if not np.prod(_classes(labels, divisions), axis=0).any():
        unknown = float("nan")
        return Shuffled(division, estimator, unknown, unknown, np.empty(0), positives, stopped_early=False)
    true = area(labels, _together(machines, [part.labels for part in parts]), divisions)
    rng = np.random.default_rng(fingerprint.number(context.settings.modeling.seed, division))
    permuted, hopeless = list[float](), context.settings.gauntlet.permutation_max_p * (times + 1)
    while len(permuted) < times and sum(one >= true for one in permuted) < hopeless:
        for _ in range(min(BATCH, times - len(permuted))):
            drawn = [part.labels[exchanged(part.strata, rng)] for part in parts]
            permuted.append(area(labels, _together(machines, drawn), divisions))
    error = area_error(true, labels, divisions)
    return Shuffled(division, estimator, true, error, np.array(permuted), positives, len(permuted) < times)


def _beside_base_rates(
    context: Context, found: Shuffled, parts: Sequence[_Part], machines: Sequence[_Machine]
) -> Shuffled:
    """The same, with what labels score that are drawn by the base rate of each cutoff: they never knew a true one."""
    labels, divisions = _validated(parts, parts[0].valid)
    rng = np.random.default_rng(fingerprint.number(context.settings.modeling.seed, found.division, NAME))
    scored = np.empty(DRAWS)
    for draw in range(DRAWS):
        drawn = [(rng.random(part.strata.size) < part.base_rates).astype(np.uint8) for part in parts]
        scored[draw] = area(labels, _together(machines, drawn), divisions)
    error = float(scored.std(ddof=1)) * math.sqrt(1 / DRAWS + 1 / found.permuted.size)
    return replace(found, base_rate=float(scored.mean()), base_rate_error=error)


def _validated(parts: Sequence[_Part], rows: pl.DataFrame) -> tuple[Flags, Integers]:
    """Labels and divisions of the rows that all folds validate, one after another. rows: some, for their columns."""
    valid = pl.concat([part.valid for part in parts]) if parts else rows.clear()
    return outcomes(valid), valid[v.DIVISION].to_physical().to_numpy().astype(np.int64)


def area(labels: Flags, scores: Floats, groups: Integers) -> float:
    """AUC among rows of one group, ties counting half: the share of all pairs of a buyer and another of its group in
    which the buyer scores higher. labels, scores, groups: (n_rows,), some group of both classes.
    """
    order = np.lexsort((scores, groups))
    group, score = groups[order], scores[order]
    starts = np.flatnonzero(np.concatenate(([True], (np.diff(group) != 0) | (np.diff(score) != 0))))
    lengths = np.diff(starts, append=labels.size)
    ranks = np.repeat(starts + (lengths + 1) / 2, lengths)
    buyers, others = _classes(labels, groups)
    # Ranks run on over groups: what comes before a group is taken off.
    before = np.cumsum(buyers + others) - (buyers + others)
    ranked = np.bincount(group, ranks * labels[order]) - buyers * (before + (buyers + 1) / 2)
    return float(ranked.sum() / (buyers * others).sum())


def area_error(value: float, labels: Flags, groups: Integers) -> float:
    """Standard error of an AUC within groups: that of Hanley and McNeil (1982) of each, weighted by its pairs."""
    buyers, others = _classes(labels, groups)
    both, twice = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (buyers - 1) * (both - value**2) + (others - 1) * (twice - value**2)
    pairs = buyers * others
    return float(np.sqrt((pairs * np.maximum(spread, 0.0)).sum()) / pairs.sum())


def _classes(labels: Flags, groups: Integers) -> tuple[Integers, Integers]:
    """Buyers and others of every group, (n_groups,)."""
    buyers = np.bincount(groups, labels).astype(np.int64)
    return buyers, np.bincount(groups) - buyers


def _parts(context: Context, division: str, most: int) -> Iterator[_Part]:
    """Each measured fold from which something can be learned; buyers are all kept, of the others a sample."""
    rows = context.dataset.rows
    ours = pl.lit(value=True) if division == ALL else pl.col(v.DIVISION).cast(pl.String) == division
    for fold in context.measured_folds:
        train, valid = (rows.filter(pl.Series(side)).filter(ours) for side in (fold.train, fold.valid))
        sample = _sample(train, most, context.settings.modeling.seed)
        labels = outcomes(sample)
        if labels.any() and not labels.all() and valid.height:
            yield _Part(sample, valid, sample[v.CUTOFF].rank("dense").to_numpy().astype(np.int64))


def _sample(rows: pl.DataFrame, most: int, seed: int) -> pl.DataFrame:
    """Buyers, at most half of what is allowed, and of the others as many as are left; by chance, in their order."""
    if rows.height <= most:
        return rows
    rng = np.random.default_rng(seed)
    turn, buys = rng.permutation(rows.height), outcomes(rows) == 1
    buyers, others = (np.flatnonzero(side)[np.argsort(turn[side])] for side in (buys, ~buys))
    buyers = buyers[: most // 2]
    return rows[np.sort(np.concatenate((buyers, others[: most - buyers.size])))]


def _values(context: Context, part: _Part, leader: DivisionModel) -> tuple[Singles, Singles]:
    dataset = context.dataset
    return dataset.values(part.train, leader.features), dataset.values(part.valid, leader.features)


def _together(machines: Sequence[_Machine], labels: Sequence[Flags]) -> Floats:
    return np.concatenate([one.scores(ours) for one, ours in zip(machines, labels, strict=True)])


def exchanged(strata: Integers, rng: np.random.Generator) -> Integers:
    """Which row's label each row gets: one of its own stratum."""
    order, drawn = np.argsort(strata, kind="stable"), np.lexsort((rng.random(strata.size), strata))
    taken = np.empty(strata.size, np.int64)
    taken[order] = drawn
    return taken


def _signal(found: Sequence[Shuffled], settings: GauntletSettings) -> pl.DataFrame:
    """Readings of p and of the gap. A p above its bound fails a division only where its gap does."""
    rule = Rule("gap", least=settings.permutation_min_gap)
    gaps = decide(
        figures(figure(one.division, one.gap, one.true_error, one.positives) for one in found), rule, settings
    )
    return pl.concat(
        [gaps, readings(_p_reading(one, settings, gap) for one, gap in zip(found, gaps["status"], strict=True))]
    )


def _p_reading(one: Shuffled, settings: GauntletSettings, gap: str) -> dict[str, object]:
    most, p = settings.permutation_max_p, one.p_value
    numbers = {"value": known(p), "bound": most, "positives": one.positives}
    if p <= most:
        return reading(v.PASS, f"p {p:.4f}, at most {most:g}", one.division, "p_value", **numbers)
    if one.division == ALL or settings.strict or gap == v.FAIL:
        return reading(
            v.FAIL, f"no signal: p {p:.4f}, should be at most {most:g}", one.division, "p_value", **numbers
        )
    needed = _positives_for_p(one, settings)
    enough = f"{needed:,} positives would decide" if needed else "no reachable number would decide"
    note = f"low_power: p {p:.4f}, should be at most {most:g}; {enough}"
    return reading(v.WARN, note, one.division, "p_value", low_power=True, positives_needed=needed, **numbers)


def _positives_for_p(one: Shuffled, settings: GauntletSettings) -> int | None:
    """Buyers with which the least gap that counts would be beyond chance, with the power of the settings."""
    if one.permuted.size < 2:
        return None
    sureness = ndtri(1 - settings.permutation_max_p) + ndtri(settings.power)
    needed = one.positives * (sureness * one.permuted.std(ddof=1) / settings.permutation_min_gap) ** 2
    return max(int(np.ceil(needed)), one.positives + 1)


def _leak(found: Sequence[Shuffled], settings: GauntletSettings) -> pl.DataFrame:
    """Readings of how far shuffled labels score above base rates alone, in standard errors of the latter."""
    most = float(ndtri((1 + settings.permutation_band) / 2))
    rule = Rule("permuted_mean_above_base_rate", most=most)
    rows = [
        figure(one.division, (one.mean - one.base_rate) / max(one.base_rate_error, 1e-12), 1.0, one.positives)
        for one in found
    ]
    return decide(figures(rows), rule, settings)


def _champions(context: Context) -> pl.DataFrame:
    """Readings of the champions themselves, all together and of every division with a model of its own."""
    settings, found = context.settings.gauntlet, []
    own = [name for name, model in context.trained.divisions.items() if not model.pooled]
    for division in (ALL, *sorted(own)):
        leader = leading(context, division)
        parts = list(_parts(context, division, context.dataset.rows.height))
        machines = [_Champion(context, part, leader) for part in parts]
        one = _shuffled(context, division, leader.champion, parts, machines, settings.deep_permutations)
        found.append(_p_reading(one, settings, v.PASS) | {"measure": "champion_p_value"})
    return readings(found)


def _files(context: Context, one: Shuffled, result: CheckResult, base: Scores) -> list[Artifact]:
    settings, cutoff = context.settings.gauntlet, context.cutoff
    ours = result.readings.filter(pl.col("division") == one.division)
    leak = ours.filter(pl.col("measure") == "permuted_mean_above_base_rate")["status"]
    half = float(ndtri((1 + settings.permutation_band) / 2)) * one.base_rate_error
    folder, some = place(one.division, cutoff), one.permuted.size > 1
    diag = PermutationDiag(
        division=one.division,
        cutoff=cutoff,
        estimator=one.estimator,
        baseline_auc=known(one.true),
        champion_auc=known(base.value(one.division, AUC)),
        permuted_auc_mean=known(one.mean),
        permuted_auc_std=float(one.permuted.std(ddof=1)) if some else None,
        n_permutations=one.permuted.size,
        stopped_early=one.stopped_early,
        auc_degradation=known(one.gap),
        p_value=known(one.p_value),
        base_rate_auc=known(one.base_rate),
        band_low=known(one.base_rate - half),
        band_high=known(one.base_rate + half),
        signal=bool(one.p_value <= settings.permutation_max_p and one.gap >= settings.permutation_min_gap),
        structural_leak=bool((leak == v.FAIL).any()),
        plot=PICTURE,
    )
    gate = PermutationGate(
        division=one.division,
        cutoff=cutoff,
        status=cast("Status", result.of_division(one.division)),
        p_value=known(one.p_value),
        gap=known(one.gap),
        max_p=settings.permutation_max_p,
        min_gap=settings.permutation_min_gap,
    )
    return [
        Artifact(f"{folder}/{DIAG}.json", diag.model_dump(mode="json")),
        Artifact(f"{folder}/{PICTURE}", histogram(one.permuted, one.true)),
        Artifact(named(GATE, one.division, cutoff, ".json"), gate.model_dump(mode="json")),
    ]
