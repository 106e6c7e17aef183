"""The published files of a shelf night, by name."""

from typing import Final

CASES_CSV: Final = "dark_shelf_cases.csv"
CASES: Final = "cases.parquet"
EVIDENCE: Final = "evidence.parquet"
EXPECTATION: Final = "expectation.parquet"
EVENTS: Final = "events.parquet"
OCCASIONS: Final = "occasions.parquet"
"""Of a night that was told of events or the weather."""
FEATURES: Final = "features.parquet"
DAILY: Final = "daily.parquet"
STORES: Final = "stores.parquet"
SKUS: Final = "skus.parquet"
TRANSFERS: Final = "transfers.parquet"
DETECTABILITY: Final = "detectability.parquet"
UNUSUAL: Final = "unusual.parquet"
PRICE_RESPONSE: Final = "price_response.parquet"
STOCK_CORRECTIONS: Final = "stock_corrections.parquet"
UNKNOWN_DAYS: Final = "unknown_days.parquet"
UNMATCHED_RETURNS: Final = "unmatched_returns.parquet"
SUMMARY: Final = "summary.json"
DATA_QUALITY: Final = "data_quality.json"
QUARANTINE: Final = "quarantine"
MANIFEST: Final = "manifest.json"
SETTINGS: Final = "config_resolved.toml"
LOG: Final = "logs.jsonl"

DATA_FILES: Final = (CASES_CSV, CASES, EVIDENCE, FEATURES, DAILY, STORES, SKUS, SUMMARY)
"""The same input and settings make the same bytes in these."""
CALIBRATED_FILES: Final = (
    EXPECTATION,
    EVENTS,
    TRANSFERS,
    DETECTABILITY,
    PRICE_RESPONSE,
    STOCK_CORRECTIONS,
    UNKNOWN_DAYS,
    UNMATCHED_RETURNS,
    UNUSUAL,
)
"""And in these, which the calibrated profile alone publishes."""
