"""Known files that a complete listing does not show: count them, and disbelieve a listing that has lost too many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from verifier.groups import Group, Key
from verifier.model import Finding, KnownFile, Presence, finding

_SHARE_OF_TEN = 10
_ALWAYS_BELIEVED = 5


@dataclass(frozen=True, slots=True)
class Absence:
    """How many of a zone's known, unexpired files are gone at once, and from which snapshots."""

    known: int
    gone: int
    keys: frozenset[Key]

    @property
    def is_suspect(self) -> bool:
        """More than a tenth, and more than five."""
        return self.gone > _ALWAYS_BELIEVED and self.gone * _SHARE_OF_TEN > self.known

    def finding(self) -> Finding:
        """Say that the listing is not believed."""
        message = f"{self.gone} of {self.known} known files are gone at once; what was known of them stands"
        return finding("zone.mass-vanish", message, expected=self.known, actual=self.known - self.gone)


def count_absent(
    known_files: Iterable[tuple[Key, Mapping[str, KnownFile]]],
    groups: Mapping[Key, Group],
    *,
    known: int,
    lifetime: timedelta | None,
    now: datetime,
) -> Absence:
    """Count what is gone from snapshots whose listing differs from the recorded one; `known` is the zone's total."""
    gone, keys = 0, set()
    for key, files in known_files:
        group = groups.get(key)
        listed = {f.path for f in (*group.files, *group.loose_manifests)} if group else set()
        lost = [f for path, f in files.items() if path not in listed and _counts(f, lifetime, now)]
        if lost:
            gone += len(lost)
            keys.add(key)
    return Absence(known, gone, frozenset(keys))


def _counts(file: KnownFile, lifetime: timedelta | None, now: datetime) -> bool:
    landed = file.report.file.modified_at or file.seen_at
    expired = lifetime is not None and landed + lifetime <= now
    return file.presence is Presence.PRESENT and not expired
