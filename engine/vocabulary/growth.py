"""The words of the growth desk, one spelling each: tables, keys, statuses and caps."""

from typing import Final

DESK: Final = "growth"
"""As the manifests of its runs name it."""

STORE_SPU: Final = ("str_code", "spu_code")
"""The grain of the growth desk: one product (SPU) in one store."""
PEER_GROUP: Final = ("cluster_id", "spu_code")
"""The stores of a cluster that sell an SPU: what a store is compared with."""

STORE_SPU_SALES: Final = "sales"
CLUSTERS: Final = "clusters"
TRAFFIC: Final = "store_traffic"
STEP9: Final = "step9"
STEP10: Final = "step10"
STEP11: Final = "step11"
SUPPLY: Final = "supply"
STORE_BUDGETS: Final = "store_budgets"

SCALED: Final = "SCALED"
BLOCKED_STEP10: Final = "BLOCKED_STEP10"
NO_BENCHMARK: Final = "NO_BENCHMARK"
ABOVE_BENCHMARK: Final = "ABOVE_BENCHMARK"
BELOW_GAP: Final = "BELOW_GAP"
BELOW_MIN_QTY: Final = "BELOW_MIN_QTY"
SUPPRESSED_BY_CAP: Final = "SUPPRESSED_BY_CAP"
GROWTH_STATUSES: Final = (
    BLOCKED_STEP10,
    NO_BENCHMARK,
    ABOVE_BENCHMARK,
    BELOW_GAP,
    BELOW_MIN_QTY,
    SUPPRESSED_BY_CAP,
    SCALED,
)
"""What becomes of a candidate, in the order of precedence: the first that applies."""

NO_CAP: Final = "none"
CAP_CURRENT: Final = "max_pct_current"
CAP_MEDIAN: Final = "max_pct_median"
CAP_ABSOLUTE: Final = "max_absolute"
GROWTH_CAPS: Final = (NO_CAP, CAP_CURRENT, CAP_MEDIAN, CAP_ABSOLUTE)
"""In the order that decides equal caps."""

SCALING_TIERS: Final = ("Minimal Adjustment", "Moderate Adjustment", "Aggressive Adjustment")
"""By the final quantity, ascending."""
GROWTH_TEXTS: Final = ("gap_justification", "scaling_explanation", "no_conflict_reason", "full_explanation")
"""The trace of a decision in words."""
