"""The words of the shelf desk, one spelling each: tables, keys, causes and published columns.

Names carry their unit where it is not a plain count of days. Every other room imports its words from here.
"""

from typing import Final

DESK: Final = "shelf"
"""As the manifests of its runs name it."""

SALES: Final = "sales_transactions"
INVENTORY: Final = "inventory_snapshot"
PRICING: Final = "pricing"
IMPRESSIONS: Final = "impressions"
STORES: Final = "stores"
SKUS: Final = "skus"
CALENDAR: Final = "events"
WEATHER: Final = "weather"
"""Outside signals: tables that a night does without."""

PUBLIC_HOLIDAY: Final = "public holiday"
HALF_HOLIDAY: Final = "half holiday"
DAY_BEFORE_HOLIDAY: Final = "day before a public holiday"
HOLIDAYS: Final = (PUBLIC_HOLIDAY, HALF_HOLIDAY, DAY_BEFORE_HOLIDAY)
"""Kinds of days that `darkshelf holidays` writes."""

PAIR: Final = ("store_id", "sku_id")
"""The grain of the panel: one store-SKU."""

PRICE_TOO_HIGH: Final = "price_too_high"
CONVERSION_DROP: Final = "conversion_drop"
OVERSTOCK: Final = "overstock"
PROMO_INEFFECTIVE: Final = "promo_ineffective"
MISALLOCATION: Final = "misallocation"
CAUSES: Final = (PRICE_TOO_HIGH, CONVERSION_DROP, OVERSTOCK, PROMO_INEFFECTIVE, MISALLOCATION)
"""The causes of the classic rule, in the order that decides equal scores."""
NOT_ON_SHELF: Final = "not_on_shelf"
TRAFFIC_DROP: Final = "traffic_drop"
STORE_WIDE: Final = "store_wide"
CHAIN_WIDE: Final = "chain_wide"
FURTHER_CAUSES: Final = (NOT_ON_SHELF, TRAFFIC_DROP, STORE_WIDE, CHAIN_WIDE)
"""Known to the calibrated profile alone."""
ALL_CAUSES: Final = (*CAUSES, *FURTHER_CAUSES)

RESTORE_PRICE: Final = "restore_price"
WEIGH_PRICE: Final = "weigh_price"
END_PROMO: Final = "end_promo"
PROMOTE: Final = "promote"
CLEAR: Final = "clear"
STOP_ORDER: Final = "stop_order"
TRANSFER: Final = "transfer"
KEEP: Final = "keep"
CHECK_SHELF: Final = "check_shelf"
FIND_REASON: Final = "find_reason"
RESTORE_TRAFFIC: Final = "restore_traffic"
LOOK_AT_STORE: Final = "look_at_store"
LOOK_AT_SKU: Final = "look_at_sku"
REPLENISH: Final = "replenish"
REVIEW: Final = "review"
NO_ACTION: Final = "none"
"""Kinds of actions of the calibrated profile; none where the shelf sells again."""

HOLIDAY: Final = "holiday"
LATE_FEED: Final = "late_feed"
UNIT_CHANGE: Final = "unit_change"
END_OF_LIFE: Final = "end_of_life"
LAUNCH: Final = "launch"
RAN_OUT: Final = "ran_out"
RISEN: Final = "risen"
SKU_IN_REGION: Final = "sku_in_region"
SKU_IN_STORES: Final = "sku_in_stores"
CATEGORY_IN_REGION: Final = "category_in_region"
"""Kinds of events beside `store_wide` and `chain_wide`; the last three group cases."""

CASE_COLUMNS: Final = (
    "case_id",
    "store_id",
    "sku_id",
    "detection_date",
    "duration_days",
    "expected_daily_units",
    "actual_daily_units",
    "underperformance_pct",
    "revenue_at_risk",
    "confidence_score",
    "primary_cause",
    "secondary_causes",
    "recommended_action",
    "projected_recovery",
)
"""`dark_shelf_cases.csv`, in this order."""

PRICE_RESPONSE_COLUMNS: Final = (
    "price_response",
    "price_response_low",
    "price_response_high",
    "price_response_basis",
)
"""Percent of units gained per percent of price cut, its interval, and where it was learnt."""

ADVICE_NUMBERS: Final = (
    "recoverable_margin_30d",
    "recoverable_revenue_30d",
    "projected_recovery_low",
    "projected_recovery_high",
    "action_price",
    "action_minutes",
    "recovery_per_minute",
    "delivered_daily_units",
    "surplus_units",
)
"""Numbers behind an action that only the calibrated method works out, and version 0.1.0 did not."""

FURTHER_CASE_COLUMNS: Final = (
    "last_dark_date",
    "status",
    "price",
    "price_basis",
    "on_hand",
    "revenue_at_risk_low",
    "revenue_at_risk_high",
    "projected_30d_loss",
    *(f"score_{cause}" for cause in ALL_CAUSES),
    "review_flags",
    "q_value",
    "log_likelihood_ratio",
    "lost_units",
    "daily_revenue_at_risk",
    "recoverable_30d",
    "recoverable_margin_30d",
    "recoverable_revenue_30d",
    "recovery_basis",
    "projected_recovery_low",
    "projected_recovery_high",
    "action",
    "action_price",
    "action_units",
    "action_minutes",
    "recovery_per_minute",
    "delivered_daily_units",
    "surplus_units",
    *PRICE_RESPONSE_COLUMNS,
    "store_name",
    "region",
    "sku_name",
    "category",
    "brand",
)
"""What `cases.parquet` carries beyond `CASE_COLUMNS`."""

OPEN: Final = "open"
CLOSED: Final = "closed"

MISSING_PRICE: Final = "missing_price"
MISSING_ON_HAND: Final = "missing_on_hand"
MISSING_COST: Final = "missing_cost"
BORROWED_LEVEL: Final = "borrowed_level"
