"""Check: from a delivery to the typed tables of the whitespace desk, or every problem at once.

In: a folder of tables, or frames in memory. Out: `Delivery`, with what is odd about it and where every row and cent
went. Nothing is written.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from engine.contracts.contract import UNUSABLE
from engine.contracts.whitespace import whitespace_contracts
from engine.delivery.keys import in_two_forms, keys, without_digits
from engine.delivery.midnight import shifted_days
from engine.delivery.source import Loaded, Source
from engine.delivery.tables import (
    EXAMPLES,
    Delivered,
    duplicates,
    empty_files,
    load,
    near_misses,
    open_tables,
    too_many_faults,
    where,
)
from engine.errors import InputError, Problem
from engine.settings.loading import load_as
from engine.settings.whitespace.division_rules import DivisionRules
from engine.settings.whitespace.inputs import InputSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.divide import divide
from engine.whitespace.last_day import last_day
from engine.whitespace.oddities import oddities
from engine.whitespace.tables import Tables
from engine.whitespace.typed import in_cents, typed


@dataclass(frozen=True)
class Delivery:
    """A delivery that can be worked with. remarks: what is odd about it, known before a label is made.

    reconciliation: see `divide.Divided`; its sums are the rows and cents of the delivery. counts: by table the rows
    that broke each rule, as `Source.complaints` counts them.
    """

    place: Delivered
    sources: Mapping[str, Source]
    tables: Tables
    reconciliation: pl.DataFrame
    remarks: tuple[Problem, ...]
    counts: Mapping[str, Mapping[str, int]]

    @property
    def folder(self) -> Path | str | None:
        """The folder or the place of the tables, None where they are in memory."""
        return where(self.place)


def check(place: Delivered, settings: InputSettings) -> Delivery:
    """Open and judge every table, and find the division of every line.

    Raises InputError with every problem of files, columns, rows and between tables, SettingsError where the file of
    rules is wrong.
    """
    rules = load_as(DivisionRules, Path(settings.division_rules)) if settings.division_rules else DivisionRules()
    promised = whitespace_contracts(settings.first_day(), settings.max_line_amount)
    # Every CSV cell is judged on its own: what is loaded is counted and judged in the same reading.
    sources, problems = open_tables(place, promised, as_text=True)
    loaded, stops, remarks = load(sources)
    lost, odd = _judged_ids(sources, loaded)
    remarks += [*odd, *near_misses(place, promised, sources), *empty_files(sources), *shifted_days(sources)]
    problems += [*stops, *lost, *_repeated(loaded), *_too_many(sources, loaded, settings)]
    if v.TRANSACTIONS not in loaded or loaded[v.TRANSACTIONS].rows.is_empty():
        raise InputError(problems or [Problem(v.TRANSACTIONS, "has no usable row", "deliver orders")])
    lines, uneven = in_cents(loaded[v.TRANSACTIONS].table().collect())
    newest = settings.last_day() or last_day(_dates(lines), settings)
    lines = lines.with_columns(is_later=pl.col("order_date") > newest)
    n_set_aside = loaded[v.TRANSACTIONS].counts[UNUSABLE]
    divided = divide(lines, _products(loaded), rules, settings.divisions, n_set_aside)
    problems += divided.problems
    if problems:
        raise InputError(problems)
    tables = typed(divided.lines, {name: each.table().collect() for name, each in loaded.items()}, newest)
    remarks += [*uneven, *divided.remarks, *_later(lines, newest), *_strangers(loaded)]
    remarks += [*_homeless_contacts(loaded, tables), *oddities(tables, settings)]
    counts = {name: each.counts for name, each in loaded.items()}
    return Delivery(place, sources, tables, divided.reconciliation, tuple(remarks), counts)


def artifacts(delivery: Delivery) -> list[Artifact]:
    """`check/reconciliation.csv`: where every row and every cent of the delivery went."""
    return [Artifact("check/reconciliation.csv", delivery.reconciliation)]


def _judged_ids(sources: Mapping[str, Source], names: Iterable[str]) -> tuple[list[Problem], list[Problem]]:
    """Ids that lost their digits, which stop a run, and ids written in several forms."""
    written = [keys(sources[name]) for name in names]
    return [problem for table in written for problem in without_digits(table)], in_two_forms(written)


def _repeated(loaded: Mapping[str, Loaded]) -> Iterator[Problem]:
    """Customers and products that stand there more than once."""
    for name, key in ((v.CUSTOMERS, "customer_id"), (v.PRODUCTS, "sku_id")):
        rows = loaded[name].table().select(pl.col(key).cast(pl.String)) if name in loaded else None
        repeated = None if rows is None else duplicates(rows, name, (key,), f"deliver one row a {key}")
        yield from [repeated] if repeated else []


def _products(loaded: Mapping[str, Loaded]) -> pl.DataFrame:
    """SKU and division of every product, as text; none where the table is not delivered."""
    if v.PRODUCTS not in loaded:
        return pl.DataFrame(schema={"sku_id": pl.String, "division": pl.String})
    return loaded[v.PRODUCTS].table().select(pl.col("sku_id", "division").cast(pl.String)).collect()


def _too_many(
    sources: Mapping[str, Source], loaded: Mapping[str, Loaded], settings: InputSettings
) -> Iterator[Problem]:
    """Transactions of which too many rows are faulty: what is left would tell another story."""
    if v.TRANSACTIONS in loaded:
        counts, key = loaded[v.TRANSACTIONS].counts, "whitespace.inputs.max_set_aside_share"
        yield from too_many_faults(sources[v.TRANSACTIONS], counts, settings.max_set_aside_share, key)


def _dates(lines: pl.DataFrame) -> list[tuple[dt.date, int]]:
    return lines.group_by("order_date").len().sort("order_date").rows()


def _later(lines: pl.DataFrame, newest: dt.date) -> Iterator[Problem]:
    later = lines.filter("is_later")
    if later.height:
        shown = later.group_by("order_date").len().sort("order_date", descending=True).head(EXAMPLES)
        examples = tuple(f"{day}: {rows:,} rows" for day, rows in shown.iter_rows())
        what = f"rows are dated after {newest}, the newest day that was delivered as usual"
        advice = "they are set aside; correct their dates, or name the last whole day in whitespace.inputs.data_as_of"
        yield Problem(v.TRANSACTIONS, what, advice, later.height, lines.height, examples)


def _homeless_contacts(loaded: Mapping[str, Loaded], tables: Tables) -> Iterator[Problem]:
    """Contacts about a division that is not sold."""
    delivered = loaded[v.CONTACTS].rows.height if v.CONTACTS in loaded else 0
    lost = delivered - tables.contacts.height
    if lost:
        what, advice = "rows are of a division that no line is sold in", "they are left out; correct the division"
        yield Problem(v.CONTACTS, what, advice, lost, delivered)


def _strangers(loaded: Mapping[str, Loaded]) -> Iterator[Problem]:
    """Rows of customers that the table of customers does not name, and of products likewise."""
    checks = [
        (table, "customer_id", v.CUSTOMERS) for table in (v.TRANSACTIONS, v.ASSETS, v.CONTACTS) if table in loaded
    ]
    checks += [(v.TRANSACTIONS, "sku_id", v.PRODUCTS)]
    for table, key, named_in in checks:
        if named_in not in loaded:
            continue
        rows = loaded[table].rows
        strange = rows.join(loaded[named_in].rows.select(key), on=key, how="anti")
        if strange.height:
            counts = strange.group_by(pl.col(key).cast(pl.String)).len().sort("len", key, descending=[True, False])
            examples = tuple(f"{key} {one}: {count:,} rows" for one, count in counts.head(EXAMPLES).iter_rows())
            advice = f"they count, with nothing known of them; add them to {named_in}"
            what = f"rows of a {key} that {named_in} does not have"
            yield Problem(table, what, advice, strange.height, rows.height, examples)
