"""Alembic's door: runs the migrations on the connection that `engine.decisions.database` holds."""

from alembic import context

from engine.decisions.schema import metadata

# Transactional DDL on SQLite too: its transactions cover tables, and `database` has begun one.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
context.run_migrations()
