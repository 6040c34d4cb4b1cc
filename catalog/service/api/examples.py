"""Examples of what the API is asked and answers, for its description; a small company's night, none of it real data."""

from __future__ import annotations

from typing import Any

_DATASET = "64e0c0ffee0123456789abcd"
_ID = f"cja/{_DATASET}/202611220100"
_PATH = f"{_DATASET}/exportTime=202611220100/part-00000-tid-6351713407229798623-c000.json.gz"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SCAN = "06196c93e63ccc2eb5faa958"
_NOW = "2026-11-22T05:00:00Z"

PARAMETERS: dict[str, Any] = {
    "a": f"cja/{_DATASET}/202611210100",
    "as_known_at": "2026-11-01T00:00:00Z",
    "as_of": "2026-11-22",
    "at": "2026-11-22T06:00:00Z",
    "b": "Web events/latest",
    "dataset": "Web events",
    "dataset_id": _DATASET,
    "export_time": "202611220100",
    "from": "2026-11-01",
    "objective": "36h",
    "policy": "keep-daily=30,keep-weekly=8",
    "query": "SELECT verdict, count(*) FROM snapshots GROUP BY ALL",
    "scan_id": _SCAN,
    "snapshot": "Web events/latest-good",
    "subject": _PATH,
    "text": "202611220100",
    "to": "2026-11-22",
    "zone": "cja",
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457), in words for people.",
    "required": ["type", "title", "status", "detail", "hint", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong: where, what was expected, what came."},
        "hint": {"type": ["string", "null"], "description": "What to do about it."},
        "instance": {"type": "string"},
    },
    "additionalProperties": True,
    "examples": [
        {
            "type": "about:blank",
            "title": "Bad Request",
            "status": 400,
            "detail": "limit: expected a whole number from 1 to 1000, got '0'",
            "hint": None,
            "instance": "/api/v1/snapshots",
        }
    ],
}

_FINDING = {
    "code": "gzip.truncated",
    "level": "error",
    "path": _PATH,
    "message": "the last member ends before its trailer",
    "expected": None,
    "actual": None,
    "count": 1,
    "where": {"byte_offset": 81920},
    "accepted": None,
}
_SNAPSHOT = {
    "id": _ID,
    "zone": "cja",
    "dataset_id": _DATASET,
    "export_time": "2026-11-22T01:00:00Z",
    "verdict": "corrupt",
    "depth": "full",
    "checked": 2,
    "files": 2,
    "bytes": 163840,
    "rows": None,
    "presence": "present",
    "landed_at": "2026-11-22T01:20:11Z",
    "settled": True,
    "manifest": f"{_DATASET}/exportTime=202611220100/manifest.json",
    "events": ["2026-11-21T00:00:03Z", "2026-11-21T23:59:58Z"],
    "unchecked_bytes": 20,
    "accepted": 0,
    "findings": [_FINDING],
    "first_seen_at": "2026-11-22T02:00:04Z",
    "judged_at": "2026-11-22T02:00:09Z",
    "verified_at": "2026-11-22T02:00:09Z",
    "last_full_read_at": None,
}
_PROBED = {
    "path": _PATH,
    "kind": "json-gzip",
    "size": 81920,
    "modified_at": "2026-11-22T01:20:11Z",
    "etag": '"5d41402abc4b2a76b9719d911017c592"',
    "sha256": _SHA256,
    "reference_sha256": _SHA256,
    "rows": None,
    "unchecked_bytes": 10,
    "depth": "full",
    "presence": "present",
    "first_seen_at": "2026-11-22T02:00:04Z",
    "last_seen_at": _NOW,
    "last_full_read_at": "2026-11-22T02:00:09Z",
    "facts": {"members": 1, "expanded_bytes": 912340},
    "findings": [_FINDING],
}
_LISTED = {
    "zone": "cja",
    "dataset_id": _DATASET,
    "name": "Web events",
    "snapshots": 90,
    "bytes": 14745600,
    "newest_at": "2026-11-22T01:00:00Z",
    "newest_good_at": "2026-11-21T01:00:00Z",
}
_SLOT: dict[str, Any] = {
    "due_at": "2026-11-22T01:00:00Z",
    "deadline": "2026-11-22T04:00:00Z",
    "status": "on_time",
    "snapshot": _ID,
    "verdict": "corrupt",
    "landed_at": "2026-11-22T01:20:11Z",
    "reason": None,
    "findings": [],
}
_COUNTS = {"datasets": 1, "snapshots": 1, "files": 2, "bytes": 163840, "rows": 0, "error": 1, "warn": 0, "info": 0}
_LOOK = {
    "scan_id": _SCAN,
    "state": "complete",
    "depth": "full",
    "started_at": "2026-11-22T02:00:00Z",
    "finished_at": "2026-11-22T02:03:10Z",
    "tool_version": "0.9.0",
    "run_by": "landproof@backup01",
    "counts": _COUNTS,
    "zones": [
        {
            "zone": "cja",
            "url": "s3://acme-cja-exports/prod",
            "scope": None,
            "state": "complete",
            "suspect": False,
            "started_at": "2026-11-22T02:00:00Z",
            "finished_at": "2026-11-22T02:03:10Z",
            "counts": _COUNTS,
            "error": None,
            "endpoint": "s3.eu-central-1.amazonaws.com:443",
            "identity": "AKIAACMEEXPORTS00001",
            "requests": 654,
        }
    ],
}
_NO_MORE = {"more": 0, "next": None}


def _dated(name: str, **fields: Any) -> dict[str, Any]:
    return {"schema": f"landproof/{name}/1", "as_known_at": None} | fields


EXAMPLES: dict[str, dict[str, Any]] = {
    "Finding": _FINDING,
    "DatasetsDocument": _dated("datasets", datasets=[_LISTED], **_NO_MORE),
    "SnapshotsDocument": _dated(
        "snapshots", snapshots=[_SNAPSHOT], more=89, next="lzJ1s2vBWyJjamEvNjRlMGMwZmZlZS8xIl0"
    ),
    "ShowDocument": _dated(
        "show",
        snapshot=_SNAPSHOT,
        columns=[{"name": "_id", "type": "string", "always": True}],
        files=[_PROBED],
        copies=[],
        **_NO_MORE,
    ),
    "HistoryDocument": _dated(
        "history",
        subject=_PATH,
        revisions=[
            {
                "scan_id": _SCAN,
                "recorded_at": "2026-11-22T02:00:09Z",
                "changed": [],
                "snapshot_id": _ID,
                "path": _PATH,
                "presence": "present",
                "size": 81920,
                "modified_at": "2026-11-22T01:20:11Z",
                "sha256": _SHA256,
                "findings": [_FINDING],
            }
        ],
        **_NO_MORE,
    ),
    "FindDocument": _dated(
        "find",
        text="Web",
        datasets=[_LISTED],
        snapshots=[],
        files=[],
        more={"datasets": 0, "snapshots": 0, "files": 0},
        next=None,
    ),
    "ScansDocument": _dated("scans", scans=[_LOOK], **_NO_MORE),
    "CheckDocument": _dated(
        "check",
        at=_NOW,
        counts={"on_time": 1, "arrived_late": 0, "waiting": 0, "missing": 0, "unknown": 0, "paused": 0, "not_due": 0},
        datasets=[
            {
                "zone": "cja",
                "dataset_id": _DATASET,
                "name": "Web events",
                "status": "failing",
                "slots": [_SLOT],
                "findings": [],
            }
        ],
        findings=[],
    ),
    "SqlDocument": _dated(
        "sql", columns=["verdict", "count_star()"], rows=[["good", 89], ["corrupt", 1]], is_cut=False
    ),
}
