"""Everything that a reading of the packs does not refuse and that somebody should look at, with file and line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path

from shared.policies.checks import Finding
from shared.policies.completeness import (
    EXAMPLES_IN,
    empty_cells,
    few_examples,
    needless_silence,
    unpriced_clauses,
    unreachable_clauses,
    unshown_values,
)
from shared.policies.loader import BUILT_IN, CLAUSES, DECISIONS, WORDINGS, topic_files_of
from shared.policies.policy import Policies, Policy
from shared.policies.topics import Topic, TopicFile
from shared.policies.wordings import Wordings
from shared.policies.yaml_source import Mistake, locate, read_yaml


def gaps(policies: Policies, further: Path | None, most_clauses: int) -> Iterator[Mistake]:
    """What the packs leave out. `most_clauses`: how many a decision names.

    The built-in packs answer for the topics they came with, those of a folder for all of them.
    """
    files = {path: read_yaml(path, TopicFile).topics for path in topic_files_of(further)}
    came_with = [name for path, topics in files.items() if path.is_relative_to(BUILT_IN) for name in topics]
    for policy in policies:
        built_in = policy.folder is not None and policy.folder.is_relative_to(BUILT_IN)
        yield from pack_gaps(policy, came_with if built_in else policies.topics, most_clauses)
    languages = [
        language
        for language in EXAMPLES_IN
        if language == "en" or any(language in policy.provider.languages.reply_in for policy in policies)
    ]
    for path, topics in files.items():
        yield from _located(path, few_examples(topics, languages))
    if further and (path := further / WORDINGS).exists():
        yield from _located(path, unshown_values(read_yaml(path, Wordings), read_yaml(BUILT_IN / WORDINGS, Wordings)))


def pack_gaps(policy: Policy, topics: Collection[str], most_clauses: int) -> Iterator[Mistake]:
    """What one pack leaves out, of these topics."""
    folder = policy.folder or Path()
    of_clauses = chain(unreachable_clauses(policy, most_clauses), unpriced_clauses(policy))
    yield from _located(folder / CLAUSES, of_clauses)
    yield from _located(folder / DECISIONS, chain(empty_cells(policy, topics), needless_silence(policy)))


def brought_by(further: Path | None) -> dict[Path, dict[str, Topic]]:
    """The topics that a folder brings, or the built-in ones when there is no folder, by file."""
    paths = (path for path in topic_files_of(further) if further is None or not path.is_relative_to(BUILT_IN))
    return {path: read_yaml(path, TopicFile).topics for path in paths}


def _located(path: Path, findings: Iterable[Finding]) -> list[Mistake]:
    """The findings with their lines; a file without any is not read for them."""
    found = list(findings)
    return locate(path, found) if found else []
