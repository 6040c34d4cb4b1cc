"""Facts of a watch with every metric there is, and a document of `check` to lay out; asserts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.metrics_values import Allowed, DatasetKey, Facts, JudgedFacts, Night, Nights, RecordedFacts

AT = datetime(2026, 9, 20, 6, tzinfo=UTC)
DATASET = "64e0c0ffee0123456789abcd"
KEY = DatasetKey("cja", DATASET, "Web events")
NIGHT = Night("run-1", AT - timedelta(hours=1), AT - timedelta(minutes=50), 2, errors=3, warnings=1)
FULL_FACTS = Facts(
    at=AT,
    version="0.1.0",
    interval=timedelta(hours=24),
    nights=Nights(NIGHT, NIGHT),
    listed={"cja": AT - timedelta(minutes=55)},
    recorded={
        KEY: RecordedFacts(
            newest_good_at=AT - timedelta(hours=5),
            newest_good_bytes=51234,
            newest_good_rows=3000,
            unread_since=AT - timedelta(days=3),
            never_read=1,
            snapshots={"good": 30, "corrupt": 1},
        )
    },
    judged={
        KEY: JudgedFacts(
            status="failing", slots={"on_time": 30, "missing": 1}, findings={"error": 2}, accepted={"warn": 1}
        )
    },
    allowed={KEY: Allowed(timedelta(hours=36), timedelta(days=7))},
    findings={"error": 1},
)

Document = dict[str, Any]


def found(code: str, level: str = "error", message: str = "something is wrong", **more: Any) -> Document:
    """One finding as a document has it."""
    plain = {"path": None, "expected": None, "actual": None, "count": 1, "where": {}, "accepted": None}
    return {"code": code, "level": level, "message": message} | plain | more


def slot(day: int, status: str = "on_time", findings: Sequence[Document] = (), **more: Any) -> Document:
    """The slot of a day of September, filled with a good snapshot where its status says that it is."""
    is_filled = status in ("on_time", "arrived_late")
    snapshot = f"cja/{DATASET}/202609{day:02}0100" if is_filled else None
    return {
        "due_at": f"2026-09-{day:02}T01:00:00Z",
        "deadline": f"2026-09-{day:02}T04:00:00Z",
        "status": status,
        "snapshot": snapshot,
        "verdict": "good" if is_filled else None,
        "landed_at": None,
        "reason": None,
        "findings": list(findings),
    } | more


def dataset(slots: Sequence[Document], findings: Sequence[Document] = (), **more: Any) -> Document:
    """A dataset, ok unless told otherwise."""
    plain = {"zone": "cja", "dataset_id": DATASET, "name": "Web events", "status": "ok"}
    return plain | {"slots": list(slots), "findings": list(findings)} | more


def checked(*datasets: Document, findings: Sequence[Document] = ()) -> Document:
    """A document of `check`."""
    words = ("on_time", "arrived_late", "waiting", "missing", "unknown", "paused", "not_due")
    statuses = [each["status"] for one in datasets for each in one["slots"]]
    counts: Mapping[str, int] = {word: statuses.count(word) for word in words}
    return {
        "schema": "landproof/check/1",
        "at": "2026-09-20T06:00:00Z",
        "counts": counts,
        "datasets": list(datasets),
        "findings": list(findings),
    }
