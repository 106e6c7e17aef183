"""The neighbours of a case on a small map: the stores around it, and those that sell more of the product."""

from typing import Any, Final

import panel as pn
import polars as pl

from panel_app.pages.shelf import maps
from panel_app.session import Session
from panel_app.stores.shelf import Night

MOST_WIDTH: Final = 560
"""Of the small map, in pixels: its height follows from it, not its own width."""
REACH_DEGREES: Final = 0.9
"""Half the side of the small map, in degrees of latitude: about 100 km."""


def neighbourhood(
    session: Session, case: dict[str, Any], evidence: list[dict[str, Any]]
) -> pn.viewable.Viewable | None:
    """A small map around the store of a case; None where its place is unknown."""
    night = session.shown(Night)
    here = night.stores.filter(pl.col("store_id") == case["store_id"])
    if not here.height or here["latitude"][0] is None:
        return None
    neighbours = next((row["neighbour_stores"] for row in evidence if row["cause"] == "misallocation"), None) or []
    latitude, longitude = here["latitude"][0], here["longitude"][0]
    around = night.stores.filter(
        (pl.col("latitude") - latitude).abs() <= REACH_DEGREES,
        (pl.col("longitude") - longitude).abs() <= 2 * REACH_DEGREES,
    ).with_columns(
        role=pl.when(pl.col("store_id") == case["store_id"])
        .then(pl.lit("here"))
        .when(pl.col("store_key").is_in([str(store) for store in neighbours]))
        .then(pl.lit("sells more"))
        .otherwise(pl.lit("other"))
    )
    return maps.small_map(around, min(session.width, MOST_WIDTH))
