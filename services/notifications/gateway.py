"""The mail server that takes our letters, and the webhooks of people on call."""

from __future__ import annotations

import json
import re
import smtplib
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr

from services.notifications.settings import NotificationSettings
from shared.errors import Misconfigured, Transient

CONNECT_SECONDS = 30.0
QUIT_SECONDS = 5.0
WEBHOOK_SECONDS = 10.0
HAND_OVER_SECONDS = 570.0
"""A whole hand-over ends within this: after it, nobody waits for an answer any more."""

HTTP_OK = range(200, 300)
HTTP_LATER = {408, 425, 429}
HTTP_SERVER_ERROR = 500

SMTP_OK = {250, 251}
SMTP_START_MAIL = 354
SMTP_PERMANENT = 500
ABOUT_US = {530, 534, 535, 538}
"""Answers that ask for a (better) login, in whatever step they come (RFC 4954 6); they say nothing of a letter."""


@dataclass(frozen=True)
class Parcel:
    """A letter as the mail server gets it. An empty `envelope_sender` is the null path: nobody answers it."""

    envelope_sender: str
    recipient: str
    headers: Mapping[str, str]
    body: str

    def as_bytes(self) -> bytes:
        """The message in the form of RFC 5322, with CRLF line ends."""
        message = EmailMessage(policy=SMTP)
        for name, value in self.headers.items():
            message[name] = value
        message.set_content(self.body, charset="utf-8")
        return message.as_bytes()


@dataclass(frozen=True)
class Taken:
    """The mail server or webhook has it now."""


@dataclass(frozen=True)
class Refused:
    """The mail server or webhook will never take it; `reason` is its answer, which from mail may name an address."""

    reason: str


@dataclass(frozen=True)
class Unanswered:
    """The mail server has the whole letter and did not say that it took it; most often it has."""


def post(parcel: Parcel, settings: NotificationSettings) -> Taken | Refused | Unanswered:
    """Hand a letter over; a refusal for good (5xx, RFC 5321 4.2.1) and a lost last answer are results.

    Raises Transient when the server is away, too slow, or says 4xx; Misconfigured when it does not accept us.
    """
    try:
        server = _Server(settings)
        try:
            _introduce(server, settings)
            return _hand_over(server, parcel)
        finally:
            server.leave()
    except smtplib.SMTPNotSupportedError as error:
        raise Misconfigured(f"the mail server at {_place(settings)} cannot do what is asked of it: {error}") from error
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
        # It speaks of the server or of us, not of this letter: refusing the letter for it would lose it.
        raise Transient(f"the mail server at {_place(settings)} takes no mail: {error.smtp_code}") from error
    except smtplib.SMTPResponseException as error:  # to STARTTLS or AUTH
        raise _about_us(error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Transient(f"no mail server answers at {_place(settings)}: {error}") from error


def call_webhook(address: SecretStr, page_id: UUID, message: Mapping[str, Any]) -> Taken | Refused:
    """Post a page to a webhook as JSON; its id is the idempotency key, so that a double shows as one.

    A 2xx is taken, a refusal (any other, also a redirection) is a result. Raises Transient when it is away or says 408,
    425, 429 or 5xx. No error holds the address: it is a secret.
    """
    place = urlsplit(address.get_secret_value())
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=WEBHOOK_SECONDS)
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(page_id), "User-Agent": "scopedesk"}
    try:
        path = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
        connection.request("POST", path, json.dumps(message), headers)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise Transient(f"the webhook does not answer: {type(error).__name__}") from None
    finally:
        connection.close()
    if status in HTTP_LATER or status >= HTTP_SERVER_ERROR:
        raise Transient(f"the webhook wants it later: {status}")
    return Taken() if status in HTTP_OK else Refused(f"answered {status}")


class _Server(smtplib.SMTP):
    """Waits for each answer as long as RFC 5321 4.5.3.2 asks, and for all of them within one hand-over."""

    def __init__(self, settings: NotificationSettings) -> None:
        self.patience = settings.smtp_timeout_seconds
        self._ends_at = time.monotonic() + HAND_OVER_SECONDS
        super().__init__(settings.smtp_host, settings.smtp_port, timeout=min(CONNECT_SECONDS, self.patience))

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None:
            self.sock.settimeout(max(1.0, min(self.patience, self._ends_at - time.monotonic())))
        return super().getreply()

    def leave(self) -> None:
        """End the conversation; by now no answer matters."""
        self.patience = QUIT_SECONDS
        with suppress(smtplib.SMTPException, OSError):
            self.quit()
        self.close()


def _introduce(server: _Server, settings: NotificationSettings) -> None:
    if settings.smtp_starttls:
        server.starttls(context=ssl.create_default_context())
    password = settings.smtp_password()
    if settings.smtp_user and password:
        server.login(settings.smtp_user, password.get_secret_value())
    server.ehlo_or_helo_if_needed()


def _hand_over(server: _Server, parcel: Parcel) -> Taken | Refused | Unanswered:
    code, answer = server.mail(parcel.envelope_sender)
    if code not in SMTP_OK:
        raise _about_us(code, answer)  # it refuses who writes, and says nothing of this letter
    code, answer = server.rcpt(parcel.recipient)
    if code not in SMTP_OK:
        return _judge(code, answer)
    code, answer = server.docmd("DATA")
    if code != SMTP_START_MAIL:
        return _judge(code, answer)
    server.send(re.sub(rb"(?m)^\.", b"..", parcel.as_bytes()) + b".\r\n")  # RFC 5321 4.5.2: transparency
    server.patience = HAND_OVER_SECONDS
    try:
        code, answer = server.getreply()
    except (OSError, smtplib.SMTPException):
        return Unanswered()
    return Taken() if code in SMTP_OK else _judge(code, answer)


def _judge(code: int, answer: bytes | str) -> Refused:
    """Tell a refusal of the letter from what may change, and from what is about us."""
    if code < SMTP_PERMANENT or code in ABOUT_US:
        raise _about_us(code, answer)
    return Refused(_words(code, answer))


def _about_us(code: int, answer: bytes | str) -> Transient | Misconfigured:
    if code < SMTP_PERMANENT:
        return Transient(f"the mail server wants it later: {_words(code, answer)}")
    return Misconfigured(f"the mail server does not accept our login or sender: {_words(code, answer)}")


def _words(code: int, answer: bytes | str) -> str:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(words.split())}"


def _place(settings: NotificationSettings) -> str:
    return f"{settings.smtp_host}:{settings.smtp_port}"
