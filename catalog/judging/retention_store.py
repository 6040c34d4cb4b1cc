"""Compare what a store's own rules delete and protect with what a policy needs; asks no store.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from catalog.schedule import format_duration, format_moment
from verifier.backends.retention import Aspect, Blindness, Expiration, RetentionRules
from verifier.findings import Level

_NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How long the snapshots of a dataset in a zone have to stay.

    `policy` is its text; `reach` how long its rules keep a snapshot, None where that cannot be told. With `has_no_end`
    a snapshot may be needed for longer: increments need the full before them as long as they are kept themselves.
    """

    dataset: str
    policy: str
    reach: timedelta | None
    has_no_end: bool = False

    @property
    def length(self) -> timedelta | None:
        """How long a snapshot may be needed, None where that has no known end."""
        return None if self.has_no_end else self.reach

    def __str__(self) -> str:
        """What is needed, in words."""
        for_how_long = "for as long as its chain is kept" if self.length is None else f"for {_days(self.length)}"
        return f"{self.policy} of {self.dataset} may need a snapshot {for_how_long}"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that is to be said about a zone: how bad it is, what it is about, and what helps, if anything."""

    level: Level
    about: str
    message: str
    hint: str | None = None


def compare(rules: RetentionRules, need: Need | None, lifetime: timedelta | None) -> Iterator[Note]:
    """Yield what is to be said of a zone's rules; `lifetime` is how long the settings say that the zone keeps files.

    Without a need nothing is too early.
    """
    for blind in rules.unseen:
        level = Level.WARN if blind.blindness is Blindness.DENIED else Level.INFO
        yield Note(level, blind.aspect.value, blind.message, blind.hint)
    touching = [e for e in rules.expirations if _covers_all(e, rules.root) or e.prefix.startswith(rules.root)]
    for one in touching:
        yield _deletes(one, rules, need)
    if rules.sees(Aspect.LIFECYCLE):
        yield from _against_settings(rules, touching, lifetime)
    if rules.sees(Aspect.LOCK):
        yield _protects(rules, need)


def _covers_all(expiration: Expiration, root: str) -> bool:
    return root.startswith(expiration.prefix)


def _deletes(expiration: Expiration, rules: RetentionRules, need: Need | None) -> Note:
    whole = _covers_all(expiration, rules.root)
    what = "everything in the zone" if whole else f"what begins with {expiration.prefix}"
    if expiration.is_partial:
        what = f"some of {what} (it asks for more than names)"
    times = [] if expiration.after is None else [f"{_days(expiration.after)} after it was written"]
    times += [] if expiration.at is None else [f"on {format_moment(expiration.at)}"]
    message = f"a lifecycle rule deletes {what} {' and '.join(times) or 'at once'}"
    if rules.is_versioned:
        message = f"{message}; the bucket keeps versions of what is deleted"
    about, after = Aspect.LIFECYCLE.value, expiration.after
    if need is None:
        return Note(Level.INFO, about, message)
    if expiration.at is None and after is not None and need.length is not None and after >= need.length:
        return Note(Level.INFO, about, f"{message}; no sooner than needed: {need}")
    hint = "let the rule delete later, or copy snapshots elsewhere before with: landproof copy"
    return Note(Level.WARN, about, f"{message}; too early: {need}", hint)


def _against_settings(
    rules: RetentionRules, expirations: list[Expiration], lifetime: timedelta | None
) -> Iterator[Note]:
    """Say where the settings tell of another lifetime than the store's own rules do."""
    sure = [e.after for e in expirations if e.after and not e.is_partial and _covers_all(e, rules.root)]
    shortest = min(sure, default=None)
    if shortest == lifetime:
        return
    theirs, ours = (_NEVER if t is None else f"after {_days(t)}" for t in (shortest, lifetime))
    message = f"the settings say that the zone deletes {ours}, its lifecycle rules say {theirs}"
    hint = "remove lifetime_days" if shortest is None else f"set lifetime_days = {shortest.days}"
    yield Note(Level.INFO, "lifetime", message, f"{hint} in the zone's settings, so that it is known what will be gone")


def _protects(rules: RetentionRules, need: Need | None) -> Note:
    lock, about = rules.lock, Aspect.LOCK.value
    if lock is None:
        versions = "; the bucket keeps versions of what is deleted" if rules.is_versioned else ""
        message = f"nothing in the store keeps those who may delete from deleting before the time{versions}"
        return Note(Level.INFO, about, message)
    loose = "; who is allowed to can lift it" if lock.is_firm is False else ""
    if lock.length is None:
        return Note(Level.INFO, about, f"the store protects what is there ({lock.mode}); it does not say for how long")
    message = f"the store protects what is written for {_days(lock.length)} ({lock.mode}){loose}"
    if need is not None and need.reach is not None and lock.length < need.reach:
        return Note(Level.INFO, about, f"{message}; shorter than {need.policy} of {need.dataset} asks for")
    return Note(Level.INFO, about, message)


def _days(length: timedelta) -> str:
    return format_duration(length)
