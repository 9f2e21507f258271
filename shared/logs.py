"""Logs: one line per fact, for a person or for a machine, with ticket ids and without personal data."""

from __future__ import annotations

import logging
import sys

import structlog

from shared.settings import settings

QUIET = (
    "alembic",
    "celery.worker.strategy",
    "celery.app.trace",
    "kombu",
    "httpx",
    "imapclient",
    "imapclient.imaplib",
    "mail.log",
    "uvicorn.access",
)
"""Libraries that tell of every message what the bus tells better, or would name addresses."""


def configure() -> None:
    """Set up structlog and the standard library's logging alike, once per process."""
    wanted = settings()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if wanted.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        ),
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(wanted.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
