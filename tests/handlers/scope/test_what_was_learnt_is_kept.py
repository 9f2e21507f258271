"""What was learnt from the packs is kept on disk, and a start without it, or with a broken one, decides the same."""

from datetime import UTC, datetime

import pytest

from services.scope.gateway import KEPT_OF_EACH, ready_decider
from services.scope.rules.decide import Decider, Request
from shared.policies import read_policies
from shared.settings import settings

POLICIES = read_policies()
REQUESTS = [
    Request(
        provider=provider,
        product=None,
        plan=None,
        subject=subject,
        body="Since this morning it does not answer any more, none of our customers can mail. Please have a look.",
        received_at=datetime(2026, 3, 10, 9, tzinfo=UTC),
    )
    for provider, subject in [("hypernode", "502"), ("h-sphere", "mail1"), ("kenotronix", "SSL"), ("luxcloud", "SEO")]
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_CACHE_DIR", str(tmp_path / "kept"))
    settings.cache_clear()
    yield tmp_path / "kept"
    settings.cache_clear()


@pytest.fixture(scope="module")
def anew():
    return [Decider.of(POLICIES).decide(request) for request in REQUESTS]


def decided():
    return [ready_decider(POLICIES).decide(request) for request in REQUESTS]


def test_the_second_start_decides_as_the_first_and_as_one_that_keeps_nothing(folder, anew):
    assert decided() == anew
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert decided() == anew
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    assert {name.rpartition("-")[0] for name in written} == {"topics", "fact-server-down"}


@pytest.mark.parametrize("broken", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_broken_file_is_made_anew(folder, anew, broken):
    ready_decider(POLICIES)
    for path in folder.iterdir():
        path.write_bytes(broken)
    assert decided() == anew
    assert all(path.stat().st_size > len(broken) for path in folder.iterdir())


def test_a_folder_that_cannot_be_written_is_done_without(folder, anew):
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file stands where the folder should")
    assert decided() == anew


def test_files_of_earlier_packs_do_not_pile_up(folder):
    folder.mkdir()
    for number in range(9):
        (folder / f"topics-{number:016}.npz").write_bytes(b"")
    ready_decider(POLICIES)
    assert len(list(folder.glob("topics-*"))) == KEPT_OF_EACH
