"""The measurement of decisions asks with what ships with the product, and starts real processes."""

import json

import pytest
from typer.testing import CliRunner

from deploy.bench import decide as bench
from deploy.cli import app
from shared.policies import load_policies


@pytest.fixture(scope="module")
def figures():
    return {figure.what: figure for figure in bench.measure(starts=1)}


def test_decisions_references_loading_and_processes_are_measured(figures):
    assert list(figures) == [
        bench.MAILS, bench.EXAMPLES, bench.NEAREST, bench.LINE, bench.PACKS, bench.TOPICS, bench.START, bench.MEMORY,
    ]  # fmt: skip
    assert all(figure.median > 0 for figure in figures.values())
    assert figures[bench.MAILS].times == figures[bench.NEAREST].times == figures[bench.MEMORY].times


def test_every_product_is_asked_about():
    policies = load_policies()
    products = {(name, one.id) for name, policy in policies.by_provider.items() for one in policy.provider.products}
    for lines in (bench.sample_lines(policies), bench.example_lines(policies)):
        assert {(line["provider"], line["product"]) for line in map(json.loads, lines)} == products


def test_the_reference_finds_the_topic_of_an_example():
    policies = load_policies()
    nearest = bench.nearest_example(policies)
    texts = [(name, topic.examples["en"][0]) for name, topic in policies.topics.items()]
    assert sum(nearest(text) == name for name, text in texts) / len(texts) > 0.95  # some stand under two topics


def test_figures_are_json_lines_for_a_machine_and_a_table_for_a_person(figures, monkeypatch):
    monkeypatch.setattr(bench, "measure", lambda: iter(figures.values()))
    lines = CliRunner().invoke(app, ["bench", "decide", "--json"]).stdout.splitlines()
    assert [json.loads(line)["what"] for line in lines] == list(figures)
    assert bench.NEAREST in CliRunner().invoke(app, ["bench", "decide"]).stdout
