"""Exports as companies have them, made from one small chain, and the mappings that read them: five of ten."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLES = ("sales_transactions", "inventory_snapshot", "pricing", "impressions", "stores", "skus")
KEYS = ["store_id", "sku_id", "date"]
DARK = dt.timedelta(days=16)
STOCKED = 40
Frames = dict[str, pl.DataFrame]
Theirs = dict[str, str]


def clean_tables(folder: Path) -> Frames:
    """A small chain whose stores and SKUs have codes, with a shelf that is stocked and does not sell at the end."""
    write_chain(folder, ChainPlan(stores=6, skus=5, days=50, seed=7))
    tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    codes = {"store_id": pl.format("{}", pl.col("store_id").cast(pl.String).str.zfill(4))}
    codes["sku_id"] = pl.format("{}", (pl.col("sku_id") + 40_017_000).cast(pl.String).str.zfill(13))
    made = {
        name: table.with_columns(**{key: code for key, code in codes.items() if key in table.columns})
        for name, table in tables.items()
    }
    is_offer = (pl.col("date").dt.day() <= 3) & (pl.col("sku_id").str.ends_with("3"))
    for name in ("sales_transactions", "pricing"):
        made[name] = made[name].with_columns(promo_flag=is_offer)
    places = (pl.col("latitude", "longitude").cast(pl.Float64).round(5),)
    made["stores"] = made["stores"].with_columns(*places)
    _darken(made)
    return {name: table.with_columns(pl.col(pl.Float32).cast(pl.Float64)) for name, table in made.items()}


def _darken(tables: Frames) -> None:
    """Have the best seller of a store sell nothing on the last days, with stock on hand."""
    sales, stock = tables["sales_transactions"], tables["inventory_snapshot"]
    of_best = sales.group_by("store_id", "sku_id").agg(pl.col("units_sold").sum()).sort("units_sold", *KEYS[:2])
    store, sku, _ = of_best.row(-1)
    is_dark = (
        (pl.col("store_id") == store) & (pl.col("sku_id") == sku) & (pl.col("date") > sales["date"].max() - DARK)
    )
    tables["sales_transactions"] = sales.filter(~is_dark)
    full = pl.when(is_dark).then(pl.max_horizontal("quantity_on_hand", STOCKED)).otherwise("quantity_on_hand")
    tables["inventory_snapshot"] = stock.with_columns(quantity_on_hand=full.cast(stock.schema["quantity_on_hand"]))


def write_clean(tables: Frames, folder: Path) -> None:
    """The tables as the engine's own formats say."""
    folder.mkdir()
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv")


def german(number: pl.Expr, decimals: int = 2) -> pl.Expr:
    """A number with a decimal comma and points between thousands."""
    text = number.abs().round(decimals).cast(pl.Decimal(18, decimals)).cast(pl.String)
    whole = text.str.split(".").list.first().str.reverse().str.replace_all(r"(\d{3})(\d)", "$1.$2").str.reverse()
    rest = pl.lit("," if decimals else "") + (text.str.split(".").list.last() if decimals else pl.lit(""))
    return pl.when(number < 0).then(pl.lit("-")).otherwise(pl.lit("")) + whole + rest


def words(flag: str, yes: str, no: str) -> pl.Expr:
    return pl.when(pl.col(flag)).then(pl.lit(yes)).when(~pl.col(flag)).then(pl.lit(no))


def day(form: str) -> pl.Expr:
    return pl.col("date").dt.to_string(form)


def write(
    table: pl.DataFrame, file: Path, names: Theirs, cells: Mapping[str, pl.Expr] | None = None, separator: str = ","
) -> None:
    """Our columns under their names, as CSV or Parquet. cells: how columns are written."""
    made = table.with_columns(**(cells or {})).select(pl.col(ours).alias(theirs) for ours, theirs in names.items())
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".parquet":
        made.write_parquet(file)
    else:
        made.write_csv(file, separator=separator)


PLAIN_STORES = {"store_id": "store_id", "store_name": "store_name", "latitude": "latitude"} | {
    "longitude": "longitude",
    "region": "region",
}
PLAIN_SKUS = {"sku_id": "sku_id", "sku_name": "sku_name", "category": "category", "brand": "brand", "cost": "cost"}


# 1. One wide German file ------------------------------------------------------------------------------------------

WIDE = {
    "store_id": "Filialnr",
    "store_name": "Filialname",
    "region": "Gebiet",
    "latitude": "Breitengrad",
    "longitude": "Längengrad",
    "sku_id": "Artikelnr",
    "sku_name": "Artikelbezeichnung",
    "category": "Warengruppe",
    "brand": "Marke",
    "cost": "Einstandspreis",
    "date": "Belegdatum",
    "units_sold": "Absatzmenge",
    "revenue": "Umsatz",
    "promo_flag": "Aktion",
    "quantity_on_hand": "Bestand",
    "price": "Verkaufspreis",
    "impression_count": "Seitenaufrufe",
}
SHEET = (
    'encoding = "cp1252"\nskip_start = 2\nskip_end = 1\ndecimal = ","\nthousands = "."\nsource = "Auswertung.txt"\n'
)
GERMAN_DATE = '{from = "Belegdatum", format = "%d.%m.%Y"}'
GERMAN_FLAG = '{from = "Aktion", true = ["J"], false = ["N"]}'
GERMAN_KEYS = f'store_id = "Filialnr"\nsku_id = "Artikelnr"\ndate = {GERMAN_DATE}\n'


def write_wide(tables: Frames, folder: Path) -> None:
    wide = tables["sales_transactions"]
    for name in ("inventory_snapshot", "pricing", "impressions"):
        table = tables[name].select(*KEYS, pl.col("^quantity_on_hand|price|impression_count|promo_flag$"))
        wide = wide.join(table, on=KEYS, how="full", coalesce=True, suffix="_there")
    wide = wide.with_columns(pl.coalesce("promo_flag", "promo_flag_there")).sort(KEYS)
    wide = wide.join(tables["stores"], on="store_id", how="left", maintain_order="left")
    wide = wide.join(tables["skus"], on="sku_id", how="left", maintain_order="left")
    numbers = {name: german(pl.col(name)) for name in ("revenue", "price", "cost")}
    numbers |= {name: german(pl.col(name), 5) for name in ("latitude", "longitude")}
    numbers |= {name: german(pl.col(name), 0) for name in ("units_sold", "quantity_on_hand", "impression_count")}
    write(
        wide,
        folder / "raw.csv",
        WIDE,
        {**numbers, "date": day("%d.%m.%Y"), "promo_flag": words("promo_flag", "J", "N")},
        ";",
    )
    body = (folder / "raw.csv").read_text("utf-8")
    (folder / "raw.csv").unlink()
    text = f"Auswertung Filialen;;\nMandant Süd;;\n{body}Summe;;{wide.height}\n"
    (folder / "Auswertung.txt").write_text(text, encoding="cp1252")


WIDE_MAPPING = f"""
[tables.sales_transactions]
{SHEET}only_with = ["units_sold"]
[tables.sales_transactions.columns]
{GERMAN_KEYS}units_sold = "Absatzmenge"
revenue = "Umsatz"
promo_flag = {GERMAN_FLAG}

[tables.inventory_snapshot]
{SHEET}only_with = ["quantity_on_hand"]
[tables.inventory_snapshot.columns]
{GERMAN_KEYS}quantity_on_hand = "Bestand"

[tables.pricing]
{SHEET}only_with = ["price"]
[tables.pricing.columns]
{GERMAN_KEYS}price = "Verkaufspreis"
promo_flag = {GERMAN_FLAG}

[tables.impressions]
{SHEET}only_with = ["impression_count"]
[tables.impressions.columns]
{GERMAN_KEYS}impression_count = "Seitenaufrufe"

[tables.stores]
{SHEET}distinct = true
[tables.stores.columns]
store_id = "Filialnr"
store_name = "Filialname"
region = "Gebiet"
latitude = "Breitengrad"
longitude = "Längengrad"

[tables.skus]
{SHEET}distinct = true
[tables.skus.columns]
sku_id = "Artikelnr"
sku_name = "Artikelbezeichnung"
category = "Warengruppe"
brand = "Marke"
cost = "Einstandspreis"
"""


def of_wide(*ours: str) -> Theirs:
    return {name: WIDE[name] for name in ours}


# 2. Codes as in SAP -----------------------------------------------------------------------------------------------

SAP = {
    "sales_transactions": {"store_id": "WERKS", "sku_id": "MATNR", "date": "FKDAT", "units_sold": "FKIMG"}
    | {"revenue": "NETWR", "promo_flag": "AKTION"},
    "inventory_snapshot": {"store_id": "WERKS", "sku_id": "MATNR", "date": "BUDAT", "quantity_on_hand": "LABST"},
    "pricing": {"store_id": "WERKS", "sku_id": "MATNR", "date": "DATAB", "price": "KBETR", "promo_flag": "AKTION"},
    "impressions": {"store_id": "WERKS", "sku_id": "MATNR", "date": "BUDAT", "impression_count": "FREQUENZ"},
    "stores": {"store_id": "WERKS", "store_name": "NAME1", "region": "REGIO", "latitude": "LATITUDE"}
    | {"longitude": "LONGITUDE"},
    "skus": {"sku_id": "MATNR", "sku_name": "MAKTX", "category": "MATKL", "brand": "BRAND_ID", "cost": "STPRS"},
}
SAP_FILES = dict(zip(SAP, ("VBRP", "MARD", "A071", "ZFREQ", "T001W", "MARA"), strict=True))


def write_sap(tables: Frames, folder: Path) -> None:
    behind = {
        name: pl.col(name).cast(pl.Decimal(18, 5)).abs().cast(pl.String)
        + pl.when(pl.col(name) < 0).then(pl.lit("-")).otherwise(pl.lit(""))
        for name in ("latitude", "longitude")
    }
    for name, names in SAP.items():
        cells = {"date": day("%Y%m%d"), "promo_flag": words("promo_flag", "X", ""), **behind}
        used = {ours: cell for ours, cell in cells.items() if ours in names}
        write(tables[name], folder / f"{SAP_FILES[name]}.csv", names, used, "|")


def sap_mapping() -> str:
    options = {
        "date": ', format = "%Y%m%d"',
        "promo_flag": ', true = ["X"], false = [""]',
        "latitude": ', minus = "behind"',
        "longitude": ', minus = "behind"',
    }
    lines = []
    for name, names in SAP.items():
        lines += [f"[tables.{name}]", f'source = "{SAP_FILES[name]}.csv"', f"[tables.{name}.columns]"]
        lines += [f'{ours} = {{from = "{theirs}"{options.get(ours, "")}}}' for ours, theirs in names.items()]
    return "\n".join(lines)


# 3. Receipts of American tills -------------------------------------------------------------------------------------

POS = {"store_id": "Store #", "sku_id": "UPC", "date": "Trans Date", "units_sold": "Qty", "revenue": "Ext Amt"} | {
    "promo_flag": "On Promo"
}
AMERICAN = {"store_id": "Store #", "sku_id": "UPC", "date": "Bus Date"}
POS_META = {"store_id": "Store #", "store_name": "Store Name", "latitude": "Lat", "longitude": "Long"} | {
    "region": "District"
}
POS_ITEMS = {"sku_id": "UPC", "sku_name": "Item Desc", "category": "Dept", "brand": "Brand", "cost": "Unit Cost"}


def write_pos(tables: Frames, folder: Path) -> None:
    sales = tables["sales_transactions"].with_row_index("receipt")
    price = (pl.col("revenue") / pl.col("units_sold")).round(2)
    # On every seventh line one unit more is sold and brought back on the same day.
    extra = sales.filter(pl.col("receipt") % 7 == 0, pl.col("units_sold") > 0).with_columns(unit=price)
    back = extra.with_columns(units_sold=pl.lit(-1.0), revenue=-pl.col("unit"))
    more = extra.with_columns(units_sold=pl.lit(1.0), revenue=pl.col("unit"))
    lines = pl.concat([sales, *(each.drop("unit") for each in (more, back))]).sort(
        *KEYS, "receipt", maintain_order=True
    )
    names = {"receipt": "Receipt No", **POS}
    form = {"date": day("%m/%d/%Y"), "promo_flag": words("promo_flag", "Y", "N")}
    write(lines, folder / "pos_detail.csv", names, form)
    only = {"date": day("%m/%d/%Y")}
    write(tables["inventory_snapshot"], folder / "on_hand.csv", AMERICAN | {"quantity_on_hand": "On Hand Qty"}, only)
    prices = AMERICAN | {"price": "Retail Price", "promo_flag": "On Promo"}
    write(tables["pricing"], folder / "price_file.csv", prices, form)
    write(tables["impressions"], folder / "web_views.csv", AMERICAN | {"impression_count": "Page Views"}, only)
    write(tables["stores"], folder / "store_master.csv", POS_META)
    write(tables["skus"], folder / "item_master.csv", POS_ITEMS)


POS_MAPPING = """
[tables.sales_transactions]
source = "pos_detail.csv"
sql = '''select "Store #" store_id, "UPC" sku_id, strptime("Trans Date", '%m/%d/%Y')::date date,
sum("Qty"::decimal(12,3))::double units_sold, sum("Ext Amt"::decimal(12,2))::double revenue,
max("On Promo") = 'Y' promo_flag
from source group by all'''
[tables.inventory_snapshot]
source = "on_hand.csv"
[tables.inventory_snapshot.columns]
store_id = "Store #"
sku_id = "UPC"
date = {from = "Bus Date", format = "%m/%d/%Y"}
quantity_on_hand = "On Hand Qty"
[tables.pricing]
source = "price_file.csv"
[tables.pricing.columns]
store_id = "Store #"
sku_id = "UPC"
date = {from = "Bus Date", format = "%m/%d/%Y"}
price = "Retail Price"
promo_flag = {from = "On Promo", true = ["Y"], false = ["N"]}
[tables.impressions]
source = "web_views.csv"
[tables.impressions.columns]
store_id = "Store #"
sku_id = "UPC"
date = {from = "Bus Date", format = "%m/%d/%Y"}
impression_count = "Page Views"
[tables.stores]
source = "store_master.csv"
columns = {store_id = "Store #", store_name = "Store Name", latitude = "Lat", longitude = "Long", region = "District"}
[tables.skus]
source = "item_master.csv"
columns = {sku_id = "UPC", sku_name = "Item Desc", category = "Dept", brand = "Brand", cost = "Unit Cost"}
"""


# 4. Folders of days, in French ------------------------------------------------------------------------------------

FRENCH = {
    "sales_transactions": (
        "ventes",
        {"units_sold": "quantite_vendue", "revenue": "chiffre_affaires", "promo_flag": "promo"},
    ),
    "inventory_snapshot": ("stocks", {"quantity_on_hand": "stock_disponible"}),
    "pricing": ("tarifs", {"price": "prix_vente", "promo_flag": "promo"}),
    "impressions": ("visites", {"impression_count": "nombre_vues"}),
}
FRENCH_KEYS = {"store_id": "code_magasin", "sku_id": "code_article"}
FRENCH_STORES = {"store_id": "code_magasin", "store_name": "nom_magasin", "latitude": "latitude"} | {
    "longitude": "longitude",
    "region": "region",
}
FRENCH_SKUS = {"sku_id": "code_article", "sku_name": "libelle_article", "category": "rayon", "brand": "marque"} | {
    "cost": "prix_achat"
}
HIVE_DATE = '{from = "{year}-{month}-{day}", format = "%Y-%m-%d"}'


def write_hive(tables: Frames, folder: Path) -> None:
    for name, (place, measures) in FRENCH.items():
        for (date,), rows in tables[name].partition_by("date", as_dict=True).items():
            below = folder / place / f"year={date:%Y}" / f"month={date.month}" / f"day={date.day}"
            cells = {"promo_flag": words("promo_flag", "O", "N")} if "promo_flag" in measures else {}
            write(rows, below / "part-0.csv", FRENCH_KEYS | measures, cells, ";")
    write(tables["stores"], folder / "magasins.csv", FRENCH_STORES, None, ";")
    write(tables["skus"], folder / "articles.csv", FRENCH_SKUS, None, ";")


def hive_mapping() -> str:
    lines = []
    for name, (place, measures) in FRENCH.items():
        lines += [f"[tables.{name}]", f'source = "{place}"', f"[tables.{name}.columns]", f"date = {HIVE_DATE}"]
        lines += [f'{ours} = "{theirs}"' for ours, theirs in (FRENCH_KEYS | measures).items() if ours != "promo_flag"]
        lines += ['promo_flag = {from = "promo", true = ["O"], false = ["N"]}'] if "promo_flag" in measures else []
    for name, file, names in (("stores", "magasins", FRENCH_STORES), ("skus", "articles", FRENCH_SKUS)):
        lines += [f"[tables.{name}]", f'source = "{file}.csv"', f"[tables.{name}.columns]"]
        lines += [f'{ours} = "{theirs}"' for ours, theirs in names.items()]
    return "\n".join(lines)


# 5. Logs of changes -----------------------------------------------------------------------------------------------


def changes(table: pl.DataFrame, measures: list[str]) -> pl.DataFrame:
    """The rows in which something differs from the row before."""
    pair = ["store_id", "sku_id"]
    return table.sort(KEYS).filter(
        pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift().over(pair)) for name in measures)
        | (pl.int_range(pl.len()).over(pair) == 0)
    )


def write_logs(tables: Frames, folder: Path) -> None:
    write(
        tables["sales_transactions"],
        folder / "sales.csv",
        {
            "store_id": "location_id",
            "sku_id": "item_id",
            "date": "sales_date",
            "units_sold": "qty_sold",
            "revenue": "net_sales",
            "promo_flag": "promo_ind",
        },
    )
    stock = changes(tables["inventory_snapshot"], ["quantity_on_hand"])
    write(
        stock,
        folder / "stock_log.csv",
        {"store_id": "location_id", "sku_id": "item_id", "date": "changed_on", "quantity_on_hand": "stock_on_hand"},
    )
    prices = changes(tables["pricing"], ["price", "promo_flag"])
    write(
        prices,
        folder / "price_log.csv",
        {
            "store_id": "location_id",
            "sku_id": "item_id",
            "date": "valid_from",
            "price": "selling_retail",
            "promo_flag": "promo_ind",
        },
    )
    write(
        tables["stores"],
        folder / "locations.csv",
        {**PLAIN_STORES, "store_id": "location_id", "store_name": "loc_name"},
    )
    write(
        tables["skus"],
        folder / "items.csv",
        {**PLAIN_SKUS, "sku_id": "item_id", "sku_name": "item_desc", "cost": "unit_cost"},
    )
    write(
        tables["impressions"],
        folder / "impressions.csv",
        {"store_id": "location_id", "sku_id": "item_id", "date": "view_date", "impression_count": "views"},
    )


LOG_MAPPING = """
[tables.sales_transactions]
source = "sales.csv"
[tables.sales_transactions.columns]
store_id = "location_id"
sku_id = "item_id"
date = "sales_date"
units_sold = "qty_sold"
revenue = "net_sales"
promo_flag = "promo_ind"
[tables.inventory_snapshot]
source = "stock_log.csv"
grain = "change"
columns = {store_id = "location_id", sku_id = "item_id", date = "changed_on", quantity_on_hand = "stock_on_hand"}
[tables.pricing]
source = "price_log.csv"
grain = "change"
[tables.pricing.columns]
store_id = "location_id"
sku_id = "item_id"
date = "valid_from"
price = "selling_retail"
promo_flag = "promo_ind"
[tables.impressions]
source = "impressions.csv"
columns = {store_id = "location_id", sku_id = "item_id", date = "view_date", impression_count = "views"}
[tables.stores]
source = "locations.csv"
columns = {store_id = "location_id", store_name = "loc_name"}
[tables.skus]
source = "items.csv"
columns = {sku_id = "item_id", sku_name = "item_desc", cost = "unit_cost"}
"""
