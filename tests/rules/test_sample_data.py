"""The samples agree with each other and with the policy packs; what becomes of them is the pipeline's test."""

import re
from pathlib import Path

import pytest
import yaml

from services.phone_intake.gateway.files import read_log
from services.tickets.gateway import read_customers
from shared.policies import load_policies
from shared.vocabulary import Emergency, Verdict

SAMPLE = Path("deploy/sample")
EXPECTED = yaml.safe_load((SAMPLE / "expected.yaml").read_text())
INBOX = {path.name: path for path in (SAMPLE / "inbox").rglob("*.eml")}
SAMPLES = {**EXPECTED["inbox"], **EXPECTED["calls"]}
QUESTIONS = [question for sample in SAMPLES.values() for question in (sample, *sample.get("parts", ()))]


@pytest.fixture(scope="module")
def customers():
    return {customer.id: customer for customer in read_customers(SAMPLE / "customers.yaml")}


def test_every_sample_is_expected_and_every_expectation_has_its_sample():
    assert set(INBOX) == set(EXPECTED["inbox"])
    with (SAMPLE / "calls.csv").open("rb") as log:
        assert [line for line, _ in read_log(log, "calls.csv")] == list(EXPECTED["calls"])


def test_what_answers_another_message_is_fed_after_it():
    order = {name: path.parent.name for name, path in INBOX.items()}
    for name, sample in EXPECTED["inbox"].items():
        assert "after" not in sample or order[name] > order[sample["after"]]


def test_every_verdict_of_the_policies_has_a_sample():
    assert {verdict for question in QUESTIONS for verdict in question.get("verdicts", ())} == set(Verdict)


def test_every_level_of_emergency_but_the_plain_one_has_a_sample():
    # plain emergencies are rare: a server down that carries neither mail nor web
    assert {question["emergency"] for question in QUESTIONS if "emergency" in question} == set(Emergency) - {
        Emergency.EMERGENCY
    }


def test_every_clause_to_be_cited_is_a_clause_of_its_policy(customers):
    policies = load_policies()
    for sample in SAMPLES.values():
        for question in (sample, *sample.get("parts", ())):
            for clause in question.get("clauses", ()):
                provider = clause.partition(".")[0]
                assert clause in policies.provider(provider).clauses
                assert sample["customer"] is None or customers[sample["customer"]].provider == provider


@pytest.fixture(scope="module")
def e_mails():
    return {
        name: INBOX[name].read_bytes()
        for name, sample in EXPECTED["inbox"].items()
        if sample["outcome"] != "quarantined"
    }


def test_e_mails_are_written_with_the_line_ends_of_rfc_5322(e_mails):
    for name, raw in e_mails.items():
        assert b"\n" not in raw.replace(b"\r\n", b""), name


def test_nobody_real_can_be_written_to(e_mails):
    for name, raw in e_mails.items():
        unfolded = raw.replace(b"=\r\n", b"").decode("ascii")
        domains = re.findall(r"@([\w.-]+\w)", unfolded)
        assert domains
        assert {domain.rpartition(".")[2] for domain in domains} == {"example"}, name
