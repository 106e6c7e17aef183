"""`python -m bench.faults [FAULT ...]`: run the faults, print each, and, when all were run, write the page."""

import json
import sys

from bench.faults import planted
from bench.faults.catalog import FAULTS
from bench.faults.measure import FILE, Outcome, outcomes
from bench.faults.report import PAGE, page


def show(outcome: Outcome) -> None:
    """One fault on one line, and what was told about it below."""
    mark = "SILENT" if outcome.is_silent else "ok" if outcome.as_wanted else "other"
    counts = f"open {outcome.open} (+{outcome.new} -{outcome.gone}, {outcome.moved} moved) ${outcome.at_risk:,.0f}"
    print(f"{mark:<7}exit {outcome.code:<3} {outcome.what}: {counts}")
    for text in outcome.notices:
        print(f"           {text}")


def main(names: list[str]) -> int:
    """Exit code: 1 when a fault is not told as it should be, 2 when a name is unknown."""
    if unknown := [name for name in names if name not in FAULTS]:
        print(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}", file=sys.stderr)
        return 2
    measured = outcomes(names, show)
    if not names:
        measured["planted"] = planted.figures()
        FILE.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(page(measured), encoding="utf-8")
    return 0 if all(fault["as_wanted"] for fault in measured["faults"].values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
