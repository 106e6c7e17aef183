"""Calibrated actions: recovery, transfers, price response, detectability (section 9)."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

ACTIONS = (
    Mutation(
        "engine/shelf/calibrated/recommend.py",
        'return pl.min_horizontal(wanted, pl.col("on_hand"))',
        "return wanted",
        "units limited by stock",
        ("tests/shelf/test_calibrated_recommend.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/recommend.py",
        'floored = pl.max_horizontal(price, "price_floor")',
        "floored = price",
        "the cost floor",
        ("tests/shelf/test_calibrated_recommend.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/recommend.py",
        '(pl.col("gain") <= 0)',
        '(pl.col("gain") < -1e9)',
        "a cut that would not pay",
        ("tests/shelf/test_calibrated_recommend.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/transfer.py",
        "+ expected * settings.safety_days",
        "+ 0 * expected * settings.safety_days",
        "safety stock where units leave",
        ("tests/shelf/test_transfers.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/transfer.py",
        "panel.judged & ~is_dark & over",
        "panel.judged & over",
        "dark shelves that receive",
        ("tests/shelf/test_transfers.py",),
    ),
    Mutation(
        "engine/kernels/darkness.py",
        "dispersion / days + 1.0 / learnt_units",
        "dispersion + 1.0 / learnt_units",
        "dispersion over the days of an alert",
        ("tests/shelf/test_detectability.py",),
    ),
    Mutation(
        "engine/kernels/darkness.py",
        "n = min(2 * n, max_days)",
        "n = min(4 * n, max_days)",
        "the most telling shelf without a sale",
        ("tests/shelf/test_detectability.py",),
    ),
    Mutation(
        "engine/kernels/rises.py",
        "1.0 + dispersion[row] * hoped / days",
        "1.0 + dispersion[row] * hoped",
        "how far sales scatter before a rise",
        ("tests/kernels/test_rises.py",),
    ),
    Mutation(
        "engine/kernels/evidence.py",
        "(left_out / (left_out + hoped)) ** 2",
        "(left_out / (left_out + hoped))",
        "doubt about a level whose days were left out",
        ("tests/kernels/test_evidence.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/chance.py",
        'chances[order], side="right")',
        'chances[order], side="left")',
        "what could not be found is no test",
        ("tests/shelf/test_calibrated.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/detect.py",
        "np.where(is_open, first, ended)",
        "np.where(is_open, first, ended - 1)",
        "an episode that ended yesterday is over",
        ("tests/shelf/test_calibrated.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/stories.py",
        'of.return_share * pl.col("share_before_rise")',
        'of.return_share + pl.col("share_before_rise")',
        "a return from a rise",
        ("tests/shelf/test_calibrated.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/detectability.py",
        "float(found.max()) if",
        "float(found.min()) if",
        "the threshold of the night",
        ("tests/shelf/test_detectability.py",),
    ),
)
