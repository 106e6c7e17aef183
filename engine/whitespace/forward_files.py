"""Forward files: what forward validation publishes, by the names of the reference.

In: a forward validation. Out: tables over all divisions, and the folder of each, `forward/<division>/<cutoff>/`.
"""

from typing import Any, Final

import polars as pl

from engine.outputs.whitespace import shapes
from engine.settings.whitespace.run import Sections
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.drift import PSI, SCHEMA
from engine.whitespace.forward import Forward
from engine.whitespace.gauntlet.files import part
from engine.whitespace.gauntlet.report import checks_table
from engine.whitespace.gauntlet.scores import known, spread
from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.scenarios import BY_CHANCE, BY_MONEY
from engine.whitespace.trained import of_division

COVERS: Final = "other customers of the same period; not another period, and not another model"
"""What intervals are about."""


def artifacts(found: Forward, settings: Sections) -> list[Artifact]:
    """Scenarios, segments, drift and readings of all, and of every division eight files."""
    files = [
        Artifact(shapes.SCENARIOS, found.scenarios),
        Artifact(shapes.SEGMENTS, found.segments),
        Artifact(shapes.DRIFT, found.drift),
        Artifact(shapes.FORWARD_CHECKS, checks_table([found.check])),
    ]
    for division in (ALL, *found.divisions):
        folder = f"forward/{part(division)}/{found.cutoff}"
        frame = found.frame if division == ALL else of_division(found.frame, division)
        files += [
            Artifact(f"{folder}/validation_frame.parquet", frame.sort(v.PAIR)),
            Artifact(f"{folder}/metrics.json", _metrics(found, division, settings)),
            Artifact(f"{folder}/topk_scenarios_sorted.csv", _of(found.scenarios, division)),
            Artifact(f"{folder}/gains.csv", _of(found.gains, division)),
            Artifact(f"{folder}/calibration.csv", _of(found.calibration, division)),
            Artifact(f"{folder}/segment_performance.csv", _of(found.segments, division)),
            Artifact(f"{folder}/drift.json", _drift(_of(found.drift, division))),
            Artifact(f"{folder}/alerts.json", alerts(found, division, settings)),
        ]
    return files


def alerts(found: Forward, division: str, settings: Sections) -> list[dict[str, Any]]:
    """What is worth a look: type, of, value, threshold. The guards first, then calibration, drift and groups."""
    judged, forward = found.judged[division], settings.horizons.forward
    flags = []
    if judged.status != v.PASS:
        share = judged.positives / judged.n if judged.n else None
        flags.append(
            {"type": f"guard_{judged.status}", "of": "", "value": share, "threshold": forward.min_prevalence}
        )
    if not judged.is_calibrated:
        value, bound = known(judged.cal_mae), forward.max_cal_mae
        flags.append({"type": "calibration", "of": "cal_mae", "value": value, "threshold": bound})
    flagged = _of(found.drift, division).filter("is_flagged")
    flags += flagged.select("of", "value", "threshold", type="measure").to_dicts()
    for row in _of(found.segments, division).filter("is_flagged").iter_rows(named=True):
        group, bound = f"{row['segment_col']}={row['segment']}", -forward.segment_max_gap
        flags.append({"type": "segment_capture", "of": group, "value": row["capture_gap"], "threshold": bound})
    return flags


def _of(table: pl.DataFrame, division: str) -> pl.DataFrame:
    return table.filter(pl.col("division") == division)


def _metrics(found: Forward, division: str, settings: Sections) -> dict[str, Any]:
    """Everything about one division in a few numbers."""
    judged, horizons = found.judged[division], settings.horizons
    flagged = _of(found.drift, division).filter("is_flagged", pl.col("measure") == PSI)
    worst = flagged.sort("value", descending=True).head(horizons.drift.highlights)
    return {
        "division": division,
        "cutoff": str(found.cutoff),
        "block": found.block,
        "block_cutoff": str(found.block_cutoff),
        "labels_whole_on": str(found.whole_on),
        "status": found.check.of_division(division),
        "n": judged.n,
        "positives": judged.positives,
        "prevalence": judged.positives / judged.n if judged.n else None,
        "figures": _figures(found, division),
        "cal_mae": known(judged.cal_mae),
        "relative_cal_error": known(judged.relative_cal_error),
        "is_calibrated": judged.is_calibrated,
        "rank_by": BY_MONEY if judged.is_calibrated else BY_CHANCE,
        "capture_grid": _of(found.scenarios, division)
        .sort("mode", "contacts")
        .select("mode", "k_percent", "accounts_per_rep", "contacts", "capture", "capture_low", "capture_high")
        .to_dicts(),
        "guards": {"censored_rows": judged.censored, "status": judged.status},
        "expected_money_cut": {"quantile": settings.ranking.value.cap_quantile, "rows": judged.capped},
        "drift_highlights": {
            "psi_threshold": horizons.drift.max_psi,
            "psi_flagged_top": worst.select("of", "value", "noise").to_dicts(),
        },
        "intervals": {"level": 0.95, "replicates": horizons.bootstrap_replicates, "cover": COVERS},
    }


def _figures(found: Forward, division: str) -> dict[str, Any]:
    """Every figure with its interval, its standard error, and its width by the root of the buyers, which stays about
    the same from run to run where nothing but their number changes.
    """
    if division not in found.scores.of:
        return {}
    figures = {}
    for name in found.scores.of[division].values:
        drawn = found.scores.drawn(division, name)
        estimate = found.scores.estimate(division, name)
        width = (estimate.high - estimate.low) * found.judged[division].positives ** 0.5
        figures[name] = {
            "value": known(estimate.value),
            "ci_lo": known(estimate.low),
            "ci_hi": known(estimate.high),
            "standard_error": known(spread(drawn)),
            "width_by_root_positives": known(width),
        }
    return figures


def _drift(rows: pl.DataFrame) -> dict[str, Any]:
    """Measures by name; those of features and of tenths as rows."""
    single = rows.filter(pl.col("of") == "")
    values = {row["measure"]: row["value"] for row in single.iter_rows(named=True)}
    columns = [name for name in SCHEMA.names() if name != "division"]
    by_feature = rows.filter(pl.col("measure") == PSI).sort("value", descending=True)
    return {
        **values,
        "psi_per_feature": dict(by_feature.select("of", "value").rows()),
        "rows": rows.select(columns).to_dicts(),
    }
