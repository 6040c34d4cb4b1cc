"""Propose settings for a zone from its listing alone: datasets, cadence, format and manifest habit; writes nothing."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from catalog.targets import Target
from verifier.backends.registry import open_backend
from verifier.backends.urls import shown
from verifier.groups import Group
from verifier.layout import kind_by_name
from verifier.model import FileKind, StoredFile
from verifier.scan import Gathering

_HOURS = (3, 6, 8, 9, 12, 24)
"""The intervals Adobe offers, in hours; its documents disagree between 8 and 9."""
_TOLERANCE = 0.15
_MINUTE = timedelta(minutes=1)
_ENOUGH = 500
"""How many exports, the newest, tell when in its interval an export comes."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedDataset:
    """What one dataset looks like; None where its exports do not tell."""

    id: str
    exports: int
    first_at: datetime
    last_at: datetime
    every_hours: int | None
    starts_at: datetime | None
    format: str | None
    compressed: bool | None
    manifest: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a zone looks like."""

    zone: str
    url: str
    files: int
    datasets: tuple[ProposedDataset, ...]
    strays: int


def propose(target: Target) -> Proposal:
    """List a zone and say what its settings might be. Raises `SourceError` where it cannot be listed."""
    gathering = Gathering(target.zone, target.layout, (), target.root.rsplit("/", 1)[-1] or target.zone)
    backend = open_backend(target.location)
    try:
        gathering.add(backend.list(target.prefix))
    finally:
        backend.close()
    by_dataset: dict[str, list[Group]] = {}
    for group in gathering.groups.values():
        by_dataset.setdefault(group.id.dataset_id, []).append(group)
    loose = [file.path for file in gathering.loose_manifests]
    datasets = tuple(_dataset(dataset_id, groups, loose) for dataset_id, groups in sorted(by_dataset.items()))
    strays = len(gathering.strays)
    return Proposal(zone=target.zone, url=target.location.url, files=gathering.listed, datasets=datasets, strays=strays)


def settings_text(proposal: Proposal) -> str:
    """Write the proposal as a landproof.toml, with a comment on every guess."""
    lines = [
        "# Written by landproof init from what the zone shows; every line is a guess to be checked.",
        "",
        "[catalog]",
        'path = "landproof.duckdb"',
        "",
        f"[zones.{_quoted(_name(proposal.zone))}]",
        f"url = {_quoted(proposal.url)}",
    ]
    if proposal.url.startswith("s3://"):
        lines += ["# [zones.….options]: endpoint_url, key, secret; unset, the usual AWS chain is asked"]
    for dataset in proposal.datasets:
        lines += _dataset_lines(proposal.zone, dataset)
    return "\n".join(lines) + "\n"


def empty_settings_text() -> str:
    """Write a landproof.toml to be filled in by hand."""
    return """# Settings of landproof. Fill in a zone, or let landproof look at one: landproof init URL

[catalog]
path = "landproof.duckdb"

# [zones.cja]
# url = "s3://bucket/folder"

# [[datasets]]
# zone = "cja"
# id = "64e0c0ffee0123456789abcd"
# name = "Web events"
# every = "24h"
# starts_at = "2026-01-01T01:00:00Z"
"""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _name(zone: str) -> str:
    """Return a zone's name as settings take it."""
    return zone if zone.isprintable() else shown(zone)


def _dataset(dataset_id: str, groups: Sequence[Group], loose: Sequence[str]) -> ProposedDataset:
    moments = sorted({g.id.export_at for g in groups})
    hours = _cadence(moments)
    data = [f for g in groups for f in g.data]
    return ProposedDataset(
        id=dataset_id,
        exports=len(groups),
        first_at=moments[0],
        last_at=moments[-1],
        every_hours=hours,
        starts_at=_start(moments, timedelta(hours=hours)) if hours else None,
        format=_format(data),
        compressed=_compressed(data),
        manifest=_has_manifests(dataset_id, groups, loose),
    )


def _has_manifests(dataset_id: str, groups: Sequence[Group], loose: Sequence[str]) -> bool | None:
    """Tell whether exports have manifests, in their folder or the dataset's; one elsewhere may speak of any dataset."""
    own = sum(1 for path in loose if f"{dataset_id}/" in path)
    count = own + sum(1 for g in groups if g.manifests)
    if count * 4 >= len(groups) * 3:
        return True
    return None if count or len(loose) > own else False


def _cadence(moments: Sequence[datetime]) -> int | None:
    """Return the interval that Adobe offers and most exports keep, in hours; None from fewer than three exports."""
    if len(moments) < 3:
        return None
    apart = statistics.median((b - a).total_seconds() / 3600 for a, b in pairwise(moments))
    nearest = min(_HOURS, key=lambda hours: abs(hours - apart))
    return nearest if abs(nearest - apart) <= nearest * _TOLERANCE else None


def _start(moments: Sequence[datetime], interval: timedelta) -> datetime:
    """Return the first due time such that no export comes before its slot: exports run at their slot or after it."""
    offsets = [(m - _EPOCH) % interval for m in moments[-_ENOUGH:]]
    none = timedelta()
    usual = min(offsets, key=lambda o: sum((_apart(o, other, interval) for other in offsets), none))
    earliest = min(b for o in offsets if (b := _ahead(o, usual, interval)) >= -interval * _TOLERANCE)
    due = (usual + earliest) // _MINUTE * _MINUTE
    return moments[0] - ((moments[0] - _EPOCH - due) % interval)


def _ahead(offset: timedelta, of: timedelta, interval: timedelta) -> timedelta:
    """Return how far after another an offset lies in its interval, negative where it lies before."""
    half = interval / 2
    return (offset - of + half) % interval - half


def _apart(one: timedelta, other: timedelta, interval: timedelta) -> timedelta:
    return abs(_ahead(one, other, interval))


def _format(data: Sequence[StoredFile]) -> str | None:
    kinds = {"parquet" if kind_by_name(f.path) is FileKind.PARQUET else "json" for f in data}
    return kinds.pop() if len(kinds) == 1 else None


def _compressed(data: Sequence[StoredFile]) -> bool | None:
    told = {f.path.endswith((".json.gz", ".gz.parquet", ".snappy.parquet")) for f in data}
    return told.pop() if len(told) == 1 else None


def _dataset_lines(zone: str, dataset: ProposedDataset) -> list[str]:
    if not dataset.id.isprintable():
        return ["", f"# left out: a folder {shown(dataset.id)}, whose name cannot be that of a dataset"]
    lines = ["", "[[datasets]]", f"zone = {_quoted(_name(zone))}", f"id = {_quoted(dataset.id)}", '# name = "…"']
    told = f"{dataset.exports} exports from {dataset.first_at:%Y-%m-%dT%H:%MZ} to {dataset.last_at:%Y-%m-%dT%H:%MZ}"
    if dataset.every_hours and dataset.starts_at:
        lines += [
            f'every = "{dataset.every_hours}h"  # {told}',
            f'starts_at = "{dataset.starts_at:%Y-%m-%dT%H:%M:%SZ}"',
            '# grace = "3h"',
        ]
    else:
        lines += [f'# every = "24h"  # not clear from {told}', '# starts_at = "…"']
    if dataset.format:
        lines.append(f"format = {json.dumps(dataset.format)}")
    for key in ("compressed", "manifest"):
        value = getattr(dataset, key)
        lines.append(f"{key} = {json.dumps(value)}" if value is not None else f"# {key} = true  # not clear")
    return lines
