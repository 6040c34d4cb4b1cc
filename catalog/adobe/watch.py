"""Notice what changed in Adobe's dataflows since they were last seen, and when they end; asks nothing, records nothing.

Pure. What judging a dataset's own settings tells already is not told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.adobe.schedules import oddity, schedule_text, template_of
from catalog.adobe.sync_values import FlowParts
from catalog.adobe.told import named, quoted, short
from catalog.judging.slots import ENDS_SOON
from catalog.judging.values import Promise
from catalog.schedule import Once, format_moment, shift
from catalog.store.codec import from_json, from_stored, to_json, to_moment, to_stored
from verifier.model import Finding, finding

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSeen:
    """A dataflow as it was seen at a moment, in what matters for what it will export.

    `schedule` is its canonical text without its end, of which `cadence` is the part that settings have, too. `sources`
    and `targets` map the ids of connections to their etags, `datasets` the ids of datasets to their names. `odd` says
    what of its schedule Adobe does not offer.
    """

    flow_id: str
    name: str
    state: str
    schedule: str
    cadence: str | None = None
    is_once: bool = False
    template: str = ""
    odd: str | None = None
    ends_at: datetime | None = None
    sources: Mapping[str, str | None]
    targets: Mapping[str, str | None]
    datasets: Mapping[str, str | None]
    seen_at: datetime

    @classmethod
    def of(cls, parts: FlowParts, seen_at: datetime) -> FlowSeen:
        """Return a flow as it is seen now, with the connections that Adobe shows of it."""
        flow, target = parts.flow, parts.target
        etags: dict[str, str | None] = {source.id: source.etag for source in parts.sources}
        cadence = flow.schedule.cadence()
        return cls(
            flow_id=flow.id,
            name=flow.name,
            state=flow.state or "unknown",
            schedule=schedule_text(flow.schedule),
            cadence=None if cadence is None else str(cadence),
            is_once=flow.schedule.is_once,
            template=template_of(flow.schedule),
            odd=oddity(flow.schedule),
            ends_at=flow.schedule.end_at,
            sources={identity: etags.get(identity) for identity in flow.source_connection_ids},
            targets={i: target.etag if target and target.id == i else None for i in flow.target_connection_ids},
            datasets={dataset.id: dataset.name for dataset in parts.datasets},
            seen_at=seen_at,
        )

    def row(self) -> dict[str, Any]:
        """Return its columns as they are stored; what has no column of its own is JSON in `facts`."""
        facts = {
            "cadence": self.cadence,
            "is_once": self.is_once,
            "template": self.template,
            "odd": self.odd,
            "sources": dict(self.sources),
            "targets": dict(self.targets),
            "datasets": dict(self.datasets),
        }
        return {
            "flow_id": self.flow_id,
            "name": self.name,
            "state": self.state,
            "schedule": self.schedule,
            "ends_at": to_moment(self.ends_at),
            "facts": to_json(facts),
            "seen_at": to_stored(self.seen_at),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> FlowSeen:
        """Return what was recorded, from columns as they are stored; facts that other versions keep are left out."""
        facts = from_json(row["facts"])
        return cls(
            flow_id=row["flow_id"],
            name=row["name"] or "",
            state=row["state"],
            schedule=row["schedule"],
            cadence=facts.get("cadence"),
            is_once=bool(facts.get("is_once")),
            template=facts.get("template", ""),
            odd=facts.get("odd"),
            ends_at=from_stored(row["ends_at"]),
            sources=facts.get("sources", {}),
            targets=facts.get("targets", {}),
            datasets=facts.get("datasets", {}),
            seen_at=row["seen_at"].replace(tzinfo=UTC),
        )

    def is_as(self, other: FlowSeen | None) -> bool:
        """Tell whether another sight of it shows the same, whenever that was."""
        return other is not None and {**self.row(), "seen_at": None} == {**other.row(), "seen_at": None}


def watch_flows(
    now: datetime, seen: Sequence[FlowSeen], before: Mapping[str, FlowSeen], promises: Sequence[Promise] = ()
) -> tuple[Finding, ...]:
    """Return what is to be told of the flows seen now, against those seen before, by their ids.

    `promises` are those of the settings; what they agree in with Adobe is told where they are judged.
    """
    own: dict[str, list[Promise]] = {}
    for promise in promises:
        if promise.flow is not None:
            own.setdefault(promise.flow, []).append(promise)
    found: list[Finding] = []
    for flow in seen:
        watched = _Watched(flow, before.get(flow.flow_id), tuple(own.get(flow.flow_id, ())))
        found += [*watched.changes(), *watched.states(), *watched.ends(now)]
    there = {flow.flow_id for flow in seen}
    found += [f for identity, flow in before.items() if identity not in there for f in _gone(flow, own)]
    return tuple(found)


def _gone(flow: FlowSeen, own: Mapping[str, Sequence[Promise]]) -> Iterator[Finding]:
    """A flow that nobody waits for may go."""
    if any(promise.enabled for promise in own.get(flow.flow_id, ())):
        last = format_moment(flow.seen_at.replace(microsecond=0))
        message = f"{_label(flow)} is not shown by Adobe any more: it was deleted, or a label hides it"
        yield finding("schedule.disabled", message, expected=f"as seen {last}", actual="nothing")


@dataclass(frozen=True, slots=True)
class _Watched:
    """A flow now and before, and what the settings promise of it."""

    flow: FlowSeen
    before: FlowSeen | None
    promises: tuple[Promise, ...]

    def changes(self) -> Iterator[Finding]:
        """Yield what is otherwise than before."""
        flow, before = self.flow, self.before
        if before is None:
            return
        if not self._settings_agree():
            if flow.schedule != before.schedule:
                yield self._changed("its schedule", before.schedule, flow.schedule)
            if flow.ends_at != before.ends_at:
                yield self._changed("its end", _end(before.ends_at), _end(flow.ends_at))
        if flow.template != before.template:
            yield self._changed("its folder template", quoted(before.template), quoted(flow.template))
        if flow.state != before.state and not self.promises:
            yield self._changed("its state", short(before.state), short(flow.state))
        if set(flow.datasets) != set(before.datasets) and flow.datasets:
            yield self._changed("what it exports", _names(before.datasets), _names(flow.datasets))
        elif _differ(flow.sources, before.sources):
            yield self._changed("its source connection", _ids(before.sources), _ids(flow.sources))
        if _differ(flow.targets, before.targets):
            yield self._changed("its target connection", _ids(before.targets), _ids(flow.targets))

    def states(self) -> Iterator[Finding]:
        """Yield that nothing is exported while the settings wait for it, and a schedule that Adobe does not offer.

        A state in between is passed through in moments: it is told when it was there before already.
        """
        flow = self.flow
        is_stuck = self.before is not None and self.before.state == flow.state
        is_off = flow.state == "disabled" or (flow.state not in ("enabled", "unknown") and is_stuck)
        if is_off and any(promise.enabled for promise in self.promises):
            message = f"{_label(flow)} is {short(flow.state)} at Adobe, and the settings still wait for its exports"
            yield finding("schedule.disabled", message, expected="enabled", actual=short(flow.state))
        if flow.odd and flow.state != "disabled":
            yield finding("schedule.not-offered", f"{_label(flow)}: {flow.odd}")

    def ends(self, now: datetime) -> Iterator[Finding]:
        """Yield that exports stop at Adobe's own end date, where the settings do not have that very date."""
        flow, ends_at = self.flow, self.flow.ends_at
        if ends_at is None or flow.is_once or flow.state == "disabled" or self._settings_have_end():
            return
        told = f"{_label(flow)}{self._settings_words()}"
        ends = format_moment(ends_at)
        if ends_at <= now:
            yield finding("schedule.ended", f"{told}: its exports ended {ends} at Adobe, whatever its state")
        elif ends_at <= shift(now, ENDS_SOON):
            yield finding(
                "schedule.ends-soon", f"{told}: its exports end {ends} at Adobe, in {(ends_at - now).days} days"
            )

    def _changed(self, what: str, old: str, new: str) -> Finding:
        since = format_moment(self.before.seen_at.replace(microsecond=0)) if self.before else ""
        message = f"{_label(self.flow)}: {what} changed since {since}"
        return finding("schedule.changed", message, expected=old, actual=new)

    def _settings_agree(self) -> bool:
        """Tell whether the settings have followed: then judging them tells that the schedule is another."""
        flow = self.flow
        schedules = [promise.schedule for promise in self.promises]
        return bool(schedules) and all(
            s is not None
            and str(s.cadence) == flow.cadence
            and (s.ends_at == flow.ends_at or isinstance(s.cadence, Once))
            for s in schedules
        )

    def _settings_have_end(self) -> bool:
        expecting = [promise for promise in self.promises if promise.enabled]
        if self.promises and not expecting:
            return True
        ends = [promise.schedule.ends_at if promise.schedule else None for promise in expecting]
        return bool(ends) and all(end == self.flow.ends_at for end in ends)

    def _settings_words(self) -> str:
        if not self.promises:
            return ""
        ends = {_end(promise.schedule.ends_at if promise.schedule else None) for promise in self.promises}
        return f", by the settings {' or '.join(sorted(ends))}"


def _label(flow: FlowSeen) -> str:
    """Name a flow and the datasets that share its schedule."""
    return f"{named('dataflow', flow.flow_id, flow.name)} of {_names(flow.datasets)}"


def _names(datasets: Mapping[str, str | None]) -> str:
    names = [quoted(name or identity) for identity, name in datasets.items()]
    more = len(names) - _MOST_NAMES
    return ", ".join([*names[:_MOST_NAMES], *([f"and {more} more"] if more > 0 else [])]) or "no dataset"


def _ids(connections: Mapping[str, str | None]) -> str:
    return ", ".join(f"{short(i)} {short(etag or 'etag not told')}" for i, etag in connections.items()) or "none"


def _differ(now: Mapping[str, str | None], before: Mapping[str, str | None]) -> bool:
    """Tell whether connections are others, or were edited; one that Adobe does not show now is no other."""
    if set(now) != set(before):
        return True
    return any(etag and before[i] and etag != before[i] for i, etag in now.items())


def _end(ends_at: datetime | None) -> str:
    return f"ends {format_moment(ends_at)}" if ends_at else "no end"


def flows_seen(parts: Iterable[FlowParts], seen_at: datetime) -> tuple[FlowSeen, ...]:
    """Return flows as they are seen now."""
    return tuple(FlowSeen.of(one, seen_at) for one in parts)


def flow_rows(seen: Iterable[FlowSeen], before: Mapping[str, FlowSeen]) -> list[dict[str, Any]]:
    """Return a row for every flow that is new or otherwise than before."""
    return [flow.row() for flow in seen if not flow.is_as(before.get(flow.flow_id))]
