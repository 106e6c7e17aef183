"""How far levels drift is told by the whole chain, however many blocks it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.blocks.turns import in_turns
from engine.settings.shelf.calibrated import DemandSettings
from engine.shelf.calibrated.dark import Dark
from engine.shelf.calibrated.drift import level_drift
from tests.kernels.selling import sales_of

if TYPE_CHECKING:
    from engine.blocks.together import Together

N_DAYS, STORES, SKUS, UNITS = 90, 10, 200, 12.0
SETTINGS = DemandSettings()


def drift_in(blocks: int, sold: np.ndarray) -> list[float]:
    """sold: (SKUs, stores, days). Every block has neighbouring SKUs in all of their stores, which are one region."""
    parts = np.array_split(np.arange(SKUS), blocks)

    def program(together: Together) -> float:
        mine = parts[together.number]
        units = sold[mine].reshape(-1, N_DAYS)
        usable, (n, _) = np.ones(units.shape, np.uint8), units.shape
        sales = sales_of(
            units, np.full(units.shape, UNITS), usable, usable, np.zeros(n), np.ones(n), *np.zeros((2, n))
        )
        return level_drift(
            sales,
            Dark(np.empty(0, np.int64), usable[:0]),
            np.repeat(mine, STORES),
            0,
            SETTINGS,
            together,
        )

    return in_turns(program, blocks)


@pytest.mark.parametrize("blocks", [2, 7, 70, SKUS + 3])
def test_a_block_of_few_pairs_does_not_count_what_shoppers_took_from_shelf_to_shelf(blocks):
    """In one SKU of ten, shoppers of a dark shelf go to others: left out as long as the chain has enough others."""
    random = np.random.default_rng(3)
    walk = np.exp(np.cumsum(random.normal(0.0, 0.02, (SKUS, STORES, N_DAYS)), axis=2))
    walk[::10, :3, 34:62] *= 1.8
    walk[::10, 3, 34:62] *= 0.4
    sold = random.poisson(UNITS * walk).astype(np.float64)
    (whole,) = drift_in(1, sold)
    assert whole > SETTINGS.level_drift
    assert drift_in(blocks, sold) == [whole] * blocks
