"""Decide: whether divisions break a bound, by their intervals and not by noise.

All divisions together are read as the rule is written. A division fails only where its breach is beyond chance, over
all divisions at once (Holm 1979); a breach that its buyers are too few to settle is a warning of low power, which
names how many would.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from engine.arrays import Floats, Marks
from engine.settings.whitespace.gauntlet import GauntletSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.gauntlet.verdict import ALL, READINGS, reading

COUNTABLE = 10_000_000
"""Positives beyond this many are told as unknown: no desk will ever have them."""


@dataclass(frozen=True)
class Rule:
    """A bound on one figure. measure: its name. Values above `most` break it, or below `least`; one of both is set.

    warns_above: a value above it that breaks nothing is a warning. breach_is: FAIL, or WARN where nothing is gated.
    """

    measure: str
    most: float | None = None
    least: float | None = None
    warns_above: float | None = None
    breach_is: str = v.FAIL

    @property
    def bound(self) -> float:
        """The bound, whichever side it lies on."""
        return self.most if self.most is not None else self.least or 0.0

    def excess(self, values: Floats) -> Floats:
        """How far beyond the bound, negative within it."""
        return values - self.bound if self.most is not None else self.bound - values


def decide(figures: pl.DataFrame, rule: Rule, settings: GauntletSettings) -> pl.DataFrame:
    """Readings of one figure, of all divisions together and of each.

    figures: division (empty: all together), value, error (standard error), positives, noise (what the value would be
    by chance alone where nothing is wrong); value and error NaN where nothing could be computed. Result: rows of
    `READINGS`, in the order given. A missing value is FAIL, but low power for a division without any buyer.
    """
    values, errors, noise, positives = (
        figures[name].cast(pl.Float64).to_numpy() for name in ("value", "error", "noise", "positives")
    )
    is_division = (figures["division"] != ALL).to_numpy()
    excess = rule.excess(values)
    # Without spread, as on a sample that every draw repeats, a breach is what it is: its chance is 0 or 1.
    with np.errstate(divide="ignore", invalid="ignore"):
        chances = np.nan_to_num(ndtr((noise - excess) / errors), nan=1.0)
    is_sure = np.ones(values.size, np.bool_)
    if not settings.strict:
        is_sure[is_division] = holm(chances[is_division], settings.max_error_chance)
    needed = positives_needed(positives, excess, errors, noise, int(is_division.sum()), settings)
    width = ndtri(1 - settings.max_error_chance / 2) * errors
    rows = []
    for place, row in enumerate(figures.iter_rows(named=True)):
        status, low_power, note = _verdict(rule, values[place], bool(is_sure[place]), row, needed[place])
        numbers = {
            "value": _known(values[place]),
            "low": _known(values[place] - width[place]),
            "high": _known(values[place] + width[place]),
            "bound": rule.bound,
            "positives": row["positives"],
            "positives_needed": needed[place] if low_power else None,
            "low_power": low_power,
        }
        rows.append(reading(status, note, row["division"], rule.measure, **numbers))
    return pl.DataFrame(rows, READINGS, orient="row")


def figure(division: str, value: float, error: float, positives: int, noise: float = 0.0) -> dict[str, object]:
    """One row as `decide` takes it."""
    return {"division": division, "value": value, "error": error, "positives": positives, "noise": noise}


def figures(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """Rows as `decide` takes them."""
    numbers = dict.fromkeys(("value", "error", "noise"), pl.Float64)
    return pl.DataFrame(list(rows), {"division": pl.String, "positives": pl.Int64, **numbers})


def holm(chances: Floats, level: float) -> Marks:
    """Which of some tests are significant together, the chance of any false one being at most `level` (Holm 1979)."""
    order = np.argsort(chances, kind="stable")
    within = chances[order] <= level / np.arange(chances.size, 0, -1)
    significant = np.zeros(chances.size, np.bool_)
    significant[order[: within.size if within.all() else int(np.argmin(within))]] = True
    return significant


def positives_needed(
    positives: Floats, excess: Floats, errors: Floats, noise: Floats, divisions: int, settings: GauntletSettings
) -> list[int | None]:
    """Buyers with which what was seen beyond noise would be told from the bound, with the power of the settings.

    Standard error and noise fall with the square root of the buyers; the level is that of the strictest of Holm's
    steps. None where the bound is not exceeded, or for no number that a desk could ever reach.
    """
    sureness = ndtri(1 - settings.max_error_chance / max(divisions, 1)) + ndtri(settings.power)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.ceil(positives * ((sureness * errors + noise) / (excess - noise)) ** 2)
    reachable = (excess > 0) & (needed > 0) & (needed <= COUNTABLE)
    return [int(one) if ok else None for one, ok in zip(needed, reachable, strict=True)]


def _verdict(
    rule: Rule, value: float, is_sure: bool, row: Mapping[str, object], needed: int | None
) -> tuple[str, bool, str]:
    """Status, whether the buyers are too few to tell, and a note."""
    side = f"{'at most' if rule.most is not None else 'at least'} {rule.bound:g}"
    if np.isnan(value):
        if row["division"] == ALL or row["positives"]:
            return v.FAIL, False, f"{rule.measure} could not be computed"
        return v.WARN, True, f"low_power: no buyer to compute {rule.measure} from"
    if rule.excess(np.array([value]))[0] <= 0:
        if rule.warns_above is not None and value > rule.warns_above:
            return v.WARN, False, f"{rule.measure} {value:.4f} is above {rule.warns_above:g}, within {side}"
        return v.PASS, False, f"{rule.measure} {value:.4f}, {side}"
    if is_sure:
        return rule.breach_is, False, f"{rule.measure} {value:.4f}, should be {side}"
    enough = f"{needed:,} positives would decide" if needed is not None else "no reachable number would decide"
    return v.WARN, True, f"low_power: {rule.measure} {value:.4f}, should be {side}; {enough}"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
