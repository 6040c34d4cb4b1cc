"""What is found in runs held against snapshots, at the levels that are fixed for it; what belongs together is decided.

Pure. What Adobe says stands in messages short and escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from catalog.adobe.model import Run, RunStatus
from catalog.adobe.noticed import Noticed
from catalog.adobe.reconcile_match import began_at
from catalog.adobe.reconcile_numbers import entity_rows
from catalog.adobe.reconcile_values import ComparedRun, Comparison, Equality, Export, FlowScope, Pair, Sight, wrote
from catalog.adobe.told import errors_text, named, short
from catalog.schedule import format_duration, format_moment
from verifier.findings import Level
from verifier.model import Finding, finding

_LONGEST = timedelta(days=1)
"""How long a run may take where no schedule says when the next one comes."""


def judge_run(compared: ComparedRun, runs: Sequence[ComparedRun], scope: FlowScope, at: datetime) -> Iterator[Noticed]:
    """Yield what is wrong with a run; `runs` are all of its flow, one of which may have made up for it."""
    run = compared.run
    match run.status:
        case RunStatus.FAILED:
            yield _about(compared, scope, _failed(compared, runs, scope))
        case RunStatus.PARTIAL:
            message = f"{run_text(run, scope)} exported only a part"
            yield _about(compared, scope, finding("run.partial", _with_errors(message, run)))
            yield from _numbers(compared, scope)
        case RunStatus.SUCCESS:
            yield from _without(compared, scope)
            yield from _numbers(compared, scope)
        case RunStatus.IN_PROGRESS:
            yield from (_about(compared, scope, found) for found in _stuck(run, scope, at))


def unclaimed_finding(export: Export, scope: FlowScope) -> Noticed:
    """Return what is said of a snapshot that is in no run."""
    flow = named("dataflow", scope.flow_id, scope.name)
    told = f", and its manifest names run {min(export.run_ids)}" if export.run_ids else ""
    found = finding("run.snapshot-without-run", f"snapshot {export.id} is in no run of {flow}{told}")
    return Noticed(finding=found, zone=export.id.zone, dataset_id=export.id.dataset_id, flow_id=scope.flow_id)


def run_text(run: Run, scope: FlowScope) -> str:
    """Return how a run is called in messages."""
    began = began_at(run)
    when = f", begun {format_moment(began.replace(microsecond=0))}," if began else ""
    return f"run {short(run.id)} of {named('dataflow', scope.flow_id, scope.name)}{when}"


def _failed(compared: ComparedRun, runs: Sequence[ComparedRun], scope: FlowScope) -> Finding:
    message = f"{run_text(compared.run, scope)} failed"
    better = _made_up_by(compared, runs)
    if better is None:
        return finding("run.failed", _with_errors(message, compared.run))
    message = f"{message}; run {short(better.id)} made up for it"
    return finding("run.failed", _with_errors(message, compared.run), level=Level.WARN)


def _made_up_by(failed: ComparedRun, runs: Sequence[ComparedRun]) -> Run | None:
    """Return the run of the same slot that came later and brought what was to come, None where there is none."""
    began = began_at(failed.run)
    for other in runs:
        later = began_at(other.run)
        is_later = began is not None and later is not None and later > began
        is_same_slot = failed.due_at is not None and other.due_at == failed.due_at
        brought = wrote(other.run) is False or any(pair.export for pair in other.pairs)
        if is_later and is_same_slot and other.run.status is RunStatus.SUCCESS and brought:
            return other.run
    return None


def _stuck(run: Run, scope: FlowScope, at: datetime) -> Iterator[Finding]:
    began = began_at(run)
    if began is None:
        return
    schedules = [stream.schedule for stream in scope.streams] or [scope.schedule]
    intervals = [interval for s in schedules if s is not None and (interval := s.interval_at(began))]
    limit = min(intervals, default=_LONGEST)
    if at - began > limit:
        hours = format_duration(timedelta(hours=(at - began) // timedelta(hours=1)))
        expected = f"at most {format_duration(limit)}"
        yield finding("run.stuck", f"{run_text(run, scope)} is still under way", expected=expected, actual=hours)


def _without(compared: ComparedRun, scope: FlowScope) -> Iterator[Noticed]:
    """Yield datasets of which a run says that it exported them and of which a complete listing shows nothing.

    Of a run that does not say how much of which dataset, one that found nothing new leaves nothing behind: only where
    none of them is there, something is missing.
    """
    run = compared.run
    absent = [pair for pair in compared.pairs if pair.state is Sight.ABSENT]
    told = {(s.zone, s.dataset_id): entity_rows(run, s) for s in scope.streams}
    named_ones = [pair for pair in absent if told.get((pair.zone, pair.dataset_id))]
    if not named_ones:
        is_alone = len(absent) == len(compared.pairs) and scope.missing is None
        named_ones = absent if is_alone and wrote(run) and all(n is None for n in told.values()) else []
        if len(named_ones) > 1:
            names = ", ".join(f"{pair.zone}/{pair.dataset_id}" for pair in named_ones)
            yield _about(compared, scope, _missing(run, scope, f"any of {names}"))
            return
    for pair in named_ones:
        found = _missing(run, scope, f"dataset {pair.zone}/{pair.dataset_id}")
        yield Noticed(finding=found, zone=pair.zone, dataset_id=pair.dataset_id, flow_id=scope.flow_id, run_id=run.id)


def _missing(run: Run, scope: FlowScope, what: str) -> Finding:
    numbers = ((run.rows, "rows"), (run.files, "files"))
    wanted = " in ".join(f"{number} {word}" for number, word in numbers if number is not None)
    return finding(
        "run.without-snapshot",
        f"{run_text(run, scope)} has no snapshot of {what}",
        expected=wanted or None,
        actual="nothing",
    )


def _numbers(compared: ComparedRun, scope: FlowScope) -> Iterator[Noticed]:
    run = compared.run
    if compared.files.verdict is Equality.DIFFERS:
        exports = [pair.export for pair in compared.pairs if pair.export]
        is_fewer = (compared.files.ours or 0) < (compared.files.adobe or 0)
        is_open = is_fewer and not all(export.has_manifest for export in exports)
        level = Level.ERROR if is_open else None
        message = f"{run_text(run, scope)} wrote other files than are there"
        yield _about(compared, scope, _differing("run.files-differ", message, compared.files, level))
    single = [pair for pair in compared.pairs if pair.rows and pair.rows.verdict is Equality.DIFFERS]
    message = f"{run_text(run, scope)} wrote other rows than are in its files"
    for pair in single:
        assert pair.rows is not None
        found = _differing("run.rows-differ", message, pair.rows)
        yield Noticed(finding=found, zone=pair.zone, dataset_id=pair.dataset_id, flow_id=scope.flow_id, run_id=run.id)
    if not single and compared.rows.verdict is Equality.DIFFERS:
        yield _about(compared, scope, _differing("run.rows-differ", message, compared.rows))


def _differing(code: str, message: str, numbers: Comparison, level: Level | None = None) -> Finding:
    return finding(code, message, expected=numbers.adobe, actual=numbers.ours, level=level)


def _with_errors(message: str, run: Run) -> str:
    told = errors_text((*run.errors, *run.skipped))
    return f"{message}: {told}" if told else message


def _about(compared: ComparedRun, scope: FlowScope, found: Finding) -> Noticed:
    """Return a finding about a run, with its dataset where the flow has but one."""
    only: Pair | None = compared.pairs[0] if len(compared.pairs) == 1 else None
    return Noticed(
        finding=found,
        zone=only.zone if only else _same_zone(compared.pairs),
        dataset_id=only.dataset_id if only else None,
        flow_id=scope.flow_id,
        run_id=compared.run.id,
    )


def _same_zone(pairs: Sequence[Pair]) -> str | None:
    zones = {pair.zone for pair in pairs}
    return zones.pop() if len(zones) == 1 else None
