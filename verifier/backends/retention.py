"""What a store says of its own rules: what it deletes by itself and what it lets nobody delete; asks no store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Aspect(StrEnum):
    """What is asked about."""

    LIFECYCLE = "lifecycle"
    LOCK = "lock"
    VERSIONING = "versioning"


class Blindness(StrEnum):
    """Why it could not be looked at: not allowed, or nothing that this store tells."""

    DENIED = "denied"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Unseen:
    """What could not be looked at, why, and what would help, if anything."""

    aspect: Aspect
    blindness: Blindness
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiration:
    """A rule by which the store deletes objects: so long after they were written, or all of them at a moment.

    `prefix` is what their names begin with, in the bucket; `is_partial` tells that the rule asks for more than that,
    such as tags or a size, so that it may leave some of them.
    """

    prefix: str = ""
    after: timedelta | None = None
    at: datetime | None = None
    is_partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What the store lets nobody delete before its time: all that is written, for `length` (None: it does not say).

    `mode` in the store's own words; `is_firm` tells that nobody can shorten or lift it, None where it does not say.
    """

    mode: str
    length: timedelta | None = None
    is_firm: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRules:
    """The rules of the bucket that a zone is in; `root` is what the names in the zone begin with.

    What stands in `unseen` could not be looked at; of all else there is what is here, and nothing where there is none.
    """

    root: str = ""
    expirations: tuple[Expiration, ...] = ()
    lock: Lock | None = None
    is_versioned: bool | None = None
    unseen: tuple[Unseen, ...] = ()

    def sees(self, aspect: Aspect) -> bool:
        """Tell whether it could be looked at."""
        return all(one.aspect is not aspect for one in self.unseen)


def nothing_told(root: str, message: str) -> RetentionRules:
    """Return what is known of a store that tells nothing of its rules."""
    return RetentionRules(root=root, unseen=tuple(Unseen(a, Blindness.UNSUPPORTED, message) for a in Aspect))
