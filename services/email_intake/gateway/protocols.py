"""SMTP and LMTP as the listener speaks them, and who may come in."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from services.email_intake.settings import EmailIntakeSettings

log = structlog.get_logger()


class Gate:
    """Lets relays that are on the list come in, so many at a time."""

    def __init__(self, wanted: EmailIntakeSettings) -> None:
        self._relays = wanted.smtp_relays
        self._most = wanted.smtp_max_connections
        self._inside: set[object] = set()

    def refusal(self, host: str) -> str | None:
        """What a caller is told who may not come in (554, for good) or not now (421); None for the others."""
        if self._relays and not self._is_relay(host):
            log.warning("caller refused: not in SCOPEDESK_EMAIL_INTAKE_SMTP_RELAYS", host=host)
            return "554 5.7.1 You may not hand over mail here"
        if len(self._inside) >= self._most:
            log.warning("caller put off: SCOPEDESK_EMAIL_INTAKE_SMTP_MAX_CONNECTIONS are open", host=host)
            return "421 4.3.2 Too many connections, please come back later"
        return None

    def enter(self, who: object) -> None:
        """Somebody came in."""
        self._inside.add(who)

    def leave(self, who: object) -> None:
        """Somebody went."""
        self._inside.discard(who)

    def _is_relay(self, host: str) -> bool:
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in relay for relay in self._relays)


class Protocol(SMTP):
    """An SMTP session that takes the long lines which real mailers send, instead of refusing their mail for good."""

    line_length_limit = 1 << 20

    def __init__(self, *arguments: Any, gate: Gate, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._gate = gate
        self._refused = False

    def connection_made(self, transport: Any) -> None:
        """Come in, or be told why not. After STARTTLS this is called once more."""
        peer = transport.get_extra_info("peername")
        if self.transport is None and (refusal := self._gate.refusal(peer[0] if peer else "")):
            self._refused = True
            transport.write(f"{refusal}\r\n".encode())
            transport.close()
            return
        self._gate.enter(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The place is free again."""
        self._gate.leave(self)
        if not self._refused:
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """The other side said all it wanted."""
        return None if self._refused else super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Somebody who was refused is not listened to."""
        if not self._refused:
            super().data_received(data)


class LmtpProtocol(Protocol, LMTP):
    """An LMTP session: what is said after the data is said once for each recipient (RFC 2033 4.2)."""

    _owed = 0

    async def push(self, status: Any) -> None:
        """Say one line, or for each recipient his own; aiosmtpd itself would say one to all of them."""
        if self._owed and isinstance(status, str):
            status, self._owed = status if "\r\n" in status else "\r\n".join([status] * self._owed), 0
        elif isinstance(status, str) and status.startswith("354") and self.envelope:
            self._owed = len(self.envelope.rcpt_tos)
        await super().push(status)
