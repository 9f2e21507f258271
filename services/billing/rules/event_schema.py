"""The published description of the feed, made of the models that it is sent with: JSON Schema and AsyncAPI 3."""

from __future__ import annotations

import functools
import operator
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from services.billing.rules.bookings import Acknowledgement
from services.billing.rules.cloud_events import EVENT_TYPE, FEED, TO_BOOK

TITLE = "Scopedesk billing"
ABOUT = (
    "Quotes, consents, charges, credits and plans of Scopedesk, as CloudEvents 1.0 in structured JSON. "
    "Only charges and credits are to be booked, each once for its `id`, and acknowledged."
)
VERSION = "1.0.0"
EXCHANGE = "scopedesk.billing"


def json_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) that every event of the feed fulfils."""
    envelopes = [kind.envelope for kind in FEED.values()]
    union: Any = functools.reduce(operator.or_, envelopes)
    described = TypeAdapter(Annotated[union, Field(discriminator="type")]).json_schema()
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The billing feed",
        "description": ABOUT,
    }
    return head | described


def asyncapi() -> dict[str, Any]:
    """An AsyncAPI 3 document of the exchange: a channel per routing key, and the acknowledgements."""
    schemas = _schemas()
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for event, kind in FEED.items():
        name = kind.envelope.__name__
        messages[name] = _message(kind.name, kind.envelope.__doc__, EVENT_TYPE, name)
        channels[name] = {
            "address": kind.name,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            "bindings": {"amqp": _routing_key()},
        }
        operations[f"send{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": "To be booked and acknowledged." if event in TO_BOOK else "Tells; nothing is to be booked.",
        }
    messages["Acknowledgement"] = _message(
        "acknowledgement", Acknowledgement.__doc__, "application/json", "Acknowledgement"
    )
    channels["Acknowledgement"] = {
        "address": "/acknowledgements",
        "description": "Over HTTP, with the API key as bearer token.",
        "messages": {"Acknowledgement": {"$ref": "#/components/messages/Acknowledgement"}},
    }
    operations["receiveAcknowledgement"] = {
        "action": "receive",
        "channel": {"$ref": "#/channels/Acknowledgement"},
        "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": TITLE, "version": VERSION, "description": ABOUT},
        "defaultContentType": EVENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _schemas() -> dict[str, Any]:
    """Every model once, where AsyncAPI's documents keep them."""
    models: list[type[BaseModel]] = [*(kind.envelope for kind in FEED.values()), Acknowledgement]
    wanted = [(model, "validation", TypeAdapter[Any](model)) for model in models]
    _, described = TypeAdapter.json_schemas(wanted, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return dict(described["$defs"])


def _message(name: str, words: str | None, content_type: str, schema: str) -> dict[str, Any]:
    return {
        "name": name,
        "summary": " ".join((words or "").split()),
        "contentType": content_type,
        "payload": {"$ref": f"#/components/schemas/{schema}"},
    }


def _routing_key() -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}
    return {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}
