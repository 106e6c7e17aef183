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
        "engine/kernels/evidence.py",
        "dispersion[row] / n + 1.0 / learnt_units[row]",
        "dispersion[row] + 1.0 / learnt_units[row]",
        "dispersion over the days of an alert",
        ("tests/shelf/test_detectability.py",),
    ),
    Mutation(
        "engine/shelf/calibrated/detectability.py",
        "float(found.max()) if",
        "float(found.min()) if",
        "the threshold of the night",
        ("tests/shelf/test_detectability.py",),
    ),
)
