"""Policy packs from their folders: read, checked as a whole, and kept for the life of the process.

A pack is a folder with provider.yaml, clauses.yaml, decisions.yaml and document.txt. The packs of SCOPEDESK_POLICY_DIR
stand beside the built-in ones, and one with the id of a built-in pack replaces it. Files in a `topics` folder there add
topics, a `facts.yaml` adds facts, files in an `examples` folder add messages to both. SCOPEDESK_CALENDAR_OVERLAY names
a file of changes to the calendars (overlay.py here).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from shared.errors import Misconfigured
from shared.once import Once
from shared.policies.checks import Finding, check_clauses, check_examples, check_provider, check_topics
from shared.policies.decisions import DecisionFile
from shared.policies.models import ClauseFile
from shared.policies.overlay import read_overlay
from shared.policies.policy import Policies, Policy
from shared.policies.provider import Provider
from shared.policies.table_checks import check_decisions
from shared.policies.topics import ExampleFile, Topic, TopicFile
from shared.policies.wordings import Wordings
from shared.policies.yaml_source import Mistake, WrongYaml, locate, read_yaml
from shared.settings import settings

BUILT_IN = Path(__file__).parent / "packs"
TOPICS, WORDINGS, EXAMPLES = "topics", "facts.yaml", "examples"
PROVIDER, CLAUSES, DECISIONS = "provider.yaml", "clauses.yaml", "decisions.yaml"
DOCUMENT = "document.txt"
PACK_FILES = (PROVIDER, CLAUSES, DECISIONS, DOCUMENT)

VERSION_LENGTH = 12

M = TypeVar("M", bound=BaseModel)


@Once
def load_policies() -> Policies:
    """The policies of this process; Misconfigured names file, line and mend of everything that is wrong."""
    return read_policies(settings().policy_dir, settings().calendar_overlay)


def read_policies(further: Path | None = None, overlay: Path | None = None) -> Policies:
    """The built-in packs and those of a folder, which may itself be a pack, with an overlay over their calendars.

    WrongYaml has every mistake in the packs, or else in the overlay.
    """
    folders = _folders(further)
    if further and not further.is_dir():
        raise Misconfigured(f"there is no folder {further} of policy packs: mend SCOPEDESK_POLICY_DIR or create it")
    topic_files = topic_files_of(further)
    wording_files = [path for folder in folders if (path := folder / WORDINGS).exists()]
    example_files = [path for folder in folders for path in sorted((folder / EXAMPLES).glob("*.yaml"))]
    topics, wordings = _with_examples(example_files, _read_topics(topic_files), _read_wordings(wording_files))
    shared_text = b"".join(path.read_bytes() for path in (*topic_files, *wording_files, *example_files))
    policies: dict[str, Policy] = {}
    mistakes: list[Mistake] = []
    for pack in (pack for folder in folders for pack in _packs(folder)):
        try:
            policy = _read_pack(pack, topics, wordings, shared_text)
        except WrongYaml as error:
            mistakes += error.mistakes
            continue
        taken = next((p for p in policies.values() if p.id != policy.id and _prefix(p) == _prefix(policy)), None)
        if taken:
            found = [(("ticket_prefix",), f"{_prefix(policy)!r} is already the prefix of {taken.id}: choose another")]
            mistakes += locate(pack / PROVIDER, found)
        policies[policy.id] = policy
    if mistakes:
        raise WrongYaml(mistakes)
    read = Policies(by_provider=policies, topics=topics, wordings=wordings)
    return read_overlay(overlay, read) if overlay else read


def topic_files_of(further: Path | None) -> list[Path]:
    """The files of topics, those of the built-in packs first; a topic of a later file replaces one of an earlier."""
    return [path for folder in _folders(further) for path in sorted((folder / TOPICS).glob("*.yaml"))]


def _folders(further: Path | None) -> list[Path]:
    return [BUILT_IN, *([further] if further else [])]


def _read_topics(paths: list[Path]) -> dict[str, Topic]:
    """The topics of all files, a later one over an earlier one."""
    files = {path: read_yaml(path, TopicFile) for path in paths}
    topics = {name: topic for file in files.values() for name, topic in file.topics.items()}
    if mistakes := [one for path, file in files.items() for one in locate(path, list(check_topics(file, topics)))]:
        raise WrongYaml(mistakes)
    return topics


def _read_wordings(paths: list[Path]) -> Wordings:
    """The facts of all files, a later one over an earlier one."""
    files = [read_yaml(path, Wordings) for path in paths]
    return Wordings(
        words={name: group for file in files for name, group in file.words.items()},
        facts={name: fact for file in files for name, fact in file.facts.items()},
        meanings={name: words for file in files for name, words in file.meanings.items()},
    )


def _with_examples(
    paths: list[Path], topics: Mapping[str, Topic], wordings: Wordings
) -> tuple[dict[str, Topic], Wordings]:
    """Topics and facts with the messages of all files of examples."""
    topics, facts, meanings = dict(topics), dict(wordings.facts), dict(wordings.meanings)
    for path in paths:
        file = read_yaml(path, ExampleFile)
        if found := list(check_examples(file, topics, wordings)):
            raise WrongYaml(locate(path, found))
        for name, messages in file.examples.items():
            topics[name] = topics[name].with_examples(messages)
        for name, values in file.facts.items():
            facts[name] = facts[name].model_copy(update={"examples": {**facts[name].examples, **values}})
        meanings |= file.meanings
    return topics, wordings.model_copy(update={"facts": facts, "meanings": meanings})


def _packs(folder: Path) -> Iterator[Path]:
    if (folder / PROVIDER).exists():
        yield folder
    else:
        folders = (path for path in sorted(folder.iterdir()) if path.is_dir() and path.name not in (TOPICS, EXAMPLES))
        yield from (path for path in folders if any(path.glob("*.yaml")))


def _read_pack(folder: Path, topics: dict[str, Topic], wordings: Wordings, shared_text: bytes) -> Policy:
    missing = [name for name in PACK_FILES if not (folder / name).is_file()]
    if missing:
        raise WrongYaml(
            [Mistake(folder / name, 1, f"is missing: a pack has {', '.join(PACK_FILES)}") for name in missing]
        )
    text = (folder / DOCUMENT).read_bytes()

    mistakes: list[Mistake] = []
    provider = _read(folder / PROVIDER, Provider, mistakes)
    file = _read(folder / CLAUSES, ClauseFile, mistakes)
    decisions = _read(folder / DECISIONS, DecisionFile, mistakes)
    if provider and file and decisions:
        clauses = {clause.id: clause for clause in file.clauses}
        document = text.decode("utf-8", errors="replace")
        found: dict[str, Iterable[Finding]] = {
            PROVIDER: check_provider(provider, clauses, topics, text),
            CLAUSES: check_clauses(file, provider, topics, document),
            DECISIONS: check_decisions(decisions, provider, clauses, topics, wordings),
        }
        for name, findings in found.items():
            if known := list(findings):
                mistakes += locate(folder / name, known)
    if mistakes or not (provider and file and decisions):
        raise WrongYaml(mistakes)
    content = b"".join((folder / name).read_bytes() for name in PACK_FILES)
    return Policy(
        provider=provider,
        clauses=clauses,
        decisions=decisions,
        calendars={name: source.calendar(name) for name, source in provider.calendars.items()},
        version=hashlib.sha256(shared_text + content).hexdigest()[:VERSION_LENGTH],
        document=document,
        folder=folder,
    )


def _read(path: Path, model: type[M], mistakes: list[Mistake]) -> M | None:
    """The file, or None with its mistakes added, so that one reading shows the mistakes of every file."""
    try:
        return read_yaml(path, model)
    except WrongYaml as error:
        mistakes += error.mistakes
        return None


def _prefix(policy: Policy) -> str:
    return policy.provider.ticket_prefix
