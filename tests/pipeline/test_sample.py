"""`make run` as a new user meets it: the sample goes through real workers and is held to what the policies say."""

import json
from base64 import b64encode
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import pytest
import yaml

SAMPLE = Path("deploy/sample")
EXPECTED = yaml.safe_load((SAMPLE / "expected.yaml").read_text())
ALL = EXPECTED["inbox"] | EXPECTED["calls"]
ASKED = {name: wanted for name, wanted in ALL.items() if "verdicts" in wanted}

ARRIVALS = """
select source, state, ticket_id, opened from (
    select a.source, a.state, a.id from email_intake.arrival a union all
    select a.source, a.state, a.id from phone_intake.arrival a
) as arrival left join (
    select arrival_id, ticket_number as ticket_id, opened_ticket as opened from tickets.message
) as filed on filed.arrival_id = arrival.id
"""


@pytest.fixture(scope="module")
def sample(own_module_stack):
    """A stack that has been through its first run."""
    stack = own_module_stack
    stack.up("--sample")
    stack.quiet(received=len(EXPECTED["inbox"]) + len(EXPECTED["calls"]))
    return stack


@pytest.fixture(scope="module")
def outcomes(sample):
    """File name or line number of every sample: what became of it, its ticket, and what was decided."""
    url = json.loads((sample.data_dir / "stack.json").read_text())["database_url"]
    found = {}
    with psycopg.connect(url) as connection:
        decisions = dict(
            connection.execute("select ticket_id, body->'decision' from bus.event where name = 'ScopeDecided'")
        )
        for source, state, ticket, opened in connection.execute(ARRIVALS):
            name = int(source.rpartition(" ")[2]) if ".csv, line" in source else Path(source).name
            outcome = state if ticket is None else "ticketed" if opened else "appended"
            found[name] = (outcome, ticket, decisions.get(ticket))
    return found


def test_every_sample_ends_where_it_belongs(outcomes):
    expected = {name: sample["outcome"] for name, sample in ALL.items()}
    assert {name: outcome for name, (outcome, _, _) in outcomes.items()} == expected


@pytest.mark.parametrize("name", ASKED)
def test_a_sample_gets_the_verdict_and_the_clause_that_its_policy_gives(outcomes, name):
    decision = outcomes[name][2]
    hold(decision, ASKED[name])
    for answered, wanted in zip(decision["parts"], ASKED[name].get("parts", ()), strict=False):
        hold(answered, wanted)


def hold(decision, wanted):
    assert decision["verdict"] in wanted["verdicts"]
    if "clauses" in wanted:
        assert set(decision["clauses"]) & set(wanted["clauses"])
    if wanted.get("price") == "quote":
        assert decision["price"]["amount"] is None
    elif "price" in wanted:
        assert decision["price"]["amount"] == {
            "minor": int(wanted["price"]["amount"].replace(".", "")),
            "currency": wanted["price"]["currency"],
        }
    if "emergency" in wanted:
        assert decision["emergency"] == wanted["emergency"]


@pytest.mark.parametrize("name", [name for name, wanted in ALL.items() if "ticket_of" in wanted])
def test_a_reply_is_in_the_ticket_that_it_answers(outcomes, name):
    assert outcomes[name][1] == outcomes[ALL[name]["ticket_of"]][1]


def test_the_balance_is_right_and_nothing_is_dead(sample):
    status = sample.status()
    assert status["balanced"]
    assert status["received"] == sum(status[way] for way in ("ticketed", "appended", "suppressed", "quarantined"))
    assert status["dead"] == 0
    assert status["refused"] == 0


def test_logs_and_flower_tell_nothing_of_persons(sample):
    people = yaml.safe_load((SAMPLE / "customers.yaml").read_text())
    contacts = [contact for customer in people for contact in customer.get("contacts", ())]
    personal = {address for customer in people for address in (*customer["emails"], *customer.get("phones", ()))}
    personal |= {contact[field] for contact in contacts for field in ("name", "email", "phone") if field in contact}
    assert len(personal) > len(people)

    said = "".join(path.read_text() for path in (sample.data_dir / "logs").glob("*.log"))
    said += "".join(sample.lines).partition("What was decided")[0]
    login = (sample.data_dir / "flower-login").read_text().strip()
    request = Request(f"http://127.0.0.1:{sample.ports['FLOWER_PORT']}/api/tasks?limit=100000")
    request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    with urlopen(request, timeout=30) as answer:
        tasks = json.load(answer)
    assert "scope.decide_scope" in {task["name"] for task in tasks.values()}
    assert "(HN-1001 TicketOpened)" in {task["args"] for task in tasks.values()}
    said += json.dumps(tasks)
    assert {words for words in personal if words in said} == set()
