"""Gate: whether a run may be acted on, one line a rule; whatever is missing fails.

In: the folders of a run and of its parts, by name. Out: `Gate`, with what every rule says.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.disk import content_hash
from engine.runs.manifest import MANIFEST
from engine.vocabulary import whitespace as v
from engine.whitespace.card import LINKED, card
from engine.whitespace.slug import slug

OF_RUN: Final = (
    "summary.json",
    "data_quality.json",
    "config_resolved.toml",
    "prevalence.csv",
    "timing.csv",
    "cutoff_manifest.json",
    "feature_state.json",
    "out_of_time.parquet",
    "calibration_rows.parquet",
    "metrics_summary.csv",
    "gauntlet_checks_{cutoff}.parquet",
    "leakage_report_pooled_{cutoff}.json",
    "whitespace_{cutoff}.csv",
    "whitespace_{cutoff}.parquet",
    "whitespace_selected_{cutoff}.csv",
    "whitespace_explanations_{cutoff}.csv",
    "whitespace_metrics_{cutoff}.json",
    "whitespace_holdout_{cutoff}.parquet",
    "thresholds_whitespace_{cutoff}.csv",
    "capacity_summary_{cutoff}.csv",
    "diversification_report_{cutoff}.json",
    "bias_diversity_warnings_{cutoff}.json",
)
"""Files without which a run is not to be acted on, by name."""
WRITTEN_LAST: Final = ("summary.json", "data_quality.json", "config_resolved.toml")
"""Not there yet where a run is judged before it is published."""


@dataclass(frozen=True)
class Rule:
    """What one rule says. division: "" for all together."""

    gate: str
    division: str
    status: str
    note: str


@dataclass(frozen=True)
class Gate:
    """Every rule, and what they come to."""

    rules: tuple[Rule, ...]

    @property
    def overall(self) -> str:
        """FAIL where any rule fails, broke off or is missing; else the worst."""
        worst = max((rule.status for rule in self.rules), key=v.STATUSES.index, default=v.FAIL)
        return v.FAIL if worst == v.ERROR else worst

    def as_dict(self) -> dict[str, object]:
        """As JSON takes it."""
        return {"overall": self.overall, "rules": [vars(rule) for rule in self.rules]}


def gate(folders: Mapping[str, Path], divisions: Sequence[str], cutoff: str, *, is_published: bool) -> Gate:
    """Judge a run. folders: of the run, then of its parts. is_published: whether it is sealed; files that are written
    last are asked for, and every file is compared with what was published.
    """
    names = {file.name for folder in folders.values() for file in folder.rglob("*") if file.is_file()}
    rules = [
        *(_damaged(folders) if is_published else ()),
        *_files_of_run(names, cutoff, is_published=is_published),
        *_gauntlet(folders, divisions, cutoff),
        *_followed(folders, divisions, cutoff),
        *_ranking(folders, cutoff),
    ]
    for division in divisions:
        rules += _card(folders, division, cutoff)
    return Gate(tuple(rules))


def _damaged(folders: Mapping[str, Path]) -> Iterator[Rule]:
    """Files that are gone, or are not what was published."""
    wrong = []
    for folder in folders.values():
        manifest = _json(folder / MANIFEST)
        for name, known in (manifest or {}).get("files", {}).items():
            file = folder / name
            if not file.is_file():
                wrong.append(f"{name} is missing")
            elif content_hash(file) != known["content"]:
                wrong.append(f"{name} is not what was published")
        if manifest is None:
            wrong.append(f"{MANIFEST} is missing")
    yield from (Rule("files as published", "", v.FAIL, note) for note in wrong)
    if not wrong:
        yield Rule("files as published", "", v.PASS, "every file is what was published")


def _files_of_run(names: set[str], cutoff: str, *, is_published: bool) -> Iterator[Rule]:
    wanted = [name.format(cutoff=cutoff) for name in OF_RUN if is_published or name not in WRITTEN_LAST]
    missing = [name for name in wanted if name not in names]
    yield from (Rule("artifacts", "", v.FAIL, f"{name} is missing") for name in missing)
    if not missing:
        yield Rule("artifacts", "", v.PASS, f"all {len(wanted)} files of the run are there")


def _gauntlet(folders: Mapping[str, Path], divisions: Sequence[str], cutoff: str) -> Iterator[Rule]:
    """The verdict of the gauntlet on all together and on each division."""
    for division in ("", *divisions):
        name = slug(division) if division else "pooled"
        report = _first(folders, f"leakage_report_{name}_{cutoff}.json")
        if report is None:
            yield Rule("gauntlet", division, v.FAIL, f"leakage_report_{name}_{cutoff}.json is missing")
            continue
        bad = [check for check, status in report["checks"].items() if status in (v.FAIL, v.ERROR)]
        yield Rule("gauntlet", division, report["overall"], ", ".join(bad) or "no check fails")


def _followed(folders: Mapping[str, Path], divisions: Sequence[str], cutoff: str) -> Iterator[Rule]:
    """How good the chances of all together and of each division are, and what time said of them: followed, without
    recent features, and forward.
    """
    for division in ("", *divisions):
        name = slug(division) if division else "pooled"
        wanted = {
            "quality": f"quality_gates_{name}_{cutoff}.json",
            "prequential": f"prequential_{name}_*.json",
            "ablation": f"adjacency_ablation_{name}_*_far_months.json",
            "forward": f"forward/{name}/{cutoff}/metrics.json",
        }
        for stage, path in wanted.items():
            verdict = _first(folders, path)
            if verdict is None:
                yield Rule(stage, division, v.FAIL, f"{path} is missing")
            else:
                yield Rule(
                    stage, division, str(verdict.get("status") or verdict.get("overall", v.FAIL)), "as its file says"
                )


def _ranking(folders: Mapping[str, Path], cutoff: str) -> Iterator[Rule]:
    """Whether the list keeps its limits."""
    report = _first(folders, f"diversification_report_{cutoff}.json")
    if report is not None:
        is_filled = report["status"] == "filled"
        yield Rule(
            "capacity", "", v.PASS if is_filled else v.WARN, f"the list is {str(report['status']).replace('_', ' ')}"
        )


def _card(folders: Mapping[str, Path], division: str, cutoff: str) -> Iterator[Rule]:
    """Whether everything that a card of the division needs is there."""
    missing = card(folders, division, cutoff)["missing"]
    named = [LINKED[name].format(slug=slug(division), cutoff=cutoff) for name in missing]
    yield from (Rule("card", division, v.FAIL, f"{name} is missing") for name in named)
    if not named:
        yield Rule("card", division, v.PASS, "complete")


def _first(folders: Mapping[str, Path], name: str) -> dict[str, Any] | None:
    """A JSON file by its name or the end of its path, in the first folder that has it."""
    found = next((file for folder in folders.values() for file in sorted(folder.rglob(name))), None)
    return None if found is None else _json(found)


def _json(file: Path) -> dict[str, Any] | None:
    """The object of a file, None where there is none that can be read."""
    try:
        content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return dict(content)
