import pytest

from shared.policies import load_policies

POLICIES = load_policies()


@pytest.mark.parametrize("policy", list(POLICIES), ids=lambda policy: policy.id)
def test_a_sentence_has_the_words_of_its_clause_and_stands_in_the_document(policy):
    document = " ".join(policy.document.split())
    for clause in policy.clauses.values():
        sentence = policy.sentence(clause)
        assert sentence.rstrip() in document
        assert " ".join(clause.quote.split()).rstrip(" |✔✖") in sentence


@pytest.mark.parametrize(
    ("clause", "sentence"),
    [
        (
            "hypernode.security.customer-updates",
            "Even with these patches in place, we still advise customers to install (Magento) updates.",
        ),
        ("kenotronix.general.billing-question", "Billing question"),
        ("hypernode.onboarding.no-email-migration", "Email migration"),
        ("luxcloud.hosted-services.hardware-monitoring", "We will monitor and maintain all of the server hardware."),
    ],
)
def test_a_quote_is_shown_in_its_whole_sentence(clause, sentence):
    found = POLICIES.clause(clause)
    assert POLICIES.provider(clause.partition(".")[0]).sentence(found) == sentence
