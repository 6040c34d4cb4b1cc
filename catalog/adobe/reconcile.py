"""Hold runs against snapshots: what belongs together, what is missing on either side, which slots were empty.

Pure. Runs and what the catalog has come in; the verdicts are values. Nothing is called missing where nobody has looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from catalog.adobe.model import Run, RunStatus
from catalog.adobe.noticed import Noticed
from catalog.adobe.reconcile_findings import judge_run, unclaimed_finding
from catalog.adobe.reconcile_match import MARGIN, Found, began_at, ended_at, match, slot_of, sure_at
from catalog.adobe.reconcile_numbers import compare_bytes, compare_dataset, compare_files, compare_rows
from catalog.adobe.reconcile_values import (
    ComparedFlow,
    ComparedRun,
    Export,
    FlowScope,
    Pair,
    Reconciliation,
    Sight,
    Slot,
    Stream,
    wrote,
)
from catalog.judging.values import Period
from catalog.schedule import shift
from verifier.findings import Level
from verifier.model import Verdict

_LISTED_LATE = timedelta(minutes=10)
"""How young a snapshot may be whose run is not in Adobe's list yet."""


def reconcile(scopes: Sequence[FlowScope], period: Period, levels: Mapping[str, Level] | None = None) -> Reconciliation:
    """Compare the runs that began in a period, and the snapshots exported in it, as of the period's end.

    Runs and snapshots beside the period are held against those in it, too. Flows come in the order given, their runs
    in the order they began.
    """
    flows, findings, proofs = [], list[Noticed](), dict[Slot, str]()
    for scope in scopes:
        compared = _Flow(scope, period)
        flows.append(compared.result())
        findings += compared.findings()
        proofs |= compared.proofs()
    return Reconciliation(
        at=period.at,
        flows=tuple(flows),
        findings=tuple(noticed.with_levels(levels or {}) for noticed in findings),
        proven_empty=tuple(sorted(proofs)),
        proofs=proofs,
    )


def unique_runs(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return each run once, as last updated, in the order they began."""
    newest: dict[str, Run] = {}
    for run in runs:
        known = newest.get(run.id)
        if known is None or _stamp(run) >= _stamp(known):
            newest[run.id] = run
    return tuple(sorted(newest.values(), key=lambda run: (_stamp_of(began_at(run)), run.id)))


def _stamp(run: Run) -> float:
    return _stamp_of(run.updated_at or ended_at(run))


def _stamp_of(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


@dataclass(frozen=True, slots=True)
class _Own:
    """A dataset with the schedule that counts for it and the snapshots of the flow's runs."""

    stream: Stream
    found: Found

    @property
    def known_since(self) -> datetime | None:
        """From when on what is not there is missing: the first look, or the first export known; None without a look."""
        moments = [*self.stream.looks[:1], self.stream.first_export_at]
        return min(m for m in moments if m is not None) if self.stream.looks else None


class _Flow:
    """One flow: its runs are matched once, and then judged."""

    def __init__(self, scope: FlowScope, period: Period) -> None:
        runs = unique_runs(scope.runs)
        streams = tuple(replace(s, schedule=s.schedule or scope.schedule) for s in scope.streams)
        self._scope = replace(scope, runs=runs, streams=streams)
        self._period = period
        self._own = [_Own(stream, match(runs, stream, stream.schedule)) for stream in streams]
        self._all = [self._compare(run) for run in runs]
        self._runs = [compared for compared in self._all if self._is_asked(began_at(compared.run))]

    def result(self) -> ComparedFlow:
        """Return what the runs in the period came to."""
        unclaimed = tuple(export for own in self._own for export in self._unclaimed(own))
        return ComparedFlow(scope=self._scope, runs=tuple(self._runs), unclaimed=unclaimed)

    def findings(self) -> Iterator[Noticed]:
        """Yield what is found, run after run, then snapshots without a run."""
        at = self._scope.until or self._period.at
        for compared in self._runs:
            yield from judge_run(compared, self._all, self._scope, at)
        for own in self._own:
            yield from (unclaimed_finding(export, self._scope) for export in self._unclaimed(own))

    def proofs(self) -> dict[Slot, str]:
        """Return the slots of the period in which there was nothing to export, with the run that says so.

        Every other run of the slot must have brought nothing, too, and nothing may be there.
        """
        proofs: dict[Slot, str] = {}
        for place, own in enumerate(self._own):
            stream = own.stream
            slots: dict[datetime, list[ComparedRun]] = {}
            for compared in self._all:
                due_at = compared.pairs[place].due_at
                if due_at is not None and self._is_asked(due_at):
                    slots.setdefault(due_at, []).append(compared)
            taken = {stream.schedule.slot_of(e.id.export_at) for e in stream.exports if stream.schedule}
            for due_at, runs in slots.items():
                last = runs[-1]
                is_absent = all(c.pairs[place].state is Sight.ABSENT for c in runs if _is_empty(c.run))
                if due_at not in taken and _is_empty(last.run) and all(map(_is_harmless, runs)) and is_absent:
                    proofs[stream.zone, stream.dataset_id, due_at] = last.run.id
        return proofs

    def _compare(self, run: Run) -> ComparedRun:
        pairs = tuple(self._pair(run, own) for own in self._own)
        return ComparedRun(
            run=run,
            pairs=pairs,
            files=compare_files(run, pairs, self._scope),
            rows=compare_rows(run, pairs, self._scope),
            bytes=compare_bytes(run, pairs, self._scope),
        )

    def _pair(self, run: Run, own: _Own) -> Pair:
        stream = own.stream
        pair = Pair(
            zone=stream.zone,
            dataset_id=stream.dataset_id,
            name=stream.name,
            state=Sight.UNKNOWN,
            due_at=slot_of(run, stream.schedule),
        )
        found = own.found.get(run.id)
        if found is not None:
            pair = replace(pair, state=Sight.FOUND, export=found[0], way=found[1])
        else:
            reason = _why_unseen(run, own)
            pair = replace(pair, state=Sight.UNKNOWN if reason else Sight.ABSENT, reason=reason)
        return replace(pair, rows=compare_dataset(run, stream, pair))

    def _unclaimed(self, own: _Own) -> Iterator[Export]:
        """Yield snapshots in no run, of the time of which all runs are known."""
        scope, stream = self._scope, own.stream
        if (stream.zone, stream.dataset_id) in scope.shared or not scope.runs or scope.until is None:
            return
        claimed = {export.id for export, _ in own.found.values()}
        first = next((moment for run in scope.runs if (moment := began_at(run))), None)
        since = max((moment for moment in (first, scope.since) if moment), default=None)
        if since is None:
            return
        until = shift(scope.until, -_LISTED_LATE)
        for export in stream.exports:
            at = export.id.export_at
            is_known = shift(since, -MARGIN) <= at <= until and export.verdict is not Verdict.ARRIVING
            if is_known and self._is_asked(at) and export.id not in claimed:
                yield export

    def _is_asked(self, moment: datetime | None) -> bool:
        return moment is not None and self._period.since <= moment <= self._period.at


def _why_unseen(run: Run, own: _Own) -> str | None:
    """Return why it is not known whether a run left a snapshot, None where a listing proves that it did not."""
    stream = own.stream
    if run.status is RunStatus.IN_PROGRESS:
        return "the run is under way"
    sure, ended = sure_at(run, stream, stream.schedule), ended_at(run)
    if sure is None or ended is None:
        return "Adobe does not tell when it ran"
    if own.known_since is None:
        return f"zone {stream.zone} was never listed"
    if ended < own.known_since:
        return "it ran before the first look at the zone and the first export known"
    looks = [look for look in stream.looks if look > sure]
    if not looks:
        return f"no complete listing of zone {stream.zone} has started since it must be there"
    if stream.lifetime is not None and looks[0] >= shift(ended, stream.lifetime):
        return "the zone has deleted it by itself before anybody looked"
    return None


def _is_empty(run: Run) -> bool:
    return run.status is RunStatus.SUCCESS and wrote(run) is False


def _is_harmless(compared: ComparedRun) -> bool:
    """A run that failed and wrote nothing leaves it to the next to say what there was."""
    run = compared.run
    return _is_empty(run) or (run.status is RunStatus.FAILED and not wrote(run))
