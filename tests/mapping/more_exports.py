"""The other five of the ten exports: two dialects at once, moments in UTC, grams, cents, a schema of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tests.mapping.exports import KEYS, PLAIN_SKUS, PLAIN_STORES, Frames, Theirs, day, german, words, write

if TYPE_CHECKING:
    from pathlib import Path

# 6. Two dialects at once: the north writes English, the south Spanish ----------------------------------------------

NORTH = {"store_id": "store_nbr", "sku_id": "item_nbr", "date": "business_date"}
SOUTH = {"store_id": "tienda", "sku_id": "articulo", "date": "fecha"}
NORTH_MEASURES = {
    "sales_transactions": {"units_sold": "unit_sales", "revenue": "sales_amount", "promo_flag": "onpromotion"},
    "inventory_snapshot": {"quantity_on_hand": "qty_on_hand"},
    "pricing": {"price": "unit_price", "promo_flag": "onpromotion"},
}
SOUTH_MEASURES = {
    "sales_transactions": {"units_sold": "unidades_vendidas", "revenue": "importe", "promo_flag": "promocion"},
    "inventory_snapshot": {"quantity_on_hand": "existencias"},
    "pricing": {"price": "precio", "promo_flag": "promocion"},
}
STEMS = {"sales_transactions": "sales", "inventory_snapshot": "stock", "pricing": "prices"}


def write_dialects(tables: Frames, folder: Path) -> None:
    is_north = pl.col("store_id") <= "0003"
    for name, stem in STEMS.items():
        north, south = NORTH | NORTH_MEASURES[name], SOUTH | SOUTH_MEASURES[name]
        write(tables[name].filter(is_north), folder / f"{stem}_north.csv", north)
        cells = {ours: german(pl.col(ours)) for ours in SOUTH_MEASURES[name] if ours != "promo_flag"}
        cells |= {"date": day("%d/%m/%Y")}
        cells |= {"promo_flag": words("promo_flag", "S", "N")} if "promo_flag" in south else {}
        write(tables[name].filter(~is_north), folder / f"{stem}_south.csv", south, cells, ";")
    write(tables["stores"], folder / "stores.csv", {**PLAIN_STORES, "store_id": "store_nbr"})
    write(tables["skus"], folder / "items.csv", {**PLAIN_SKUS, "sku_id": "item_nbr", "category": "family"})
    write(tables["impressions"], folder / "views.csv", NORTH | {"impression_count": "views"})


def dialects_mapping() -> str:
    lines = []
    for name, stem in STEMS.items():
        lines += [f"[[tables.{name}]]", f'source = "{stem}_north.csv"', f"[tables.{name}.columns]"]
        lines += [f'{ours} = "{theirs}"' for ours, theirs in (NORTH | NORTH_MEASURES[name]).items()]
        lines += [f"[[tables.{name}]]", f'source = "{stem}_south.csv"', 'decimal = ","', 'thousands = "."']
        lines += [f"[tables.{name}.columns]", 'date = {from = "fecha", format = "%d/%m/%Y"}']
        south = SOUTH | SOUTH_MEASURES[name]
        lines += [f'{ours} = "{theirs}"' for ours, theirs in south.items() if ours not in {"date", "promo_flag"}]
        if "promo_flag" in south:
            lines += ['promo_flag = {from = "promocion", true = ["S"], false = ["N"]}']
    lines += ["[tables.stores]", 'source = "stores.csv"', 'columns = {store_id = "store_nbr"}']
    lines += ["[tables.skus]", 'source = "items.csv"', 'columns = {sku_id = "item_nbr", category = "family"}']
    lines += ["[tables.impressions]", 'source = "views.csv"', "[tables.impressions.columns]"]
    lines += [f'{ours} = "{theirs}"' for ours, theirs in (NORTH | {"impression_count": "views"}).items()]
    return "\n".join(lines)


# 7. Days as moments in UTC ----------------------------------------------------------------------------------------

ZONE = "America/Denver"
MOMENTS = {
    "sales_transactions": ("transactions", "sold_at", {"units_sold": "quantity", "revenue": "total_amount"}),
    "inventory_snapshot": ("inventory", "counted_at", {"quantity_on_hand": "on_hand"}),
    "pricing": ("prices", "effective_at", {"price": "price_amount", "promo_flag": "is_promo"}),
    "impressions": ("traffic", "viewed_at", {"impression_count": "impressions"}),
}
UTC_KEYS = {"store_id": "shop_code", "sku_id": "product_code"}


def utc_measures(name: str) -> Theirs:
    return MOMENTS[name][2] | ({"promo_flag": "is_promo"} if name == "sales_transactions" else {})


def write_utc(tables: Frames, folder: Path) -> None:
    moment = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone(ZONE).dt.convert_time_zone("UTC")
    for name, (stem, column, _) in MOMENTS.items():
        names = UTC_KEYS | {"date": column} | utc_measures(name)
        if name == "pricing":
            cells = {"date": moment.dt.to_string("%Y-%m-%dT%H:%M:%SZ")}
            write(tables[name], folder / f"{stem}.csv", names, cells)
        else:
            write(tables[name], folder / f"{stem}.parquet", names, {"date": moment})
    write(tables["stores"], folder / "shops.parquet", {**PLAIN_STORES, "store_id": "shop_code"})
    write(tables["skus"], folder / "products.parquet", {**PLAIN_SKUS, "sku_id": "product_code"})


def utc_mapping(zone: str = ZONE) -> str:
    lines = []
    for name, (stem, column, _) in MOMENTS.items():
        ending = "csv" if name == "pricing" else "parquet"
        lines += [f"[tables.{name}]", f'source = "{stem}.{ending}"', f"[tables.{name}.columns]"]
        lines += [f'date = {{from = "{column}", zone = "{zone}"}}']
        lines += [f'{ours} = "{theirs}"' for ours, theirs in (UTC_KEYS | utc_measures(name)).items()]
    lines += ["[tables.stores]", 'source = "shops.parquet"', 'columns = {store_id = "shop_code"}']
    lines += ["[tables.skus]", 'source = "products.parquet"', 'columns = {sku_id = "product_code"}']
    return "\n".join(lines)


# 8. Weights in grams, and 9. amounts in cents ---------------------------------------------------------------------

SCALED = {
    "sales_transactions": {"units_sold": "units_sold", "revenue": "revenue", "promo_flag": "promo_flag"},
    "inventory_snapshot": {"quantity_on_hand": "quantity_on_hand"},
    "pricing": {"price": "price", "promo_flag": "promo_flag"},
    "impressions": {"impression_count": "impression_count"},
    "stores": PLAIN_STORES,
    "skus": PLAIN_SKUS,
}


def write_scaled(tables: Frames, folder: Path, times: int, renamed: Theirs) -> None:
    for name, measures in SCALED.items():
        keys = {key: key for key in KEYS if key in tables[name].columns}
        names = {ours: renamed.get(ours, theirs) for ours, theirs in (keys | measures).items()}
        cells = {ours: (pl.col(ours) * times).round().cast(pl.Int64) for ours in renamed if ours in names}
        write(tables[name], folder / f"{name}.csv", names, cells)


def scaled_mapping(scale: float, renamed: Theirs) -> str:
    lines = []
    for name, measures in SCALED.items():
        lines += [f"[tables.{name}]", f'source = "{name}.csv"', f"[tables.{name}.columns]"]
        lines += [f'{ours} = {{from = "{renamed[ours]}", scale = {scale}}}' for ours in measures if ours in renamed]
    return "\n".join(lines)


GRAMS = {"units_sold": "weight_sold_g", "quantity_on_hand": "stock_g"}
CENTS = {"revenue": "revenue_cents", "price": "price_cents", "cost": "cost_cents"}


def write_grams(tables: Frames, folder: Path) -> None:
    write_scaled(tables, folder, 1000, GRAMS)


def write_cents(tables: Frames, folder: Path) -> None:
    write_scaled(tables, folder, 100, CENTS)


# 10. A schema of a database, as Parquet ---------------------------------------------------------------------------

DATABASE = {
    "inventory_snapshot": ("stock_levels", {"store_id": "branch_id", "sku_id": "product_id", "date": "snapshot_date"})
}


def write_database(tables: Frames, folder: Path) -> None:
    sales = tables["sales_transactions"].with_row_index("line_id")
    orders = sales.select("store_id", "date").unique(maintain_order=True).with_row_index("order_id")
    lines = sales.join(orders, on=["store_id", "date"], maintain_order="left")
    write(orders, folder / "orders.parquet", {"order_id": "order_id", "store_id": "branch_id", "date": "ordered_on"})
    names = {"line_id": "line_id", "order_id": "order_id", "sku_id": "product_id", "units_sold": "quantity"}
    names |= {"revenue": "line_total", "promo_flag": "on_promotion"}
    exact = {"revenue": pl.col("revenue").cast(pl.Decimal(12, 2))}
    write(lines, folder / "order_lines.parquet", names, exact)
    keys = {"store_id": "branch_id", "sku_id": "product_id"}
    stock = keys | {"date": "snapshot_date", "quantity_on_hand": "qty_available"}
    write(tables["inventory_snapshot"], folder / "stock_levels.parquet", stock)
    prices = keys | {"date": "valid_on", "price": "list_price", "promo_flag": "on_promotion"}
    write(tables["pricing"], folder / "price_history.parquet", prices)
    views = keys | {"date": "view_date", "impression_count": "view_count"}
    write(tables["impressions"], folder / "product_views.parquet", views)
    write(
        tables["stores"],
        folder / "branches.parquet",
        {**PLAIN_STORES, "store_id": "branch_id", "store_name": "branch_name"},
    )
    write(
        tables["skus"],
        folder / "products.parquet",
        {**PLAIN_SKUS, "sku_id": "product_id", "sku_name": "product_name"},
    )


DATABASE_MAPPING = """
[tables.sales_transactions]
source = {orders = "orders.parquet", order_lines = "order_lines.parquet"}
sql = '''select branch_id store_id, product_id sku_id, ordered_on date, quantity units_sold,
line_total::double revenue, on_promotion promo_flag from orders join order_lines using (order_id)'''
[tables.inventory_snapshot]
source = "stock_levels.parquet"
columns = {store_id = "branch_id", sku_id = "product_id", date = "snapshot_date", quantity_on_hand = "qty_available"}
[tables.pricing]
source = "price_history.parquet"
[tables.pricing.columns]
store_id = "branch_id"
sku_id = "product_id"
date = "valid_on"
price = "list_price"
promo_flag = "on_promotion"
[tables.impressions]
source = "product_views.parquet"
columns = {store_id = "branch_id", sku_id = "product_id", date = "view_date", impression_count = "view_count"}
[tables.stores]
source = "branches.parquet"
columns = {store_id = "branch_id", store_name = "branch_name"}
[tables.skus]
source = "products.parquet"
columns = {sku_id = "product_id", sku_name = "product_name"}
"""
