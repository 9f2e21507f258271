"""Decide every labelled request in this process, and watch how long that takes."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median, quantiles

from evaluation.cases import Case
from evaluation.measure import Judged
from services.scope.rules.decide import Decider
from shared.policies import Policies, read_policies


@dataclass(frozen=True)
class Speed:
    """What deciding costs: milliseconds, and megabytes of the whole process at its peak."""

    load_ms: float
    median_ms: float
    p95_ms: float
    peak_mb: float


def ready() -> tuple[Decider, float]:
    """The decider on the built-in policies, and the milliseconds until it was ready."""
    began = time.perf_counter()
    decider = Decider.of(read_policies())
    return decider, (time.perf_counter() - began) * 1e3


def judge(decider: Decider, cases: Iterable[Case]) -> tuple[list[Judged], list[float]]:
    """Each case judged, and the milliseconds of its decision: of the processor, whatever else is running."""
    judged: list[Judged] = []
    times: list[float] = []
    for case in cases:
        request = case.request()
        began = time.thread_time_ns()
        decision = decider.decide(request)
        times.append((time.thread_time_ns() - began) / 1e6)
        judged.append(Judged.of(case, decision))
    return judged, times


def speed(load_ms: float, times: list[float]) -> Speed:
    """The cost so far; asked before anything else (pictures) takes memory."""
    p95 = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return Speed(round(load_ms), round(median(times), 2), round(p95, 2), round(peak_mb()))


def peak_mb() -> float:
    """The most memory that this process has had; the kernel counts in kB, that of macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def versions(policies: Policies) -> dict[str, str]:
    """The policy version of each provider, so that two reports can be compared."""
    return {name: policy.version for name, policy in policies.by_provider.items()}
