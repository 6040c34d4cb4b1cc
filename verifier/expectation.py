"""What is expected of a dataset's snapshots, from the settings or learned; a value, filled by others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from verifier.findings import Level


class SizeAlarm(StrEnum):
    """Which sizes far from the usual are a warning: too small a one, one too large as well, or none."""

    DROP = "drop"
    BOTH = "both"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What one dataset's snapshots should be like; None where nothing is known.

    `interval` is the time between two exports, `quiet` how long nothing may have changed before a snapshot counts as
    settled, `lifetime` when the store deletes by itself.
    """

    format: str | None = None
    compressed: bool | None = None
    manifest: bool | None = None
    allow_empty: bool = True
    is_incremental: bool = False
    interval: timedelta | None = None
    quiet: timedelta = timedelta(minutes=30)
    lifetime: timedelta | None = None
    size_alarm: SizeAlarm = SizeAlarm.DROP
    levels: Mapping[str, Level] = field(default_factory=dict)
