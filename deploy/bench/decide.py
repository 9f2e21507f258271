"""How long a decision takes, and what `scopedesk decide` costs as a process, beside two simple things."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar

import psutil

from deploy.cli.decide import Question
from services.email_intake.gateway import files as mail_files
from services.email_intake.rules import read as read_mail
from services.email_intake.settings import settings
from services.scope.rules.decide import Decider
from services.scope.rules.words import plain, words
from shared.policies import Policies, read_policies

INBOX = Path(__file__).parents[1] / "sample" / "inbox"
RECEIVED_AT = "2026-03-10T10:00:00+01:00"
COMMAND = (sys.executable, "-m", "deploy.cli", "decide")
STARTS = 5
"""Processes that are started to learn how long one takes."""

MAILS, EXAMPLES = "decide, sample mails", "decide, examples of the packs"
LINE, NEAREST = "read and write a line, decide nothing", "bare TF-IDF, nearest example"
PACKS, TOPICS, START, MEMORY = (
    "read the packs",
    "prepare the topics",
    "one line through a process",
    "memory of a process",
)

T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """One measurement: the median and, of many, the 95th percentile. `processor` is the median without waiting."""

    what: str
    unit: str
    median: float
    p95: float | None
    processor: float | None
    times: int

    def as_json(self) -> dict[str, Any]:
        """As a line of JSON."""
        return asdict(self)


def measure(starts: int = STARTS) -> Iterator[Figure]:
    """Measure decisions and references on the same messages, then loading, then whole processes."""
    policies = read_policies()
    decider = Decider.of(policies)
    mails, examples = list(sample_lines(policies)), list(example_lines(policies))
    questions = [Question.model_validate_json(line) for line in mails]
    decisions = [decider.decide(question.request()) for question in questions]  # the first ones compile and warm up
    nearest = nearest_example(policies)

    yield _timed(MAILS, decider.decide, [question.request() for question in questions])
    yield _timed(EXAMPLES, decider.decide, [Question.model_validate_json(line).request() for line in examples])
    yield _timed(NEAREST, nearest, [f"{question.subject}\n{question.body}" for question in questions])
    yield _timed(
        LINE,
        lambda pair: (Question.model_validate_json(pair[0]), pair[1].model_dump_json()),
        list(zip(mails, decisions, strict=True)),
    )
    yield _timed(PACKS, lambda _: read_policies(), range(starts))
    yield _timed(TOPICS, Decider.of, [policies] * starts)
    yield Figure(START, "ms", round(median(_start(mails[0]) for _ in range(starts))), None, None, starts)
    yield Figure(MEMORY, "MB", round(_memory(mails)), None, None, len(mails))


def sample_lines(policies: Policies) -> Iterator[str]:
    """Every readable mail of the sample inbox, for each product of the provider that it was sent to."""
    for item in mail_files.emails_in([INBOX]):
        if isinstance(item, mail_files.Problem):
            continue
        reading = read_mail(item.raw, settings().own)
        if reading.mailbox and reading.reply.new:
            provider = reading.mailbox.provider
            for product in policies.provider(provider).provider.products:
                yield _line(provider, product.id, reading.mail.subject, reading.reply.new)


def example_lines(policies: Policies) -> Iterator[str]:
    """Every example of the packs, the products taking turns."""
    products = cycle(
        (name, one.id) for name, policy in policies.by_provider.items() for one in policy.provider.products
    )
    texts = (text for _, text in _examples(policies))
    for text, (provider, product) in zip(texts, products, strict=False):
        yield _line(provider, product, "", text)


def nearest_example(policies: Policies) -> Callable[[str], str]:
    """The simplest classifier, to compare with: words weighed by how rare they are, the topic of the nearest."""
    examples = list(_examples(policies))
    owners = [name for name, _ in examples]
    counts = [Counter(words(plain(text))) for _, text in examples]
    seen = Counter(word for count in counts for word in count)
    rarity = {word: math.log(len(counts) / n) + 1 for word, n in seen.items()}
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for at, count in enumerate(counts):
        length = math.sqrt(sum((n * rarity[word]) ** 2 for word, n in count.items()))
        for word, n in count.items():
            postings[word].append((at, n * rarity[word] / length))

    def nearest(text: str) -> str:
        likeness: dict[int, float] = defaultdict(float, {0: 0.0})
        for word, n in Counter(words(plain(text))).items():
            for at, weight in postings.get(word, ()):
                likeness[at] += n * rarity[word] * weight
        return owners[max(likeness, key=likeness.__getitem__)]

    return nearest


def _examples(policies: Policies) -> Iterator[tuple[str, str]]:
    for name, topic in policies.topics.items():
        for texts in topic.examples.values():
            yield from ((name, text) for text in texts)


def _line(provider: str, product: str, subject: str, body: str) -> str:
    known = {"provider": provider, "product": product, "subject": subject, "body": body, "received_at": RECEIVED_AT}
    return json.dumps({"id": None} | known)


def _timed(what: str, do: Callable[[T], object], questions: Sequence[T]) -> Figure:
    """Milliseconds of each."""
    wall, processor = [], []
    for question in questions:
        began, used = time.perf_counter_ns(), time.thread_time_ns()
        do(question)
        processor.append((time.thread_time_ns() - used) / 1e6)
        wall.append((time.perf_counter_ns() - began) / 1e6)
    many = len(wall) >= 20  # noqa: PLR2004 (fewer have no 95th percentile)
    p95 = round(quantiles(wall, n=20)[-1], 3) if many else None
    return Figure(what, "ms", round(median(wall), 3), p95, round(median(processor), 3), len(wall))


def _start(line: str) -> float:
    """Milliseconds of a `scopedesk decide` that gets one line, from its start to its end."""
    began = time.perf_counter()
    subprocess.run(COMMAND, input=line.encode(), stdout=subprocess.DEVNULL, check=True)  # noqa: S603 (ours)
    return (time.perf_counter() - began) * 1e3


def _memory(lines: Iterable[str]) -> float:
    """Megabytes of a `scopedesk decide` that has answered all of these lines and waits for more."""
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 (ours)
        asked, answered = process.stdin, process.stdout
        assert asked
        assert answered
        for line in lines:
            asked.write(f"{line}\n".encode())
            asked.flush()
            answered.readline()
        used: int = psutil.Process(process.pid).memory_info().rss
    return used / 1e6
