"""About a list: capacity and signals by division, swaps, fairness, what changed, and what earlier lists caught."""

from typing import Any, Final

from markupsafe import Markup

from engine.outputs.whitespace import shapes
from panel_app.pages.whitespace.sheet import Asked
from panel_app.stores.whitespace import Whitespace

SHOWN: Final = 30
"""Swaps and changes on the page; their files have all."""
CAPACITY, FAIRNESS = "capacity_summary_{}.csv", "whitespace_fairness_{}.csv"
CHANGES, SWAPS = "whitespace_stability_{}.csv", "diversification_report_{}.json"
WHAT_IF = "whitespace_what_if_{}.csv"
WHAT_IF_COLUMNS: Final = (
    "ranked_by", "w_p_icp", "w_lift", "w_als", "w_ev", "capacity", "division_share_cap", "calls", "selected_rows",
    "expected_value", "price_of_step", "largest_division", "largest_share", "is_current",
)  # fmt: skip
LISTS: Final = (
    "whitespace_{}.csv",
    "whitespace_selected_{}.csv",
    "whitespace_selected_warm_{}.csv",
    "whitespace_selected_cold_{}.csv",
    "whitespace_selected_prospect_{}.csv",
    "whitespace_explanations_{}.csv",
    "whitespace_reason_codes_{}.json",
    "thresholds_whitespace_{}.csv",
    "bias_diversity_warnings_{}.json",
    "whitespace_eras_{}.csv",
    "whitespace_challenger_{}.csv",
    "whitespace_log_{}.jsonl",
)
"""Files that are linked; `{}` is the cutoff."""


def metrics(run: Whitespace) -> dict[str, Any]:
    """What is known about the list; empty where the run does not say."""
    return run.facts(shapes.metrics_file(run.cutoff)) or {}


def render_about(asked: Asked) -> Markup:
    """Everything about the list of a run."""
    run, figures = asked.run, metrics(asked.run)
    diversification = run.facts(SWAPS.format(run.cutoff)) or {}
    changes = run.rows(CHANGES.format(run.cutoff))
    names = [name.format(run.cutoff) for name in (*LISTS, CAPACITY, FAIRNESS, CHANGES, SWAPS, WHAT_IF)]
    return asked.render(
        "about.html",
        capacity=_rows(run, CAPACITY),
        signals=[_signals(each) for each in figures.get("by_division", [])],
        diversification=diversification,
        swaps=[_swap(each) for each in diversification.get("swaps", [])[:SHOWN]],
        alternatives=_rows(run, WHAT_IF),
        alternative_columns=WHAT_IF_COLUMNS,
        best_alternative=figures.get("what_if", {}).get("best_alternative"),
        fairness=_rows(run, FAIRNESS),
        changes=[] if changes is None else changes.head(SHOWN).to_dicts(),
        change_count=0 if changes is None else changes.height,
        overlap=figures.get("stability_jaccard_topN"),
        eras=figures.get("capture_at_k", []),
        challenges=figures.get("challenger", {}).get("cutoffs", []),
        is_promoted=figures.get("challenger", {}).get("is_promoted"),
        files=[(name, asked.to_file(name)) for name in names if run.has(name)],
    )


def _rows(run: Whitespace, pattern: str) -> list[dict[str, Any]]:
    found = run.rows(pattern.format(run.cutoff))
    return [] if found is None else found.to_dicts()


def _signals(figures: dict[str, Any]) -> dict[str, Any]:
    """How many of a division's candidates each signal knows, the bound, and the weights that are left."""
    return {
        "division": figures["division"],
        "coverage": figures["coverage"],
        "bounds": figures["coverage_thresholds"],
        "is_below": figures["is_below_threshold"],
        "weights": figures["weights_final"],
        "excluded": {
            name: count for name, count in figures["eligibility_counts"].items() if name.endswith("_excluded")
        },
        "kept_rows": figures["eligibility_counts"].get("kept_rows"),
    }


def _swap(swap: dict[str, Any]) -> dict[str, Any]:
    """A call that the cap of a division costs, and the one in its place."""
    out, into = (swap[side] or {} for side in ("out", "in"))
    return {
        "out": out.get("customer_id"),
        "of": out.get("division"),
        "value": out.get("value"),
        "in": into.get("customer_id"),
        "for": into.get("division"),
        "expected_value": into.get("value"),
    }
