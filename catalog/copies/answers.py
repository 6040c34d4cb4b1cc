"""The document of `copy`; all others are in `catalog.answers`."""

from __future__ import annotations

from dataclasses import asdict

from catalog.answers import Document, finding_object, moment
from catalog.copies.values import CopiedSnapshot, CopyResult, Failure
from verifier.model import Depth, Verdict


def copy_document(result: CopyResult) -> Document:
    """The document of `copy`; of an estimate the counts tell what would be done, and nothing was."""
    counts = asdict(result.counts)
    to_copy = {"files": counts.pop("to_copy"), "bytes": counts.pop("bytes_to_copy")}
    return {
        "schema": "landproof/copy/1",
        "started_at": moment(result.started_at),
        "finished_at": moment(result.finished_at),
        "to": {"zone": result.zone, "url": result.url},
        "estimate": to_copy if result.is_estimate else None,
        "counts": counts,
        "snapshots": [_snapshot(s) for s in result.snapshots],
    }


def _snapshot(copied: CopiedSnapshot) -> Document:
    """One snapshot; nothing is known of a copy that could not be looked at."""
    report = copied.report
    found = (*copied.findings, *((*report.findings, *report.file_findings) if report else ()))
    return {
        "id": str(copied.source),
        "copy": str(copied.target),
        "state": "complete" if copied.is_complete else "incomplete",
        "verdict": (report.verdict if report else Verdict.UNKNOWN).value,
        "depth": (report.depth if report else Depth.LIST).value,
        "checked": report.checked if report else 0,
        "files": report.files if report else copied.files,
        "bytes": report.bytes if report else copied.bytes,
        "findings": [finding_object(f) for f in found],
        "errors": [_failure(f) for f in copied.failures],
    }


def _failure(failure: Failure) -> Document:
    return {"path": failure.path, **asdict(failure.trouble)}
