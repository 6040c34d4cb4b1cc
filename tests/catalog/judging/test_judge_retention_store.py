"""A store's own rules against what a policy needs and what the settings say of the zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.judging.retention_store import Need, compare
from verifier.backends.retention import Aspect, Blindness, Expiration, Lock, RetentionRules, Unseen, nothing_told

DAY = timedelta(days=1)
NEED = Need(dataset="Web events", policy="keep-within=90d", reach=90 * DAY)
ROOT = RetentionRules(root="exports/")


def told(rules: RetentionRules, need: Need | None = NEED, lifetime: timedelta | None = None) -> list[tuple[str, str]]:
    return [(note.level.value, note.about) for note in compare(rules, need, lifetime)]


def deleting(**rule: Any) -> RetentionRules:
    return replace(ROOT, expirations=(Expiration(**rule),))


@pytest.mark.parametrize(
    ("rule", "level"),
    [
        ({"after": 7 * DAY}, "warn"),
        ({"after": 7 * DAY, "prefix": "exports/"}, "warn"),
        ({"after": 7 * DAY, "prefix": "exports/64e0"}, "warn"),
        ({"after": 7 * DAY, "prefix": "exp", "is_partial": True}, "warn"),
        ({"at": datetime(2027, 1, 1, tzinfo=UTC)}, "warn"),
        ({"after": 365 * DAY, "at": datetime(2027, 1, 1, tzinfo=UTC)}, "warn"),
        ({}, "warn"),
        ({"after": 90 * DAY}, "info"),
        ({"after": 365 * DAY}, "info"),
    ],
)
def test_a_rule_that_deletes_before_the_policy_lets_go_is_a_warning(rule: dict[str, Any], level: str) -> None:
    found = told(deleting(**rule), lifetime=rule.get("after"))
    assert found[0] == (level, "lifecycle")


def test_a_rule_for_other_names_is_of_no_account() -> None:
    assert told(deleting(after=DAY, prefix="logs/")) == [("info", "lock")]
    assert told(deleting(after=DAY, prefix="exports-old/")) == [("info", "lock")]


def test_increments_need_their_full_for_as_long_as_they_are_kept() -> None:
    rules = deleting(after=365 * DAY)
    (note, *_) = compare(rules, replace(NEED, has_no_end=True), 365 * DAY)
    assert (note.level.value, note.about) == ("warn", "lifecycle")
    assert "for as long as its chain is kept" in note.message


def test_without_a_policy_nothing_is_too_early() -> None:
    assert told(deleting(after=DAY), None, DAY) == [("info", "lifecycle"), ("info", "lock")]


@pytest.mark.parametrize(
    ("rule", "lifetime", "hint"),
    [
        ({"after": 30 * DAY}, None, "set lifetime_days = 30"),
        ({"after": 30 * DAY}, 7 * DAY, "set lifetime_days = 30"),
        (None, 7 * DAY, "remove lifetime_days"),
        ({"after": 30 * DAY, "prefix": "exports/a/"}, 7 * DAY, "remove lifetime_days"),
    ],
)
def test_a_lifetime_in_the_settings_that_differs_is_told(
    rule: dict[str, Any] | None, lifetime: timedelta | None, hint: str
) -> None:
    rules = ROOT if rule is None else deleting(**rule)
    notes = [n for n in compare(rules, None, lifetime) if n.about == "lifetime"]
    assert [(n.level.value, (n.hint or "").startswith(hint)) for n in notes] == [("info", True)]


def test_a_lifetime_that_agrees_is_not_told() -> None:
    assert "lifetime" not in {about for _, about in told(deleting(after=7 * DAY), None, 7 * DAY)}


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        (None, "nothing in the store keeps"),
        (Lock(mode="COMPLIANCE", length=30 * DAY, is_firm=True), "shorter than keep-within=90d"),
        (Lock(mode="GOVERNANCE", length=90 * DAY, is_firm=False), "who is allowed to can lift it"),
        (Lock(mode="immutability policy"), "does not say for how long"),
    ],
)
def test_what_protects_is_told_and_is_no_warning(lock: Lock | None, words: str) -> None:
    (note,) = compare(replace(ROOT, lock=lock), NEED, None)
    assert (note.level.value, note.about) == ("info", "lock")
    assert words in note.message


def test_what_could_not_be_looked_at_is_told_and_nothing_said_of_it() -> None:
    denied = replace(ROOT, unseen=(Unseen(Aspect.LIFECYCLE, Blindness.DENIED, "not allowed", "ask"),))
    assert told(denied, lifetime=7 * DAY) == [("warn", "lifecycle"), ("info", "lock")]
    assert told(nothing_told("", "a folder"), lifetime=7 * DAY) == [("info", a.value) for a in Aspect]
