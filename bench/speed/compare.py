"""Here beside the baseline: the ratios of a night and of its process to the floor, in a few rounds."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.speed import baseline, sizes
from bench.speed.ratios import RATIOS, Ratio, spread

CONTENDERS = ("floor", "night", "process")
"""What anyone can run who has the program; the rivals need their own libraries."""


@dataclass(frozen=True)
class Line:
    """A ratio here and in the baseline, each as smallest, median and largest of its rounds; None: not measured."""

    name: str
    here: tuple[float, float, float]
    baseline: tuple[float, float, float] | None
    target: float | None


def compare(size: str, rounds: int) -> list[Line]:
    """Measure a size here, simulating its chain first when it is not there yet."""
    here = baseline.measured(sizes.SIZES[size], CONTENDERS, rounds)
    committed = baseline.read()["sizes"].get(size, {}).get("rounds", {})
    return [
        Line(
            ratio.name,
            spread(ratio.of_rounds(here)),
            spread(ratio.of_rounds(committed)) if ratio.is_in(committed) else None,
            ratio.target,
        )
        for ratio in measurable(RATIOS)
        if ratio.is_in(here)
    ]


def measurable(ratios: Sequence[Ratio]) -> list[Ratio]:
    """The ratios whose two sides anyone can run."""
    return [ratio for ratio in ratios if {ratio.upper[0], ratio.lower[0]} <= set(CONTENDERS)]
