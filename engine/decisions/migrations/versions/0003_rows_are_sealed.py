"""A seal on every row: a value that changed by itself is told as damage. Rows that are there have none."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns."""
    for table in ("entry", "answer", "sample"):
        op.add_column(table, sa.Column("seal", sa.String))
