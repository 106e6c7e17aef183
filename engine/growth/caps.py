"""Caps: hard limits, the tightest of which binds (specification of growth, sections 2 and 3).

In: candidates with `raw_adjustment`. Out: the same rows with the three caps, the one that binds, and what is left.
Caps control risk; they change no strategy, and none is ever rounded past.
"""

import polars as pl

from engine.settings.growth.scaling import CapSettings
from engine.vocabulary import growth as v
from engine.vocabulary.common import TIE_TOLERANCE

CAP = pl.Enum(v.GROWTH_CAPS)


def with_caps(candidates: pl.LazyFrame, settings: CapSettings) -> pl.LazyFrame:
    """`cap_current`, `cap_median`, `cap_absolute` in units, `binding_cap` and `capped_adjustment`.

    A cap that does not apply is null: on current where the store holds none, on the median where there is no
    benchmark. A raw quantity exactly at a cap is not capped; of equal caps the earlier one is named.
    """
    raw, tightest = pl.col("raw_adjustment"), pl.min_horizontal("cap_current", "cap_median", "cap_absolute")
    held = pl.col("current_spu_count")
    of_held = settings.current_share * held
    is_capped = raw > tightest + TIE_TOLERANCE
    return candidates.with_columns(
        cap_current=of_held if settings.zero_current == "strict" else pl.when(held > 0).then(of_held),
        cap_median=settings.median_share * pl.col("cluster_median"),
        cap_absolute=pl.lit(settings.absolute_units, pl.Float64),
    ).with_columns(
        binding_cap=pl.when(is_capped).then(_named(tightest)).when(raw.is_not_null()).then(_cap(v.NO_CAP)),
        capped_adjustment=pl.when(is_capped).then(tightest).otherwise(raw),
    )


def _named(tightest: pl.Expr) -> pl.Expr:
    return (
        pl.when(pl.col("cap_current") <= tightest + TIE_TOLERANCE)
        .then(_cap(v.CAP_CURRENT))
        .when(pl.col("cap_median") <= tightest + TIE_TOLERANCE)
        .then(_cap(v.CAP_MEDIAN))
        .otherwise(_cap(v.CAP_ABSOLUTE))
    )


def _cap(name: str) -> pl.Expr:
    return pl.lit(name, CAP)
