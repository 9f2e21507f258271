"""The one door to PostgreSQL: an engine per process and the class that every table derives from."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Engine, MetaData, create_engine, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import SQLModel

from shared.errors import Misconfigured
from shared.settings import settings

CONNECT_TIMEOUT_SECONDS = 5
UNREACHABLE: tuple[type[Exception], ...] = (OperationalError, InterfaceError)
"""What a statement raises while PostgreSQL is away."""


class Model(SQLModel):
    """Base of every table. Constraints get names that do not change, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        },
    )


def json_column(*, nullable: bool = False) -> Column[Any]:
    """Make a fresh JSONB column, for `Field(sa_column=json_column())`."""
    return Column(JSONB, nullable=nullable)


def storable(text: str) -> str:
    """A stranger's text without what PostgreSQL cannot hold: NUL characters and half surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def driver_url(url: str) -> str:
    """Name psycopg 3 as the driver in a plain `postgresql://` URL; Misconfigured for anything but PostgreSQL."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise Misconfigured(
            f"DATABASE_URL must begin with postgresql://, not {scheme[:20] or 'nothing'!r}: "
            "Scopedesk speaks PostgreSQL only",
        )
    return f"postgresql+psycopg://{rest}"


@lru_cache
def engine() -> Engine:
    """The connection pool of this process, made at first use; a thread of a worker holds one connection at most.

    Connections are not pinged before use: a round trip per transaction costs more than the retry that a worker makes
    after PostgreSQL was restarted.
    """
    wanted = settings()
    return create_engine(
        driver_url(wanted.require_database_url()),
        pool_size=wanted.worker_concurrency,
        max_overflow=wanted.worker_concurrency,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS},
        hide_parameters=True,  # a failed statement would tell the log what a customer wrote
    )


def check_database(url: str) -> None:
    """Raise Misconfigured, saying what to do, when no PostgreSQL answers at this address."""
    probe = create_engine(driver_url(url), connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS})
    try:
        with probe.connect() as connection:
            connection.execute(text("select 1"))
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise Misconfigured(
            f"no PostgreSQL answers at DATABASE_URL: {reason}. Check the address and the server"
        ) from error
    finally:
        probe.dispose()
