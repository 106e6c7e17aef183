"""Naming: which cause names a case, and which ones stand behind it (specification, section 6).

In: cases with a score from 0 to 100 per cause. Out: the cases with their primary cause, the secondary ones and ranks.
"""

import numpy as np
import polars as pl

from engine.settings.shelf.common import CauseSettings
from engine.stats import above

SCORE_DECIMALS = 9
"""Scores equal to so many decimals are tied."""


def name_causes(cases: pl.DataFrame, names: tuple[str, ...], settings: CauseSettings) -> pl.DataFrame:
    """The best cause, if good enough, is primary; the other good ones are secondary, best first.

    rank_<cause>: 1 for the best cause of the case.
    """
    scores = cases.select(f"score_{cause}" for cause in names).to_numpy().round(SCORE_DECIMALS)
    order = np.argsort(-scores, axis=1, kind="stable")
    causes = pl.Series(names)
    ranked = {f"rank_{place}": causes.gather(order[:, place]) for place in range(len(names))}
    place_of = np.argsort(order, axis=1).astype(np.int8) + np.int8(1)
    places = {f"rank_{cause}": place_of[:, number] for number, cause in enumerate(names)}
    points = {f"points_{place}": np.take_along_axis(scores, order, axis=1)[:, place] for place in range(len(names))}
    frame = pl.DataFrame(ranked | points)
    is_primary = above(pl.col("points_0"), settings.primary_score)
    named = frame.select(
        primary_cause=pl.when(is_primary).then("rank_0"),
        secondary_causes=pl.concat_str(
            [
                pl.when(
                    above(pl.col(f"points_{place}"), settings.secondary_score) & ~(is_primary & (place == 0))
                ).then(f"rank_{place}")
                for place in range(len(names))
            ],
            separator=",",
            ignore_nulls=True,
        ),
    )
    return pl.concat([cases, named, pl.DataFrame(places)], how="horizontal")
