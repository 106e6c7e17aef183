"""What other systems look up of a scaling: its candidates, those with the largest quantity first."""

from typing import Final

import polars as pl

from engine.outputs.growth.desk import candidate_codes, candidate_id
from engine.vocabulary import growth as v
from panel_app.lookup.desk import Lookup, Parameter
from panel_app.stores.growth import MONEY, Scaling

TEXTS: Final = (
    *("str_code", "store_name", "spu_code", "spu_name", "cate_name", "opportunity_tier", "status", "scaling_tier"),
    *("cap_applied", "affinity_basis"),
)
COUNTS: Final = ("cluster_id", "recommended_units", "peer_n")
NUMBERS: Final = (
    *(MONEY, "unit_price", "recommended_adjustment_quantity", "performance_gap", "gap_ratio", "store_sales"),
    *("current_spu_count", "cluster_p75", "cluster_median", "peer_percentile", "base_scaling", "affinity_modifier"),
    *("elasticity_dampener", "sell_through_boost", "step9_dampener", "raw_adjustment"),
    *("cap_current", "cap_median", "cap_absolute"),
)
COLUMNS: Final[dict[str, type]] = {
    **dict.fromkeys(TEXTS, str),
    **dict.fromkeys(COUNTS, int),
    **dict.fromkeys(NUMBERS, float),
}


def _named(name: str) -> pl.Expr:
    store, spu = candidate_codes(name)
    return (pl.col("str_code") == store) & (pl.col("spu_code") == spu)


LOOKUP: Final = Lookup(
    item="candidate",
    items="candidates",
    rows=Scaling.ranked,
    columns=COLUMNS,
    id_of=lambda row: candidate_id(row["str_code"], row["spu_code"]),
    named=_named,
    topic="growth",
    parameters={
        "store": Parameter("str_code", "Candidates of one store, by its code."),
        "product": Parameter("spu_code", "Candidates of one product, by its code."),
        "cluster": Parameter("cluster_id", "Candidates of one cluster of stores, by its number."),
        "status": Parameter("status", "Candidates of one outcome.", v.GROWTH_STATUSES, v.SCALED),
    },
)
