"""Real servers for every test that touches one: PostgreSQL and Redis of our own, started once per run."""

import os
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from deploy import schema
from deploy.embedded import embedded_servers
from samples import TOKENS
from shared import db, settings
from shared.bus.engine import app
from shared.db import Model

CHANGED = ("DATABASE_URL", "REDIS_URL", "SCOPEDESK_DATA_DIR")


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """The addresses of a PostgreSQL with our schema and of a Redis; the process's settings point there."""
    data_dir: Path = tmp_path_factory.mktemp("scopedesk")
    (data_dir / settings.REPLY_SECRET_FILE).write_text(TOKENS.secret.decode())
    before = {name: os.environ.get(name) for name in CHANGED}
    with embedded_servers(data_dir) as addresses:
        os.environ.update(
            DATABASE_URL=addresses.database_url, REDIS_URL=addresses.redis_url, SCOPEDESK_DATA_DIR=str(data_dir)
        )
        settings.settings.cache_clear()
        db.engine.cache_clear()
        schema.upgrade(addresses.database_url)
        yield addresses
        db.engine().dispose()
        app.pool.force_close_all()
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    settings.settings.cache_clear()
    db.engine.cache_clear()


@pytest.fixture(scope="session")
def empty_tables(servers):
    """Empty every table there is."""

    def empty_tables():
        tables = ", ".join(f'"{table.schema}"."{table.name}"' for table in Model.metadata.sorted_tables)
        with db.engine().begin() as connection:
            connection.execute(text(f"truncate {tables} restart identity cascade"))

    return empty_tables


@pytest.fixture
def database(empty_tables):
    """Empty tables and empty queues; gives the engine."""
    empty_tables()
    with app.connection_for_write() as connection, connection.channel() as channel:
        channel.client.flushdb()
    return db.engine()


@pytest.fixture
def session(database):
    """A session on empty tables."""
    with Session(database) as opened:
        yield opened
