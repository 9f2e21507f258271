"""Logging in to a mailbox, and what is wrong when that fails."""

from __future__ import annotations

import socket
import ssl
import traceback
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from services.email_intake.gateway.account import Account, Security, Then
from shared.errors import Misconfigured, ScopedeskError

ANSWER_SECONDS = 30.0
"""How long a mail server may take for an answer."""


def connect(account: Account) -> IMAPClient:
    """A connection that is logged in. Raises what the network, TLS or the server answer; `explain` puts it in words."""
    context = _tls_context(account)
    client = IMAPClient(
        account.host,
        account.port,
        ssl=account.security is Security.TLS,
        ssl_context=context,
        timeout=ANSWER_SECONDS,
    )
    try:
        client.normalise_times = False  # arrival times with their zone
        if account.security is Security.STARTTLS:
            _start_tls(client, account, context)
        secret = account.secret()
        if not account.uses_token:
            client.login(account.user, secret)
        elif client.has_capability("AUTH=OAUTHBEARER") and not client.has_capability("AUTH=XOAUTH2"):
            client.oauthbearer_login(account.user, secret)
        else:
            client.oauth2_login(account.user, secret)
    except BaseException:
        client.shutdown()
        raise
    return client


def open_folder(client: IMAPClient, account: Account, folder: str) -> int:
    """Open a folder and give its UIDVALIDITY; Misconfigured names the folders there are when it cannot be opened."""
    try:
        opened = client.select_folder(folder, readonly=account.then is Then.LEAVE)
    except IMAPClient.AbortError:
        raise
    except IMAPClientError as error:
        there = ", ".join(sorted(name for _, _, name in client.list_folders()))
        raise Misconfigured(f"folder {folder!r} cannot be opened; there are: {there}") from error
    return int(opened[b"UIDVALIDITY"])


def check(account: Account) -> str:
    """Log in and open every folder, and say so; Misconfigured says what to do."""
    try:
        client = connect(account)
        try:
            for folder in account.folders:
                open_folder(client, account, folder)
            return f"answers; {', '.join(account.folders)} can be read" + _without_idle(client, account)
        finally:
            client.shutdown()
    except Exception as error:
        raise Misconfigured(explain(error, account)) from error


def is_refused(error: BaseException) -> bool:
    """Whether a server refuses our login; one that went away, or says that it cannot tell now, does not."""
    lost = isinstance(error.__context__, IMAPClient.AbortError)
    return isinstance(error, LoginError) and not lost and "[UNAVAILABLE]" not in str(error)


def explain(error: BaseException, account: Account) -> str:
    """What is wrong with a mailbox, and what to do. Repeats nothing of an e-mail."""
    if isinstance(error, ScopedeskError):
        return str(error)
    if is_refused(error):
        secret = "token" if account.uses_token else "password"
        said = f"check the {secret}, and whether IMAP is allowed there (it said: {_one_line(error)})"
        return f"{account.host} refuses user {account.user}: {said}"
    sentence = next((told for kind, told in _SENTENCES if isinstance(error, kind)), _OURS)
    why = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or type(error).__name__
    return sentence.format(
        where=f"{account.host} port {account.port}", host=account.host, security=account.security, why=why
    )


def origin(error: BaseException) -> str:
    """The line of code that failed: what a log may say of an error whose text could quote an e-mail."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return "".join(
        f"{type(error).__name__} in {frame.name}, {Path(frame.filename).name}:{frame.lineno}" for frame in last
    )


_SENTENCES: tuple[tuple[type[BaseException], str], ...] = (
    (
        ssl.SSLCertVerificationError,
        "the certificate of {where} is not trusted ({why}): check `host`, or name a ca_file",
    ),
    (ssl.SSLError, "{where} does not speak TLS as expected: `security` is {security}; mostly 993 is tls, 143 starttls"),
    (socket.gaierror, "no host is named {host}: check `host` and the name server"),
    (ConnectionRefusedError, "nothing listens on {where}: check `host` and `port`, and whether the mail server runs"),
    (TimeoutError, "{where} gives no answer for " + f"{ANSWER_SECONDS:g} s: check address, firewall and mail server"),
    (OSError, "{where} cannot be reached ({why})"),
    (IMAPClientError, "{where} ended the conversation ({why}): look at the log of the mail server"),
)
_OURS = "an error of ours ({why}): report it"


def _tls_context(account: Account) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=account.ca_file)
    except OSError as error:  # also what is no certificate
        raise Misconfigured(f"cannot use {account.ca_file} as ca_file: {error.strerror or error}") from error


def _start_tls(client: IMAPClient, account: Account, context: ssl.SSLContext) -> None:
    if not client.has_capability("STARTTLS"):
        raise Misconfigured(f"{account.host} port {account.port} offers no STARTTLS: is its `security` tls?")
    client.starttls(context)


def _without_idle(client: IMAPClient, account: Account) -> str:
    has = account.idle and client.has_capability("IDLE")
    return "" if has else f"; no IDLE, so it is looked at every {account.poll_seconds} s"


def _one_line(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.removeprefix("b'").removesuffix("'").split())[:200]
