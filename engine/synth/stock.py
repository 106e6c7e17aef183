"""The shelf's own memory: stock that sales deplete and deliveries fill, day after day."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels import stock
from engine.synth.demand import StoreDays

REORDER_COVER_DAYS: Final = 12.0
FULL_COVER_DAYS: Final = 28.0
"""An order is placed when stock covers so few ordinary days, and fills it up to so many."""
OVERSTOCK_RATIO: Final = 3.0
OVERSTOCK_AHEAD_DAYS: Final = 5
"""An overstocked shelf is filled before its sales begin to fall."""
OVERSTOCK_SWING: Final = 0.06
"""It is topped up when it stands so much, as a share, under its level, and filled so much over it."""


class Trade(NamedTuple):
    """What the stock allowed. Shapes: (store-SKUs, days). on_hand: units in the morning. sold: of the day."""

    on_hand: NDArray[np.int64]
    sold: NDArray[np.int64]


def ordinary_stock(daily_units: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middle between reordering and full, units; what lies beyond is surplus."""
    return daily_units * ((REORDER_COVER_DAYS + FULL_COVER_DAYS) / 2)


def trade(days: StoreDays) -> Trade:
    """Sell what is wanted as far as stock goes, and reorder what the ordinary day calls for."""
    reorder_at = np.maximum(np.ceil(REORDER_COVER_DAYS * days.mean_units), 1).astype(np.int64)
    full = np.maximum(np.ceil(FULL_COVER_DAYS * days.mean_units), reorder_at + 1).astype(np.int64)
    opening = reorder_at + (days.opening_share * (full - reorder_at)).astype(np.int64)
    # Supplied overnight, as every planted shelf is, the ordinary stock swings between the two levels.
    overstock_level = OVERSTOCK_RATIO * (reorder_at + full) / 2
    over_reorder_at = np.floor((1 - OVERSTOCK_SWING) * overstock_level).astype(np.int64)
    over_full = np.ceil((1 + OVERSTOCK_SWING) * overstock_level).astype(np.int64)
    on_hand, sold = np.empty_like(days.wanted), np.empty_like(days.wanted)
    stock.trade(
        days.wanted,
        days.lead_days,
        opening,
        np.stack([reorder_at, full, over_reorder_at, over_full], axis=1).reshape(-1, 2, 2),
        np.stack([days.overstock_first - OVERSTOCK_AHEAD_DAYS, days.overstock_last], axis=1),
        on_hand,
        sold,
    )
    return Trade(on_hand, sold)
