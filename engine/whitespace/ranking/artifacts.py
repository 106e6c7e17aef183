"""Artifacts of a ranking: the files it publishes, by the names that the reference gives them.

In: a ranking. Out: artifacts. `<cutoff>` is the day of the ranking, as 2020-06-30.
"""

import hashlib
import json
from typing import Any

import polars as pl

from engine.outputs.whitespace.shapes import holdout_file, ranking_file
from engine.settings.whitespace.ranking import RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.ranking import learn, what_if
from engine.whitespace.ranking.components import coverage_of
from engine.whitespace.ranking.diversify import shares
from engine.whitespace.ranking.eligibility import eligibility_counts
from engine.whitespace.ranking.rank import Ranking
from engine.whitespace.ranking.value import EXPECTED, VALUE

COLUMNS = (
    "rank", v.CUSTOMER, "customer_name", "division_name", "score", "score_pct", "score_grade", "score_challenger",
    "p_icp", "p_icp_pct", "p_icp_grade", "lift_norm", "als_norm", "EV_norm", "nba_reason", "segment",
    VALUE, EXPECTED, "priority", "is_selected", "is_held_out", "rep", "region",
)  # fmt: skip
"""Of the lists for people."""
HOLDOUT_COLUMNS = (*v.PAIR, "segment", "is_held_out", "holdout_chance", "would_be_selected", "is_selected")


def artifacts(ranking: Ranking, run_id: str, settings: RankingSettings) -> list[Artifact]:
    """Everything a ranking publishes. run_id: of the run, which the metrics name."""
    cut = str(ranking.cutoff)
    candidates = ranking.candidates
    eligible = candidates.filter(pl.col("excluded_because").is_null())
    listed = _listed(eligible)
    selected = listed.filter("is_selected")
    metrics = {"run_id": run_id, **_metrics(ranking, settings)}
    found = [
        Artifact(f"whitespace_{cut}.csv", listed),
        Artifact(ranking_file(ranking.cutoff), candidates),
        Artifact(f"whitespace_selected_{cut}.csv", selected),
        *(
            Artifact(f"whitespace_selected_{segment}_{cut}.csv", selected.filter(pl.col("segment") == segment))
            for segment in v.SEGMENTS
        ),
        Artifact(f"whitespace_explanations_{cut}.csv", _explanations(candidates)),
        Artifact(f"whitespace_reason_codes_{cut}.json", _reason_codes(candidates)),
        Artifact(holdout_file(ranking.cutoff), eligible.select(HOLDOUT_COLUMNS)),
        Artifact(f"thresholds_whitespace_{cut}.csv", _thresholds(ranking, settings)),
        Artifact(f"capacity_summary_{cut}.csv", ranking.capacity),
        Artifact(f"whitespace_what_if_{cut}.csv", ranking.what_if),
        Artifact(f"diversification_report_{cut}.json", ranking.diversification),
        Artifact(f"bias_diversity_warnings_{cut}.json", ranking.warnings),
        Artifact(f"whitespace_fairness_{cut}.csv", ranking.fairness),
        Artifact(f"whitespace_gains_by_group_{cut}.csv", ranking.gains),
        Artifact(f"whitespace_eras_{cut}.csv", ranking.eras.rows),
        Artifact(f"whitespace_challenger_{cut}.csv", ranking.learned.challenger.table),
        Artifact(f"whitespace_stability_{cut}.csv", ranking.stability.changes),
        Artifact(f"whitespace_metrics_{cut}.json", metrics),
        Artifact(f"whitespace_log_{cut}.jsonl", _log(ranking, settings)),
    ]
    return [*found, *learn.artifacts(ranking.learned)]


def checksum(candidates: pl.DataFrame) -> str:
    """Sixty-four hexadecimal digits of every customer, division and score, by rank."""
    keys = candidates.select(pl.col(v.PAIR).cast(pl.String), "score").rows()
    return hashlib.blake2b(json.dumps(keys).encode(), digest_size=32).hexdigest()


def _listed(eligible: pl.DataFrame) -> pl.DataFrame:
    """The list for people: columns in their order, money to the cent."""
    known = eligible.rename({v.DIVISION: "division_name"})
    absent = [pl.lit(None, pl.String).alias(name) for name in COLUMNS if name not in known.columns]
    return known.with_columns(absent).select(COLUMNS).with_columns(pl.col(VALUE, EXPECTED).round(2))


def _explanations(candidates: pl.DataFrame) -> pl.DataFrame:
    shown = candidates.filter("is_selected")
    return shown.select(v.CUSTOMER, pl.col(v.DIVISION).alias("division_name"), "nba_reason")


def _reason_codes(candidates: pl.DataFrame) -> list[dict[str, Any]]:
    """A record a recommendation: customer_id, division, reasons (feature, direction, share)."""
    shown = candidates.filter("is_selected").select(pl.col(v.PAIR).cast(pl.String), "reason_codes")
    return [
        {v.CUSTOMER: customer, v.DIVISION: division, "reasons": json.loads(codes)}
        for customer, division, codes in shown.iter_rows()
    ]


def _thresholds(ranking: Ranking, settings: RankingSettings) -> pl.DataFrame:
    """One row: how the list was cut, and the lowest priority on it. Columns that the mode does not use are null."""
    by_rep = settings.capacity.mode == "per_rep"
    selected = ranking.selected
    return pl.DataFrame(
        {
            "mode": [settings.capacity.mode],
            "k_percent": [None if by_rep else settings.capacity.capacity_percent],
            "accounts_per_rep": [settings.capacity.accounts_per_rep if by_rep else None],
            "threshold": [selected["priority"].min()],
            "count": [selected.height],
        },
        schema={
            "mode": pl.String,
            "k_percent": pl.Float64,
            "accounts_per_rep": pl.Int64,
            "threshold": pl.Float64,
            "count": pl.Int64,
        },
    )


def _metrics(ranking: Ranking, settings: RankingSettings) -> dict[str, Any]:
    candidates, selection = ranking.candidates, ranking.selection
    return {
        "checksum": checksum(candidates),
        "cutoff": str(ranking.cutoff),
        "rank_by": ranking.rank_by,
        "weights": list(settings.blend.weights),
        "normalize": settings.blend.normalize,
        "rows": candidates.height,
        "capacity_mode": settings.capacity.mode,
        "calls": selection.calls,
        "selected_rows": int(selection.is_called.sum()),
        "selection_status": selection.status,
        "expected_value": round(selection.worth, 2),
        "price_of_limits": dict(selection.prices),
        "what_if": what_if.summary(ranking.what_if),
        "held_out_rows": int(candidates["is_held_out"].sum()),
        "division_shares_topN": shares(ranking.selected, v.DIVISION),
        "capture_at_k": ranking.eras.rows.to_dicts(),
        "largest_capture_deviation": ranking.eras.largest_deviation,
        "stability_jaccard_topN": ranking.stability.overlap,
        "is_stable": _is_stable(ranking, settings),
        "ev_capped_total": int(candidates["is_capped"].sum()),
        "buyers_capped": ranking.learned.value_model.capped_buyers,
        "challenger": {
            "is_promoted": ranking.learned.challenger.is_promoted,
            "cutoffs": ranking.learned.challenger.table.to_dicts(),
        },
        "not_computed": list(ranking.not_computed),
        "by_division": _by_division(ranking, settings),
        "segment_fairness": ranking.fairness.to_dicts(),
    }


def _is_stable(ranking: Ranking, settings: RankingSettings) -> bool | None:
    overlap = ranking.stability.overlap
    return None if overlap is None else overlap >= settings.stable_overlap


def _by_division(ranking: Ranking, settings: RankingSettings) -> list[dict[str, Any]]:
    """A record a division: who was kept out, coverage, thresholds, final weights and what was capped."""
    everyone = pl.concat([ranking.candidates, ranking.others], how="diagonal")
    counts = eligibility_counts(everyone)
    capped = ranking.candidates.group_by(pl.col(v.DIVISION).cast(pl.String)).agg(pl.col("is_capped").sum())
    rows = counts.join(coverage_of(ranking.candidates), on=v.DIVISION, how="left").join(
        capped, on=v.DIVISION, how="left"
    )
    return [_division(row, settings) for row in rows.sort(v.DIVISION).iter_rows(named=True)]


def _division(row: dict[str, Any], settings: RankingSettings) -> dict[str, Any]:
    threshold = settings.blend.coverage_threshold
    coverage = {"als": row["als_coverage"], "affinity": row["lift_coverage"]}
    return {
        "division": row[v.DIVISION],
        "eligibility_counts": {name: row[name] for name in row if name.endswith(("_rows", "_excluded"))},
        "coverage": coverage,
        "coverage_thresholds": dict.fromkeys(coverage, threshold),
        "is_below_threshold": {name: share is not None and share < threshold for name, share in coverage.items()},
        "weights_final": {name: row[f"weight_{name}"] for name in ("p_icp", "lift", "als", "ev")},
        "adjustments": {
            f"{name}_weight_factor": None if share is None else round(min(1.0, share / threshold), 6)
            for name, share in {"als": row["als_coverage"], "aff": row["lift_coverage"]}.items()
        },
        "backfilled_rows": row["backfilled"],
        "ev_capped_count": row["is_capped"],
    }


def _log(ranking: Ranking, settings: RankingSettings) -> list[dict[str, Any]]:
    """One line a division and one for the selection."""
    divisions = [{"event": "division_summary", **each} for each in _by_division(ranking, settings)]
    summary = {name: ranking.diversification[name] for name in ("capacity_mode", "calls", "selected_rows", "status")}
    return [*divisions, {"event": "selection_summary", **summary}]
