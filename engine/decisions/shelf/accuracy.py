"""Accuracy: how often the nights were right, by what the stores answered, against what was promised.

In: open cases of nights, answers, what was drawn. Out: `Accuracy`. Nothing is claimed of too few answers.

Precision of what was checked leans toward the dear cases, for those are checked first; that of the drawn cases does
not. Recall needs the store-SKUs without a case too: those drawn stand for all, each for one over its chance of being
drawn (Horvitz and Thompson 1952), and those that were answered for those that were not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import polars as pl

from engine.decisions.shelf import answers, samples
from engine.decisions.shelf.nights import open_cases, shelf_nights
from engine.decisions.shelf.settings import AccuracySettings
from engine.decisions.shelf.shares import Share, share_of
from engine.decisions.store import Decisions
from engine.outputs.read import each_readable
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

CALIBRATED: Final = "calibrated"
CASE_COLUMNS: Final = ("store_name", "category", "primary_cause", "confidence_score")
ANSWERED_SCHEMA: Final = pl.Schema(
    {
        "run_id": pl.String(),
        "case_id": pl.String(),
        "store_id": pl.String(),
        "sku_id": pl.String(),
        "store_name": pl.String(),
        "category": pl.String(),
        "primary_cause": pl.String(),
        "confidence_score": pl.Float64(),
        "is_dark": pl.Boolean(),
        "cause": pl.String(),
        "answered_on": pl.Date(),
        "probability": pl.Float64(),
    }
)
"""Open cases that were answered. confidence_score: null of the classic profile, whose confidence is no probability.
is_dark: null where the answer does not tell. cause: that it names. probability: of being drawn, null where not."""
OF_ANSWER: Final = ("is_dark", "cause", "answered_on")
PART_SCHEMA: Final = pl.Schema(
    {
        "part": pl.String(),
        "name": pl.String(),
        "answers": pl.Int64(),
        "dark": pl.Int64(),
        "precision": pl.Float64(),
        "precision_low": pl.Float64(),
        "precision_high": pl.Float64(),
        "promised": pl.Float64(),
        "verdict": pl.String(),
    }
)
"""Realised precision of a part of the cases. part: all, cause, category, store or confidence. promised: their mean
confidence, 0 to 1. verdict: as promised, better, worse, or too few answers; then precision is null."""
TOO_FEW, AS_PROMISED, BETTER, WORSE = "too few answers", "as promised", "better than promised", "worse than promised"


@dataclass(frozen=True)
class Recall:
    """Shares of all dark shelves that the nights found. share: null with the reason in `why_not`.

    pairs, dark_without_case: drawn store-SKUs without a case whose answer tells, and how many were dark.
    """

    estimate: float | None
    low: float | None
    high: float | None
    cases: int
    pairs: int
    dark_without_case: int
    why_not: str | None


@dataclass(frozen=True)
class Accuracy:
    """How right the nights were. parts: `PART_SCHEMA`. drawn: precision over all open cases, from the random sample.

    asked, conclusive: answers on open cases, and those that tell whether the shelf was dark. cause_right: share of
    dark shelves with a cause named by both on which they agree. brier: mean squared error of the confidence, 0 to 1.
    """

    nights: int
    asked: int
    conclusive: int
    parts: pl.DataFrame
    drawn: Share | None
    recall: Recall
    cause_right: Share | None
    brier: float | None

    @property
    def overall(self) -> dict[str, object]:
        """The row of `parts` for all cases."""
        return self.parts.row(0, named=True)

    @property
    def calibration(self) -> pl.DataFrame:
        """The rows of `parts` by band of confidence: promised against realised."""
        return self.parts.filter(pl.col("part") == "confidence")


def measure(
    decisions: Decisions, out: Path, settings: AccuracySettings, run_ids: Sequence[str] | None = None
) -> Accuracy:
    """Compare the open cases of nights, all of them or those named, with the latest answers on them."""
    asked, found = answered_cases(decisions, out, run_ids), _drawn(decisions, run_ids)
    conclusive = asked.drop_nulls("is_dark")
    sampled = conclusive.drop_nulls("probability")
    agreed = conclusive.filter("is_dark").drop_nulls(["cause", "primary_cause"])
    return Accuracy(
        nights=asked["run_id"].n_unique(),
        asked=asked.height,
        conclusive=conclusive.height,
        parts=_parts(conclusive, settings),
        drawn=_share(sampled["is_dark"], sampled["store_id"], settings, (1 / sampled["probability"]).to_list()),
        recall=_recall(found, settings),
        cause_right=_share(agreed["cause"] == agreed["primary_cause"], agreed["store_id"], settings),
        brier=_brier(conclusive, settings),
    )


def answered_cases(decisions: Decisions, out: Path, run_ids: Sequence[str] | None = None) -> pl.DataFrame:
    """The open cases of nights that were answered, telling or not, sorted. Columns: `ANSWERED_SCHEMA`."""
    said = answers.latest(decisions, run_ids).with_columns(answered_on=pl.col("answered_at").dt.date())
    wanted = set(said["run_id"])
    sampled = samples.every(decisions, run_ids).filter("has_case").select("run_id", *v.PAIR, "probability")
    nights = [run for run in shelf_nights(out, run_ids) if run.run_id in wanted]
    parts = [
        cases.with_columns(run_id=pl.lit(run.run_id), confidence_score=_chance(run))
        for run, cases in each_readable(nights, lambda run: open_cases(run, CASE_COLUMNS))
    ]
    key = ["run_id", *v.PAIR]
    cases = pl.concat(parts) if parts else pl.DataFrame(schema=ANSWERED_SCHEMA).drop(*OF_ANSWER, "probability")
    joined = cases.join(said.select(*key, *OF_ANSWER), on=key).join(sampled, on=key, how="left")
    return joined.select(*ANSWERED_SCHEMA).cast(ANSWERED_SCHEMA).sort("run_id", "case_id")


def _chance(run: Run) -> pl.Expr:
    """The confidence, percent; null of a night that promises none: the classic rule's is no probability."""
    is_promised = run.manifest.get("profile") == CALIBRATED
    return pl.when(is_promised).then(pl.col("confidence_score"))


def _parts(conclusive: pl.DataFrame, settings: AccuracySettings) -> pl.DataFrame:
    """The rows of `PART_SCHEMA`: all cases, then those of every cause, category, store and band of confidence."""
    named = {
        "cause": pl.col("primary_cause").fill_null("none"),
        "category": pl.col("category").fill_null("none"),
        "store": pl.col("store_id"),
        "confidence": _band(settings),
    }
    rows = [_part("all", "all", conclusive, settings)]
    for part, name in named.items():
        groups = conclusive.with_columns(name=name).drop_nulls("name").sort("name", maintain_order=True)
        split = groups.partition_by("name", maintain_order=True)
        rows += [_part(part, str(group["name"][0]), group, settings) for group in split]
    return pl.DataFrame(rows, schema=PART_SCHEMA)


def _band(settings: AccuracySettings) -> pl.Expr:
    """The band of a case's confidence, such as `70 to 80`: from the lower bound to below the upper one, 100 in."""
    bounds = [0.0, *settings.confidence_bands, 100.0]
    score = pl.col("confidence_score")
    within = [
        (low, high, score.is_between(low, high, closed="both" if high == bounds[-1] else "left"))
        for low, high in pairwise(bounds)
    ]
    return pl.coalesce(pl.when(is_in).then(pl.lit(f"{low:g} to {high:g}")) for low, high, is_in in within)


def _part(part: str, name: str, conclusive: pl.DataFrame, settings: AccuracySettings) -> dict[str, object]:
    share = _share(conclusive["is_dark"], conclusive["store_id"], settings)
    scores = conclusive["confidence_score"].drop_nulls().sort()
    promised = float(scores.sum()) / scores.len() / 100 if scores.len() else None
    return {
        "part": part,
        "name": name,
        "answers": conclusive.height,
        "dark": int(conclusive["is_dark"].sum()),
        "precision": share.estimate if share else None,
        "precision_low": share.low if share else None,
        "precision_high": share.high if share else None,
        "promised": promised,
        "verdict": _verdict(share, promised),
    }


def _verdict(share: Share | None, promised: float | None) -> str | None:
    if share is None:
        return TOO_FEW
    if promised is None:
        return None
    return WORSE if promised > share.high else BETTER if promised < share.low else AS_PROMISED


def _share(
    is_so: pl.Series, stores: pl.Series, settings: AccuracySettings, weights: list[float] | None = None
) -> Share | None:
    """The share, None of too few answers."""
    if is_so.len() < settings.min_answers:
        return None
    return share_of(is_so.to_list(), stores.to_list(), settings.level, weights)


def _brier(conclusive: pl.DataFrame, settings: AccuracySettings) -> float | None:
    scored = conclusive.drop_nulls("confidence_score")
    if scored.height < settings.min_answers:
        return None
    errors = (scored["confidence_score"] / 100 - scored["is_dark"].cast(pl.Float64)) ** 2
    return float(errors.sort().sum()) / errors.len()


def _drawn(decisions: Decisions, run_ids: Sequence[str] | None) -> pl.DataFrame:
    """What was drawn, with the answer: is_dark is null where it does not tell or there is none."""
    said = answers.latest(decisions, run_ids).select("run_id", *v.PAIR, "is_dark")
    return samples.every(decisions, run_ids).join(said, on=["run_id", *v.PAIR], how="left").sort("run_id", *v.PAIR)


def _recall(drawn: pl.DataFrame, settings: AccuracySettings) -> Recall:
    conclusive = drawn.drop_nulls("is_dark")
    cases, pairs = conclusive.filter("has_case"), conclusive.filter(~pl.col("has_case"))
    counts = (cases.height, pairs.height, int(pairs["is_dark"].sum()))
    least = settings.min_answers
    if min(counts[:2]) < least:
        why_not = (
            f"{counts[0]:,} drawn cases and {counts[1]:,} drawn store-SKUs without a case were answered; "
            f"it takes {least:,} of each"
        )
        return Recall(None, None, None, *counts, why_not)
    # Either of the two shares may be off: together they are off no more often than the level allows (Bonferroni).
    level = 1 - (1 - settings.level) / 2
    found, missed = (
        _total(rows, drawn.filter(has_case=has_case), level) for has_case, rows in ((True, cases), (False, pairs))
    )
    if found[0] + missed[0] == 0:
        return Recall(None, None, None, *counts, "no drawn store-SKU was dark")
    return Recall(
        found[0] / (found[0] + missed[0]),
        found[1] / (found[1] + missed[2]),
        found[2] / (found[2] + missed[1]) if found[2] + missed[1] else 1.0,
        *counts,
        None,
    )


def _total(conclusive: pl.DataFrame, drawn: pl.DataFrame, level: float) -> tuple[float, float, float]:
    """Dark shelves in all the store-SKUs that the drawn ones stand for, with low and high."""
    weights = (1 / conclusive["probability"]).to_list()
    share = share_of(conclusive["is_dark"].to_list(), conclusive["store_id"].to_list(), level, weights)
    size = float((1 / drawn["probability"]).sum())
    return size * share.estimate, size * share.low, size * share.high
