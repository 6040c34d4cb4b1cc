"""Texts that name moments, periods and snapshots, into values; what is asked of them is no business of this."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from verifier.errors import UsageError
from verifier.layout import parse_export_time
from verifier.model import SnapshotId

PERIOD = ("--from", "--to")


def parse_moment(text: str, name: str, *, is_end: bool = False) -> datetime:
    """Read a moment: RFC 3339, a date (its start, or as an end its last microsecond), or an export time's digits; UTC.

    Raises `UsageError` that begins with `name`, that of the option or parameter.
    """
    digits = parse_export_time(text)
    if digits:
        return digits
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time.max if is_end else time.min, UTC)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        hint = "write 2026-09-20, 2026-09-20T01:00:00Z or 202609200100"
        raise UsageError(f"{name}: expected a time, got {text!r}", hint=hint) from None


def parse_known_at(text: str | None, name: str = "--as-known-at") -> datetime | None:
    """Read the moment as known at which to answer; raises `UsageError` for the future, of which nothing is known."""
    if text is None:
        return None
    from catalog.workflow import utc_now  # loaded here: most look-ups do without it

    moment = parse_moment(text, name)
    if moment > utc_now():
        raise UsageError(f"{name} {text} is in the future, of which nothing is known")
    return moment


def parse_period(
    start: str | None, end: str | None, names: tuple[str, str] = PERIOD
) -> tuple[datetime | None, datetime | None]:
    """Read the ends of a period, called by `names`; raises `UsageError` where the end is before the start."""
    first = parse_moment(start, names[0]) if start else None
    last = parse_moment(end, names[1], is_end=True) if end else None
    if first and last and last < first:
        raise UsageError(f"{names[1]} {end} is before {names[0]} {start}")
    return first, last


def parse_snapshot_id(text: str) -> SnapshotId:
    """Read `ZONE/DATASET_ID/EXPORT_TIME`; raises `UsageError` for anything else."""
    parts = text.split("/")
    if len(parts) != 3 or not all(parts) or parse_export_time(parts[2]) is None:
        hint = "snapshots are named ZONE/DATASET_ID/EXPORT_TIME, as landproof snapshots lists them"
        raise UsageError(f"expected the id of a snapshot, got {text!r}", hint=hint)
    return SnapshotId(*parts)
