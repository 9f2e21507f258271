"""A fifth provider needs files alone, and a slip in one of them is told with file, line and what to do."""

import hashlib

import pytest

from shared.errors import Misconfigured
from shared.policies import read_policies
from shared.policies.yaml_source import WrongYaml

DOCUMENT = """Zandbank Hosting: support

We answer from Tuesday to Thursday, 10:00 to 12:30.
Cleaning a hacked site costs EUR 80.
"""

PROVIDER = f"""\
id: zandbank
name: Zandbank
ticket_prefix: ZB
document:
  title: Support
  dated: "2026"
  sha256: {hashlib.sha256(DOCUMENT.encode()).hexdigest()}
products:
  - {{id: general, name: Zandbank}}
contacts:
  - {{channel: email, address: help@zandbank.example, house_default: true}}
languages: {{reply_in: [nl], otherwise: en, house_default: true}}
calendars:
  zandbank:
    zone: Europe/Amsterdam
    week: {{tue: ["10:00-12:30"], wed: ["10:00-12:30"], thu: ["10:00-12:30"]}}
    clauses: [zandbank.support.hours]
plans:
  - {{id: standard, name: Standard, priority: 1, calendar: zandbank, clauses: [zandbank.support.hours]}}
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

CLAUSES = """\
clauses:
  - id: zandbank.support.hours
    product: general
    section: Support
    kind: hours
    verdict: null
    responsible_party: provider
    topic: support-hours
    summary: Open three mornings a week.
    quote: "from Tuesday to Thursday, 10:00 to 12:30"
    source: {line: 3}
  - id: zandbank.support.cleaning
    product: general
    section: Support
    kind: price
    verdict: paid
    responsible_party: provider
    topic: hacked-site-cleanup
    summary: Cleaning costs EUR 80.
    quote: "Cleaning a hacked site costs EUR 80"
    source: {line: 4}
not_normative:
  - {reason: heading, lines: [1]}
"""

DECISIONS = """\
rows:
  - topics: [hacked-site-cleanup]
    verdict: paid
    clauses: [zandbank.support.cleaning]
    price: cleaning
"""


@pytest.fixture
def folder(tmp_path):
    pack = tmp_path / "zandbank"
    pack.mkdir()
    (pack / "document.txt").write_text(DOCUMENT)
    (pack / "provider.yaml").write_text(PROVIDER)
    (pack / "clauses.yaml").write_text(CLAUSES)
    (pack / "decisions.yaml").write_text(DECISIONS)
    return tmp_path


def change(folder, name, old, new):
    """Replace words of a file of the pack; gives the line where they stood."""
    path = folder / "zandbank" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def mistakes(folder):
    with pytest.raises(WrongYaml) as caught:
        read_policies(folder)
    return [(m.path.name, m.line, m.message) for m in caught.value.mistakes]


def test_a_fifth_provider_stands_beside_the_four(folder):
    policies = read_policies(folder)
    assert len(policies.by_provider) == 5
    zandbank = policies.provider("zandbank")
    assert (zandbank.mailbox, zandbank.hours(None).name) == ("help@zandbank.example", "zandbank")
    assert policies.clause("zandbank.support.cleaning").source.line == 4


def test_the_folder_may_be_the_pack_itself(folder):
    assert "zandbank" in read_policies(folder / "zandbank").by_provider


def test_a_pack_with_the_id_of_a_built_in_one_replaces_it(folder):
    for name in ("provider.yaml", "clauses.yaml", "decisions.yaml"):
        path = folder / "zandbank" / name
        path.write_text(
            path.read_text().replace("zandbank", "kenotronix").replace("ticket_prefix: ZB", "ticket_prefix: KX")
        )
    policies = read_policies(folder)
    assert len(policies.by_provider) == 4
    assert len(policies.provider("kenotronix").clauses) == 2


def test_the_version_changes_with_every_word_of_the_pack(folder):
    before = read_policies(folder).provider("zandbank").version
    change(folder, "provider.yaml", "days: 7", "days: 8")
    assert read_policies(folder).provider("zandbank").version != before
    change(folder, "provider.yaml", "days: 8", "days: 7")
    assert read_policies(folder).provider("zandbank").version == before


SLIPS = [  # file, what stands there, the slip, what is told, how many lines above the slip it is told
    ("clauses.yaml", "verdict: paid", "verdict: payd", "did you mean 'paid'?", 0),
    (
        "clauses.yaml",
        "topic: hacked-site-cleanup",
        "topic: hacked-site-cleanpu",
        "did you mean 'hacked-site-cleanup'?",
        0,
    ),
    ("clauses.yaml", 'costs EUR 80"', 'costs EUR 90"', "do not stand in document.txt, line 4", 0),
    ("clauses.yaml", "summary: Open", "sumary: Open", "did you mean 'summary'?", 0),
    ("clauses.yaml", "id: zandbank.support.cleaning", "id: zandbank.support.hours", "every id stands once", 0),
    ("clauses.yaml", "id: zandbank.support.cleaning", "id: other.support.cleaning", "begin with 'zandbank.'", 0),
    ("clauses.yaml", "source: {line: 4}", "source: {line: 0}", "should be greater than 0", 0),
    ("clauses.yaml", "product: general", "product: generl", "did you mean 'general'?", 0),
    ("provider.yaml", "ticket_prefix: ZB", "ticket_prefix: HN", "already the prefix of hypernode", 0),
    ("provider.yaml", "zone: Europe/Amsterdam", "zone: Europe/Amsterdm", "Europe/Amsterdm", 1),
    (
        "provider.yaml",
        "unit: job",
        "unit: job\n    instead_of: [x]",
        "there is no plan that is paid by month or year",
        -1,
    ),
    ("provider.yaml", "unit: job", "unit: job\n    instead_of: [cleaning]", "only a plan that is paid by month", -1),
    (
        "provider.yaml",
        "quote_validity:",
        "courtesy: {minutes_per_ticket: 90, minutes_per_customer_month: 60, house_default: true}\nquote_validity:",
        "more than a customer gets in a whole month",
        0,
    ),
    ("provider.yaml", 'tue: ["10:00-12:30"]', 'tue: ["12:30-10:00"]', "12:30-10:00", 2),
    ("provider.yaml", "tue: [", "tuesday: [", "tuesday", 2),
    ("provider.yaml", "calendar: zandbank,", "calendar: zandbnk,", "did you mean 'zandbank'?", 0),
    ("provider.yaml", "default_plan: standard", "default_plan: gold", "there is no plan 'gold'", 0),
    (
        "provider.yaml",
        "clause: zandbank.support.cleaning",
        "clause: zandbank.support.cleanin",
        "did you mean 'zandbank.support.cleaning'?",
        0,
    ),
    ("provider.yaml", "house_default: true}\nlanguages", "}\nlanguages", "say what this rests on", 0),
    ("provider.yaml", "    currency: EUR\n", "", "needs a `currency`", 5),
    ("provider.yaml", "help@zandbank.example", "Help@zandbank.example", "lower case", 0),
    ("provider.yaml", "amount: 8000", "amount: 80,00", "valid integer", 0),
    ("provider.yaml", "  sales: {name: Desk, house_default: true}\n", "", "name a team for sales", 3),
    ("provider.yaml", "name: Zandbank\nticket", "name: 7\nticket", "put it in quotes", 0),
    ("decisions.yaml", "[hacked-site-cleanup]", "[hacked-site-cleanpu]", "did you mean 'hacked-site-cleanup'?", 0),
    ("decisions.yaml", "[zandbank.support.cleaning]", "[zandbank.support.cleanin]", "did you mean 'zandbank.sup", 0),
    ("decisions.yaml", "price: cleaning", "price: cleanin", "did you mean 'cleaning'?", 0),
    ("decisions.yaml", "    verdict: paid", "    products: [vps]\n    verdict: paid", "there is no product", 0),
    ("decisions.yaml", "    clauses: [zandbank.support.cleaning]\n", "", "cites the `clauses`", 2),
]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_its_line_and_its_mend(folder, slip):
    name, old, new, told, above = slip
    line = change(folder, name, old, new)
    found = mistakes(folder)
    assert any((file, at) == (name, line - above) and told in message for file, at, message in found), found


def test_the_line_is_exact_where_something_stands(folder):
    line = change(folder, "clauses.yaml", "verdict: paid", "verdict: payd")
    assert mistakes(folder) == [("clauses.yaml", line, "clauses.1.verdict: 'payd' is not known: did you mean 'paid'?")]


def test_the_same_key_twice_is_refused(folder):
    line = change(folder, "provider.yaml", "name: Zandbank\n", "name: Zandbank\nname: Other\n")
    assert mistakes(folder) == [("provider.yaml", line + 1, "the key 'name' stands here twice: remove or rename one")]


def test_broken_yaml_is_told_with_its_line(folder):
    line = change(folder, "provider.yaml", "products:\n", "products: [\n")
    assert mistakes(folder)[0][:2] == ("provider.yaml", line + 1)


def test_mistakes_of_several_files_are_told_at_once(folder):
    change(folder, "provider.yaml", "unit: job", "unit: jobs")
    change(folder, "clauses.yaml", "kind: price", "kind: prize")
    assert [name for name, _, _ in mistakes(folder)] == ["provider.yaml", "clauses.yaml"]


def test_a_line_of_the_document_that_nobody_accounts_for_is_told(folder):
    change(folder, "clauses.yaml", "lines: [1]", "lines: [2]")
    [(name, _, message)] = mistakes(folder)
    assert name == "clauses.yaml"
    assert "no clause cites line 1 of document.txt" in message


def test_a_document_changed_under_its_clauses_is_told(folder):
    change(folder, "document.txt", "Zandbank Hosting: support", "Zandbank Hosting: our support")
    [(name, _, message)] = mistakes(folder)
    assert (name, "go through its clauses" in message) == ("provider.yaml", True)


def test_a_missing_file_is_told(folder):
    (folder / "zandbank" / "clauses.yaml").unlink()
    [(name, _, message)] = mistakes(folder)
    assert (name, message.startswith("is missing")) == ("clauses.yaml", True)


def test_a_folder_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(Misconfigured, match="there is no folder"):
        read_policies(tmp_path / "nowhere")


def test_words_and_times_stay_what_the_author_wrote(folder):
    change(folder, "provider.yaml", "name: Desk", "name: no")
    assert read_policies(folder).provider("zandbank").provider.departments["technical"].name == "no"


def test_a_row_that_an_earlier_one_hides_is_told(folder):
    path = folder / "zandbank" / "decisions.yaml"
    path.write_text(f"{DECISIONS}  - {{topics: [hacked-site-cleanup], verdict: not-covered}}\n")
    [(name, line, message)] = mistakes(folder)
    assert (name, line) == ("decisions.yaml", 6)
    assert "contradicts rows.0, which answers 'hacked-site-cleanup' on the same conditions" in message


HIDDEN = [  # the row above, the row below, what is told of the row below
    ("when: {wish: cleaning|course}", "when: {wish: cleaning}", "never reached: rows.0 answers all"),
    ("when: {wish: cleaning}", "when: {wish: cleaning, intrusion: 'yes'}", "never reached: rows.0 answers all"),
    ("plans: [standard]", "plans: [standard], when: {wish: cleaning}", "never reached: rows.0 answers all"),
    ("when: {wish: cleaning|course}", "when: {wish: course|cleaning}", "contradicts rows.0"),
    ("when: {wish: cleaning}", "when: {wish: cleaning|course}", None),
    ("when: {wish: cleaning}", "when: {intrusion: 'yes'}", None),
    ("plans: [standard]", "when: {wish: cleaning}", None),
]


@pytest.mark.parametrize(("above", "below", "told"), HIDDEN)
def test_a_row_whose_conditions_an_earlier_one_answers_is_told(folder, above, below, told):
    path = folder / "zandbank" / "decisions.yaml"
    row = "topics: [hacked-site-cleanup], verdict: unsupported, clauses: [zandbank.support.cleaning]"
    other = row.replace("unsupported", "supported")
    path.write_text(f"rows:\n  - {{{row}, {above}}}\n  - {{{other}, {below}}}\n")
    if told is None:
        assert "zandbank" in read_policies(folder).by_provider
    else:
        assert [(name, line) for name, line, message in mistakes(folder) if told in message] == [("decisions.yaml", 3)]


def test_a_row_whose_cases_two_earlier_ones_share_is_told(folder):
    path = folder / "zandbank" / "decisions.yaml"
    row = "topics: [hacked-site-cleanup], verdict: unsupported, clauses: [zandbank.support.cleaning]"
    rows = "".join(f"  - {{{row}, when: {{wish: {wish}}}}}\n" for wish in ("cleaning", "course", "course|cleaning"))
    path.write_text(f"rows:\n{rows}")
    [(_, line, message)] = mistakes(folder)
    assert (line, "rows.0 and rows.1 answer all of" in message) == (4, True)


def test_paid_work_without_a_price_line_is_told(folder):
    change(folder, "decisions.yaml", "    price: cleaning\n", "")
    [(name, line, message)] = mistakes(folder)
    assert (name, line, "paid work has a `price`" in message) == ("decisions.yaml", 3, True)


def test_a_silent_topic_and_its_product_exist(folder):
    path = folder / "zandbank" / "decisions.yaml"
    path.write_text(f"{DECISIONS}silent:\n  - {{topics: [speo], products: [generl]}}\n")
    assert [(line, message.partition(": ")[2].partition(":")[0]) for _, line, message in mistakes(folder)] == [
        (7, "there is no topic 'speo'"),
        (7, "there is no product of provider.yaml 'generl'"),
    ]
