"""Card: what stands behind the scores of a division, assembled from published files, each named with its hash.

In: the folders of a run and of its parts, by their names, the newest first. Out: one model card a division.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from engine.disk import content_hash
from engine.whitespace.slug import slug

LINKED: Final[Mapping[str, str]] = {
    "metadata": "models/{slug}_model/metadata.json",
    "feature_list": "models/{slug}_model/feature_list.json",
    "metrics": "metrics_{slug}.json",
    "thresholds": "thresholds_{slug}.csv",
    "gains": "gains_{slug}.csv",
    "calibration": "calibration_{slug}.csv",
    "calibration_plot": "calibration_plot_{slug}.png",
    "importance": "coef_{slug}.csv",
    "cv_manifest": "cv_manifest_{slug}_{cutoff}.json",
    "fold_assignments": "fold_assignments_{slug}_{cutoff}.csv",
    "feature_catalog": "feature_catalog_{slug}_{cutoff}.csv",
    "feature_stats": "feature_stats_{slug}_{cutoff}.json",
    "safe_policy": "safe_policy_{slug}_{cutoff}.json",
    "leakage_report": "leakage_report_{slug}_{cutoff}.json",
    "quality_gates": "quality_gates_{slug}_{cutoff}.json",
    "shift_grid": "shift_grid_{slug}_{cutoff}.json",
    "shift14": "shift14_metrics_{slug}_{cutoff}.json",
    "permutation": "leakage/{slug}/{cutoff}/permutation_diag.json",
    "label_timing": "label_timing_{slug}_{cutoff}.json",
    "prequential": "prequential_{slug}_*.json",
    "horizon_curves": "prequential_curves_{slug}_*.png",
    "ablation": "adjacency_ablation_{slug}_*_far_months.json",
    "forward": "forward/{slug}/{cutoff}/metrics.json",
    "scenarios": "forward/{slug}/{cutoff}/topk_scenarios_sorted.csv",
    "drift": "forward/{slug}/{cutoff}/drift.json",
}
"""What a card is made of, by the end of its path. slug: of the division. cutoff: the day that is scored as of.
`*`: the day until which an older model learned."""


@dataclass(frozen=True)
class Found:
    """A published file. path: below its run. content: its hash."""

    file: Path
    path: str
    run: str
    content: str


def card(folders: Mapping[str, Path], division: str, cutoff: str) -> dict[str, Any]:
    """The model card of a division. What is missing is null, is named under `missing`, and makes it incomplete.

    folders: of a run and of its parts, by name; the first that has a file counts. Raises OSError where a file that is
    there cannot be read.
    """
    found = {name: _find(folders, end.format(slug=slug(division), cutoff=cutoff)) for name, end in LINKED.items()}
    facts = {name: _read(each) for name, each in found.items() if each and each.path.endswith(".json")}
    meta, leakage = facts.get("metadata", {}), facts.get("leakage_report", {})
    return {
        "division": division,
        "cutoff": cutoff,
        "backing": meta.get("backing"),
        "status": meta.get("status"),
        "reason": meta.get("reason"),
        "model": {name: meta.get(name) for name in ("best_model", "model_folder", "params", "seed")},
        "horizon_months": meta.get("prediction_window_months"),
        "data": {
            "tuning_cutoffs": meta.get("tuning_cutoffs"),
            "calibration_cutoff": meta.get("calibration_cutoff"),
            "class_balance": meta.get("class_balance"),
            "population": meta.get("population"),
            "population_counts": meta.get("population_counts"),
            "matrix_checksum": facts.get("feature_stats", {}).get("checksum"),
            "feature_state": facts.get("feature_stats", {}).get("state"),
        },
        "calibration": {
            "method": meta.get("calibration_method"),
            "scope": meta.get("calibration_scope"),
            "mae_weighted": meta.get("calibration_mae"),
        },
        "figures": meta.get("figures"),
        "top_k": _top_k(found["thresholds"]),
        "gauntlet": {"overall": leakage.get("overall"), "checks": leakage.get("checks")},
        "quality": facts.get("quality_gates", {}).get("checks"),
        "permutation": {
            name: facts.get("permutation", {}).get(name) for name in ("p_value", "auc_degradation", "signal")
        },
        "cross_validation": {
            name: facts.get("cv_manifest", {}).get(name) for name in ("seed", "groups", "purge_days", "purge_waived")
        },
        "safe": {"is_listed": meta.get("model_folder", "").endswith("-safe"), "triad": _triad(facts.get("ablation"))},
        "prequential": _horizons(facts.get("prequential")),
        "forward": {name: facts.get("forward", {}).get(name) for name in ("block", "status", "figures", "rank_by")},
        "drift": facts.get("forward", {}).get("drift_highlights"),
        "waivers": leakage.get("waivers"),
        "known_limits": _limits(meta, leakage),
        "links": {
            name: None if each is None else {"run": each.run, "path": each.path, "hash": each.content}
            for name, each in found.items()
        },
        "missing": [name for name, each in found.items() if each is None],
    }


def _find(folders: Mapping[str, Path], end: str) -> Found | None:
    """The first file whose path ends so."""
    name = end.rpartition("/")[2]
    for run, folder in folders.items():
        for file in sorted(folder.rglob(name)):
            path = file.relative_to(folder).as_posix()
            if PurePosixPath(path).match(end):
                return Found(file, path, run, content_hash(file))
    return None


def _read(found: Found) -> dict[str, Any]:
    return dict(json.loads(found.file.read_text(encoding="utf-8")))


def _top_k(found: Found | None) -> list[dict[str, str]]:
    """The rows of the thresholds: k_percent, count, threshold, pos_rate, capture and lifts, as texts."""
    if found is None:
        return []
    head, *lines = found.file.read_text(encoding="utf-8").splitlines()
    return [dict(zip(head.split(","), line.split(","), strict=False)) for line in lines]


def _triad(ablation: Mapping[str, Any] | None) -> dict[str, Any]:
    """What models without recent features lose on far months."""
    figures = ablation or {}
    return {"status": figures.get("status"), "delta_auc_full_minus_safe": figures.get("delta_auc_full_minus_safe")}


def _horizons(prequential: Mapping[str, Any] | None) -> dict[str, Any]:
    """How a frozen model did with time, row by row."""
    figures = prequential or {}
    return {name: figures.get(name) for name in ("train_cutoff", "status", "rows")}


def _limits(meta: Mapping[str, Any], leakage: Mapping[str, Any]) -> list[str]:
    """What a reader has to know before believing the scores."""
    said = ["A score is the chance to buy, not what a call adds: the random holdout of calls tells that."]
    if meta.get("backing") == "heuristic":
        said.append("No model could be learned: scores are the share of similar customers that own the division.")
    if meta.get("status") == "pooled":
        said.append("The division shares the model of all divisions.")
    if meta.get("calibration_scope") == "pooled":
        said.append("Too few buyers to calibrate by themselves: the calibration is that of all divisions.")
    weak = [row["check"] for row in leakage.get("diagnostics", []) if row.get("low_power")]
    if weak:
        said.append(f"Too few buyers to decide {', '.join(sorted(set(weak)))}.")
    return said
