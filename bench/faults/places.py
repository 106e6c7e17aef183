"""Stores that are nowhere, and SKUs whose time is over."""

from typing import Final

import polars as pl

from bench.faults.chain import Chain
from bench.faults.fault import Delivery, Draw, Fault, changed, since, some
from engine.vocabulary import shelf as v


def stores_at_0_0(chain: Chain, draw: Draw) -> Delivery:
    """Unknown places are stored as 0, 0, for every second store."""
    return _placed(chain, pl.lit(0.0), pl.lit(0.0), pl.int_range(pl.len()) % 2 == 1)


def stores_near_0_0(chain: Chain, draw: Draw) -> Delivery:
    """Unknown places are stored as thousandths of a degree, for every second store."""
    near = pl.int_range(pl.len()) / 10_000
    return _placed(chain, near, near, pl.int_range(pl.len()) % 2 == 1)


def stores_on_one_point(chain: Chain, draw: Draw) -> Delivery:
    """All stores stand where the head office is."""
    return _placed(chain, pl.col("latitude").first(), pl.col("longitude").first(), pl.lit(value=True))


def coordinates_swapped(chain: Chain, draw: Draw) -> Delivery:
    """Latitude and longitude changed columns for every fourth store."""
    return _placed(chain, pl.col("longitude"), pl.col("latitude"), pl.int_range(pl.len()) % 4 == 1)


def coordinates_in_millionths(chain: Chain, draw: Draw) -> Delivery:
    """Coordinates lost their decimal point."""
    return _placed(chain, pl.col("latitude") * 1e6, pl.col("longitude") * 1e6, pl.lit(value=True))


def sku_discontinued(chain: Chain, draw: Draw) -> Delivery:
    """A SKU ended three weeks ago in the whole chain; a few pieces are left everywhere."""
    over = since(chain, 20) & (pl.col("sku_id") == chain.sku)
    left = pl.when(over).then(3.0).otherwise(pl.col("quantity_on_hand"))
    return changed(
        chain,
        **{
            v.SALES: chain.tables[v.SALES].filter(~over),
            v.INVENTORY: chain.tables[v.INVENTORY].with_columns(quantity_on_hand=left),
        },
    )


def season_over(chain: Chain, draw: Draw) -> Delivery:
    """A SKU sold many times its units for five weeks and has been back at a little since two weeks."""
    sales = chain.tables[v.SALES]
    seasonal = pl.col("sku_id") == chain.sku
    peak = seasonal & ~since(chain, 13) & since(chain, 48)
    times = pl.when(peak).then(6.0).otherwise(1.0)
    risen = sales.with_columns(pl.col("units_sold") * times, pl.col("revenue") * times)
    after = some(sales, 0.8, draw, seasonal & since(chain, 13))
    return changed(chain, **{v.SALES: risen.filter(~after)})


def _placed(chain: Chain, latitude: pl.Expr, longitude: pl.Expr, where: pl.Expr) -> Delivery:
    """The stores with other coordinates, somewhere."""
    stores = chain.tables[v.STORES].with_columns(
        pl.when(where).then(latitude).otherwise(pl.col("latitude")).alias("latitude"),
        pl.when(where).then(longitude).otherwise(pl.col("longitude")).alias("longitude"),
    )
    return changed(chain, **{v.STORES: stores})


PLACES: Final = (
    Fault("every second store at 0, 0", stores_at_0_0, tells="store|place|coordinate"),
    Fault("every second store near 0, 0", stores_near_0_0, tells="store|place|coordinate"),
    Fault("all stores on one point", stores_on_one_point, tells="store|place|coordinate"),
    Fault("coordinates swapped in every fourth store", coordinates_swapped, tells="store|place|coordinate"),
    Fault("coordinates without their decimal point", coordinates_in_millionths, tells="store|place|coordinate"),
)
ENDED: Final = (
    Fault("a SKU discontinued in the whole chain", sku_discontinued),
    Fault("the season of a SKU is over", season_over),
)
