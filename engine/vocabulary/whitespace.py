"""The words of the whitespace desk, one spelling each: tables, keys, populations, statuses and scopes."""

from typing import Final, Literal

DESK: Final = "whitespace"
"""As the manifests of its runs name it."""

TRANSACTIONS: Final = "transactions"
CUSTOMERS: Final = "customers"
PRODUCTS: Final = "products"
ASSETS: Final = "assets"
CONTACTS: Final = "contacts"
TABLES: Final = (TRANSACTIONS, CUSTOMERS, PRODUCTS, ASSETS, CONTACTS)

CUSTOMER: Final = "customer_id"
DIVISION: Final = "division"
CUTOFF: Final = "cutoff"
PAIR: Final = (CUSTOMER, DIVISION)
"""The grain of a score: one customer and one division it may buy of."""
ROW: Final = (CUSTOMER, DIVISION, CUTOFF)
"""The grain of the labelled panel: a pair as seen at the end of one day."""

WARM: Final = "warm"
COLD: Final = "cold"
PROSPECT: Final = "prospect"
SEGMENTS: Final = (WARM, COLD, PROSPECT)
"""Bought within the recent months; only owns assets; neither."""

Diagnosis = Literal["time_adjacency", "importance_stability", "ablation_topk", "label_timing"]
"""Checks that explain a model and do not gate it."""

OF_CUSTOMER: Final = "all"
OF_PAIR: Final = "div"
"""Scopes of a feature: over every division, or over the target division alone."""

PASS: Final = "PASS"
WARN: Final = "WARN"
FAIL: Final = "FAIL"
ERROR: Final = "ERROR"
WAIVED: Final = "WAIVED"
STATUSES: Final = (PASS, WARN, WAIVED, ERROR, FAIL)
"""Of a check, the mildest first. What is missing is FAIL."""

MODEL: Final = "model"
HEURISTIC: Final = "heuristic"
BACKINGS: Final = (MODEL, HEURISTIC)
"""What stands behind a division's scores."""
