from __future__ import annotations

import time

import pytest

from verifier.backends import retry
from verifier.errors import DeniedError, NetworkError


class Faulty:
    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.allowed: list[float] = []

    def __call__(self, seconds: float) -> str:
        self.allowed.append(seconds)
        if self.faults:
            raise self.faults.pop(0)
        return "done"


def test_passing_faults_are_tried_again() -> None:
    attempt = Faulty(NetworkError("one"), NetworkError("two"))
    assert retry.retried(attempt) == "done"
    assert len(attempt.allowed) == 3
    assert retry.SECONDS >= attempt.allowed[0] > attempt.allowed[1] > attempt.allowed[2]


def test_other_faults_are_raised_at_once() -> None:
    attempt = Faulty(DeniedError("no"))
    with pytest.raises(DeniedError):
        retry.retried(attempt)
    assert len(attempt.allowed) == 1


def test_a_lasting_fault_is_reported_with_its_last_message_and_in_time() -> None:
    started = time.monotonic()
    attempt = Faulty(*[NetworkError(str(number)) for number in range(100)])
    with pytest.raises(NetworkError) as caught:
        retry.retried(attempt)
    assert str(caught.value) == str(retry.TRIES - 1)
    assert time.monotonic() - started < 10


def test_no_attempt_begins_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "SECONDS", 0.2)

    def slow(seconds: float) -> None:
        time.sleep(seconds)
        raise NetworkError("no answer in time")

    started = time.monotonic()
    with pytest.raises(NetworkError):
        retry.retried(slow)
    assert time.monotonic() - started < 0.6
