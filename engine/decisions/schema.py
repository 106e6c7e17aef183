"""Schema: the tables of the database. A change of them is a migration in `migrations/versions` as well.

`entry` is append-only: one row per subject and version. Ids of stores and products are text here, whatever they are
in the runs.

seal, of every table: a hash of the other values of the row, without the key that the database gave it; null in rows
that older versions wrote.
"""

import datetime as dt
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

REVISION: Final = "0006"
"""The migration that makes these tables what they are."""


class Moment(TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is given back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """As UTC."""
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """As UTC, with its zone."""
        if value is None:
            return None
        moment: dt.datetime = value
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


metadata = MetaData()
_key = BigInteger().with_variant(Integer, "sqlite")

entry = Table(
    "entry",
    metadata,
    Column("entry_id", _key, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("run_id", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("store_id", String),
    Column("sku_id", String),
    Column("detection_date", Date),
    Column("last_dark_date", Date),
    Column("as_of", Date),
    Column("act", String, nullable=False),
    Column("reason", String),
    Column("comment", String),
    Column("action", String),
    Column("price", Float),
    Column("discount_pct", Float),
    Column("units", Float),
    Column("assigned_to", String),
    Column("undoes", Integer),
    Column("batch", String, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("seal", String),
    Column("attributes", String),
    Column("snoozed_until", Date),
    UniqueConstraint("kind", "run_id", "subject_id", "version", name="entry_version"),
    Index("entry_pair", "store_id", "sku_id"),
    Index("entry_batch", "batch"),
)
"""One act on one subject. The constraint on the version is what keeps two people from deciding the same case.

store_id, sku_id: null for subjects of no store or product. attributes: what else a subject is of, as a JSON object;
null for none. snoozed_until: of what was set aside, else null. detection_date, last_dark_date: of a case, as its
author saw it; as_of: the day of its night.
"""

answer = Table(
    "answer",
    metadata,
    Column("answer_id", _key, primary_key=True, autoincrement=True),
    Column("run_id", String, nullable=False),
    Column("store_id", String, nullable=False),
    Column("sku_id", String, nullable=False),
    Column("answered_at", Moment, nullable=False),
    Column("answered_by", String, nullable=False),
    Column("answer", String, nullable=False),
    Column("note", String),
    Column("seal", String),
    Column("answer_key", String),
    Column("takes_back", String),
    Column("counted_units", Float),
    Column("photo", String),
    UniqueConstraint("run_id", "store_id", "sku_id", "answered_at", "answered_by", name="answer_once"),
    Index("answer_key_once", "answer_key", unique=True),
)
"""What a store said of one of its products, for one night.

answer_key: what the sender called it, so that it is kept once however often it arrives; null where it came in a file.
takes_back: the key of the answer that this row undoes, else null. photo: the name of its file.
"""

sample = Table(
    "sample",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("store_id", String, primary_key=True),
    Column("sku_id", String, primary_key=True),
    Column("has_case", Boolean, nullable=False),
    Column("probability", Float, nullable=False),
    Column("seal", String),
)
"""Store-SKUs drawn at random to be looked at, with the chance that each had of being drawn."""
