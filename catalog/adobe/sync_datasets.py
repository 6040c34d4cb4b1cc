"""What a flow says of one dataset, key by key, and how that differs from what the settings say of it.

Pure. Only keys that come from Adobe are looked at: whatever else people wrote stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from catalog.adobe.model import DatasetRef, FlowSchedule
from catalog.adobe.sync_values import FlowParts, KeyChange, Value
from catalog.schedule import Cadence, Every, format_duration, parse_every
from catalog.settings.loading import DatasetSettings

Keys = dict[str, Value]

_COMPARED = 400
"""So many slots in a row that agree make two cadences one."""


def keys_of(parts: FlowParts, dataset: DatasetRef) -> Keys:
    """Return what Adobe says of a dataset, by the keys of the settings; None takes a key away.

    What Adobe does not tell is absent: the settings keep what they have.
    """
    schedule, target = parts.flow.schedule, parts.target
    name = " ".join((dataset.name or "").split())
    keys: Keys = {"name": name} if name else {}
    if schedule.cadence() is not None:
        keys |= _schedule_keys(schedule)
        mode = "full" if schedule.is_once else schedule.mode
        keys |= {"mode": mode} if mode else {}
    if target is not None and target.format:
        keys["format"] = target.format
        # JSON is only made compressed, even where Adobe's own examples say otherwise.
        compressed = True if target.format == "json" else target.compressed
        keys |= {} if compressed is None else {"compressed": compressed}
    if target is not None and target.manifest is not None:
        keys["manifest"] = target.manifest
    if parts.flow.state in ("enabled", "disabled"):
        keys["enabled"] = None if parts.flow.is_enabled else False
    keys["flow"] = parts.flow.id
    return keys


def _schedule_keys(schedule: FlowSchedule) -> Keys:
    """An end that is not after the start is left out, since the settings refuse it."""
    every = "once" if schedule.is_once or not schedule.every else format_duration(schedule.every)
    start, end = schedule.start_at, schedule.end_at
    ends_at = end if end and start and end > start and not schedule.is_once else None
    return {"every": every, "starts_at": start, "ends_at": ends_at}


def differences(keys: Keys, dataset: DatasetSettings) -> tuple[KeyChange, ...]:
    """Return which keys of a configured dataset are to become others."""
    wanted = dict(keys)
    if dataset.cron is not None and "every" in wanted:
        if _is_cron_of(dataset, wanted):
            del wanted["every"], wanted["starts_at"]
        else:
            wanted = {"cron": None, **wanted}
    return tuple(_changes(wanted, dataset))


def additions(keys: Keys) -> tuple[KeyChange, ...]:
    """Return the keys of a dataset that the settings do not have yet."""
    return tuple(KeyChange(key, None, value) for key, value in keys.items() if value is not None)


def _changes(wanted: Keys, dataset: DatasetSettings) -> Iterator[KeyChange]:
    for key, value in wanted.items():
        before = getattr(dataset, key)
        if key == "enabled":
            before = None if before else False
        if key == "every" and before is not None and value is not None:
            if parse_every(before) != parse_every(str(value)):
                yield KeyChange(key, before, value)
        elif before != value:
            yield KeyChange(key, before, value)


def _is_cron_of(dataset: DatasetSettings, wanted: Keys) -> bool:
    """Tell whether the slots of a dataset's cron expression are just those that Adobe has."""
    own = dataset.schedule()
    every, starts_at = wanted["every"], wanted["starts_at"]
    interval = parse_every(str(every))
    if own is None or interval is None or isinstance(starts_at, str | bool) or starts_at is None:
        return False
    theirs: Cadence = Every(interval, starts_at)
    return list(islice(own.cadence.due_from(starts_at), _COMPARED)) == list(
        islice(theirs.due_from(starts_at), _COMPARED)
    )
