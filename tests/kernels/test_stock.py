"""Stock of a shelf, against days told by hand."""

import numpy as np

from engine.kernels.stock import trade


def traded(wanted: list[int], lead: int, opening: int, levels: list[list[int]], overstock: tuple[int, int]):
    on_hand, sold = np.empty((1, len(wanted)), np.int64), np.empty((1, len(wanted)), np.int64)
    trade(
        np.array([wanted]),
        np.full((1, len(wanted)), lead),
        np.array([opening]),
        np.array([levels]),
        np.array([overstock]),
        on_hand,
        sold,
    )
    return on_hand[0].tolist(), sold[0].tolist()


def test_an_order_fills_the_shelf_when_its_days_have_passed_and_no_other_is_placed_meanwhile():
    on_hand, sold = traded([3, 4, 5, 1], lead=2, opening=6, levels=[[3, 10], [3, 10]], overstock=(-1, -1))
    assert on_hand == [6, 3, 7, 2]
    assert sold == [3, 3, 5, 1]


def test_an_overstocked_shelf_is_filled_to_the_level_of_its_days():
    on_hand, _ = traded([0, 0, 0], lead=1, opening=5, levels=[[2, 8], [6, 20]], overstock=(1, 2))
    assert on_hand == [5, 5, 20]
