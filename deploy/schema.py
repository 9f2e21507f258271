"""The database schema of all rooms: bring it up to date, or say that it is not."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from shared.bus.feed import notice_restore
from shared.db import driver_url
from shared.errors import Misconfigured

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(database_url: str) -> Config:
    """Alembic's configuration for our migrations on this database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database_url"] = driver_url(database_url)
    return config


def upgrade(database_url: str) -> None:
    """Bring the schema to the newest revision; safe to call at every start and from several machines at once."""
    command.upgrade(configuration(database_url), "head")
    engine = create_engine(driver_url(database_url))
    try:
        with engine.begin() as connection:
            notice_restore(connection)
    finally:
        engine.dispose()


def check(database_url: str) -> None:
    """Raise Misconfigured when the schema of the database is not the one that this version needs."""
    wanted = ScriptDirectory.from_config(configuration(database_url)).get_current_head()
    engine = create_engine(driver_url(database_url))
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    if found != wanted:
        raise Misconfigured(f"the database schema is at {found or 'nothing'}, not {wanted}: run `scopedesk migrate`")
