"""Run by Alembic: applies the migrations on the connection that `schema.upgrade` has opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
