"""A report on a period, as a pure function of a bundle's rows, and its document; gathers and lays out nothing.

Every number can be counted again from the bundle: each figure says from which of its files.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from catalog.answers import Document, moment
from catalog.evidence.contents import Contents, Row
from catalog.evidence.report.chains import chains_of
from catalog.evidence.report.datasets import DatasetFacts, Key, dataset_part
from catalog.evidence.report.exceptions import Facts, exceptions_of, noticed, slot_sequences
from catalog.evidence.report.figures import Counted, FileCounts, figures_of, without_entry
from catalog.evidence.report.policies import NO_POLICY, Policy, policies_of
from catalog.evidence.report.requirements import LIMITS, REQUIREMENTS, UNBACKED, UNSIGNED
from catalog.evidence.report.rows import BundleRow, Rows, ScanRow, SlotRow, SnapshotRow
from catalog.evidence.report.tests import control_tests_of, decisions_of, restore_tests_of, zones_of
from catalog.evidence.report.values import (
    About,
    ControlTest,
    DatasetPart,
    Irregularity,
    Limit,
    Report,
    RestoreTest,
)
from catalog.ledger.notes import parse_note, parse_verifier
from verifier.errors import LandproofError

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)
_BACKED = ("snapshots", "scans", "copies", "restores", "drills", "controls", "decisions")


def report_of(contents: Contents) -> Report:
    """Return the report that a bundle's rows come to.

    Raises `LandproofError` where a row is not what this program knows.
    """
    rows = Rows(contents)
    policies = policies_of(rows.settings)
    known = _Known(
        bundle=rows.bundle,
        policies=policies,
        slots=tuple(rows.slots),
        snapshots=tuple(rows.snapshots),
        scans=tuple(rows.scans),
        restore_tests=restore_tests_of(rows.plain("drills"), rows.plain("restores"), policies),
        control_tests=control_tests_of(rows.plain("controls")),
    )
    exceptions = _exceptions(rows, known)
    return _report(
        rows,
        Counted(
            bundle=known.bundle,
            slots=known.slots,
            snapshots=known.snapshots,
            files=_files(rows.plain("files")),
            scans=known.scans,
            exceptions=exceptions,
            restore_tests=known.restore_tests,
            control_tests=known.control_tests,
            decisions=decisions_of(rows.plain("decisions")),
            datasets=_datasets(rows, known, exceptions),
            entries=sum(1 for _ in rows.plain("ledger")),
            without_entry=sum(without_entry(row["entry"] for row in rows.plain(name)) for name in _BACKED),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What several parts of a report are told from."""

    bundle: BundleRow
    policies: dict[Key, Policy]
    slots: tuple[SlotRow, ...]
    snapshots: tuple[SnapshotRow, ...]
    scans: tuple[ScanRow, ...]
    restore_tests: tuple[RestoreTest, ...]
    control_tests: tuple[ControlTest, ...]


def _exceptions(rows: Rows, known: _Known) -> tuple[Irregularity, ...]:
    return exceptions_of(
        Facts(
            judged_at=known.bundle.judged_at,
            names=_names(known.policies, known.slots),
            encrypted=frozenset(key for key, policy in known.policies.items() if policy.encrypted),
            slots=known.slots,
            snapshots=known.snapshots,
            findings=tuple(f for f in rows.findings if f.level == "error"),
            scans=known.scans,
            restore_tests=known.restore_tests,
            control_tests=known.control_tests,
            noticed=noticed(rows.ledger, slot_sequences(known.slots)),
        )
    )


def _datasets(rows: Rows, known: _Known, exceptions: Iterable[Irregularity]) -> tuple[DatasetPart, ...]:
    of_chains = _grouped(rows.plain("recovery"), lambda row: (row["zone"], row["dataset_id"]))
    chains = {key: chains_of(own, known.policies.get(key, NO_POLICY)) for key, own in of_chains.items()}
    facts = DatasetFacts(
        bundle=known.bundle,
        policies=known.policies,
        slots=_grouped(known.slots, lambda s: (s.zone, s.dataset_id)),
        snapshots=_grouped(known.snapshots, lambda s: (s.zone, s.dataset_id)),
        exceptions=_grouped((e for e in exceptions if e.dataset_id), lambda e: (e.zone, e.dataset_id or "")),
        restore_tests=_grouped(known.restore_tests, lambda t: (t.zone, t.dataset_id)),
        recoveries={key: recovery for key, (recovery, _) in chains.items() if recovery},
        retentions={key: retention for key, (_, retention) in chains.items() if retention},
    )
    return tuple(dataset_part(facts, key) for key in facts.keys)


def _report(rows: Rows, counted: Counted) -> Report:
    about = _about(rows)
    return Report(
        about=about,
        figures=figures_of(counted),
        exceptions=tuple(counted.exceptions),
        zones=zones_of(counted.scans, counted.bundle),
        restore_tests=tuple(counted.restore_tests),
        control_tests=tuple(counted.control_tests),
        decisions=tuple(counted.decisions),
        requirements=REQUIREMENTS,
        limits=tuple(_limits(about, counted.without_entry)),
        datasets=tuple(counted.datasets),
    )


def _about(rows: Rows) -> About:
    bundle = rows.bundle
    checkpoint, previous = bundle.checkpoint or {}, bundle.previous or {}
    return About(
        period_from=bundle.period_from,
        period_to=bundle.period_to,
        judged_at=bundle.judged_at,
        known_at=bundle.known_at,
        datasets=bundle.datasets,
        origin=bundle.origin,
        ledger_size=checkpoint.get("size"),
        ledger_root=checkpoint.get("root"),
        signed_by=_signer(rows.text("checkpoint.txt"), rows.text("keys.txt")),
        previous_size=previous.get("size"),
        settings_sha256=bundle.settings_sha256,
        tool_version=bundle.tool_version,
    )


def _signer(checkpoint: str, keys: str) -> str | None:
    """Return the verifier key that the checkpoint is signed by, None where nobody of the keys signed it."""
    if not checkpoint:
        return None
    try:
        signer = parse_note(checkpoint).signed_by(parse_verifier(line) for line in keys.splitlines())
    except ValueError as error:
        raise LandproofError(f"bundle: checkpoint.txt or keys.txt: {error}") from error
    return None if signer is None else signer.text


def _limits(about: About, unbacked: int) -> Iterator[Limit]:
    if about.signed_by is None:
        yield UNSIGNED
    if unbacked:
        yield UNBACKED
    yield from LIMITS


def _names(policies: dict[Key, Policy], slots: Iterable[SlotRow]) -> dict[Key, str | None]:
    return {(s.zone, s.dataset_id): s.name for s in slots} | {key: policy.name for key, policy in policies.items()}


def _files(rows: Iterable[Row]) -> FileCounts:
    """Count without holding: there may be millions."""
    files = size = hashed = gone = 0
    for row in rows:
        files += 1
        size += row["size"]
        hashed += row["sha256"] is not None
        gone += row["presence"] != "present"
    return FileCounts(files, size, hashed, gone)


def _grouped(rows: Iterable[_T], key: Callable[[_T], _K]) -> dict[_K, list[_T]]:
    groups: dict[_K, list[_T]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def report_document(report: Report) -> Document:
    """Return the document of a report: its values under their names, figures by their keys too."""
    parts = {field.name: _told(getattr(report, field.name)) for field in dataclasses.fields(report)}
    return {"schema": "landproof/audit-report/1", **parts}


def _told(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _told(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, dict):
        return {key: _told(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_told(inner) for inner in value]
    return value
