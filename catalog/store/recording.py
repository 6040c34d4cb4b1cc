"""What a look at a zone, and a check, saw, as the rows that are recorded of it; not how they get into the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from catalog.store.codec import Row, finding_row, findings_text, to_json, to_stored
from catalog.store.entries import Rows
from catalog.store.reads import SnapshotRead
from verifier.model import Depth, Finding
from verifier.zone_model import Counts, Stray, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStart:
    """The beginning of a look at one zone; looks at several zones may share a `scan_id`.

    `kind` is the store's, `scope` says in words what part of the zone is looked at and is empty for all of it, `basis`
    is a digest of the settings and the program. `run_by` (user@host) asked `endpoint` (host:port) as `identity`.
    """

    scan_id: str
    zone: str
    url: str
    kind: str
    depth: Depth
    scope: str
    started_at: datetime
    tool_version: str
    basis: str
    run_by: str | None = None
    endpoint: str | None = None
    identity: str | None = None

    def row(self) -> Row:
        """Return its row."""
        return asdict(self) | {"depth": self.depth.value, "started_at": to_stored(self.started_at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEnd:
    """The end of a look at one zone: whether the whole listing was seen and whether it is believed.

    `requests` is how many were sent to the store, retries included, None where they cannot be counted.
    """

    finished_at: datetime
    complete: bool
    suspect: bool = False
    counts: Counts
    trouble: Trouble | None = None
    findings: tuple[Finding, ...] = ()
    requests: int | None = None

    def rows(self) -> Rows:
        """Return its row and those of its findings, in their order."""
        trouble = self.trouble
        end = {
            "finished_at": to_stored(self.finished_at),
            "complete": self.complete,
            "suspect": self.suspect,
            "counts": to_json(asdict(self.counts)),
            "error_kind": trouble and trouble.kind,
            "error_message": trouble and trouble.message,
            "error_hint": trouble and trouble.hint,
            "requests": self.requests,
        }
        found = [finding_row(one) | {"position": position} for position, one in enumerate(self.findings)]
        return {"scan-end": [end], "zone-finding": found}


def read_rows(reads: Sequence[SnapshotRead]) -> list[Row]:
    """Return a row for each snapshot whose files were all read in full, else one for each file that was."""
    return [
        {"zone": r.id.zone, "dataset_id": r.id.dataset_id, "export_time": r.id.export_time, "path": path}
        for r in reads
        for path in ((None,) if r.paths is None else sorted(r.paths))
    ]


def stray_rows(strays: Sequence[Stray]) -> list[Row]:
    """Return a row for each stray, by path."""
    rows = [{"path": s.path, "size": s.size, "findings": findings_text(s.findings)} for s in strays]
    return sorted(rows, key=lambda row: str(row["path"]))
