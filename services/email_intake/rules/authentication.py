"""Whether the sender is who From says, as our own mail server found it (RFC 8601).

Anybody can write an Authentication-Results header. Only the topmost one counts, and only when its authserv-id is one
that the operator trusts: that server has to remove what strangers wrote under its name (RFC 8601, 5).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from services.email_intake.rules.headers import Address
from services.email_intake.rules.message import ParsedEmail
from shared.vocabulary import Authentication

HEADER = "authentication-results"
MAX_LENGTH = 16 << 10
MAX_RESULTS = 100

_RESULT = re.compile(r"^([a-z][a-z0-9-]{0,30})(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r'([a-z]+)\s*\.\s*([a-z0-9_-]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s;"]+)', re.IGNORECASE)
_MIN_LABELS = 2
_HARD_FAILURES = {"fail", "hardfail"}


@dataclass(frozen=True, slots=True)
class Authenticated:
    """What was found, by which method (dmarc, dkim, spf), and why."""

    result: Authentication
    method: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Method:
    """One method of a header: `dkim=pass header.d=klant.example` and the like, in lower case."""

    name: str
    result: str
    properties: dict[str, str]

    @property
    def domain(self) -> str:
        """The domain that the method vouches for; empty when it does not say."""
        names = {
            "dmarc": ("header.from",),
            "dkim": ("header.d", "header.i"),
            "spf": ("smtp.mailfrom", "smtp.mail", "smtp.helo"),
        }
        value = next(filter(None, (self.properties.get(name, "") for name in names.get(self.name, ()))), "")
        return value.rpartition("@")[2].strip('".<>')


def authenticate(mail: ParsedEmail, trusted: Collection[str]) -> Authenticated:
    """Pass when a method vouches for the domain in From, fail when it was found forged, none when nobody knows."""
    writers = mail.people("from")
    if len(mail.headers.get("from", ())) != 1 or len(writers) != 1:
        return Authenticated(Authentication.NONE, None, "From names not exactly one sender")
    values = mail.headers.get(HEADER, ())
    if not values:
        return Authenticated(Authentication.NONE, None, "no Authentication-Results")
    server, methods = _read(values[0])
    if server not in trusted:
        return Authenticated(Authentication.NONE, None, "the topmost Authentication-Results is of no trusted server")
    return _judge(writers[0], methods)


def _judge(writer: Address, methods: list[_Method]) -> Authenticated:
    dmarc = [method for method in methods if method.name == "dmarc" and method.domain in {"", writer.domain}]
    aligned = [m for m in methods if m.name in {"dkim", "spf"} and _vouches_for(m.domain, writer.domain)]
    if any(method.result == "fail" for method in dmarc):
        return Authenticated(Authentication.FAIL, "dmarc", "dmarc=fail")
    if any(method.result == "pass" for method in dmarc):
        return Authenticated(Authentication.PASS, "dmarc", "dmarc=pass")
    for name in ("dkim", "spf"):
        found = next((m for m in aligned if m.name == name and m.result == "pass"), None)
        if found:
            return Authenticated(Authentication.PASS, name, f"{name}=pass, aligned with From")
    broken = next((m for m in aligned if m.result in _HARD_FAILURES), None)
    if broken:
        return Authenticated(Authentication.FAIL, broken.name, f"{broken.name}={broken.result} for the domain in From")
    return Authenticated(Authentication.NONE, None, "no method vouches for the domain in From")


def _vouches_for(domain: str, writer: str) -> bool:
    """Whether a domain speaks for the writer's: the same, or one above it.

    One below it does not: where many share a domain, each has a name below it. DMARC knows which are meant to (and a
    trusted dmarc=pass counts); this place has no list of public suffixes.
    """
    if domain.count(".") + 1 < _MIN_LABELS:
        return False
    return writer == domain or writer.endswith(f".{domain}")


def _read(value: str) -> tuple[str, list[_Method]]:
    """The authserv-id and the methods of a header, tolerant of what servers really write."""
    head, *results = _pieces(_without_comments(value[:MAX_LENGTH]))
    server = (head.split() or [""])[0].strip('"').lower()
    return server, [method for result in results[:MAX_RESULTS] if (method := _method(result))]


def _method(text: str) -> _Method | None:
    found = _RESULT.match(text.strip())
    if not found:
        return None
    properties: dict[str, str] = {}
    for ptype, name, value in _PROPERTY.findall(text):
        properties.setdefault(f"{ptype}.{name}".lower(), value.strip('"').lower())
    return _Method(found[1].lower(), found[2].lower(), properties)


def _pieces(value: str) -> list[str]:
    """What stands between semicolons outside quotes; always at least one piece."""
    found, start, quoted, escaped = [], 0, False, False
    for place, char in enumerate(value):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = quoted
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            found.append(value[start:place])
            start = place + 1
    return [*found, value[start:]]


def _without_comments(value: str) -> str:
    return "".join(_outside_comments(value))


def _outside_comments(value: str) -> Iterator[str]:
    depth, quoted, escaped = 0, False, False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
            continue
        elif char == ")" and not quoted and depth:
            depth -= 1
            yield " "
            continue
        if not depth:
            yield char
