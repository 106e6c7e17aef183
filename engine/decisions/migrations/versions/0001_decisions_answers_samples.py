"""Decisions, answers and samples.

Written out, not taken from `schema`: a migration says what the tables were then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "entry",
        sa.Column("entry_id", key, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("sku_id", sa.String, nullable=False),
        sa.Column("detection_date", sa.Date),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("comment", sa.String),
        sa.Column("action", sa.String),
        sa.Column("price", sa.Float),
        sa.Column("discount_pct", sa.Float),
        sa.Column("units", sa.Float),
        sa.Column("assigned_to", sa.String),
        sa.Column("undoes", sa.Integer),
        sa.Column("batch", sa.String, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("decided_at", moment, nullable=False),
        sa.UniqueConstraint("kind", "run_id", "subject_id", "version", name="entry_version"),
    )
    op.create_index("entry_pair", "entry", ["store_id", "sku_id"])
    op.create_index("entry_batch", "entry", ["batch"])
    op.create_table(
        "answer",
        sa.Column("answer_id", key, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("sku_id", sa.String, nullable=False),
        sa.Column("answered_at", moment, nullable=False),
        sa.Column("answered_by", sa.String, nullable=False),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("note", sa.String),
        sa.UniqueConstraint("run_id", "store_id", "sku_id", "answered_at", "answered_by", name="answer_once"),
    )
    op.create_table(
        "sample",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("store_id", sa.String, primary_key=True),
        sa.Column("sku_id", sa.String, primary_key=True),
        sa.Column("has_case", sa.Boolean, nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
    )
