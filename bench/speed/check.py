"""The gate: is anything slower than the committed baseline? `python -m bench.speed.check [--sizes 10k,100k,400k]`.

Measures the ratios that are cheap enough again and exits with 1 when one is worse than its baseline by more than the
noise of both. What looks worse is measured again before it is called so; exits with 75, try later, when other
processes kept the machine too busy to say.
"""

import argparse
import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.speed import baseline, ratios, sizes
from bench.speed.contenders import CONTENDERS, Sample
from bench.speed.ratios import GATED, Ratio, Rounds, Verdict

ROUNDS = 5
EXIT_WORSE, EXIT_TRY_LATER = 1, 75
MORE = 3
"""How often what looks worse is measured again."""

Measure = Callable[[Collection[str]], dict[str, list[Sample]]]
"""Samples of these contenders, interleaved."""


def verdicts(size: str, base: Rounds, measure: Measure, gated: Collection[Ratio] = GATED) -> list[Verdict]:
    """Every gated ratio of a size against its baseline. Raises KeyError when the baseline has none of them."""
    asked = [ratio for ratio in gated if ratio.is_in(base)]
    if not asked:
        raise KeyError(f"the baseline has no figures of {size}")
    now = measure(_contenders(asked))
    for _ in range(MORE):
        suspects = [ratio for ratio in asked if _is_suspect(ratios.judge(size, ratio, base, now))]
        if not suspects:
            break
        again = measure(_contenders(suspects))
        now = {name: [*samples, *again.get(name, [])] for name, samples in now.items()}
    return [ratios.judge(size, ratio, base, now) for ratio in asked]


def _is_suspect(verdict: Verdict) -> bool:
    return verdict.is_worse or verdict.is_open


def _contenders(asked: Collection[Ratio]) -> list[str]:
    """Both sides of ratios, each once, in the order of the contenders."""
    sides = {side[0] for ratio in asked for side in (ratio.upper, ratio.lower)}
    return [name for name in CONTENDERS if name in sides]


def table(found: Collection[Verdict]) -> Table:
    """What, baseline, now and allowed, a line each."""
    lines = Table("size", "ratio", box=None, pad_edge=False, header_style="bold")
    for header in ("baseline", "now", "allowed"):
        lines.add_column(header, justify="right")
    lines.add_column("")
    for verdict in found:
        numbers = (f"{value:.4g}" for value in (verdict.baseline, verdict.now, verdict.allowed))
        lines.add_row(verdict.size, verdict.name, *numbers, _word(verdict))
    return lines


def _word(verdict: Verdict) -> str:
    return "[red]worse[/red]" if verdict.is_worse else "[yellow]too busy to say[/yellow]" if verdict.is_open else ""


def main() -> None:
    """Measure again, show the table, exit with 1 when anything got worse and with 75 when nobody can say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10k,100k,400k", help="names of sizes, with commas")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of the first measurement")
    chosen = parser.parse_args()
    committed: dict[str, Any] = baseline.read()
    console = Console(highlight=False)
    if committed["machine"] != baseline.machine():
        console.print(f"The baseline is of another machine, {committed['machine']}: ratios carry over only roughly.")
    found: list[Verdict] = []
    for name in chosen.sizes.split(","):
        measure = partial(baseline.measured, sizes.SIZES[name], rounds=chosen.rounds)
        found += verdicts(name, committed["sizes"][name]["rounds"], measure)
    console.print(table(found))
    worse, undecided = sum(verdict.is_worse for verdict in found), sum(verdict.is_open for verdict in found)
    console.print(f"{worse} of {len(found)} ratios got worse; of {undecided} the machine was too busy to say.")
    sys.exit(EXIT_WORSE if worse else EXIT_TRY_LATER if undecided else 0)


if __name__ == "__main__":
    main()
