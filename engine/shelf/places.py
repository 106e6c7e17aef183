"""Places: coordinates of stores that are no place, and so are unknown.

In: the stores table. Out: the stores whose coordinates count as unknown, and what is to be told of them. Nothing is
shipped to an unknown place, and no neighbour is found there.
"""

import polars as pl

from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.settings.shelf.delivered import InputSettings
from engine.vocabulary.shelf import STORES


def unknown_places(stores: pl.DataFrame, settings: InputSettings) -> tuple[pl.Series, list[Problem]]:
    """The ids of stores at no known place, sorted, and what is to be told of them, one problem at most.

    stores: store_id, store_name, latitude, longitude, the last row of a store counts; null where unknown.
    """
    placed = stores.unique("store_id", keep="last", maintain_order=True).drop_nulls(["latitude", "longitude"])
    reasons = (
        (_near_zero(settings), "at 0,0, where unknown places end up"),
        (_crowded(placed.height, settings), "stores of different names on one point"),
    )
    judged = placed.with_columns(_first_of(reasons).alias("reason"))
    known = judged.filter(pl.col("reason").is_null())
    swapped = known.filter(_swapped(known, settings)).with_columns(reason=pl.lit("latitude and longitude swapped"))
    found = pl.concat([judged.drop_nulls("reason"), swapped]).sort("store_id")
    if found.is_empty():
        return found["store_id"], []
    counts = found.group_by("reason").len().sort("reason").rows()
    what = "coordinates are no place: " + "; ".join(f"{reason} ({count:,})" for reason, count in counts)
    advice = "they count as unknown, nothing is shipped there; deliver where the stores stand, or nothing"
    shown = found.sort("reason", "store_id").group_by("reason", maintain_order=True).head(EXAMPLES).head(EXAMPLES)
    examples = tuple(_shown(row) for row in shown.iter_rows(named=True))
    return found["store_id"], [Problem(STORES, what, advice, found.height, placed.height, examples)]


def _first_of(reasons: tuple[tuple[pl.Expr, str], ...]) -> pl.Expr:
    return pl.coalesce(pl.when(holds).then(pl.lit(reason)) for holds, reason in reasons)


def _near_zero(settings: InputSettings) -> pl.Expr:
    return pl.max_horizontal(pl.col("latitude", "longitude").abs()) <= settings.zero_place_degrees


def _crowded(n_placed: int, settings: InputSettings) -> pl.Expr:
    """Whether too many stores share a point; one store may be there under several ids, with one name."""
    point = ("latitude", "longitude")
    names = pl.coalesce(pl.col("store_name"), pl.col("store_id").cast(pl.String)).n_unique().over(point)
    return (names >= settings.shared_place_stores) & (pl.len().over(point) > settings.shared_place_share * n_placed)


def _swapped(stores: pl.DataFrame, settings: InputSettings) -> pl.Expr:
    """Whether a store would stand among the others if its coordinates changed places, and stands far off as it is."""
    latitude, longitude = (pl.lit(stores[name].median(), pl.Float64) for name in ("latitude", "longitude"))
    far = (
        settings.swapped_place_spread * _apart(pl.col("latitude"), pl.col("longitude"), latitude, longitude).median()
    )
    as_given = _apart(pl.col("latitude"), pl.col("longitude"), latitude, longitude)
    the_other_way = _apart(pl.col("longitude"), pl.col("latitude"), latitude, longitude)
    return (as_given > far) & (the_other_way <= far)


def _apart(latitude: pl.Expr, longitude: pl.Expr, of_latitude: pl.Expr, of_longitude: pl.Expr) -> pl.Expr:
    """About the distance of two places in degrees of latitude; exact enough to tell near from far."""
    east = (longitude - of_longitude) * ((latitude + of_latitude) / 2).radians().cos()
    return ((latitude - of_latitude) ** 2 + east**2).sqrt()


def _shown(row: dict[str, object]) -> str:
    name = f" ({row['store_name']})" if row["store_name"] else ""
    return f"store {row['store_id']}{name} at {row['latitude']}, {row['longitude']}: {row['reason']}"
