"""The SMTP listener: `python -m services.email_intake.gateway.smtp`.

It stands behind a mail server, on this machine unless told otherwise. 250 is only said when the bytes are committed;
whenever that is not certain the answer is 451, and the sender tries again: a mail that was stored all the same is then
recognised as a duplicate.
"""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.email_intake import store
from services.email_intake.rules.mailboxes import Mailbox
from services.email_intake.settings import EmailIntakeSettings, settings
from shared import logs
from shared.errors import Misconfigured, ScopedeskError
from shared.settings import settings as house_settings

log = structlog.get_logger()

STOP_SECONDS = 15
"""How long a stopping listener waits for mails that are being stored."""


class Protocol(SMTP):
    """An SMTP session that takes the long lines which real mailers send, instead of refusing their mail for good."""

    line_length_limit = 1 << 20


class Intake:
    """What the listener does with each mail. It counts what it is storing, so that it can stop between mails."""

    def __init__(self, wanted: EmailIntakeSettings) -> None:
        self._wanted = wanted
        self._own = wanted.own
        self._storing: set[object] = set()
        self._idle = asyncio.Event()
        self._idle.set()

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
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Store the mail for each mailbox, and say 250 only after that.

        Failures end here: aiosmtpd would log them with all that a database error quotes.
        """
        raw = envelope.content
        if not isinstance(raw, bytes):
            return "451 4.3.0 Not understood, please try again"
        return_path = (envelope.mail_from or "").strip("<>")
        mark = object()
        self._storing.add(mark)
        self._idle.clear()
        try:
            for recipient in self._one_per_mailbox(envelope.rcpt_tos):
                await asyncio.to_thread(store.store_email, raw, recipient, envelope_from=return_path, source="smtp")
        except Exception as error:  # noqa: BLE001 -- whatever it is, the sender must keep the mail
            return await self.handle_exception(error)
        finally:
            self._storing.discard(mark)
            if not self._storing:
                self._idle.set()
        return "250 2.0.0 Stored"

    async def handle_exception(self, error: Exception) -> str:
        """Answer 451 to whatever went wrong: a 5xx would make the sender give the mail up."""
        log.error("e-mail not taken", error=type(error).__name__)
        return "451 4.3.0 Not stored, please try again"

    async def finish(self) -> None:
        """Wait until no mail is being stored."""
        await self._idle.wait()

    def _one_per_mailbox(self, recipients: list[str]) -> list[str]:
        """One address for each mailbox; the one that names a ticket says most."""
        chosen: dict[str, tuple[Mailbox, str]] = {}
        for address in recipients:
            mailbox = self._own.find(address)
            if mailbox and (mailbox.address not in chosen or mailbox.reply_token):
                chosen[mailbox.address] = (mailbox, address)
        return [address for _, address in chosen.values()]


async def listen(wanted: EmailIntakeSettings, intake: Intake) -> asyncio.Server:
    """Open the port; Misconfigured when it is taken or not ours to open."""

    def protocol() -> Any:
        return Protocol(
            intake,
            data_size_limit=wanted.size_limit,
            enable_SMTPUTF8=True,
            hostname="scopedesk",
            ident="Scopedesk",
            loop=asyncio.get_running_loop(),
        )

    try:
        return await asyncio.get_running_loop().create_server(protocol, wanted.smtp_host, wanted.smtp_port)
    except OSError as error:
        why = "another program has it" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        raise Misconfigured(
            f"cannot listen for e-mail on {wanted.smtp_host} port {wanted.smtp_port}: {why}. "
            "SCOPEDESK_EMAIL_INTAKE_SMTP_HOST and SCOPEDESK_EMAIL_INTAKE_SMTP_PORT change it",
        ) from error


async def serve(wanted: EmailIntakeSettings) -> None:
    """Listen until SIGTERM or SIGINT, then finish the mails that are being stored."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    intake = Intake(wanted)
    server = await listen(wanted, intake)
    log.info("listening for e-mail", host=wanted.smtp_host, port=server.sockets[0].getsockname()[1])
    await stop.wait()
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
