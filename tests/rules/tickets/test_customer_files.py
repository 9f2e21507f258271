"""Customer files, and what a mistake in one says."""

import pytest

from services.tickets.gateway import read_customers
from shared.errors import Misconfigured

GOOD = """\
- id: c-1
  provider: hypernode
  name: Bloemen BV
  account: bloemen
  plan: pelican
  language: nl
  emails: [Anna@Bloemen.example]
  phones: ["+31200000000"]
  contacts:
    - {name: Bob Maas, email: bob@bloemen.example}
    - {name: Cas Vink, email: cas@bloemen.example, phone: "+31200000001", may_approve_costs: true}
  facts: [certificate bought via Hypernode]
"""


@pytest.fixture
def customers(tmp_path):
    def read(text):
        path = tmp_path / "customers.yaml"
        path.write_text(text)
        return read_customers(path)

    return read


def test_a_customer_is_read_with_its_people_the_account_holder_first(customers):
    (bloemen,) = customers(GOOD)
    assert [(p.name, p.email, p.phone) for p in bloemen.people] == [
        ("Bloemen BV", "anna@bloemen.example", None),
        ("Bob Maas", "bob@bloemen.example", None),
        ("Cas Vink", "cas@bloemen.example", "+31200000001"),
        ("Bloemen BV", None, "+31200000000"),
    ]


def test_the_account_holder_and_named_contacts_may_approve_costs(customers):
    assert customers(GOOD)[0].approvers == ("anna@bloemen.example", "cas@bloemen.example")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace("plan:", "plann:"), 5, "plan"),
        (GOOD.replace("+31200000000", "020-0000000"), 8, "phones"),
        (GOOD.replace("Anna@Bloemen.example", "Anna"), 7, "emails"),
        (GOOD.replace("email: cas@bloemen.example, ", ""), 11, "needs an `email`"),
        (GOOD.replace("  name: Bloemen BV\n", ""), 1, "name"),
        (GOOD.replace("provider: hypernode", "provider: hypernod"), 2, "did you mean 'hypernode'"),
        (GOOD.replace("  plan:", "  product: generl\n  plan:"), 5, "did you mean 'general'"),
        (GOOD + GOOD, 1, "stands here twice"),
        ("- {id: a, provider: hypernode, name: A}", 1, "nobody can be recognised"),
    ],
)
def test_a_mistake_names_its_line(customers, text, line, words):
    with pytest.raises(Misconfigured) as caught:
        customers(text)
    assert f"customers.yaml:{line}: " in str(caught.value)
    assert words in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(Misconfigured, match=r"absent\.yaml"):
        read_customers(tmp_path / "absent.yaml")
