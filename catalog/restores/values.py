"""What a restore came to; no rules but its own sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.restores.fetch import Fetched
from catalog.restores.order import RestoreOrder
from catalog.store.restores import Acceptance, RestoreState
from verifier.model import Finding
from verifier.zone_model import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreResult:
    """A restore at its end: its files in the order of their paths.

    `conflict` tells that the folder is another restore's, `troubles` what went wrong with no single file, `others` the
    files beside those of the plan.
    """

    restore_id: str
    order: RestoreOrder
    state: RestoreState
    started_at: datetime
    finished_at: datetime
    tool_version: str
    files: tuple[Fetched, ...] = ()
    acceptance: Acceptance | None = None
    conflict: Finding | None = None
    troubles: tuple[Trouble, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def findings(self) -> Sequence[Finding]:
        """What is at the target and is not what it should be."""
        seen = [f.mismatch for f in self.files if f.mismatch is not None]
        return [*([self.conflict] if self.conflict else []), *seen]

    @property
    def is_lost(self) -> bool:
        """True where a file is at no place any more, or there with other bytes only."""
        return any(f.is_lost for f in self.files)

    @property
    def has_trouble(self) -> bool:
        """True where something could not be read or written."""
        failed = (f for f in self.files if not f.is_there and f.mismatch is None)
        return bool(self.troubles) or any(not f.is_lost for f in failed)
