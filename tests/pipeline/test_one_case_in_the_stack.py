"""Real workers: two mails are merged on the command line, a third answers the merged one, and the merge is undone."""

import json
import smtplib

from running_stack import eventually

MAIL = """\
From: Piet Klaver <piet@{customer}>
To: support@hypernode.example
Subject: {subject}
Message-ID: <{id}@{customer}>
References: {references}

{text}
"""


def test_a_reply_to_a_merged_ticket_shows_where_it_goes_on_and_goes_back_with_it(stack):
    customer = "one-case.example"

    def sends(number, subject, text, references=""):
        mail = MAIL.format(customer=customer, subject=subject, id=number, text=text, references=references)
        with smtplib.SMTP("127.0.0.1", stack.ports["EMAIL_INTAKE_SMTP_PORT"]) as smtp:
            smtp.sendmail(f"piet@{customer}", ["support@hypernode.example"], mail)

    def ticket(subject):
        listed = stack.run("tickets", "list", "--json", "--provider", "hypernode").stdout.splitlines()
        found = [row for row in map(json.loads, listed) if row["subject"] == subject]
        return found[0]["number"] if found and found[0]["due_at"] else None

    def shows(number):
        return json.loads(stack.run("tickets", "show", number, "--json").stdout)

    def texts(number):
        return [said["text"].strip() for said in shows(number)["conversation"] if said["by"] == "requester"]

    sends("a", "Our shop is slow", "Our shop has been slow since this morning.")
    sends("b", "The shop shows a 502", "The shop shows a 502 error since this morning.")
    first = eventually(lambda: ticket("Our shop is slow"), "the first mail is a ticket")
    second = eventually(lambda: ticket("The shop shows a 502"), "the second mail is a ticket")

    stack.run("tickets", "merge", first, second, "--agent", "Kim")
    eventually(lambda: shows(second)["ticket"]["state"] == "merged", "the second is merged")
    assert shows(second)["ticket"]["due_at"] is None
    sends("c", "Re: The shop shows a 502", "It is worse now.", references=f"<b@{customer}>")
    eventually(lambda: "It is worse now." in texts(first), "the reply shows where the ticket goes on")

    stack.run("tickets", "unmerge", second, "--agent", "Kim")
    eventually(lambda: shows(second)["ticket"]["state"] == "open", "the second stands alone again")
    assert texts(second)[-1] == "It is worse now."
    eventually(lambda: shows(first)["merged_tickets"] == [], "the first stands alone too")
    assert texts(first) == ["Our shop has been slow since this morning."]
