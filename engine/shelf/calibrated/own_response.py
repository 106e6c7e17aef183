"""Own response: what the sales of one shelf answered to the rise of its own price, shrunk toward its category.

In: diagnosed cases with the response of their category. Out: the cases named for their price with their own response.
"""

from statistics import NormalDist

import polars as pl

from engine.settings.shelf.calibrated import ResponseSettings
from engine.stats import quotient
from engine.vocabulary import shelf as v

SHELF = "shelf"
"""Where a response was learnt: from the shelf's own change, and its category as far as that is unsure."""
FEWEST_UNITS = 0.5
"""A shelf that sold nothing counts as half a unit: the logarithm of nothing is no number."""


def own_response(cases: pl.DataFrame, settings: ResponseSettings, level: float) -> pl.DataFrame:
    """The cases with the response of the shelf where its price names them; the others keep their category's.

    cases: with `PRICE_RESPONSE_COLUMNS`, lost_units and their interval, price_share and units_share. level: of both
    intervals. The mean of two normal estimates, each weighed by its precision: the category's errs as a shelf's by
    its own error and by `own_spread`, the shelf's by the error of its loss (delta method).
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    is_explained = (pl.col("primary_cause") == v.PRICE_TOO_HIGH) & (pl.col("price_share") > 1)
    lost, gap, rise = pl.col("lost_units"), pl.col("gap_units"), pl.col("rise")
    own_rise = quotient(quotient(pl.col("expected_units"), pl.col("sold")).log(), rise)
    own_variance = quotient((pl.col("lost_units_high") - lost) * (1 / z), pl.col("sold") * rise) ** 2
    of_category = (pl.col("price_response_high") - pl.col("price_response_low")).fill_null(0.0) * (0.5 / z)
    prior_variance = of_category**2 + settings.own_spread**2
    weight = quotient(pl.col("prior_variance"), pl.col("prior_variance") + pl.col("own_variance"))
    # A step after the other: a quotient names what it divides three times, and one within another would be planned
    # as often as all of them multiplied.
    weighed = (
        cases.with_columns(
            rise=pl.col("price_share").log(),
            sold=quotient(lost * pl.col("actual_daily_units"), gap).clip(lower_bound=FEWEST_UNITS),
            expected_units=quotient(lost * pl.col("expected_daily_units"), gap),
            prior_variance=prior_variance,
        )
        .with_columns(own=own_rise, own_variance=own_variance)
        .with_columns(weight=weight)
    )
    share = weighed["weight"]
    response = share * weighed["own"] + (1 - share) * weighed["price_response"]
    error = z * (share * weighed["own_variance"]).sqrt()
    replaced = {
        "price_response": response,
        "price_response_low": response - error,
        "price_response_high": response + error,
    }
    return cases.with_columns(
        *(
            pl.when(is_explained).then(value.clip(0.0, settings.max_response)).otherwise(pl.col(name)).alias(name)
            for name, value in replaced.items()
        ),
        price_response_basis=pl.when(is_explained).then(pl.lit(SHELF)).otherwise("price_response_basis"),
    )
