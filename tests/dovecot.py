"""A real Dovecot of the tests' own: its folders are Maildirs, so a test delivers a mail by writing a file."""

import base64
import hmac
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

USER, POLLED, PASSWORD = "desk", "polled", "open sesame"
TOKEN_KEY = b"a key that only tokens of the tests are signed with"
PATIENCE_SECONDS = 30

CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
mail_max_userip_connections = 50
default_vsz_limit = 512M
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {home}/oauth2
}}
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""

OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={home}/keys/
username_attribute = sub
"""


def token(user=USER):
    """An access token that this server takes: a JSON web token, signed with the key of the tests."""

    def encoded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    now = int(time.time())
    claims = json.dumps({"sub": user, "iat": now - 10, "exp": now + 3600}).encode()
    signed = encoded(b'{"alg":"HS256","typ":"JWT"}') + b"." + encoded(claims)
    return (signed + b"." + encoded(hmac.digest(TOKEN_KEY, signed, "sha256"))).decode()


def missing():
    """Why Dovecot cannot run here, None when it can; installed from Debian's packages where that is allowed."""
    if os.geteuid() != 0:
        return "Dovecot changes its user for each login, so this needs root"
    if shutil.which("dovecot"):
        return None
    if not shutil.which("apt-get"):
        return "no dovecot on the PATH, and no apt-get to install dovecot-imapd with"
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # it is installed, not started
    for command in (["update"], ["install", "-y", "--no-install-recommends", "dovecot-imapd"]):
        done = subprocess.run(["apt-get", "-q", *command], env=quiet, capture_output=True, text=True, check=False)
    return None if shutil.which("dovecot") else f"apt-get cannot install dovecot-imapd: {done.stderr.strip()[-200:]}"


def free_ports(number):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


class Dovecot:
    """A mail server with one user; `mail` is the user's Maildir, which holds INBOX itself."""

    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix="dove", dir="/tmp"))  # its sockets need a short path
        self.mail = self.home / "mail"
        self.port, self.tls_port = free_ports(2)
        self._owner = pwd.getpwnam("nobody")
        self._numbers = count(1)
        self._running = None
        self.home.chmod(0o755)
        for folder in ("cur", "new", "tmp"):
            for user in (USER, POLLED):
                (self.mail / user / folder).mkdir(parents=True)
        self._own(self.mail)
        self._write("users", "".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in (USER, POLLED)))
        self._write("oauth2", OAUTH2.format(home=self.home))
        self._write("keys/default/HS256/default", base64.b64encode(TOKEN_KEY).decode())
        self._certificate()
        (self.home / "conf").write_text(
            CONFIGURATION.format(
                home=self.home,
                port=self.port,
                tls_port=self.tls_port,
                uid=self._owner.pw_uid,
                gid=self._owner.pw_gid,
            )
        )

    def _certificate(self):
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        files = ["-keyout", self.home / "key.pem", "-out", self.home / "cert.pem"]
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        subprocess.run([*command, "-days", "2", *subject, *files], check=True, capture_output=True)

    def _write(self, name, text):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)

    def _own(self, folder):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def start(self):
        """Start, and wait until it answers."""
        with (self.home / "out").open("ab") as out:
            self._running = subprocess.Popen(
                ["dovecot", "-F", "-c", self.home / "conf"], stdout=out, stderr=out, start_new_session=True
            )
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._running.poll() is None, (self.home / "out").read_text() + self.log()
                assert time.monotonic() < until, "Dovecot does not answer: " + self.log()
                time.sleep(0.05)
            else:
                return self

    def kill(self):
        """kill -9 of all of it, sessions included."""
        os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait()
        self._running = None

    def number_anew(self, user=USER):
        """Lose the numbers of INBOX: the server starts a new UIDVALIDITY, as after a restore.

        Dovecot itself takes the time in seconds for it, which may not have changed, so it is written here.
        """
        numbers = self.mail / user / "dovecot-uidlist"
        validity = int(re.search(r" V(\d+)", numbers.read_text())[1])
        for path in (self.mail / user).glob("dovecot*"):
            path.unlink()
        numbers.write_text(f"3 V{validity + 1} N1\n")
        os.chown(numbers, self._owner.pw_uid, self._owner.pw_gid)

    def deliver(self, raw, user=USER):
        """Put a mail into INBOX as a local delivery does; gives its file."""
        name = f"{time.time_ns()}.{next(self._numbers)}.test"
        unfinished, delivered = self.mail / user / "tmp" / name, self.mail / user / "new" / name
        unfinished.write_bytes(raw)
        os.chown(unfinished, self._owner.pw_uid, self._owner.pw_gid)
        unfinished.rename(delivered)
        return delivered

    def holds(self, folder="", user=USER):
        """How many mails a folder holds; INBOX without a name."""
        place = self.mail / user / f".{folder}" if folder else self.mail / user
        return sum(1 for part in ("new", "cur") for _ in (place / part).glob("*"))

    def log(self):
        """What it logged."""
        path = self.home / "log"
        return path.read_text() if path.exists() else ""

    def close(self):
        """Stop, and leave nothing behind."""
        if self._running:
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)


@contextmanager
def running():
    """A running Dovecot with empty mailboxes; where it cannot run, the test is skipped and says so."""
    if reason := missing():
        pytest.skip(f"MAILBOXES ARE NOT TESTED: {reason}")
    server = Dovecot()
    try:
        yield server.start()
    finally:
        server.close()
