"""The mail server that takes our letters."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from services.notifications.settings import NotificationSettings
from shared.errors import Misconfigured, Transient

SMTP_PERMANENT = 500


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
    """The mail server has the letter now."""


@dataclass(frozen=True)
class Refused:
    """The mail server will never take this letter; `reason` is its answer, which may name an address."""

    reason: str


def post(parcel: Parcel, settings: NotificationSettings) -> Taken | Refused:
    """Hand a letter over; a refusal for good (5xx, RFC 5321 4.2.1) is a result.

    Raises Transient when the server is away, too slow, or says 4xx; Misconfigured when it does not know us.
    """
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=settings.smtp_timeout_seconds) as server:
            _introduce(server, settings)
            server.sendmail(parcel.envelope_sender, [parcel.recipient], parcel.as_bytes())
    except smtplib.SMTPRecipientsRefused as error:
        return _judge(*error.recipients[parcel.recipient])
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        raise Misconfigured(f"the mail server at {_place(settings)} does not accept our login: {error}") from error
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
        # It speaks of the server or of us, not of this letter: refusing the letter for it would lose it.
        raise Transient(f"the mail server at {_place(settings)} takes no mail: {error.smtp_code}") from error
    except smtplib.SMTPResponseException as error:
        return _judge(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        raise Transient(f"no mail server answers at {_place(settings)}: {error}") from error
    return Taken()


def _introduce(server: smtplib.SMTP, settings: NotificationSettings) -> None:
    if settings.smtp_starttls:
        server.starttls(context=ssl.create_default_context())
    password = settings.smtp_password()
    if settings.smtp_user and password:
        server.login(settings.smtp_user, password.get_secret_value())


def _judge(code: int, answer: bytes | str) -> Refused:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    reason = f"{code} {' '.join(words.split())}"
    if code < SMTP_PERMANENT:
        raise Transient(f"the mail server wants it later: {reason}")
    return Refused(reason)


def _place(settings: NotificationSettings) -> str:
    return f"{settings.smtp_host}:{settings.smtp_port}"
