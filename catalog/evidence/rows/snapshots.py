"""The rows of snapshots and files, out of what the catalog and its ledger say of them; pure, and judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from catalog.evidence.rows.values import Row, stored_moment, told_moment
from catalog.store.evidence_ledger import Told
from catalog.store.evidence_snapshots import FileRow, Reads, State

_ONLY_TOLD = ("manifest_sha256", "files_root", "findings_sha256")


@dataclass(frozen=True, slots=True)
class Entries:
    """The ledger's entries about one snapshot: each state's by when and by which scan it was recorded; its reads'."""

    states: Mapping[tuple[str, str], int]
    reads: tuple[int, ...]
    facts: Mapping[int, Row]

    def of(self, state: State) -> int | None:
        """Return the entry that tells of a state, None where none does."""
        return self.states.get((f"{state.recorded_at.isoformat()}Z", state.scan))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is told of a snapshot beside its states: the slot it fills, its verdict by what was accepted, its reads."""

    due_at: str | None = None
    accepted_verdict: str | None = None
    reads: Reads


def entries_of(told: Sequence[Told]) -> Entries:
    """Take the entries about one snapshot apart."""
    states: dict[tuple[str, str], int] = {}
    facts: dict[int, Row] = {}
    for entry in told:
        if entry.kind == "snapshot":
            said: dict[str, Any] = msgspec.json.decode(entry.body)["facts"]
            facts[entry.sequence] = said
            states.setdefault((said["recorded_at"], said["scan"]), entry.sequence)
    return Entries(states, tuple(one.sequence for one in told if one.kind == "read"), facts)


def snapshot_row(states: Sequence[State], entries: Entries, standing: Standing) -> Row:
    """Return the row of a snapshot from its states, oldest first.

    What the catalog has is told as it is there; roots and digests that only its entry has, as it says.
    """
    now = states[-1]
    entry = entries.of(now)
    told = {} if entry is None else entries.facts[entry]
    accepted = standing.accepted_verdict or now.verdict
    older = [sequence for sequence in sorted(entries.facts) if sequence != entry]
    return {
        "id": now.id,
        "zone": now.zone,
        "dataset_id": now.dataset_id,
        "export_time": stored_moment(now.export_at),
        "recorded_at": stored_moment(now.recorded_at),
        "scan": now.scan,
        "verdict": now.verdict,
        "depth": now.depth,
        "checked": now.checked,
        "files": now.files,
        "coverage": f"{now.checked} of {now.files}",
        "bytes": now.bytes,
        "rows": now.rows,
        "landed_at": stored_moment(now.landed_at),
        "settled_at": stored_moment(now.settled_at),
        "presence": now.presence,
        "manifest": now.manifest,
        **{name: told.get(name) for name in _ONLY_TOLD},
        "settings": now.settings,
        "tool_version": now.tool_version,
        "entry": entry,
        "accepted": accepted != now.verdict,
        "accepted_verdict": accepted,
        "full_read_at": told_moment(standing.reads.full_read_at),
        "reads": standing.reads.times,
        "due_at": standing.due_at,
        "previous_entries": [*older],
        "read_entries": [*entries.reads],
    }


def only_told_row(told: Told, export_time: str) -> Row:
    """Return the row of a snapshot that is in the ledger alone: the catalog does not have it any more."""
    facts: Row = msgspec.json.decode(told.body)["facts"]
    zone, dataset_id, _ = told.about.split("/")
    return {
        "id": told.about,
        "zone": zone,
        "dataset_id": dataset_id,
        "export_time": export_time,
        **facts,
        "entry": told.sequence,
        "accepted": False,
        "accepted_verdict": facts["verdict"],
        "full_read_at": None,
        "reads": 0,
        "due_at": None,
        "previous_entries": [],
        "read_entries": [],
    }


def file_row(file: FileRow) -> Row:
    """Return the row of a file."""
    return {
        "snapshot": file.snapshot,
        "path": file.path,
        "size": file.size,
        "sha256": file.sha256,
        "kind": file.kind,
        "rows": file.rows,
        "presence": file.presence,
        "first_seen_at": stored_moment(file.first_seen_at),
        "last_full_read_at": stored_moment(file.last_full_read_at),
    }
