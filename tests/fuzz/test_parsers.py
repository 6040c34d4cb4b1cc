"""Damaged input for every parser: it raises what its documentation says and nothing else, and ends in time and memory.

A short run by default. `make fuzz` sets FUZZ_MINUTES: then the targets share that time, each with new inputs,
and what fails is shrunk and kept in .hypothesis, from where the next short run takes it first.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fuzz.format_targets import format_targets
from fuzz.store_targets import store_targets
from fuzz.targets import Target
from fuzz.text_targets import text_targets
from hypothesis import HealthCheck, given, settings

TARGETS = [*format_targets(), *store_targets(), *text_targets()]
MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))
HANGS_AFTER_SECONDS = 30
MOST_MEMORY_KIB = 512 << 10
ROUND = 100


class HangError(Exception):
    """An input that a parser does not come to the end of."""


@contextmanager
def watched() -> Iterator[None]:
    """Raise HangError where the work takes too long, AssertionError where it takes too much memory."""

    def stop(number: int, frame: object) -> None:
        raise HangError

    before = _peak_kib(is_new=True)
    old = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGS_AFTER_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
    assert _peak_kib() - before < MOST_MEMORY_KIB


def _peak_kib(*, is_new: bool = False) -> int:
    """Return the most memory this process has held, from now on where it `is_new`; 0 where /proc does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    if is_new:
        Path("/proc/self/clear_refs").write_text("5")
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])


def attack(target: Target, count: int) -> None:
    """Try so many inputs."""

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=target.inputs)
    def one(data: bytes) -> None:
        with watched():
            try:
                target.parse(data)
            except target.may_raise:
                return

    one()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_input_raises_hangs_or_passes_a_limit(target: Target) -> None:
    if not MINUTES:
        attack(target, target.examples)
        return
    end = time.monotonic() + MINUTES * 60 / len(TARGETS)
    while time.monotonic() < end:
        attack(target, ROUND)
