"""Alembic's entry: one migration history for the schemas of all rooms and of the bus."""

import importlib

from alembic import context
from sqlalchemy import create_engine, pool, text
from sqlmodel.sql.sqltypes import AutoString

import shared.bus.tables
import shared.files
from shared.db import Model
from shared.topology import ROOMS

for room in ROOMS:
    importlib.import_module(f"services.{room}.store")

SCHEMAS = (shared.bus.tables.SCHEMA, shared.files.SCHEMA, *ROOMS)
ONE_AT_A_TIME = 7_265_433_517  # an arbitrary number that names our advisory lock


def plainly(kind, item, _context):
    """SQLModel's string type is a string; a migration should not need SQLModel to say so."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


def ours(name, kind, _parents):
    return name in SCHEMAS if kind == "schema" else True


engine = create_engine(context.config.attributes["database_url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    # Several machines may start together: the second waits here and then finds nothing left to do.
    connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": ONE_AT_A_TIME})
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        include_schemas=True,
        include_name=ours,
        render_item=plainly,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
