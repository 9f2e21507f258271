"""The SMTP and LMTP listeners: `python -m services.email_intake.gateway.smtp`.

They stand behind a mail server, on this machine unless told otherwise. 250 is only said when the bytes are committed;
whenever that is not certain the answer is 451, and the sender tries again: a mail that was stored all the same is then
recognised as a duplicate.
"""

from __future__ import annotations

import asyncio
import errno
import signal
import ssl
import sys
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.email_intake import store
from services.email_intake.gateway.protocols import Gate, LmtpProtocol, Protocol
from services.email_intake.settings import EmailIntakeSettings, settings
from shared import logs
from shared.errors import Misconfigured, ScopedeskError
from shared.settings import settings as house_settings

log = structlog.get_logger()

STORED = "250 2.0.0 Stored"

STOP_SECONDS = 15
"""How long a stopping listener waits for mails that are being stored."""


class Intake:
    """What the listener does with each mail. It counts what it is storing, so that it can stop between mails."""

    def __init__(self, wanted: EmailIntakeSettings) -> None:
        self._wanted = wanted
        self._own = wanted.own
        self.gate = Gate(wanted)
        self._storing: set[object] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd looks for this name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer no login: nobody has one here."""
        session.host_name = hostname
        return [line for line in responses if not line.startswith("250-AUTH")]

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take mail for our mailboxes only, with or without a ticket number after a "+"."""
        if self._own.find(address) is None:
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= self._wanted.smtp_max_recipients:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 -- aiosmtpd looks for this name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Store the mail for each mailbox, and say 250 only after that; to LMTP for each recipient.

        Failures end here: aiosmtpd would log them with all that a database error quotes.
        """
        raw = envelope.content
        if not isinstance(raw, bytes):
            return "451 4.3.0 Not understood, please try again"
        return_path = (envelope.mail_from or "").strip("<>")
        way = "lmtp" if isinstance(server, LMTP) else "smtp"
        chosen, answers = self._one_per_mailbox(envelope.rcpt_tos), dict[str, str]()
        mark = object()
        self._storing.add(mark)
        self._idle.clear()
        try:
            for mailbox, recipient in chosen.items():
                answers[mailbox] = await self._store(raw, recipient, return_path, way)
                if answers[mailbox] != STORED and not isinstance(server, LMTP):
                    return answers[mailbox]  # SMTP has one answer; the sender repeats it all, and doubles are known
        finally:
            self._storing.discard(mark)
            if not self._storing:
                self._idle.set()
        if isinstance(server, LMTP):
            return "\r\n".join(answers[self._mailbox_of(address)] for address in envelope.rcpt_tos)
        return STORED

    async def _store(self, raw: bytes, recipient: str, return_path: str, way: str) -> str:
        try:
            await asyncio.to_thread(store.store_email, raw, recipient, envelope_from=return_path, source=way)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the sender must keep the mail
            return await self.handle_exception(error)
        return STORED

    async def handle_exception(self, error: Exception) -> str:
        """Answer 451 to whatever went wrong: a 5xx would make the sender give the mail up."""
        log.error("e-mail not taken", error=type(error).__name__)
        return "451 4.3.0 Not stored, please try again"

    async def finish(self) -> None:
        """Wait until no mail is being stored."""
        await self._idle.wait()

    def _one_per_mailbox(self, recipients: list[str]) -> dict[str, str]:
        """One address for each mailbox; the one that names a ticket says most."""
        chosen: dict[str, str] = {}
        for address in recipients:
            mailbox = self._own.find(address)
            if mailbox and (mailbox.address not in chosen or mailbox.reply_token):
                chosen[mailbox.address] = address
        return chosen

    def _mailbox_of(self, recipient: str) -> str:
        mailbox = self._own.find(recipient)
        return mailbox.address if mailbox else ""


async def listen(wanted: EmailIntakeSettings, intake: Intake, session: type[Protocol] = Protocol) -> asyncio.Server:
    """Open the port of a protocol; Misconfigured when it is taken or not ours to open."""
    name, port = ("LMTP", wanted.lmtp_port) if session is LmtpProtocol else ("SMTP", wanted.smtp_port)
    tls = _tls_context(wanted)

    def protocol() -> Any:
        return session(
            intake,
            gate=intake.gate,
            data_size_limit=wanted.size_limit,
            enable_SMTPUTF8=True,
            hostname="scopedesk",
            ident="Scopedesk",
            tls_context=tls,
            loop=asyncio.get_running_loop(),
        )

    try:
        return await asyncio.get_running_loop().create_server(protocol, wanted.smtp_host, port)
    except OSError as error:
        why = "another program has it" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        raise Misconfigured(
            f"cannot listen for e-mail on {wanted.smtp_host} port {port}: {why}. "
            f"SCOPEDESK_EMAIL_INTAKE_SMTP_HOST and SCOPEDESK_EMAIL_INTAKE_{name}_PORT change it",
        ) from error


def _tls_context(wanted: EmailIntakeSettings) -> ssl.SSLContext | None:
    if wanted.smtp_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(wanted.smtp_certificate, wanted.smtp_certificate_key)
    except OSError as error:  # ssl.SSLError is one
        raise Misconfigured(
            f"cannot use the certificate {wanted.smtp_certificate}: {error.strerror or error}. "
            "SCOPEDESK_EMAIL_INTAKE_SMTP_CERTIFICATE and …_CERTIFICATE_KEY name PEM files that belong together",
        ) from error
    return context


async def serve(wanted: EmailIntakeSettings) -> None:
    """Listen until SIGTERM or SIGINT, then finish the mails that are being stored."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    intake = Intake(wanted)
    servers = [await listen(wanted, intake, session) for session in (Protocol, LmtpProtocol)]
    smtp, lmtp = (server.sockets[0].getsockname()[1] for server in servers)
    log.info("listening for e-mail", host=wanted.smtp_host, port=smtp, lmtp_port=lmtp)
    await stop.wait()
    for server in servers:
        server.close()
    try:
        await asyncio.wait_for(intake.finish(), STOP_SECONDS)
    except TimeoutError:
        log.warning("stopped while a mail was being stored; its sender will try again")


def main() -> None:
    """Run the listener; exit code 1 and one line when something is misconfigured."""
    logs.configure()
    try:
        house_settings().require_database_url()
        asyncio.run(serve(settings()))
    except ScopedeskError as error:
        sys.stderr.write(f"email intake: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
