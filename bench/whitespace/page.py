"""The page of how right the scores are: tables from what was measured, between the marks of a page of docs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.page import between_marks

PAGE = Path(__file__).parents[2] / "docs" / "whitespace-accuracy.md"
NAMES = {
    "p_icp": "darkshelf",
    "neighbours": "share of the 50 nearest neighbours that own the division",
    "popularity": "popularity among similar customers",
    "rfm_logreg": "logistic regression on recency, frequency and money",
    "als": "matrix factorisation (ALS)",
}


def write_page(measured: Mapping[str, Any]) -> None:
    """Write the tables into the page."""
    text = "\n\n".join((_headline(measured), _pooled(measured["pooled"]), _divisions(measured["divisions"])))
    PAGE.write_text(between_marks(PAGE, "iowa", text), encoding="utf-8")


def _headline(measured: Mapping[str, Any]) -> str:
    share = 100 * measured["positives"] / measured["rows"]
    return (
        f"As of {measured['cutoff']}: {measured['customers']:,} customers, {measured['rows']:,} pairs of a customer"
        f" and a division it did not buy of, {measured['positives']:,} of which ({share:.1f}%) bought"
        " within six months."
    )


def _pooled(pooled: Mapping[str, Any]) -> str:
    rows = [
        [label, *(_interval(pooled[name][figure]) for figure in ("average_precision", "lift@10", "auc"))]
        for name, label in NAMES.items()
    ]
    figures = _table(["pooled over divisions", "average precision", "lift@10", "AUC"], rows)
    found = {**pooled, "lift@10": pooled["p_icp"]["lift@10"]}
    targets = [
        ["average precision relative to the best baseline", _interval(found["times_best"]), "at least 1.20"],
        ["lift@10", _interval(found["lift@10"]), "at least 3.40"],
        ["calibration error relative to the prevalence", _interval(found["relative_cal_error"]), "at most 0.25"],
    ]
    return figures + "\n\n" + _table(["", "found", "asked for"], targets)


def _divisions(divisions: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for one in divisions:
        row = [one["division"], f"{one['rows']:,}", str(one["positives"]), f"{one['status']}, {one['champion']}"]
        if "p_icp" in one:
            of_model = one["p_icp"]
            row += [_interval(of_model["average_precision"]), f"{one['neighbours']['average_precision'][0]:.3f}"]
            row += [_interval(of_model["lift@10"]), _interval(one["relative_cal_error"])]
        else:
            row += ["", "", "", ""]
        rows.append(row)
    heads = [
        "division",
        "pairs",
        "buyers",
        "model",
        "average precision",
        "of neighbours",
        "lift@10",
        "relative error",
    ]
    return _table(heads, rows)


def _interval(estimate: Sequence[float | None]) -> str:
    """A figure with its 95% interval; the figure alone where that is not known."""
    value, low, high = estimate
    if value is None:
        return ""
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
