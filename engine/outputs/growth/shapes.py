"""The published files of a growth run, by name."""

from typing import Final

from engine.outputs.shelf.shapes import DATA_QUALITY, LOG, MANIFEST, QUARANTINE, SETTINGS, SUMMARY

RECOMMENDATIONS: Final = "recommendations.parquet"
RECOMMENDATIONS_CSV: Final = "recommendations.csv"
AUDIT: Final = "audit.parquet"
PEERS: Final = "peers.parquet"
SUPPLY_PLAN: Final = "supply_plan.parquet"
BOUNDARY_REPORT: Final = "boundary_report.json"

DATA_FILES: Final = (RECOMMENDATIONS, RECOMMENDATIONS_CSV, AUDIT, PEERS, BOUNDARY_REPORT, SUMMARY)
"""The same input and settings make the same bytes in these."""

__all__ = [
    "AUDIT",
    "BOUNDARY_REPORT",
    "DATA_FILES",
    "DATA_QUALITY",
    "LOG",
    "MANIFEST",
    "PEERS",
    "QUARANTINE",
    "RECOMMENDATIONS",
    "RECOMMENDATIONS_CSV",
    "SETTINGS",
    "SUMMARY",
    "SUPPLY_PLAN",
]
