"""Quality: what the delivery of a run was worth, as `data_quality.json` tells it."""

from dataclasses import asdict

from engine.contracts.contract import UNUSABLE, Consequence
from engine.whitespace.check import Delivery


def data_quality(delivery: Delivery) -> dict[str, object]:
    """Where every row and cent of the delivery went, and what is odd about it."""
    rows = {}
    reasons = {}
    for name, source in delivery.sources.items():
        counts = delivery.counts[name]
        rows[name] = {
            "read": counts["rows"],
            "quarantined": counts[UNUSABLE],
            "used": counts["rows"] - counts[UNUSABLE],
        }
        broken = {rule.complaint: counts[rule.complaint] for rule in source.rules() if counts[rule.complaint]}
        set_aside = {rule.complaint for rule in source.rules() if rule.consequence is Consequence.QUARANTINE}
        if kept_out := {complaint: count for complaint, count in broken.items() if complaint in set_aside}:
            reasons[name] = kept_out
    return {
        "data_as_of": delivery.tables.data_as_of.isoformat(),
        "rows": rows,
        "quarantined_because": reasons,
        "divisions": delivery.reconciliation.to_dicts(),
        "notices": [asdict(problem) for problem in delivery.remarks],
        "warnings": [],
    }
