"""What a pack leaves out is told with file, line and mend, and the four built-in packs leave nothing out."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from deploy.cli.policy import app
from services.scope.rules.parts import MOST_CLAUSES
from shared.policies import read_policies
from shared.policies.completeness import unreachable_clauses
from shared.policies.lint import gaps, pack_gaps

DOCUMENT = """Zandbank

We clean a hacked site for EUR 80. We do not write newsletters.
"""

PROVIDER = f"""\
id: zandbank
name: Zandbank
ticket_prefix: ZB
document: {{title: Support, dated: "2026", sha256: {hashlib.sha256(DOCUMENT.encode()).hexdigest()}}}
products:
  - {{id: general, name: Zandbank}}
  - {{id: shop, name: Shop}}
contacts: []
languages: {{reply_in: [nl], otherwise: en, house_default: true}}
calendars:
  zandbank: {{zone: Europe/Amsterdam, week: {{tue: ["10:00-12:30"]}}, house_default: true}}
plans:
  - {{id: standard, name: Standard, priority: 1, calendar: null, targets_calendar: zandbank, house_default: true}}
default_plan: standard
departments:
  technical: {{name: Desk, house_default: true}}
  financial: {{name: Desk, house_default: true}}
  sales: {{name: Desk, house_default: true}}
targets:
  - {{plan: standard, first_response: 60, resolution: 600, house_default: true}}
prices:
  - id: cleaning
    clause: zandbank.support.cleaning
    title: {{en: Cleaning, nl: Opschonen}}
    unit: job
    amount: 8000
    currency: EUR
    buys: {{en: Cleaning the site., nl: Het opschonen van de site.}}
quote_validity: {{days: 7, house_default: true}}
"""


def clause(name, verdict, quote):
    return f"""\
  - id: zandbank.support.{name}
    product: general
    section: Support
    kind: scope
    verdict: {verdict}
    responsible_party: provider
    topic: seo
    summary: In short.
    quote: "{quote}"
    source: {{line: 3}}
"""


CLAUSES = "clauses:\n" + clause("cleaning", "paid", "We clean a hacked site for EUR 80")
CLAUSES += clause("newsletters", "unsupported", "We do not write newsletters")
CLEANING = "  - {topics: [hacked-site-cleanup], verdict: paid, clauses: [zandbank.support.cleaning], price: cleaning}\n"
REFUSED = "  - {topics: [seo], verdict: unsupported, clauses: [zandbank.support.newsletters]}\n"
TOPICS = ("hacked-site-cleanup", "seo")


@pytest.fixture
def found(tmp_path):
    """What a pack with these rows leaves out of two topics: file, line and message."""

    def look(decisions, clauses=CLAUSES):
        files = {
            "document.txt": DOCUMENT,
            "provider.yaml": PROVIDER,
            "clauses.yaml": clauses,
            "decisions.yaml": decisions,
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        policy = read_policies(tmp_path).provider("zandbank")
        return [(gap.path.name, gap.line, gap.message) for gap in pack_gaps(policy, TOPICS, MOST_CLAUSES)]

    return look


@pytest.fixture(scope="module")
def policies():
    return read_policies()


def test_the_403_clauses_of_the_built_in_packs_are_reachable(policies):
    assert sum(len(policy.clauses) for policy in policies) == 403
    assert [gap for policy in policies for gap in unreachable_clauses(policy, MOST_CLAUSES)] == []


def test_the_built_in_packs_leave_nothing_out(policies):
    assert list(gaps(policies, None, MOST_CLAUSES)) == []


def test_a_pack_that_answers_everything_leaves_nothing_out(found):
    assert found(f"rows:\n{CLEANING}{REFUSED}") == []


def test_a_clause_that_nothing_cites_is_told(found):
    [(name, line, message)] = found(f"rows:\n{CLEANING}silent:\n  - {{topics: [seo]}}\n")
    assert (name, line) == ("clauses.yaml", 12)
    assert "unreachable clause zandbank.support.newsletters: cite it in a row" in message


def test_a_clause_behind_those_that_a_decision_names_is_not_reachable(found):
    again = "".join(clause(f"again-{n}", "null", "We do not write newsletters") for n in range(MOST_CLAUSES))
    names = [f"zandbank.support.again-{n}" for n in range(MOST_CLAUSES)]
    row = f"  - {{topics: [seo], verdict: unsupported, clauses: [{', '.join(names)}, zandbank.support.newsletters]}}\n"
    [(_, _, message)] = found(f"rows:\n{CLEANING}{row}", CLAUSES + again)
    assert "unreachable clause zandbank.support.newsletters" in message


def test_a_paid_clause_without_a_price_line_is_told(found):
    paid = CLAUSES + clause("writing", "paid", "We do not write newsletters")
    also = REFUSED.replace("newsletters]", "newsletters, zandbank.support.writing]")
    [(name, line, message)] = found(f"rows:\n{CLEANING}{also}", paid)
    assert (name, line) == ("clauses.yaml", 22)
    assert "unpriced paid clause zandbank.support.writing: cite it in a row with a `price`" in message


def test_a_topic_without_a_row_is_told(found):
    [*_, (name, line, message)] = found(f"rows:\n{CLEANING}")
    assert (name, line) == ("decisions.yaml", 1)
    assert "answers these topics: [seo]; write rows, or list them under `silent`" in message


@pytest.mark.parametrize(
    ("narrow", "of"),
    [("products: [shop]", " of general"), ("plans: [standard]", ""), ("when: {wish: cleaning}", "")],
)
def test_a_topic_that_is_answered_for_some_requests_alone_is_told(found, narrow, of):
    some = REFUSED.replace("}\n", f", {narrow}}}\n")
    [(_, _, message)] = found(f"rows:\n{CLEANING}{some}")
    assert f"answers these topics{of}: [seo]" in message


def test_silence_may_be_that_of_one_product(found):
    shop = REFUSED.replace("}\n", ", products: [shop]}\n")
    assert found(f"rows:\n{CLEANING}{shop}silent:\n  - {{topics: [seo], products: [general]}}\n") == []


@pytest.mark.parametrize("of", ["", ", products: [shop]"])
def test_silence_where_a_row_answers_is_told(found, of):
    [(name, line, message)] = found(f"rows:\n{CLEANING}{REFUSED}silent:\n  - {{topics: [seo]{of}}}\n")
    assert (name, line, "rows answer 'seo'" in message) == ("decisions.yaml", 5, True)


# --- the topics of a folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "topics").mkdir()
    (tmp_path / "topics" / "mine.yaml").write_text(
        """\
topics:
  newsletters:
    title: Newsletters
    examples:
      en: [Please write our newsletter, Send a newsletter to our readers, Our server is on fire]
      nl: [Schrijf onze nieuwsbrief, a, b, c, d, e]
  restoring:
    title: Restoring
    examples: {en: [The SSL certificate expired and has to be renewed, a, b, c, d, e], nl: [a, b, c, d, e, f]}
"""
    )
    return tmp_path


def test_a_topic_with_few_examples_is_told(folder):
    [gap] = gaps(read_policies(folder), folder, MOST_CLAUSES)
    assert (gap.path.name, gap.line) == ("mine.yaml", 5)
    assert "3 examples in English: write 6 to ten" in gap.message


def test_the_built_in_packs_need_not_decide_on_the_topics_of_a_folder(folder):
    assert {gap.path.name for gap in gaps(read_policies(folder), folder, MOST_CLAUSES)} == {"mine.yaml"}


def test_an_example_that_reads_like_another_topic_is_told_with_the_sentence_it_is_like(folder):
    result = CliRunner().invoke(app, ["lint", str(folder), "--json"])
    told = [json.loads(line) for line in result.stdout.splitlines()]
    [found] = [line for line in told if "reads like" in line.get("message", "")]
    assert (found["line"], found["level"]) == (9, "warning")
    assert (
        "'The SSL certificate expired and has to be renewed' reads like 'ssl-certificate-provider', above all like"
        in found["message"]
    )
    assert result.exit_code == 0
    assert CliRunner().invoke(app, ["lint", str(folder), "--strict"]).exit_code == 1


def test_a_fact_that_nothing_shows_is_told(tmp_path):
    (tmp_path / "facts.yaml").write_text("facts:\n  site-built-by:\n    values: {us: [built by us], others: []}\n")
    [gap] = gaps(read_policies(tmp_path), tmp_path, MOST_CLAUSES)
    assert (gap.path.name, gap.line, "nothing shows 'others'" in gap.message) == ("facts.yaml", 3, True)
