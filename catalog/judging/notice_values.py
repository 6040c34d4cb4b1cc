"""The values that notices are made of: conditions that are open, how others ended, the notices; no rules.

Pure. `about` names what a condition is about, and is the same from its beginning to its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from verifier.findings import Level


class NoticeState(StrEnum):
    """How what a notice is about stands since."""

    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that people should know of, as it stands.

    `accepted` are the codes of what somebody accepted of the same. One that `passes` is told and then over, such as an
    export that came late. A quiet one is recorded and told to nobody, such as what is older than the watch.
    """

    about: str
    code: str
    level: Level
    zone: str
    dataset_id: str | None
    message: str
    happened_at: datetime
    accepted: frozenset[str] = frozenset()
    passes: bool = False
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a condition that was open is over, and since when; a quiet one is told to nobody."""

    message: str
    happened_at: datetime
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is open and what has ended, by what it is about. What is in neither is not known, and stands as it was."""

    open: Mapping[str, Condition]
    ended: Mapping[str, Ending] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One turn of one condition, as it is recorded; `happened_at` is when it was due to turn."""

    notice_id: str
    run_id: str
    about: str
    zone: str
    dataset_id: str | None
    code: str
    level: Level
    state: NoticeState
    message: str
    happened_at: datetime
    noticed_at: datetime

    @property
    def is_open(self) -> bool:
        """True where it says that something is not as it should be."""
        return self.state is NoticeState.OPEN


@dataclass(frozen=True, slots=True)
class Turn:
    """A notice that is to be recorded; a quiet one is told to nobody."""

    notice: Notice
    is_quiet: bool = False
