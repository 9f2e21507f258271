"""An emergency comes in by mail, reaches the person on call by mail and webhook, and is taken at the desk."""

import json
import smtplib
from urllib.request import Request, urlopen

from running_stack import eventually
from webhooks import webhook

MAIL = """\
From: Jo Winkel <jo@hosting.example>
To: support@h-sphere.example
Subject: server down
Message-ID: <down@hosting.example>

Our mail server is down for everybody, nothing is delivered. We run H-Sphere 2.4.3.
"""
ROTA = """\
people:
  anna: {{name: Anna, email: anna@host.example, webhook: "{webhook}"}}
levels:
  - name: first
    layers:
      - {{name: all, zone: Europe/Amsterdam, people: [anna], handover: {{first: 2020-01-06 09:00}}}}
"""


def test_an_emergency_reaches_the_person_on_call_who_takes_it(own_stack, tmp_path):
    rota = tmp_path / "rota.yaml"
    own_stack.environment |= {"SCOPEDESK_ONCALL_FILE": str(rota), "SCOPEDESK_DESK_TOKEN": "a-token"}
    desk = f"http://127.0.0.1:{own_stack.ports['DESK_PORT']}/api/pages"

    def open_pages():
        with urlopen(desk, timeout=10) as answer:
            return json.load(answer)["pages"]

    with webhook() as hook:
        rota.write_text(ROTA.format(webhook=hook.address))
        own_stack.up()
        with smtplib.SMTP("127.0.0.1", own_stack.ports["EMAIL_INTAKE_SMTP_PORT"]) as smtp:
            smtp.sendmail("jo@hosting.example", ["support@h-sphere.example"], MAIL)
        [page] = eventually(open_pages, "a page is open")
        assert page["person"] == "anna"
        [call] = eventually(lambda: hook.calls, "the webhook is called")
        assert call[2]["page_id"] == page["page_id"]
        assert eventually(
            lambda: [letter for letter in own_stack.letters() if "anna@host.example" in json.dumps(letter)],
            "the page is mailed",
        )

        taken = Request(f"{desk}/{page['page_id']}/acknowledge", b'{"by": "Anna"}', method="POST")
        taken.add_header("Authorization", "Bearer a-token")
        taken.add_header("Content-Type", "application/json")
        with urlopen(taken, timeout=10) as answer:
            assert answer.status == 202
        eventually(lambda: not open_pages(), "no page is open")
        assert len(hook.calls) == 1
    assert not own_stack.said("a-secret")
    logs = "".join(path.read_text() for path in (own_stack.data_dir / "logs").glob("*.log"))
    assert "on call paged" in logs
    assert "a-secret" not in logs
