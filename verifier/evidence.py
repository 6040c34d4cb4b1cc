"""What a snapshot is judged by and on what terms; values and their sums, no judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from verifier.expectation import Expectation
from verifier.findings import Effect
from verifier.groups import Group, Key
from verifier.model import Depth, FileReport, KnownFile, SnapshotReport, StoredFile
from verifier.promises import Promised, ReadManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a snapshot is judged; `basis` is a digest of the settings and the program behind them.

    `has_clock` tells that `now` is by the store's own clock; where it keeps none, `now` is ours.
    """

    expectation: Expectation
    depth: Depth
    now: datetime
    basis: str = ""
    has_clock: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything known of one snapshot: what was listed, read, promised and recorded before.

    `reports` are by path, of data files, manifests and files of unknown kind; `past` are the dataset's earlier
    snapshots by export time; `owners` tells in which snapshot of the dataset a SHA-256 was seen.
    """

    group: Group
    reports: Mapping[str, FileReport]
    manifests: Sequence[ReadManifest] = ()
    promised: Sequence[Promised] = ()
    known: SnapshotReport | None = None
    known_files: Mapping[str, KnownFile] = field(default_factory=dict)
    past: Sequence[SnapshotReport] = ()
    owners: Mapping[str, Key] = field(default_factory=dict)

    @property
    def data(self) -> list[FileReport]:
        """Reports of the data files."""
        return [self.reports[f.path] for f in self.group.data if f.path in self.reports]

    @property
    def counted(self) -> list[FileReport]:
        """Reports of what counts as the snapshot's files: data and manifests."""
        return [r for r in self.reports.values() if r.kind.is_data] + self.manifest_reports

    @property
    def manifest_reports(self) -> list[FileReport]:
        """Reports of the manifests, those outside the snapshot's folder included."""
        return [self.reports[f.path] for f in self.group.manifests if f.path in self.reports]

    @property
    def present(self) -> list[StoredFile]:
        """Every listed file of the snapshot that is not a marker."""
        return [*self.group.files, *self.group.loose_manifests]

    @property
    def was_settled(self) -> bool:
        """Whether the snapshot had settled when it was last recorded."""
        return self.known is not None and self.known.settled_at is not None


def rows_of(data: Sequence[FileReport]) -> int | None:
    """Add up rows; None where there is no data file or one of them was not counted."""
    counted = [r.content.rows for r in data]
    return sum(n for n in counted if n is not None) if counted and None not in counted else None


def unchecked_of(counted: Sequence[FileReport]) -> int | None:
    """Add up the bytes that no checksum covers; None where there is no file or one of them was not read whole."""
    unchecked = [r.content.unchecked_bytes for r in counted]
    return sum(n for n in unchecked if n is not None) if unchecked and None not in unchecked else None


def events_of(data: Sequence[FileReport]) -> tuple[datetime, datetime] | None:
    """Return the least and greatest event time; None where a file with rows does not tell."""
    with_rows = [r for r in data if r.content.rows != 0]
    ranges = [r.content.events for r in with_rows if r.content.events]
    if not ranges or len(ranges) < len(with_rows):
        return None
    return min(r[0] for r in ranges), max(r[1] for r in ranges)


def landed_at(evidence: Evidence) -> datetime | None:
    """Return when the newest data file landed, by the store's clock or else when it was first seen."""
    moments = []
    for report in evidence.data:
        known = evidence.known_files.get(report.file.path)
        moments.append(report.file.modified_at or (known.seen_at if known else None))
    return max((m for m in moments if m), default=None)


def depth_of(evidence: Evidence, terms: Terms) -> Depth:
    """Return how hard every data file that could be looked at was looked at."""
    depths = [r.depth for r in evidence.data if r.looked]
    return min(depths, key=list(Depth).index, default=terms.depth)


def checked_of(counted: Sequence[FileReport], depth: Depth) -> int:
    """Count the files that were looked at to the depth and could be judged."""
    return sum(1 for r in counted if r.looked and r.depth.covers(depth) and not _is_opaque(r))


def _is_opaque(report: FileReport) -> bool:
    return any(f.effect is Effect.UNVERIFIABLE for f in report.content.findings)
