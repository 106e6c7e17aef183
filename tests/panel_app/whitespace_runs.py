"""Small whitespace runs with everything that a page shows, and hard names: published files alone, no models."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl

from engine.outputs.whitespace import shapes
from engine.runs.journal import Journal
from engine.runs.publish import Making
from engine.runs.publish import publish as publish_run
from engine.settings.whitespace.run import WhitespaceSettings
from engine.vocabulary import whitespace as v
from engine.vocabulary.common import DOLLARS
from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet.files import named, part, place
from engine.whitespace.gauntlet.shapes import (
    AblationTopK,
    AdjacencyReport,
    Delta,
    DiagnosticsSummary,
    Drop,
    FeatureStability,
    Finding,
    ImportanceStability,
    LeakageReport,
    PermutationDiag,
    ReadingShape,
    Score,
    Shift,
    Shift14,
    ShiftGrid,
)
from engine.whitespace.publish import publish as publish_files
from engine.whitespace.slug import slug
from tests.panel_app.nights import FORMULA, SCRIPT

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

CUTOFF = dt.date(2026, 3, 31)
SERVICES, TOOLS = "Services & <b>repair</b>", "北京工具"
DIVISIONS = (SERVICES, TOOLS)
NAMES = (SCRIPT, FORMULA, "متجر الرياض المركزي", "Plain works", "O'Brien & sons", "A name that is far too long " * 3)
N_CUSTOMERS = 30
TO_CALL, HELD_OUT, EXCLUDED = range(6), range(6, 9), range(9, 12)
"""Places in the ranking of what became of the candidates; the others are passed over."""
REASON_CODES = json.dumps(
    [
        {"feature": "rfm__all__gp_sum__12m", "direction": "raises", "share": 0.4},
        {"feature": "recency", "direction": "lowers", "share": 0.2},
    ]
)
SCORE = Score(prevalence=0.1, auc=0.8, lift10=3.1, brier=0.08, positives=40)
DELTA = Delta(value=-0.004, low=-0.01, high=0.002)
CHECKS = {"static_scan": v.PASS, "shift_grid": v.WARN, "permutation": v.PASS, "calibration": v.FAIL}


def publish(
    out: Path,
    cutoff: dt.date = CUTOFF,
    *,
    without: Collection[str] = (),
    part_of: str | None = None,
    currency: str = DOLLARS,
    models_of: str | None = None,
) -> str:
    """Publish a run with every file, but for those that begin with one of some texts; its id.

    models_of: the run whose models it took.
    """
    marks = ("rank" if part_of else "rescore" if models_of else "run", *sorted(without))
    making = Making(v.DESK, str(cutoff), WhitespaceSettings(currency=currency), {}, None, marks, part_of)
    facts = _facts(cutoff)
    told = {"verb": marks[0], **{name: facts[name] for name in ("candidates", "selected", "verdict")}}
    told |= {"models_of": models_of} if models_of else {}
    journal = Journal()

    def write(partial: Path) -> dict[str, Any]:
        with journal.stage("rank"):
            files = [one for one in artifacts(cutoff) if not one.path.startswith(tuple(without) or ("\n",))]
            publish_files(partial, [*files, Artifact("summary.json", facts), _quality()])
        return told

    run, _ = publish_run(out, making, journal, write)
    return run.run_id


def artifacts(cutoff: dt.date) -> list[Artifact]:
    """Every file of a whole run but for those that are of the run itself."""
    return [*_ranking(cutoff), *_training(), *_gauntlet(cutoff), *_later(cutoff), *_cards(cutoff)]


def _facts(cutoff: dt.date) -> dict[str, Any]:
    return {
        "cutoff": str(cutoff),
        "customers": N_CUSTOMERS,
        "divisions": len(DIVISIONS),
        "candidates": candidates(cutoff).height,
        "eligible": candidates(cutoff).height - len(EXCLUDED),
        "selected": len(TO_CALL),
        "held_out": len(HELD_OUT),
        "expected_gp": 1234.5,
        "verdict": v.FAIL,
    }


def _quality() -> Artifact:
    rows = {"transactions": {"read": 1000, "used": 990, "quarantined": 10}}
    notice = {"where": "transactions", "what": "some <i>rows</i> come twice", "advice": "deliver each once"}
    return Artifact("data_quality.json", {"rows": rows, "notices": [notice], "warnings": []})


def candidates(cutoff: dt.date) -> pl.DataFrame:
    """The ranking: every customer may buy of either division."""
    rows = []
    for place_, (number, division) in enumerate((n, d) for n in range(N_CUSTOMERS) for d in DIVISIONS):
        chance = 0.9 - 0.01 * place_
        rows.append(
            {
                v.CUSTOMER: f"C/{number:03d}",
                v.DIVISION: division,
                v.CUTOFF: cutoff,
                "segment": v.SEGMENTS[number % 3],
                "customer_name": NAMES[number % len(NAMES)],
                "rep": f"rep {number % 2}",
                "industry": "Tools",
                "excluded_because": "open_deal" if place_ in EXCLUDED else None,
                "cooldown_factor": 1.0,
                "p_raw": chance,
                "p_icp": chance,
                "p_icp_grade": "ABCD"[min(place_ // 15, 3)],
                "expected_gp_if_buys": 100.0,
                "value": 100.0 * chance,
                "priority": 100.0 * chance,
                "p_icp_pct": chance,
                "lift_norm": 0.5,
                "als_norm": 0.5,
                "EV_norm": 0.7,
                "weight_p_icp": 0.6,
                "weight_lift": 0.2,
                "weight_als": 0.1,
                "weight_ev": 0.1,
                "score": chance,
                "score_challenger": None,
                "rank": place_ + 1,
                "is_held_out": place_ in HELD_OUT,
                "is_selected": place_ in TO_CALL,
                "nba_reason": "Speaks for it: orders in 12 months 7." if place_ in TO_CALL else None,
                "reason_codes": REASON_CODES if place_ in TO_CALL else None,
            }
        )
    return pl.DataFrame(rows, schema_overrides={"score_challenger": pl.Float64, "excluded_because": pl.String})


def _ranking(cutoff: dt.date) -> list[Artifact]:
    table = candidates(cutoff)
    by_division = [
        {
            "division": division,
            "eligibility_counts": {"start_rows": 30, "owned_excluded": 4, "kept_rows": 26},
            "coverage": {"als": 0.1, "affinity": 0.8},
            "coverage_thresholds": {"als": 0.3, "affinity": 0.3},
            "is_below_threshold": {"als": True, "affinity": False},
            "weights_final": {"p_icp": 0.6, "lift": 0.2, "als": 0.1, "ev": 0.1},
        }
        for division in DIVISIONS
    ]
    era = {"cutoff": "2025-09-30", "rows": 50, "capture": 0.3, "capture_low": 0.2, "capture_high": 0.4}
    alternative = {"ranked_by": "value", "w_p_icp": None, "division_share_cap": 0.8, "expected_value": 66.0}
    listed = {"capacity": 10.0, "calls": 6, "selected_rows": 6, "largest_division": TOOLS, "largest_share": 0.5}
    listed |= {"w_lift": None, "w_als": None, "w_ev": None, "price_of_step": 3.0, "is_current": False}
    metrics = {
        "what_if": {"best_alternative": {**alternative, "gain": 12.0}, "cap_steps": []},
        "price_of_limits": {"division_share_cap": 12.0},
        "capture_at_k": [era],
        "stability_jaccard_topN": 0.8,
        "is_stable": True,
        "by_division": by_division,
        "challenger": {"is_promoted": False, "cutoffs": [{"cutoff": None, "difference": 0.01, "status": "compared"}]},
    }
    pairs = [{v.CUSTOMER: "C/001", "division": each, "value": 9.0} for each in DIVISIONS]
    diversification = {
        "calls": 6,
        "selected_rows": 6,
        "status": "filled",
        "division_share_cap": 0.6,
        "swaps": [{"out": pairs[0], "in": pairs[1]}, {"out": pairs[1], "in": None}],
    }
    group = {"column": "industry", "group": "Tools", "rows": 60, "selection_rate": 0.1, "is_flagged": False}
    interval = {"capture_gap": -0.02, "capture_gap_low": -0.1, "capture_gap_high": 0.05}
    change = {**dict.fromkeys(v.PAIR, "C/001"), "change": "entered", "reason": "chance_rose", "priority_after": 3.0}
    return [
        Artifact(shapes.ranking_file(cutoff), table),
        Artifact(f"whitespace_{cutoff}.csv", table.select(v.CUSTOMER, "customer_name", "score")),
        Artifact(shapes.metrics_file(cutoff), metrics),
        Artifact(f"diversification_report_{cutoff}.json", diversification),
        Artifact(f"whitespace_what_if_{cutoff}.csv", pl.DataFrame([alternative | listed])),
        Artifact(f"capacity_summary_{cutoff}.csv", pl.DataFrame([{"division_name": TOOLS, "selected_count": 3}])),
        Artifact(f"whitespace_fairness_{cutoff}.csv", pl.DataFrame([{**group, **interval}])),
        Artifact(f"whitespace_stability_{cutoff}.csv", pl.DataFrame([change])),
        Artifact(f"whitespace_log_{cutoff}.jsonl", [{"event": "selection_summary", "calls": 6}]),
    ]


def _training() -> list[Artifact]:
    figures = {
        "n": 600,
        "positives": 60,
        "prevalence": 0.1,
        "auc": 0.8,
        "auc_low": 0.75,
        "auc_high": 0.85,
        "average_precision": 0.4,
        "average_precision_low": 0.3,
        "average_precision_high": 0.5,
        "brier": 0.07,
        "brier_skill": 0.2,
        "log_loss": 0.3,
        "cal_mae": 0.02,
        "relative_cal_error": 0.2,
        "lift@10": 3.2,
    }
    words = ("backing", "status", "reason", "champion", "calibration_method", "calibration_scope")
    told = {
        "": dict.fromkeys(words, ""),
        SERVICES: dict(zip(words, ("model", "own", "", "lgbm", "isotonic", "own"), strict=True)),
        TOOLS: dict(zip(words, ("heuristic", "degenerate", "no buyer", "popularity", "", ""), strict=True)),
    }
    metrics = pl.DataFrame([{"division": name, **told[name], **figures} for name in told])
    bins = pl.DataFrame(
        {"mean_predicted": [0.05, 0.2, 0.5], "fraction_positives": [0.04, 0.25, 0.45], "count": [100, 100, 100]}
    )
    tenths = pl.DataFrame(
        {
            "decile": range(1, 11),
            "bought_in_division_mean": [0.5 / n for n in range(1, 11)],
            "count": [60] * 10,
            "p_mean": [0.45 / n for n in range(1, 11)],
        }
    )
    yields = pl.DataFrame(
        {"k_percent": [5, 10, 20], "count": [30, 60, 120], "capture": [0.2, 0.35, 0.6], "pos_rate": [0.5, 0.4, 0.3]}
    )
    named_features = [f"feature_{n:02d}" for n in range(70)]
    features = pl.DataFrame({"name": named_features, "family": ["windows"] * 60 + ["recency"] * 10, "lag_days": 0})
    shares = pl.DataFrame({"feature": named_features[:3], "share": [0.5, 0.3, 0.2], "weight": [1.0, -0.5, None]})
    return [
        Artifact(shapes.METRICS, metrics),
        *(
            Artifact(name, _of_every_division(table))
            for name, table in ((shapes.RELIABILITY, bins), (shapes.GAINS, tenths), (shapes.YIELDS, yields))
        ),
        Artifact(shapes.IMPORTANCE, _of_every_division(shares).filter(pl.col("division") != "")),
        Artifact(shapes.FEATURES, features),
    ]


def _of_every_division(table: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([table.select(pl.lit(name).alias("division"), pl.all()) for name in ("", *DIVISIONS)])


def _gauntlet(cutoff: dt.date) -> list[Artifact]:
    files = []
    for division in ("", *DIVISIONS):
        low = {"low_power": True, "positives": 40, "positives_needed": 300}
        wide = {"value": 0.02, "low": -0.1, "high": 0.1, "bound": 0.01, "note": "low_power: too few buyers"}
        reading = ReadingShape(check="shift_grid", measure="delta_auc_14d", status="WARN", **wide, **low)
        shifts = tuple(
            Shift(
                days=days,
                status="PASS",
                base=SCORE,
                shift=SCORE,
                delta_auc=DELTA,
                delta_lift10=DELTA,
                low_power=False,
            )
            for days in (7, 14)
        )
        of = {"division": division, "cutoff": cutoff}
        grid = ShiftGrid(**of, overall="PASS", eps_auc=0.01, eps_lift10=0.25, shifts=shifts, steps=())
        moved = Shift14(
            **of,
            status="PASS",
            staleness=None,
            moved_days=14,
            moved=SCORE,
            moved_delta_auc=DELTA,
            moved_delta_lift10=DELTA,
            eps_auc=0.01,
            eps_lift10=0.25,
        )
        report = LeakageReport(
            **of,
            overall="FAIL",
            strict=False,
            waivers=("purge",),
            checks=CHECKS,
            offending=(Finding(where="static_scan: a.py:1", what="<u>clock</u>: now()"),),
            diagnostics=(reading,),
        )
        grid_file = named("shift_grid", division, cutoff, ".json")
        files += [
            Artifact(named("leakage_report", division, cutoff, ".json"), report.model_dump(mode="json")),
            Artifact(grid_file, grid.model_dump(mode="json")),
            Artifact(named("shift14_metrics", division, cutoff, ".json"), moved.model_dump(mode="json")),
            Artifact(f"{place(division, cutoff)}/permutation_diag.json", _permutation(division, cutoff)),
            Artifact(f"{place(division, cutoff)}/perm_auc_hist.png", _png()),
            Artifact(
                named("diagnostics_summary", division, cutoff, ".json"),
                DiagnosticsSummary(**of, readings=(reading,), files=(grid_file,)).model_dump(mode="json"),
            ),
        ]
    return [*files, *_pooled(cutoff)]


def _permutation(division: str, cutoff: dt.date) -> dict[str, Any]:
    scores = {"baseline_auc": 0.8, "champion_auc": 0.82, "permuted_auc_mean": 0.51, "permuted_auc_std": 0.02}
    band = {"base_rate_auc": 0.5, "band_low": 0.45, "band_high": 0.55, "auc_degradation": 0.29, "p_value": 0.001}
    diag = PermutationDiag(
        division=division,
        cutoff=cutoff,
        estimator="trees",
        n_permutations=999,
        stopped_early=False,
        signal=True,
        structural_leak=False,
        plot="perm_auc_hist.png",
        **scores,
        **band,
    )
    return diag.model_dump(mode="json")


def _pooled(cutoff: dt.date) -> list[Artifact]:
    feature = FeatureStability(feature="recency", mean_gain_share=0.3, std_gain_share=0.1, cv=0.3, mean_auc_lost=0.01)
    stability = ImportanceStability(
        cutoff=cutoff,
        mean_spearman=0.8,
        mean_jaccard_topk=0.7,
        mean_spearman_eras=0.6,
        mean_jaccard_topk_eras=None,
        n_subsets=5,
        eras=(cutoff,),
        topk=50,
        top_features=(feature,),
    )
    drop = Drop(
        k=10,
        families=("recency",),
        features_dropped=4,
        status="PASS",
        base=SCORE,
        without=SCORE,
        delta_auc=DELTA,
        delta_lift10=DELTA,
    )
    adjacent = AdjacencyReport(division="", cutoff=cutoff, recent_days=60, features=())
    found = {
        named("ablation_topk", "", cutoff, ".json"): AblationTopK(cutoff=cutoff, status="PASS", drops=(drop,)),
        named("adjacency_report", "", cutoff, ".json"): adjacent,
        f"{place('', cutoff)}/importance_stability.json": stability,
    }
    return [Artifact(path, content.model_dump(mode="json")) for path, content in found.items()]


def _png() -> bytes:
    """The smallest of pictures."""
    from matplotlib.figure import Figure

    stream = io.BytesIO()
    Figure(figsize=(0.2, 0.2)).savefig(stream, format="png")
    return stream.getvalue()


def _later(cutoff: dt.date) -> list[Artifact]:
    """What looks at later months: curves, arms, scenarios, groups, drift."""
    auc = {"auc": 0.8, "auc_low": 0.7, "auc_high": 0.9}
    curve = [
        {
            "curve": curve,
            "cutoff": cutoff,
            "horizon_days": days,
            "is_out_of_time": days >= 0,
            **auc,
            "brier": 0.08,
        }
        for curve, horizons in (("frozen", (-30, 0, 30, 60)), ("retrained", (0, 30, 60)))
        for days in horizons
    ]
    arm = {
        "holdout": "far_months",
        "model": "lgbm",
        "auc": 0.8,
        "full_minus_auc_low": -0.01,
        "full_minus_auc_high": 0.02,
    }
    arms = [{**arm, "variant": name, "full_minus_auc": gap} for name, gap in (("full", 0.0), ("safe", 0.004))]
    scenario = {"capture": 0.3, "capture_low": 0.2, "capture_high": 0.4, "realized_gp": 900.0, "cal_mae": 0.02}
    scenarios = [{"mode": "top_percent", "k_percent": percent, **scenario} for percent in (5, 10)]
    segment = {"segment_col": "industry", "segment": SCRIPT, "k_percent": 10, "capture": 0.2, "is_flagged": True}
    bound = {"noise": 0.1, "low": None, "high": None, "threshold": 0.25, "is_flagged": True}
    drift = [{"measure": "psi", "of": of, "value": 0.4, **bound} for of in ("", "recency")]
    judged = {
        "block_cutoff": str(cutoff),
        "labels_whole_on": "2026-09-30",
        "status": v.WARN,
        "n": 600,
        "positives": 60,
        "cal_mae": 0.04,
        "is_calibrated": False,
        "rank_by": "capture",
    }
    tables = {
        shapes.HORIZON: curve,
        shapes.ABLATION: arms,
        shapes.SCENARIOS: scenarios,
        shapes.SEGMENTS: [segment],
        shapes.DRIFT: drift,
    }
    reading = {"check": "forward", "measure": "cal_mae", "status": v.WARN, "value": 0.04, "low_power": False}
    blank = dict.fromkeys(("low", "high", "bound", "positives", "positives_needed"))
    checks = (shapes.PREQUENTIAL_CHECKS, shapes.ABLATION_CHECKS, shapes.FORWARD_CHECKS)
    tables |= {name: [{**reading, **blank, "note": "cal_mae 0.04"}] for name in checks}
    return [
        *(Artifact(name, _of_every_division(pl.DataFrame(rows))) for name, rows in tables.items()),
        *(
            Artifact(f"forward/{part(division)}/{cutoff}/metrics.json", {"division": division, **judged})
            for division in ("", *DIVISIONS)
        ),
    ]


def _cards(cutoff: dt.date) -> list[Artifact]:
    rules = [{"gate": "gauntlet", "division": TOOLS, "status": v.FAIL, "note": "calibration"}]
    card = {
        "division": SERVICES,
        "cutoff": str(cutoff),
        "model": {"best_model": "lgbm", "params": {"trees": 50}},
        "top_k": [{"k_percent": "5", "capture": "0.2"}],
        "known_limits": ["A score is the chance to buy, <b>not</b> what a call adds."],
        "links": {"metrics": {"run": "another", "path": "metrics.json", "hash": "0"}, "gains": None},
    }
    return [
        Artifact(shapes.GATE, {"overall": v.FAIL, "rules": rules}),
        Artifact(shapes.card_file(slug(SERVICES)), card),
    ]
