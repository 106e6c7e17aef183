"""How much of what was planted a night still finds when the delivery lacks what ordinary deliveries lack."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.faults.catalog import FAULTS
from bench.faults.chain import Chain, simulated
from bench.faults.fault import plain, write
from bench.faults.night import of_run
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.synth.chain import ChainPlan

PLAN: Final = ChainPlan(
    stores=60,
    skus=60,
    extra_episodes=0.06,
    extra_min_daily_units=4,
    median_daily_units=4,
    further_causes=True,
    weekend_peak=2,
)
SEEDS: Final = (501, 502, 503)
DEGRADED: Final = (
    "closed_on_sundays",
    "day_lost",
    "stock_counted_weekly",
    "fifth_of_the_prices_and_the_stock_lost",
)
COMPLETE: Final = "complete"
PRECISION_LOST, RECALL_LOST = 0.06, 0.12
"""What a degraded chain may cost."""


@dataclass(frozen=True)
class Found:
    """Open cases of some nights, those of them planted, and what was planted and dark on their days."""

    cases: int = 0
    right: int = 0
    planted: int = 0

    def __add__(self, other: "Found") -> "Found":
        return Found(self.cases + other.cases, self.right + other.right, self.planted + other.planted)

    @property
    def precision(self) -> float:
        """Share of the open cases that were planted."""
        return self.right / self.cases

    @property
    def recall(self) -> float:
        """Share of what was planted that is an open case."""
        return self.right / self.planted


def found(chain: Chain, name: str) -> Found:
    """One night over a chain, complete or with a fault."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "in"
        if name == COMPLETE:
            write(folder, plain(chain))
        else:
            FAULTS[name].deliver(chain, folder)
        night = of_run(desk.run(folder, Path(scratch) / "out", CalibratedSettings()).folder)
    return Found(len(night.open), len(night.open.keys() & chain.dark), len(chain.dark))


def figures() -> dict[str, dict[str, Any]]:
    """Precision and recall of the complete chains and of each degradation, all seeds together."""
    chains = [simulated(PLAN.model_copy(update={"seed": seed})) for seed in SEEDS]
    by_part = {}
    for name in (COMPLETE, *DEGRADED):
        total = sum((found(chain, name) for chain in chains), Found())
        by_part[name] = {
            "cases": total.cases,
            "planted": total.planted,
            "precision": total.precision,
            "recall": total.recall,
        }
    return by_part
