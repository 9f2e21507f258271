"""Logs: one line per fact, for a person or for a machine, with ticket ids and without personal data."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _told_without_values, renderer],
        ),
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(wanted.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _told_without_values(_logger: Any, _method: str, told: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Of an exception its types and places, and neither its words nor any variable: they may hold personal data."""
    info = told.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    traces: list[str] = []
    while isinstance(error, BaseException):
        traces.append(f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if traces:
        told["exception"] = "\n".join(reversed(traces))
    return told
