"""Snoozing: an entry may say until which day its subject is set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("entry", sa.Column("snoozed_until", sa.Date))
