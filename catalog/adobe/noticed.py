"""A finding of what Adobe says, with what it is about; what is found is the business of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from verifier.findings import Level
from verifier.model import Finding
from verifier.verdict import apply_levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """A finding about a flow, one of its runs, a dataset in a zone; what does not apply is None."""

    finding: Finding
    zone: str | None = None
    dataset_id: str | None = None
    flow_id: str | None = None
    run_id: str | None = None

    def with_levels(self, levels: Mapping[str, Level]) -> Noticed:
        """Return the same with the level that the settings want."""
        return replace(self, finding=apply_levels((self.finding,), levels)[0])
