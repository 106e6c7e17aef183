"""One id in two forms."""

from typing import Final

import polars as pl

from bench.faults.chain import DAILY, Chain
from bench.faults.fault import DONE, REFUSED, Delivery, Draw, Fault, as_parquet, changed, some, without
from engine.vocabulary import shelf as v

OF_STOCK: Final = (v.INVENTORY, v.PRICING)


def ids_with_a_fraction(chain: Chain, draw: Draw) -> Delivery:
    """Stock and prices went through a table of floats: 5001.0 where sales say 5001."""
    return changed(chain, **_rewritten(chain, OF_STOCK, sku_id=pl.format("{}.0", "sku_id")))


def ids_padded(chain: Chain, draw: Draw) -> Delivery:
    """Stock comes from an export with columns of fixed width."""
    return changed(chain, **_rewritten(chain, (v.INVENTORY,), sku_id=pl.col("sku_id").str.pad_end(8)))


def ids_in_another_case(chain: Chain, draw: Draw) -> Delivery:
    """Stock says s01 where sales say S01."""
    return changed(chain, **_rewritten(chain, (v.INVENTORY,), store_id=pl.col("store_id").str.to_lowercase()))


def ids_without_their_zeros(chain: Chain, draw: Draw) -> Delivery:
    """Ids such as 0005001, of which a spreadsheet took the zeros from the prices and the stock."""
    padded = pl.col("sku_id").str.zfill(7)
    full = _rewritten(chain, tuple(chain.tables), sku_id=padded)
    return full | _rewritten(chain, OF_STOCK, sku_id=pl.col("sku_id"))


def ids_in_scientific_notation(chain: Chain, draw: Draw) -> Delivery:
    """EANs of thirteen digits, which a spreadsheet rounded in the sales."""
    long = pl.format("761234000{}", "sku_id")
    rounded = pl.lit("7.61234E+12")
    return _rewritten(chain, tuple(chain.tables), sku_id=long) | _rewritten(chain, (v.SALES,), sku_id=rounded)


def ids_as_floats_in_parquet(chain: Chain, draw: Draw) -> Delivery:
    """Stock comes from a program that keeps ids with gaps as floats, in Parquet."""
    stock = chain.tables[v.INVENTORY].with_columns(pl.col("sku_id").cast(pl.Float64))
    return without(chain, v.INVENTORY) | {f"{v.INVENTORY}.parquet": as_parquet(stock)}


def ids_of_stock_in_scientific_notation(chain: Chain, draw: Draw) -> Delivery:
    """EANs of thirteen digits, which a spreadsheet rounded in the stock."""
    long = _rewritten(chain, tuple(chain.tables), sku_id=pl.format("761234000{}", "sku_id"))
    return long | _rewritten(chain, (v.INVENTORY,), sku_id=pl.lit("7.61E+12"))


def ids_that_are_none(chain: Chain, draw: Draw) -> Delivery:
    """The join upstream found no SKU for some rows and wrote nan."""
    sales = chain.tables[v.SALES]
    lost = pl.when(some(sales, 0.002, draw)).then(pl.lit("nan")).otherwise(pl.col("sku_id"))
    return changed(chain, **{v.SALES: sales.with_columns(sku_id=lost)})


def totals_among_the_rows(chain: Chain, draw: Draw) -> Delivery:
    """The export holds the total of every store and day, as a SKU called TOTAL."""
    sales = chain.tables[v.SALES]
    sums = pl.col("units_sold").sum(), pl.col("revenue").sum(), pl.col("promo_flag").any()
    totals = sales.group_by("store_id", "date", maintain_order=True).agg(*sums).with_columns(sku_id=pl.lit("TOTAL"))
    return changed(chain, **{v.SALES: pl.concat([sales, totals.select(sales.columns).cast(sales.schema)])})


def id_like_a_number_in_scientific_notation(chain: Chain, draw: Draw) -> Delivery:
    """One SKU is called 5E10 among others, in every table, which is no fault."""
    other = pl.when(pl.col("sku_id") == chain.sku).then(pl.lit("5E10")).otherwise(pl.format("A{}", "sku_id"))
    return _rewritten(chain, tuple(chain.tables), sku_id=other)


def ids_of_one_store_differ(chain: Chain, draw: Draw) -> Delivery:
    """One store is called by another name in the stock."""
    other = pl.when(pl.col("store_id") == chain.store).then(pl.lit("S-X")).otherwise(pl.col("store_id"))
    return changed(chain, **_rewritten(chain, (v.INVENTORY,), store_id=other))


def store_renamed(chain: Chain, draw: Draw) -> Delivery:
    """A store got another id ten days ago, in every daily table and in the list of stores."""
    new = f"{chain.store}-N"
    late = (pl.col("store_id") == chain.store) & (pl.col("date") > chain.day(10))
    name = pl.when(late).then(pl.lit(new)).otherwise(pl.col("store_id"))
    stores = chain.tables[v.STORES]
    more = stores.filter(store_id=chain.store).with_columns(store_id=pl.lit(new))
    return changed(chain, **_rewritten(chain, DAILY, store_id=name), **{v.STORES: pl.concat([stores, more])})


def sku_renumbered(chain: Chain, draw: Draw) -> Delivery:
    """A SKU got another number ten days ago, in every daily table and in the list of SKUs."""
    late = (pl.col("sku_id") == chain.sku) & (pl.col("date") > chain.day(10))
    number = pl.when(late).then(pl.lit("9001")).otherwise(pl.col("sku_id"))
    skus = chain.tables[v.SKUS]
    more = skus.filter(sku_id=chain.sku).with_columns(sku_id=pl.lit("9001"))
    return changed(chain, **_rewritten(chain, DAILY, sku_id=number), **{v.SKUS: pl.concat([skus, more])})


def formulas_in_names(chain: Chain, draw: Draw) -> Delivery:
    """Names that a spreadsheet would run."""
    stores = chain.tables[v.STORES].with_columns(store_name=pl.format('=HYPERLINK("{}")', "store_name"))
    skus = chain.tables[v.SKUS].with_columns(sku_name=pl.format("@SUM({})", "sku_name"))
    return changed(chain, **{v.STORES: stores, v.SKUS: skus})


def _rewritten(chain: Chain, tables: tuple[str, ...], **forms: pl.Expr) -> dict[str, pl.DataFrame]:
    """Some tables with ids in another form, as far as they have them."""
    return {
        table: chain.tables[table].with_columns(
            **{name: form for name, form in forms.items() if name in chain.tables[table].columns}
        )
        for table in tables
    }


IDS: Final = (
    Fault("5001.0 in stock and prices, 5001 in sales", ids_with_a_fraction, tells=r"5\d+\.0"),
    Fault("ids padded with blanks in the stock", ids_padded),
    Fault("ids in another case in the stock", ids_in_another_case, (REFUSED,), "case"),
    Fault("ids without their leading zeros", ids_without_their_zeros, (REFUSED,), "zero"),
    Fault("SKU ids as floats in Parquet", ids_as_floats_in_parquet),
    Fault("EANs of the stock in scientific notation", ids_of_stock_in_scientific_notation, (REFUSED,), r"7\.61E\+12"),
    Fault("SKU nan in a few sales rows", ids_that_are_none, (DONE, REFUSED), "nan"),
    Fault("totals among the sales rows", totals_among_the_rows, (DONE, REFUSED), "TOTAL"),
    Fault("EANs in scientific notation", ids_in_scientific_notation, (REFUSED,), r"7\.61234E\+12"),
    Fault(
        "one SKU called 5E10 among others",
        id_like_a_number_in_scientific_notation,
        is_ordinary=True,
        plain_sku=lambda sku_id: sku_id.removeprefix("A"),
    ),
    Fault("one store of another name in the stock", ids_of_one_store_differ, tells="stock"),
    Fault("a store renamed ten days ago", store_renamed, tells="store"),
    Fault("a SKU renumbered ten days ago", sku_renumbered),
    Fault("formulas in names", formulas_in_names, is_ordinary=True),
)
