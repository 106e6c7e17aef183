"""Trials: accepted cases drawn by lot, to be acted on or withheld."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "trial",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("subject_id", sa.String, primary_key=True),
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("sku_id", sa.String, nullable=False),
        sa.Column("detection_date", sa.Date, nullable=False),
        sa.Column("last_dark_date", sa.Date, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("is_withheld", sa.Boolean, nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("seal", sa.String),
    )
