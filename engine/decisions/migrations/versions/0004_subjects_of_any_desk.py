"""Subjects of any desk: what is of no store or product has neither, and says what it is of in `attributes`."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let both be null and add the column."""
    with op.batch_alter_table("entry") as entry:
        entry.alter_column("store_id", existing_type=sa.String, nullable=True)
        entry.alter_column("sku_id", existing_type=sa.String, nullable=True)
        entry.add_column(sa.Column("attributes", sa.String))
