"""One case on a terminal, told so that a store manager believes it."""

import datetime as dt
from typing import Any

from rich.text import Text

from cli.console import money, out, table

BARS = "▁▂▃▄▅▆▇█"
UNKNOWN = "·"
SHOWN_DAYS = 56
SCORE_WIDTH = 20


def tell(
    case: dict[str, Any], evidence: list[dict[str, Any]], daily: dict[str, Any], why_expected: str | None = None
) -> None:
    """The numbers, the days, the causes and the action. evidence: best cause first. daily: lists, a value a day.

    why_expected: the factors of the expectation as a sentence, None where there are none.
    """
    _headline(case)
    _numbers(case, why_expected)
    _days(case, daily)
    _causes(evidence)
    _action(case)


def _headline(case: dict[str, Any]) -> None:
    sku = case["sku_name"] or f"SKU {case['sku_id']}"
    store = case["store_name"] or f"store {case['store_id']}"
    line = Text()
    line.append(f"{sku} at {store}", style="bold")
    place = ", ".join(str(part) for part in (case["region"], case["category"]) if part)
    line.append(f"  ({place})" if place else "")
    line.append(f"\ncase {case['case_id']}", style="dim")
    out.print(line, soft_wrap=True)
    out.print()


def _numbers(case: dict[str, Any], why_expected: str | None) -> None:
    out.print(
        f"In stock, but for {case['duration_days']} days ({case['detection_date']} … {case['last_dark_date']}, "
        f"{case['status']}) it sold {case['actual_daily_units']:.2f} a day where "
        f"{case['expected_daily_units']:.2f} were expected: {case['underperformance_pct']:.0f}% less.",
        soft_wrap=True,
    )
    if case["revenue_at_risk"] is None:
        out.print("No price is known, so the loss cannot be put in money.")
    else:
        low, high = money(case["revenue_at_risk_low"]), money(case["revenue_at_risk_high"])
        out.print(
            f"That is {money(case['revenue_at_risk'])} so far ({low} … {high} against the days before it began, "
            f"95% interval), and {money(case['projected_30d_loss'])} over 30 days if it goes on.",
            soft_wrap=True,
        )
    stock = "unknown" if case["on_hand"] is None else f"{case['on_hand']:g} units"
    if why_expected is not None:
        out.print(why_expected, soft_wrap=True)
    out.print(f"On hand {stock}. Confidence {_score(case['confidence_score'])} of 100.")
    out.print()


def _days(case: dict[str, Any], daily: dict[str, Any]) -> None:
    """Actual above expected, day by day, on one scale, with the dark days marked."""
    last = (case["last_dark_date"] - daily["first_date"]).days
    end = min(last + 7, len(daily["actual"]) - 1)
    start = max(0, end - SHOWN_DAYS + 1)
    actual, expected = (daily[name][start : end + 1] for name in ("actual", "expected"))
    top = max((value for value in (*actual, *expected) if value is not None), default=0.0)
    first_date = daily["first_date"] + dt.timedelta(days=start)
    last_date = daily["first_date"] + dt.timedelta(days=end)
    out.print(f"from {first_date} to {last_date}, a column a day, full height {top:.1f} units")
    dark = [
        case["detection_date"] <= first_date + dt.timedelta(days=n) <= case["last_dark_date"]
        for n in range(len(actual))
    ]
    line = Text("actual    ")
    for value, is_dark in zip(actual, dark, strict=True):
        line.append(_bar(value, top), style="red" if is_dark else "cyan")
    out.print(line)
    out.print(Text("expected  ").append("".join(_bar(value, top) for value in expected), style="dim"))
    out.print(Text("dark days ").append("".join("▲" if is_dark else " " for is_dark in dark), style="red"))
    out.print()


def _bar(value: float | None, top: float) -> str:
    if value is None:
        return UNKNOWN
    return BARS[min(int(value / top * len(BARS)), len(BARS) - 1)] if top > 0 else BARS[0]


def _causes(evidence: list[dict[str, Any]]) -> None:
    rows = table("why", "score", "", "evidence", numbers=("score",))
    for row in evidence:
        filled = round(row["score"] / 100 * SCORE_WIDTH)
        style = "bold" if row["is_primary"] else ""
        bar = Text("█" * filled, style="red" if row["is_primary"] else "yellow")
        rows.add_row(Text(row["cause"], style=style), f"{row['score']:.0f}", bar, Text(row["says"]))
    out.print(rows)
    out.print()


def _action(case: dict[str, Any]) -> None:
    out.print(Text("do: ", style="bold").append(case["recommended_action"], style="bold green"), soft_wrap=True)
    if case["primary_cause"] is None:
        out.print("No cause stands out; have someone look at the shelf.")
    else:
        out.print(f"projected to bring {money(case['projected_recovery'])}")


def _score(score: float | None) -> str:
    return "unknown" if score is None else f"{score:.0f}"
