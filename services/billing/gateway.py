"""The billing system outside: the exchange that it listens on, and its webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from services.billing.rules.cloud_events import EVENT_TYPE
from services.billing.settings import BillingSettings, webhook_key
from shared.bus.exchange import Publisher
from shared.errors import Misconfigured, Permanent, Transient

WEBHOOK_SECONDS = 10.0


def publish(event: Mapping[str, Any], settings: BillingSettings) -> bool:
    """Publish on the exchange; False when too many wait there unread. Transient when no broker answers."""
    url = settings.exchange_url.get_secret_value() if settings.exchange_url else None
    return Publisher(url, settings.exchange_queue).publish(event)


def post_webhook(event: Mapping[str, Any], settings: BillingSettings, now: datetime) -> None:
    """Post an event as Standard Webhooks has it, signed; the event's id is the idempotency key.

    Returns once it is taken (2xx). Permanent when the receiver wants no more of them (410); Transient for everything
    else, also for a redirection: those are not followed. No error holds the address: it may be a secret.
    """
    if settings.webhook_url is None or settings.webhook_secret is None:
        raise Misconfigured("SCOPEDESK_BILLING_WEBHOOK_URL and SCOPEDESK_BILLING_WEBHOOK_SECRET are set together")
    place = urlsplit(settings.webhook_url.get_secret_value())
    body = json.dumps(event, ensure_ascii=False).encode()
    headers = {"Content-Type": EVENT_TYPE, "User-Agent": "scopedesk"}
    headers |= signature(event["id"], now, body, settings.webhook_secret)
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=WEBHOOK_SECONDS)
    try:
        path = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise Transient(f"the billing webhook does not answer: {type(error).__name__}") from None
    finally:
        connection.close()
    if status == HTTPStatus.GONE:
        raise Permanent("the billing webhook wants no more events (410): mend it or SCOPEDESK_BILLING_WEBHOOK_URL")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Transient(f"the billing webhook did not take the event: {status}")


def signature(event_id: str, now: datetime, body: bytes, secret: SecretStr) -> dict[str, str]:
    """The headers that prove who sent a webhook (Standard Webhooks 1.0, symmetric)."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    mark = base64.b64encode(hmac.digest(webhook_key(secret), signed, hashlib.sha256)).decode()
    return {"webhook-id": event_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{mark}"}
