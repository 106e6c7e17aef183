"""The dark days of a case that was decided on, and the day of its night: later nights find its episode by them.

The day of a night stands in front of its run id. How long a case was dark when it was decided on is not known of the
entries that are there: its first dark day stands for it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and fill in what is known."""
    op.add_column("entry", sa.Column("last_dark_date", sa.Date))
    op.add_column("entry", sa.Column("as_of", sa.Date))
    entry = sa.table("entry", sa.column("as_of"), sa.column("run_id"), sa.column("kind"))
    text = sa.func.substr(entry.c.run_id, 1, 10)
    # SQLite keeps a date as this very text; a cast would make a number of it.
    day = sa.cast(text, sa.Date) if op.get_bind().dialect.name == "postgresql" else text
    dated = entry.c.run_id.like("____-__-__-%")
    op.execute(sa.update(entry).where(entry.c.kind == "case", dated).values(as_of=day))
