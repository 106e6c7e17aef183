"""One case told so that a store manager believes it: the numbers, the days, the causes, the action.

In: a published night and a case id. Out: an `Explanation`.
"""

import datetime as dt
from typing import Any

from engine.outputs.desks import Explanation
from engine.outputs.money import currency_of, money
from engine.outputs.shelf.read import days_in_words, happened, one_case, why_expected
from engine.outputs.shown import Grid, Line, Part, Shown, line
from engine.runs.registry import Run

BARS = "▁▂▃▄▅▆▇█"
UNKNOWN = "·"
SHOWN_DAYS = 56
DAYS_AFTER = 7
"""Days shown after the last dark one."""
SCORE_WIDTH = 20


def explain(run: Run, case_id: str) -> Explanation:
    """A case of a night. Raises NotFoundError with the nearest cases there are."""
    case, evidence, daily = one_case(run, case_id)
    why, currency = why_expected(run, case_id), currency_of(run.manifest)
    days = happened(run, case_id)
    facts = {"case": case, "evidence": evidence.to_dicts(), "daily": daily}
    shown: Shown = (
        *_headline(case),
        *_numbers(case, why, days_in_words(days), currency),
        *_days(case, daily),
        _causes(evidence.to_dicts()),
        line(),
        *_action(case, currency),
    )
    further = {"why_expected": why, "occasions": days or None}
    return Explanation(facts | {name: told for name, told in further.items() if told is not None}, shown)


def _headline(case: dict[str, Any]) -> list[Line]:
    sku = case["sku_name"] or f"SKU {case['sku_id']}"
    store = case["store_name"] or f"store {case['store_id']}"
    place = ", ".join(str(part) for part in (case["region"], case["category"]) if part)
    title = line(Part(f"{sku} at {store}", "strong"), f"  ({place})" if place else "")
    return [title, line(Part(f"case {case['case_id']}", "faint")), line()]


def _numbers(case: dict[str, Any], why: str | None, occasions: str | None, currency: str) -> list[Line]:
    lines = [
        f"In stock, but for {case['duration_days']} days ({case['detection_date']} … {case['last_dark_date']}, "
        f"{case['status']}) it sold {case['actual_daily_units']:.2f} a day where "
        f"{case['expected_daily_units']:.2f} were expected: {case['underperformance_pct']:.0f}% less.",
        _loss(case, currency),
    ]
    stock = "unknown" if case["on_hand"] is None else f"{case['on_hand']:g} units"
    lines += [] if why is None else [why]
    lines += [] if occasions is None else [f"On its days: {occasions}."]
    lines += [f"On hand {stock}. Confidence {_score(case['confidence_score'])} of 100.", ""]
    return [line(text) for text in lines]


def _loss(case: dict[str, Any], currency: str) -> str:
    if case["revenue_at_risk"] is None:
        return "No price is known, so the loss cannot be put in money."
    columns = ("revenue_at_risk", "revenue_at_risk_low", "revenue_at_risk_high", "projected_30d_loss")
    at_risk, low, high, lost = (money(case[name], currency) for name in columns)
    return (
        f"That is {at_risk} so far ({low} … {high} against the days before it began, 95% interval), and {lost} over "
        "30 days if it goes on."
    )


def _days(case: dict[str, Any], daily: dict[str, Any]) -> list[Line]:
    """Actual above expected, day by day, on one scale, with the dark days marked."""
    last = (case["last_dark_date"] - daily["first_date"]).days
    end = min(last + DAYS_AFTER, len(daily["actual"]) - 1)
    start = max(0, end - SHOWN_DAYS + 1)
    actual, expected = (daily[name][start : end + 1] for name in ("actual", "expected"))
    top = max((value for value in (*actual, *expected) if value is not None), default=0.0)
    first_date, last_date = (daily["first_date"] + dt.timedelta(days=n) for n in (start, end))
    dark = [
        case["detection_date"] <= first_date + dt.timedelta(days=n) <= case["last_dark_date"]
        for n in range(len(actual))
    ]
    bars = [
        Part(_bar(value, top), "alarm" if is_dark else "figure") for value, is_dark in zip(actual, dark, strict=True)
    ]
    return [
        line(f"from {first_date} to {last_date}, a column a day, full height {top:.1f} units"),
        line("actual    ", *bars),
        line("expected  ", Part("".join(_bar(value, top) for value in expected), "faint")),
        line("dark days ", Part("".join("▲" if is_dark else " " for is_dark in dark), "alarm")),
        line(),
    ]


def _bar(value: float | None, top: float) -> str:
    if value is None:
        return UNKNOWN
    return BARS[min(int(value / top * len(BARS)), len(BARS) - 1)] if top > 0 else BARS[0]


def _causes(evidence: list[dict[str, Any]]) -> Grid:
    rows = [
        (
            Part(row["cause"], "strong" if row["is_primary"] else "plain"),
            f"{row['score']:.0f}",
            Part("█" * round(row["score"] / 100 * SCORE_WIDTH), "alarm" if row["is_primary"] else "warning"),
            row["explanation"],
        )
        for row in evidence
    ]
    return Grid(("why", "score", "", "evidence"), rows, numbers=("score",))


def _action(case: dict[str, Any], currency: str) -> list[Line]:
    todo = line(Part("do: ", "strong"), Part(case["recommended_action"], "good"))
    if case["primary_cause"] is None:
        return [todo, line("No cause stands out; have someone look at the shelf.")]
    return [todo, line(_brings(case, currency))]


def _brings(case: dict[str, Any], currency: str) -> str:
    """What the action brings with its interval and what that is counted as, beside all that could be recovered."""
    lines = f"projected to bring {money(case['projected_recovery'], currency)}"
    basis = case.get("recovery_basis")
    # Runs of the classic profile, and those of earlier versions, know neither basis nor interval.
    if basis is None or case.get("recoverable_revenue_30d") is None:
        return lines
    low, high = (case[f"projected_recovery_{end}"] for end in ("low", "high"))
    between = "" if low is None else f" ({money(low, currency)} … {money(high, currency)})"
    margin, revenue = (money(case[f"recoverable_{kind}_30d"], currency) for kind in ("margin", "revenue"))
    return (
        f"{lines} of {basis} in 30 days{between}; selling as expected would bring {margin} of margin, {revenue} of "
        "revenue"
    )


def _score(score: float | None) -> str:
    return "unknown" if score is None else f"{score:.0f}"
