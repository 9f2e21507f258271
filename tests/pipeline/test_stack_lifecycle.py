"""`scopedesk up` as an operator meets it: an e-mail in, the supervisor killed, a new start, and a clean stop."""

import json
import signal
import smtplib

import psutil

MAIL = """\
From: Jo Winkel <jo@winkel.example>
To: support@hypernode.example
Subject: 502 on the whole shop
Message-ID: <first@winkel.example>
Date: Mon, 16 Nov 2026 10:00:00 +0100

Since this morning every page of our shop gives a 502.
"""


def test_what_was_accepted_outlives_a_killed_supervisor_and_a_stop_leaves_nothing_running(own_stack):
    own_stack.up()
    with smtplib.SMTP("127.0.0.1", own_stack.ports["EMAIL_INTAKE_SMTP_PORT"]) as smtp:
        smtp.sendmail("jo@winkel.example", ["support@hypernode.example"], MAIL)
    own_stack.stop(signal.SIGKILL)
    own_stack.lines.clear()

    own_stack.up()
    assert own_stack.said("that an earlier stack had left behind")
    status = own_stack.quiet(received=1)
    assert (status["received"], status["ticketed"], status["sent"], status["balanced"]) == (1, 1, 1, True)
    assert status["relay_alive"]
    assert all(status["processes"].values())

    running = json.loads((own_stack.data_dir / "stack.json").read_text())["processes"].values()
    assert own_stack.stop(signal.SIGINT) == 0
    assert not [known for known in running if psutil.pid_exists(known["pid"])]
    assert not (own_stack.data_dir / "stack.json").exists()
    assert own_stack.run("down").stdout == "no stack runs here\n"


def test_down_stops_what_a_killed_supervisor_left_behind(own_stack):
    own_stack.up()
    own_stack.stop(signal.SIGKILL)
    assert "left behind" in own_stack.run("down").stdout
    assert own_stack.run("down").stdout == "no stack runs here\n"
