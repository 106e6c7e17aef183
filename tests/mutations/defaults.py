"""Other defaults of the settings: the thresholds of sections 2 to 8."""

from __future__ import annotations

from tests.mutations.mutation import (
    DETECT,
    DIAGNOSE,
    EVIDENCE,
    EXPECT,
    MEASURE,
    PANEL,
    RECOMMEND,
    SERIES,
    Mutation,
)

CONFIG = "engine/settings/loading.py"
INPUT = "engine/settings/delivered.py"


def default(name: str, kind: str, old: str, new: str, tests: tuple[str, ...], file: str = CONFIG) -> Mutation:
    """Another default of a setting. name: as it stands in the file, with what follows where that is ambiguous."""
    return Mutation(
        file, f"{name}: {kind} = Field({old},", f"{name}: {kind} = Field({new},", f"default {name}", tests
    )


def described_default(name: str, kind: str, old: str, new: str, rest: str, tests: tuple[str, ...]) -> Mutation:
    """As `default`, of a name that several classes share. rest: what follows the value, as far as it is unique."""
    line = f"{name}: {kind} = Field({{}}, {rest}"
    return Mutation(CONFIG, line.format(old), line.format(new), f"default {name} ({rest})", tests)


DEFAULTS = (
    # section 2
    default("lookback_days", "int", "90", "91", PANEL, INPUT),
    default("gap_fill_days", "int", "3", "4", PANEL, INPUT),
    default("min_on_hand", "float", "0.0", "0.5", PANEL, INPUT),
    Mutation(
        INPUT,
        '(7, ge=1, le=28, description="Without a',
        '(8, ge=1, le=28, description="Without a',
        "default stock_from_sales_days",
        PANEL,
    ),
    default("active_days", "int", "7", "6", PANEL, INPUT),
    # section 3
    described_default("window_days", "int", "28", "27", "ge=7, le=56", EXPECT),
    default("trim_sigmas", "float", "3.0", "2.9", EXPECT),
    default("min_kept_days", "int", "14", "13", EXPECT),
    default("interval_z", "float", "1.96", "2.0", SERIES),
    # section 4
    default("dark_ratio", "float", "0.60", "0.61", DETECT),
    default("min_dark_days", "int", "3", "2", DETECT),
    # section 5
    default("steadiness_weight", "float", "0.4", "0.35", MEASURE),
    default("history_weight", "float", "0.3", "0.35", MEASURE),
    default("gap_weight", "float", "0.3", "0.25", MEASURE),
    default("full_history_days", "int", "28", "27", MEASURE),
    default("full_gap", "float", "0.5", "0.45", MEASURE),
    # section 6
    default("category_ratio", "float", "1.15", "1.14", DIAGNOSE),
    default("category_score", "float", "50", "51", DIAGNOSE),
    default("category_extra_per_pct", "float", "1.0", "1.1", DIAGNOSE),
    default("category_extra_max", "float", "30", "31", DIAGNOSE),
    default("own_ratio", "float", "1.10", "1.11", DIAGNOSE),
    default("own_score", "float", "20", "21", DIAGNOSE),
    described_default("recent_days", "int", "7", "6", 'ge=1, le=28, description="Window of the current', EVIDENCE),
    described_default(
        "baseline_days", "int", "28", "27", 'ge=7, le=90, description="Window of the baseline c', EVIDENCE
    ),
    default("min_drop_pct", "float", "30", "31", DIAGNOSE),
    described_default("    score", "float", "60", "61", "ge=0", DIAGNOSE),
    described_default("extra_max", "float", "40", "39", "ge=0", DIAGNOSE),
    described_default("recent_days", "int", "7", "6", 'ge=1, le=28, description="Window of the recent', EVIDENCE),
    described_default(
        "baseline_days", "int", "28", "27", 'ge=7, le=90, description="Window of the baseline v', EVIDENCE
    ),
    Mutation(
        CONFIG,
        "    cover_days: float = Field(45,",
        "    cover_days: float = Field(46,",
        "default cover_days",
        DIAGNOSE,
    ),
    default("cover_score", "float", "40", "41", DIAGNOSE),
    default("cover_extra_per_day", "float", "0.5", "0.6", DIAGNOSE),
    default("cover_extra_max", "float", "30", "29", DIAGNOSE),
    default("falling_trend_pct", "float", "-10", "-11", DIAGNOSE),
    default("falling_score", "float", "30", "29", DIAGNOSE),
    default("unsold_cover_days", "float", "999", "998", EVIDENCE),
    default("aged_days", "int", "60", "61", EVIDENCE),
    default("promo_days", "int", "7", "6", EVIDENCE),
    default("base_days", "int", "28", "27", EVIDENCE),
    default("negative_score", "float", "90", "89", DIAGNOSE),
    default("min_lift_pct", "float", "20", "21", DIAGNOSE),
    default("weak_score", "float", "70", "69", DIAGNOSE),
    default("radius_km", "float", "50", "51", EVIDENCE),
    described_default("window_days", "int", "28", "27", "ge=7, le=90", EVIDENCE),
    default("min_days", "int", "7", "6", EVIDENCE),
    default("high_ratio", "float", "1.20", "1.21", EVIDENCE),
    described_default("    score", "float", "50", "51", "ge=0", DIAGNOSE),
    default("score_per_store", "float", "15", "14", DIAGNOSE),
    described_default("extra_max", "float", "50", "49", "ge=0", DIAGNOSE),
    default("kept_stores", "int", "3", "2", EVIDENCE),
    default("primary_score", "float", "50", "50.01", DIAGNOSE),
    default("secondary_score", "float", "40", "40.01", DIAGNOSE),
    default("max_score", "float", "100", "99", DIAGNOSE),
    # section 7
    default("projection_days", "int", "30", "31", RECOMMEND),
    default("min_price_cut_pct", "float", "5", "6", RECOMMEND),
    default("max_price_cut_pct", "float", "20", "21", RECOMMEND),
    default("cost_floor_ratio", "float", "1.05", "1.06", RECOMMEND),
    default("price_response", "float", "1.5", "1.4", RECOMMEND),
    default("    promo_off_pct", "float", "10", "11", RECOMMEND),
    default("deep_promo_off_pct", "float", "20", "21", RECOMMEND),
    default("deep_drop_pct", "float", "50", "49", RECOMMEND),
    default("promo_lift_pct", "float", "30", "31", RECOMMEND),
    default("promo_lift_per_pct", "float", "2", "3", RECOMMEND),
    default("promo_run_days", "int", "7", "8", RECOMMEND),
    default("promo_margin_share", "float", "0.9", "1.0", RECOMMEND),
    default("    clearance_cover_days", "float", "60", "61", RECOMMEND),
    default("deep_clearance_cover_days", "float", "90", "89", RECOMMEND),
    default("    clearance_pct", "float", "20", "21", RECOMMEND),
    default("cover_clearance_pct", "float", "30", "31", RECOMMEND),
    default("deep_clearance_pct", "float", "40", "41", RECOMMEND),
    default("clearance_sell_share", "float", "0.7", "0.8", RECOMMEND),
    default("end_promo_share", "float", "0.5", "0.6", RECOMMEND),
    default("transfer_share", "float", "0.5", "0.6", RECOMMEND),
    Mutation(
        CONFIG,
        '0.6, ge=0, description="Of a unit',
        '0.7, ge=0, description="Of a unit',
        "default transfer_ratio",
        RECOMMEND,
    ),
    # section 8
    default("level", "float", "0.95", "0.9", MEASURE),
    default("replicates", "int", "1000", "999", MEASURE),
    default("block_days", "int", "7", "8", MEASURE),
)
