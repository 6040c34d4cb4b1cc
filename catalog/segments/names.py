"""The names of segments: unique, in order of time, and read back; not what is in the files.

`2026/11/20261101T010203123456Z-scan-ID-ZONE-0000.json.gz`. Id and zone hold letters, digits, `.` and `_` as they are,
every other byte of their UTF-8 as `~` and two hex digits.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from catalog.segments.texts import given_back, kept

MOST_PARTS = 10_000
_MOST_ID, _MOST_ZONE = 80, 100
_SHORT_ZONE, _DIGEST = 60, 32
_PLAIN = re.compile(rb"[^A-Za-z0-9._]")
_ESCAPE = re.compile(rb"~([0-9a-f]{2})")
_PATH = re.compile(
    r"(?P<folder>[0-9]{4}/[0-9]{2})/(?P<time>[0-9]{8}T[0-9]{12}Z)-(?P<kind>[a-z]+)"
    r"-(?P<id>[A-Za-z0-9._~]+)-(?P<zone>[A-Za-z0-9._~]*)-(?P<part>[0-9]{4})\.json\.gz"
)
_SHORTENED = re.compile(rf"[A-Za-z0-9._~]{{{_SHORT_ZONE}}}~~[0-9a-f]{{{_DIGEST}}}")


class SegmentKind(StrEnum):
    """What a segment tells of."""

    SCAN = "scan"
    COPY = "copy"
    RESTORE = "restore"
    DRILL = "drill"
    WAIVER = "waiver"
    CHECK = "check"
    ACCEPTANCE = "acceptance"
    NIGHT = "night"
    NOTICE = "notice"
    FLOW = "flow"
    HOLD = "hold"
    SELFTEST = "selftest"
    KEY = "key"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentName:
    """What a name says; `zone` is None where it was too long for a name, so that only the header says it."""

    path: str
    written_at: datetime
    kind: SegmentKind
    id: str
    zone: str | None
    part: int


def segment_path(kind: SegmentKind, identity: str, zone: str, written_at: datetime, part: int) -> str:
    """Return the path of a segment on its shelf.

    Raises ValueError for a naive moment, an id that is empty or too long, or a part beyond `MOST_PARTS`.
    """
    if written_at.tzinfo is None:
        raise ValueError(f"expected an aware moment, got {written_at.isoformat()}")
    if not 0 <= part < MOST_PARTS:
        raise ValueError(f"expected a part from 0 to {MOST_PARTS - 1}, got {part}")
    own_id = _escaped(identity)
    if not 0 < len(own_id) <= _MOST_ID:
        raise ValueError(f"expected an id of 1 to {_MOST_ID} characters as escaped, got {len(own_id)}")
    at = written_at.astimezone(UTC)
    day = f"{at.year:04}{at.month:02}{at.day:02}"
    time = f"{at.hour:02}{at.minute:02}{at.second:02}{at.microsecond:06}"
    name = f"{day}T{time}Z-{kind.value}-{own_id}-{_zone_escaped(zone)}-{part:04}.json.gz"
    return f"{at.year:04}/{at.month:02}/{name}"


def parse_segment_name(path: str) -> SegmentName | None:
    """Return what the path of a segment says, None for the path of anything else."""
    found = _PATH.fullmatch(path)
    if found is None or found["kind"] not in set(SegmentKind):
        return None
    is_short = _SHORTENED.fullmatch(found["zone"]) is not None
    identity, zone = _unescaped(found["id"]), None if is_short else _unescaped(found["zone"])
    at = _moment(found["time"])
    if at is None or identity is None or (zone is None and not is_short):
        return None
    kind, part = SegmentKind(found["kind"]), int(found["part"])
    if found["folder"] != f"{at.year:04}/{at.month:02}" or len(found["id"]) > _MOST_ID:
        return None
    if not is_short and len(found["zone"]) > _MOST_ZONE:
        return None
    return SegmentName(path=path, written_at=at, kind=kind, id=identity, zone=zone, part=part)


def _moment(digits: str) -> datetime | None:
    try:
        return datetime.strptime(digits, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _escaped(text: str) -> str:
    return _PLAIN.sub(lambda found: b"~%02x" % found[0][0], kept(text).encode()).decode("ascii")


def _zone_escaped(zone: str) -> str:
    """Escape a zone; of a long one the beginning and a digest stay, since file systems hold names of 255 bytes."""
    escaped = _escaped(zone)
    if len(escaped) <= _MOST_ZONE:
        return escaped
    digest = hashlib.sha256(kept(zone).encode()).hexdigest()[:_DIGEST]
    return f"{escaped[:_SHORT_ZONE]}~~{digest}"


def _unescaped(text: str) -> str | None:
    """Return what was escaped, None for what no escaping gives."""
    try:
        plain = given_back(_ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode()).decode())
    except UnicodeDecodeError:
        return None
    return plain if _escaped(plain) == text else None
