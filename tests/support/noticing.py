"""Notices and conditions in few words; asserts nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from catalog.judging.notice_values import Condition, Notice, NoticeState
from verifier.findings import REGISTER, Level

DATASET = "64e0c0ffee0123456789abcd"
OTHER = "64e0be7a0000000000000002"
NAMES = {("cja", DATASET): "Web events"}
AT = datetime(2026, 9, 20, 6, tzinfo=UTC)


def condition(about: str = "slot", code: str = "schedule.missing", **more: Any) -> Condition:
    """A condition of the dataset, of its code's own level."""
    own: dict[str, Any] = {
        "level": REGISTER[code].level,
        "zone": "cja",
        "dataset_id": DATASET,
        "message": f"{about} is {code}",
        "happened_at": AT,
    }
    return Condition(about=about, code=code, **{**own, **more})


def notice(about: str = "slot", code: str = "schedule.missing", *, is_open: bool = True, **more: Any) -> Notice:
    """A notice of the dataset, of its code's own level, noticed in the run `run-2`."""
    own: dict[str, Any] = {
        "notice_id": f"{about}-{code}-{is_open}",
        "run_id": "run-2",
        "zone": "cja",
        "dataset_id": DATASET,
        "level": REGISTER[code].level if code in REGISTER else Level.ERROR,
        "state": NoticeState.OPEN if is_open else NoticeState.RESOLVED,
        "message": f"{about} is {code}",
        "happened_at": AT,
        "noticed_at": AT,
    }
    return Notice(about=about, code=code, **{**own, **more})
