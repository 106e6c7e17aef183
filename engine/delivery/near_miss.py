"""Near miss: which name was probably meant by another.

In: names of files or columns. Out: the one that looks like the name that is lacking, or none.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

CALLED: Mapping[str, tuple[str, ...]] = {
    "sales_transactions": ("sales", "transactions", "pos", "receipts", "sales data", "daily sales", "sale"),
    "inventory_snapshot": ("inventory", "stock", "snapshot", "on hand", "stock levels", "inventory data"),
    "pricing": ("prices", "price", "price list", "pricing data"),
    "impressions": ("views", "traffic", "impression", "page views"),
    "events": ("calendar", "holidays", "occasions", "special days"),
    "weather": ("climate", "weather data", "weather history"),
    "stores": ("store", "shops", "shop", "locations", "store master", "branches"),
    "skus": ("sku", "products", "product", "items", "articles", "product master", "item master"),
    "store_id": ("store", "shop", "shop id", "store code", "store number", "store nbr", "location id", "branch"),
    "sku_id": ("sku", "item", "item id", "product", "product id", "article", "article id", "sku code", "upc", "ean"),
    "date": ("day", "sales date", "business date", "transaction date", "snapshot date", "ds"),
    "units_sold": ("units", "qty", "quantity", "sold", "qty sold", "sales qty", "unit sales", "quantity sold"),
    "revenue": ("sales amount", "amount", "turnover", "net sales", "sales value", "total"),
    "promo_flag": ("promo", "promotion", "on promo", "is promo", "on promotion", "promotion flag"),
    "quantity_on_hand": (
        "on hand",
        "stock",
        "qty on hand",
        "onhand",
        "stock on hand",
        "inventory",
        "quantity",
        "qty",
    ),
    "price": ("unit price", "sell price", "selling price", "retail price"),
    "promo_type": ("promotion type",),
    "impression_count": ("impressions", "views", "view count"),
    "latitude": ("lat",),
    "longitude": ("lon", "lng", "long"),
    "store_name": ("name", "shop name"),
    "region": ("area", "district"),
    "sku_name": ("name", "product name", "item name", "description"),
    "category": ("department", "category name", "product category"),
    "brand": ("brand name",),
    "cost": ("unit cost", "cost price"),
    "transactions": ("orders", "order lines", "sales", "sales log", "invoices", "fact transactions"),
    "customers": ("customer", "accounts", "clients", "customer master", "dim customer"),
    "products": ("product", "items", "articles", "skus", "product master", "item master"),
    "assets": ("asset", "installed base", "fact assets"),
    "contacts": ("contact", "activities", "calls"),
    "customer_id": ("customer", "company id", "account id", "client id", "customer number"),
    "order_date": ("date", "invoice date", "rec date", "day", "transaction date"),
    "gross_profit": ("gp", "margin", "profit", "gross margin"),
    "quantity": ("qty", "units"),
    "division": ("product division", "business unit"),
}
"""What tables and columns are called elsewhere."""
NOTES = frozenset({"", ".md", ".txt", ".json", ".toml", ".log"})
"""What the names of files end with that are no tables."""
ALIKE = 0.8
"""Of `difflib`: names less alike than this are two names."""


def near_miss(wanted: str, names: Iterable[str]) -> str | None:
    """The one of the names that looks most like the one that is wanted; None when none does."""
    meant = [_plain(name) for name in (wanted, *CALLED.get(wanted, ()))]
    best = max(names, key=lambda name: (_likeness(_plain(name), meant), name), default=None)
    return best if best is not None and _likeness(_plain(best), meant) >= ALIKE else None


def file_alike(folder: Path, tables: Iterable[str], table: str) -> str | None:
    """The file or folder that is probably a table under another name; None when none of no table looks like it."""
    entries = (entry.name for entry in sorted(folder.iterdir()) if _may_be_a_table(entry))
    return name_alike(entries, tables, table)


def name_alike(names: Iterable[str], tables: Iterable[str], table: str) -> str | None:
    """The one of the names of no table that looks most like a table's; what is behind a dot is no part of them."""
    stems = {name: name.partition(".")[0] for name in names}
    for known in tables:
        stems = {name: stem for name, stem in stems.items() if not named_after(known, stem)}
    meant = near_miss(table, stems.values())
    return next((name for name, stem in stems.items() if stem == meant), None)


def named_after(table: str, stem: str) -> bool:
    """Whether a file is a table's by its name without the ending; it may go on after a sign."""
    return re.fullmatch(rf"{re.escape(table)}([-_.].*)?", stem) is not None


def _may_be_a_table(entry: Path) -> bool:
    """Notes and hidden files are other programs' business."""
    return not entry.name.startswith((".", "_")) and (entry.is_dir() or entry.suffix.lower() not in NOTES)


def columns_meant(wanted: Iterable[str], known: Collection[str], names: Collection[str]) -> dict[str, str]:
    """Which column of a file was probably meant by each that is wanted and not there.

    known: every name that means something itself. names: the columns of the file.
    """
    spare = [name for name in names if name not in known]
    found = {name: near_miss(name, spare) for name in wanted if name not in names}
    return {name: meant for name, meant in found.items() if meant is not None}


def _plain(name: str) -> str:
    """A name without capitals, signs and the digits at its end."""
    return re.sub(r"[\W_]+|\d+$", "", re.sub(r"[\W_]*\d[\d\W_]*$", "", name.lower()))


def _likeness(name: str, meant: list[str]) -> float:
    """1 for the name itself; less for what it is called elsewhere, and the less the less alike."""
    own, *others = (difflib.SequenceMatcher(None, name, one).ratio() for one in meant)
    return max(own, *(0.99 * other for other in others)) if others else own
