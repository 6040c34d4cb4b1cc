"""What a bundle is asked about: which time, of which datasets, after which bundle before it; gathers nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """How far the ledger had grown in the bundle before: its signed note, and what that says."""

    note: str
    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The slots due and the exports of a time, both ends included, judged as of `judged_at`.

    `datasets` are zone and id of those asked about, `zone` the only zone; None for all. `verifier` is the line of the
    key that will sign, None without one. What is not to be `proved` needs no checkpoint, and has no proofs where there
    is none that covers it.
    """

    since: datetime
    until: datetime
    judged_at: datetime
    tool_version: str
    datasets: tuple[tuple[str, str], ...] | None = None
    zone: str | None = None
    previous: Previous | None = None
    verifier: str | None = None
    proved: bool = True

    def covers(self, zone: str, dataset_id: str) -> bool:
        """Tell whether a dataset is asked about."""
        return self.zone in (None, zone) and (self.datasets is None or (zone, dataset_id) in self.datasets)

    def covers_zone(self, zone: str) -> bool:
        """Tell whether a zone, or a dataset of it, is asked about."""
        return self.zone in (None, zone) and (self.datasets is None or any(zone == z for z, _ in self.datasets))

    def is_in(self, moment: datetime) -> bool:
        """Tell whether a moment is in the time asked about."""
        return self.since <= moment <= self.until
