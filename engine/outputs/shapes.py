"""The published files of a shelf night, by name."""

from typing import Final

CASES_CSV: Final = "dark_shelf_cases.csv"
CASES: Final = "cases.parquet"
EVIDENCE: Final = "evidence.parquet"
FEATURES: Final = "features.parquet"
DAILY: Final = "daily.parquet"
STORES: Final = "stores.parquet"
TRANSFERS: Final = "transfers.parquet"
DETECTABILITY: Final = "detectability.parquet"
PRICE_RESPONSE: Final = "price_response.parquet"
SUMMARY: Final = "summary.json"
DATA_QUALITY: Final = "data_quality.json"
QUARANTINE: Final = "quarantine"
MANIFEST: Final = "manifest.json"
SETTINGS: Final = "config_resolved.toml"
LOG: Final = "logs.jsonl"

DATA_FILES: Final = (CASES_CSV, CASES, EVIDENCE, FEATURES, DAILY, STORES, SUMMARY)
"""The same input and settings make the same bytes in these."""

CALIBRATED_FILES: Final = (TRANSFERS, DETECTABILITY, PRICE_RESPONSE)
"""Further files of a calibrated night, to the byte as well."""
