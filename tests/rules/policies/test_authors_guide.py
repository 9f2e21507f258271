"""The guide for policy authors does what it says: its files make a provider, and its commands run on them."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.doctor import holidays_reach
from services.scope.rules.decide import Decider, Request
from shared.errors import Misconfigured
from shared.policies import read_policies

GUIDE = Path("docs/policies.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
FILES = [block.partition("\n")[::2] for language, block in BLOCKS if language in {"text", "yaml"}]
SHELL = [block for language, block in BLOCKS if language == "sh"]
OF_A_STACK = ("scopedesk policy explain", "scopedesk policy replay")
NEEDS_A_STACK = [line for block in SHELL for line in block.splitlines() if line.startswith(OF_A_STACK)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with every file of the guide."""
    root = tmp_path_factory.mktemp("guide")
    for heading, content in FILES:
        path = root / heading.removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.fixture(scope="module")
def answers(folder):
    """What the commands that need no stack print, run in a shell as an author types them."""
    block = "".join(block for block in SHELL if block.strip() not in NEEDS_A_STACK)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_every_block_is_a_file_or_commands():
    assert {language for language, _ in BLOCKS} == {"text", "yaml", "sh"}
    assert all(re.fullmatch(r"# packs/[\w/.-]+", heading) for heading, _ in FILES)


def test_the_files_are_a_provider_beside_the_four(folder):
    policies = read_policies(folder / "packs")
    assert len(policies.by_provider) == 5
    assert policies.provider("zandbank").prices["cleaning"].money


def test_the_commands_say_what_the_guide_promises(answers):
    assert "zandbank is in order" in answers
    assert "We clean a hacked site for EUR 80" in answers
    assert "Christmas Eve" in answers
    assert "EUR 80.00 per job" in answers
    decision, due, _ = (json.loads(line) for line in answers.splitlines() if line.startswith("{"))
    assert (decision["verdict"], decision["clauses"]) == ("unsupported", ["zandbank.support.newsletters"])
    assert due["due"] == "2026-12-29T10:30:00+01:00"


def test_the_overlay_of_the_guide_moves_a_due_time_over_the_days_that_are_closed(answers):
    assert "overlay packs/overlay.yaml (changes zandbank, h-sphere/regular) is in order" in answers
    assert "Office move: closed (overlay:" in answers
    *_, due = (json.loads(line) for line in answers.splitlines() if line.startswith("{"))
    assert due["due"] == "2026-12-01T10:30:00+01:00"  # half an hour on the 19th, the rest after the move


def test_the_fact_of_the_guide_beats_the_words(folder):
    decider = Decider.of(read_policies(folder / "packs"))
    hacked = Request(
        "zandbank", "general", None, "", "My site was hacked, clean it.", datetime(2026, 11, 24, tzinfo=UTC)
    )
    assert decider.decide(hacked).verdict == "paid"
    assert decider.decide(hacked).needs_person
    known = Request(**{**vars(hacked), "notes": ("Site built by Zandbank in 2024",)})
    assert decider.decide(known).verdict == "supported"


@pytest.mark.parametrize("line", NEEDS_A_STACK)
def test_what_needs_a_stack_is_a_command_that_exists(line):
    _, *arguments = line.split()
    assert CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0


def test_the_doctor_complains_half_a_year_before_a_list_of_holidays_ends(folder):
    policies = read_policies(folder / "packs")
    assert "zandbank until 2027-01-06" in holidays_reach(policies, date(2026, 1, 1))
    with pytest.raises(Misconfigured, match=r"next holidays of zandbank in"):
        holidays_reach(policies, date(2026, 8, 1))
