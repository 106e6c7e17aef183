"""Shapes: what every artifact of the gauntlet looks like, so that a reader is never surprised.

JSON artifacts are made as these models and written from them; tables have the columns of these schemas. `unfit` reads
an artifact again and says what does not fit.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final, Literal

import polars as pl
from pydantic import Field, ValidationError

from engine.settings.frozen import Frozen
from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet.verdict import FINDINGS, READINGS

Status = Literal["PASS", "WARN", "FAIL", "ERROR", "WAIVED"]


class Finding(Frozen):
    """One thing that is wrong. division: empty where it concerns all."""

    where: str
    what: str
    division: str = ""
    count: int = 1


class StaticScan(Frozen):
    """`static_scan`: clocks that are read, features that are the label; and what is allowed, with the reason."""

    status: Status
    findings: tuple[Finding, ...]
    allowed: tuple[Finding, ...]


class Rebuild(Frozen):
    """One thing computed from altered tables: hashes of its content, features that differ from the first ones."""

    cutoff: dt.date
    what: Literal["matrix", "state"]
    tables: Literal["truncated", "poisoned"]
    hash_first: str
    hash_again: str
    rows_altered: int
    features_differing: tuple[str, ...]


class Truncation(Frozen):
    """`truncation`: features computed again without, and with a false, future."""

    status: Status
    rebuilds: tuple[Rebuild, ...]


class Delta(Frozen):
    """A difference between two scores on the same rows, with its interval."""

    value: float | None
    low: float | None
    high: float | None


class Score(Frozen):
    """Figures of out-of-time predictions; null where they cannot be computed."""

    prevalence: float | None
    auc: float | None
    lift10: float | None
    brier: float | None
    positives: int


class Shift(Frozen):
    """The base, and the same rows and labels with staler features."""

    days: int
    status: Status
    base: Score
    shift: Score
    delta_auc: Delta
    delta_lift10: Delta
    low_power: bool


class ShiftGrid(Frozen):
    """`shift_grid`: every shift against the base, and every shift against the one before it."""

    division: str
    cutoff: dt.date
    overall: Status
    eps_auc: float
    eps_lift10: float
    shifts: tuple[Shift, ...]
    steps: tuple[Shift, ...]


class ShiftGridSummary(Frozen):
    """`shift_grid_summary`: the status of every division's grid."""

    cutoff: dt.date
    divisions: dict[str, Status]


class Shift14(Frozen):
    """`shift14_metrics`: staler by 14 days with the same labels, gated; and cutoffs and labels moved, told only."""

    division: str
    cutoff: dt.date
    status: Status
    staleness: Shift | None
    moved_days: int
    moved: Score
    moved_delta_auc: Delta
    moved_delta_lift10: Delta
    eps_auc: float
    eps_lift10: float


class PermutationDiag(Frozen):
    """`permutation_diag`: a small estimator on true and on shuffled training labels.

    signal: whether it beats shuffled ones, clearly and by enough. structural_leak: whether shuffled labels score
    above what base rates alone can. Having no signal is not a leak.
    """

    division: str
    cutoff: dt.date
    estimator: str
    baseline_auc: float | None
    champion_auc: float | None
    permuted_auc_mean: float | None
    permuted_auc_std: float | None
    n_permutations: int
    stopped_early: bool
    auc_degradation: float | None
    p_value: float | None
    base_rate_auc: float | None
    band_low: float | None
    band_high: float | None
    signal: bool
    structural_leak: bool
    plot: str


class PermutationGate(Frozen):
    """`permutation_gate`: the verdict on it."""

    division: str
    cutoff: dt.date
    status: Status
    p_value: float | None
    gap: float | None
    max_p: float
    min_gap: float


class Drop(Frozen):
    """The score without the families that hold the K most important features."""

    k: int
    families: tuple[str, ...]
    features_dropped: int
    status: Status
    base: Score
    without: Score
    delta_auc: Delta
    delta_lift10: Delta


class AblationTopK(Frozen):
    """`ablation_topk`: whether the score rises when the most important families go."""

    cutoff: dt.date
    status: Status
    drops: tuple[Drop, ...]


class ReproCheck(Frozen):
    """`repro_check`: hashes and figures of two processes that differ in hash seed and threads."""

    division: str
    cutoff: dt.date
    status: Status
    hashes_run1: dict[str, str]
    hashes_run2: dict[str, str]
    metrics_run1: Score
    metrics_run2: Score
    delta_auc: float | None
    delta_lift10: float | None
    overlap: int


class FeatureStability(Frozen):
    """How steady the importance of a feature is over eras and draws of customers."""

    feature: str
    mean_gain_share: float
    std_gain_share: float
    cv: float | None
    mean_auc_lost: float | None


class ImportanceStability(Frozen):
    """`importance_stability`: whether models of other eras and customers lean on the same features."""

    cutoff: dt.date
    mean_spearman: float | None
    mean_jaccard_topk: float | None
    mean_spearman_eras: float | None
    mean_jaccard_topk_eras: float | None
    n_subsets: int
    eras: tuple[dt.date, ...]
    topk: int
    top_features: tuple[FeatureStability, ...]


class AdjacentFeature(Frozen):
    """A feature that sees the days right before the cutoff, and what it would lose without them."""

    feature: str
    family: str
    shares_by_age: dict[str, float]
    spearman_days_to_purchase: float | None
    auc: float | None
    auc_lost: dict[str, float | None]
    recommendation: Literal["keep", "drop", "swap"]
    twin: str


class AdjacencyReport(Frozen):
    """`adjacency_report`: features near the cutoff, the strongest first, and what SAFE would do with them."""

    division: str
    cutoff: dt.date
    recent_days: int
    features: tuple[AdjacentFeature, ...]


class LabelTiming(Frozen):
    """`label_timing`: when within the horizon buyers first buy. early: by days after the cutoff."""

    division: str
    cutoffs: tuple[dt.date, ...]
    status: Status
    positives: int
    outside_window: int
    early: dict[str, int]
    early_share: dict[str, float | None]
    even_share: dict[str, float]
    by_week: tuple[int, ...]


class ReadingShape(Frozen):
    """One measure of one check."""

    check: str
    measure: str
    status: Status
    value: float | None
    low: float | None
    high: float | None
    bound: float | None
    positives: int | None
    positives_needed: int | None
    low_power: bool
    note: str


class DiagnosticsSummary(Frozen):
    """`diagnostics_summary`: every reading, and the files behind it."""

    division: str
    cutoff: dt.date
    readings: tuple[ReadingShape, ...]
    files: tuple[str, ...]


class QualityGates(Frozen):
    """`quality_gates`: whether scores rank and chances come true; the gates beside the gauntlet."""

    division: str
    cutoff: dt.date
    overall: Status
    checks: dict[str, Status]
    readings: tuple[ReadingShape, ...]


class LeakageReport(Frozen):
    """`leakage_report`: the verdict on a division, or on all together: status by check, and offending rows."""

    division: str
    cutoff: dt.date
    overall: Status
    strict: bool
    waivers: tuple[str, ...]
    checks: dict[str, Status]
    offending: tuple[Finding, ...]
    diagnostics: tuple[ReadingShape, ...] = Field(description="Every measure with its interval and note.")


JSON_SHAPES: Final[Mapping[str, type[Frozen]]] = {
    "static_scan": StaticScan,
    "truncation": Truncation,
    "shift_grid_summary": ShiftGridSummary,
    "shift_grid": ShiftGrid,
    "shift14_metrics": Shift14,
    "permutation_diag": PermutationDiag,
    "permutation_gate": PermutationGate,
    "ablation_topk": AblationTopK,
    "repro_check": ReproCheck,
    "importance_stability": ImportanceStability,
    "adjacency_report": AdjacencyReport,
    "label_timing": LabelTiming,
    "diagnostics_summary": DiagnosticsSummary,
    "leakage_report": LeakageReport,
    "quality_gates": QualityGates,
}
"""By what the name of the file begins with; the longer of two that fit comes first."""

DATE_AUDIT: Final = pl.Schema(
    {
        "feature": pl.String(),
        "source": pl.String(),
        "latest_event_date": pl.Date(),
        "latest_known_date": pl.Date(),
        "cutoff": pl.Date(),
        "status": pl.Enum(["OK", "LEAK", "UNKNOWN"]),
    }
)
OVERLAP: Final = pl.Schema(
    {"fold": pl.String, "customer_id": pl.String, "other_id": pl.String, "cutoff": pl.Date, "what": pl.String}
)
ABLATION: Final = pl.Schema(
    {
        "division": pl.String,
        "k": pl.Int64,
        "families": pl.String,
        "auc_base": pl.Float64,
        "auc_without": pl.Float64,
        "delta_auc": pl.Float64,
        "delta_auc_low": pl.Float64,
        "delta_auc_high": pl.Float64,
        "lift10_base": pl.Float64,
        "lift10_without": pl.Float64,
        "delta_lift10": pl.Float64,
        "delta_lift10_low": pl.Float64,
        "delta_lift10_high": pl.Float64,
        "status": pl.String,
    }
)
CHECKS: Final = pl.Schema({"check": pl.String(), **READINGS})
OFFENDING: Final = pl.Schema({"check": pl.String(), **FINDINGS})
TABLE_SHAPES: Final[Mapping[str, pl.Schema]] = {
    "feature_date_audit": DATE_AUDIT,
    "fold_customer_overlap": OVERLAP,
    "ablation_topk": ABLATION,
    "gauntlet_checks": CHECKS,
    "gauntlet_offending": OFFENDING,
}
PICTURE: Final = b"\x89PNG"


def unfit(artifact: Artifact) -> str:
    """What of an artifact does not fit its shape; empty where all does. One that has no shape does not fit."""
    name, content = artifact.path.rpartition("/")[2], artifact.content
    if name.endswith(".png"):
        return "" if isinstance(content, bytes) and content.startswith(PICTURE) else f"{name} is no picture"
    if isinstance(content, pl.DataFrame):
        schema = next((one for stem, one in TABLE_SHAPES.items() if _is(name, stem)), None)
        return "" if content.schema == schema else f"{name} has {content.schema}, not {schema}"
    model = next((one for stem, one in JSON_SHAPES.items() if _is(name, stem)), None)
    if model is None:
        return f"{name} has no shape"
    try:
        model.model_validate(content)
    except ValidationError as error:
        return f"{name}: {error}"
    return ""


def _is(name: str, stem: str) -> bool:
    """Whether a file is of a kind: its stem, then an ending or what it is of."""
    return re.match(rf"{stem}(_|\.)", name) is not None
