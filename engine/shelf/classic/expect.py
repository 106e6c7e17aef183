"""Expect: what every store-SKU would have sold on an ordinary day (specification, section 3).

In: `Panel`. Out: the panel with `expected`, units a day as an array of days, NaN where history is too short.
"""

from engine.kernels import expectation, rows
from engine.settings.shelf.common import ExpectSettings
from engine.shelf.measures import Whole
from engine.shelf.panel import Panel
from engine.vocabulary.common import TIE_TOLERANCE


def expect(panel: Panel, settings: ExpectSettings) -> Panel:
    """Trimmed mean of the days before each day; a day never judges itself."""
    expected = panel.memory.empty((panel.pairs.height, panel.n_days))

    def expect_block(block: slice) -> None:
        expectation.expectation(
            panel.array("units", block),
            settings.window_days,
            settings.trim_sigmas,
            settings.min_kept_days,
            TIE_TOLERANCE,
            expected[block],
        )

    rows.in_blocks(expect_block, len(expected))
    return panel.having(expected=Whole(expected))
