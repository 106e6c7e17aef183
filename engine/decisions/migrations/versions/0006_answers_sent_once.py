"""Answers by keys of their senders, what takes them back, counts and photos."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns, and have each key once."""
    for name, kind in (
        ("answer_key", sa.String),
        ("takes_back", sa.String),
        ("counted_units", sa.Float),
        ("photo", sa.String),
    ):
        op.add_column("answer", sa.Column(name, kind))
    op.create_index("answer_key_once", "answer", ["answer_key"], unique=True)
