"""A mailbox of a real mail server in a real stack: what is delivered there becomes a ticket."""

import json

import dovecot as mail_server
from running_stack import eventually

BOX = "support@hypernode.example"
MAIL = (
    f"From: Jan <jan@klant.example>\r\nTo: {BOX}\r\nMessage-ID: <1@klant.example>\r\nSubject: Restore\r\n\r\n"
    "Please restore the database from yesterday's backup.\r\n"
).encode()


def test_an_email_in_a_mailbox_becomes_a_ticket_and_a_wrong_password_is_told(own_stack):
    with mail_server.running() as dovecot:
        account = {"host": "127.0.0.1", "port": dovecot.port, "security": "none", "user": mail_server.USER}
        right, wrong = (
            json.dumps({BOX: account | {"password": password}}) for password in (mail_server.PASSWORD, "wrong")
        )
        own_stack.environment["SCOPEDESK_EMAIL_INTAKE_IMAP"] = right
        own_stack.up()
        eventually(lambda: [box["well"] for box in own_stack.status()["mailboxes"]] == [True], "the mailbox is read")
        dovecot.deliver(MAIL)
        status = own_stack.quiet(1)
        assert (status["ticketed"], status["balanced"]) == (1, True)
        [box] = status["mailboxes"]
        assert (box["account"], box["folder"], box["waits_by"], box["well"]) == (BOX, "INBOX", "IDLE", True)
        assert f"mailbox {BOX}: answers; INBOX can be read" in own_stack.run("doctor").stdout

        own_stack.environment["SCOPEDESK_EMAIL_INTAKE_IMAP"] = wrong
        found = own_stack.run("doctor", check=False)
        assert found.returncode == 1
        assert "refuses user desk: check the password" in found.stdout
        dovecot.kill()
        eventually(lambda: not own_stack.status()["mailboxes"][0]["well"], "it is told that the server is away")
        assert "not connected" in own_stack.run("status").stdout
    assert own_stack.stop() == 0
    assert "Traceback" not in "".join(own_stack.lines)
