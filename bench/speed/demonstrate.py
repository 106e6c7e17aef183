"""Does the gate see a slowdown? `python -m bench.speed.demonstrate`, on a machine that has nothing else to do.

Measures nights as a baseline, again unchanged, and again slowed by 30%; the gate has to let the first pass and to
stop the second. Exits with 1 when it does not, and with 75 when the machine is too busy to say.
"""

import sys
from functools import partial

from rich.console import Console

from bench.speed import baseline, check, ratios, sizes
from bench.speed.contenders import CONTENDERS, Contender, Course

ROUNDS_OF_BASELINE = 7
MEASURED = ("floor", "night")
NIGHT = next(ratio for ratio in ratios.RATIOS if ratio.name == "night / floor")


def _slowed(course: Course) -> list[str]:
    return [sys.executable, "-m", "bench.speed.slowed_night", str(course.parquet), str(course.out / "night")]


def main() -> None:
    """Show the verdicts over the unslowed and the slowed night, and exit as the gate deserves."""
    size = sizes.SIZES["10k"]
    measure = partial(baseline.measured, size, rounds=check.ROUNDS)
    base = baseline.measured(size, MEASURED, ROUNDS_OF_BASELINE)
    unslowed = check.verdicts(size.name, base, measure, [NIGHT])
    slow_measure = partial(measure, contenders={**CONTENDERS, "night": Contender(_slowed)})
    slowed = check.verdicts(size.name, base, slow_measure, [NIGHT])
    Console(highlight=False).print(check.table([*unslowed, *slowed]))
    if any(verdict.is_open for verdict in (*unslowed, *slowed)):
        sys.exit(check.EXIT_TRY_LATER)
    sys.exit([verdict.is_worse for verdict in (*unslowed, *slowed)] != [False, True])


if __name__ == "__main__":
    main()
