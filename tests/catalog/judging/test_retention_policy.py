"""Policies as restic writes them: to values and back, and how long they may need a snapshot."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.judging.retention_policy import Policy, Rule, parse_policy

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("keep-within=90d", Policy(within=90 * DAY)),
        ("keep-last=7", Policy(counts=((Rule.LAST, 7),))),
        (" keep-yearly=7 , keep-daily=30", Policy(counts=((Rule.DAILY, 30), (Rule.YEARLY, 7)))),
        ("keep-hourly=24,keep-within=36h", Policy(within=1.5 * DAY, counts=((Rule.HOURLY, 24),))),
    ],
)
def test_a_policy_is_read_whatever_the_order_of_its_rules(text: str, policy: Policy) -> None:
    assert parse_policy(text) == policy
    assert parse_policy(policy.text) == policy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected rules such as"),
        ("keep-dayly=3", "did you mean keep-daily?"),
        ("90d", "expected rules such as"),
        ("keep-daily", "whole number"),
        ("keep-daily=0", "whole number"),
        ("keep-daily=-1", "whole number"),
        ("keep-daily=3,keep-daily=4", "expected keep-daily once"),
        ("keep-within=0d", "above zero"),
        ("keep-within=soon", "keep-within: expected a duration"),
        ("keep-daily=3,", "expected rules such as"),
    ],
)
def test_what_is_no_policy_is_refused_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        parse_policy(text)


@pytest.mark.parametrize(
    ("text", "interval", "length"),
    [
        ("keep-within=90d", None, 90 * DAY),
        ("keep-daily=30,keep-weekly=8", None, 56 * DAY),
        ("keep-monthly=12", None, 372 * DAY),
        ("keep-last=7", DAY, 7 * DAY),
        ("keep-last=7,keep-within=90d", None, None),
    ],
)
def test_how_long_a_snapshot_may_be_needed(text: str, interval: timedelta | None, length: timedelta | None) -> None:
    assert parse_policy(text).longest(interval) == length
