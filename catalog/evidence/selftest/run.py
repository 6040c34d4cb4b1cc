"""Test our own controls: damage scratch copies of real snapshots in every known way, and see that each is noticed.

What the damages are is in `catalog.evidence.damages.table`; the originals are only read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from catalog.caller import who
from catalog.evidence.damages.table import damages_for
from catalog.evidence.damages.values import (
    Change,
    ControlState,
    ControlTest,
    Damage,
    NotApplicableError,
    SelfTest,
    Specimen,
    TestedSnapshot,
    When,
)
from catalog.evidence.selftest.bench import Bench, Case, Seen
from catalog.evidence.selftest.copy import Original, copy_whole, target_of
from catalog.progress import Progress
from catalog.scratch_folder import scratch_folder
from catalog.settings.loading import Settings
from catalog.store.controls import ControlRecord, record_controls
from catalog.store.database import Catalog
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.engine import Engine
from verifier.findings import Effect, Level
from verifier.formats.base import Limits
from verifier.model import Verdict

_MOST_AT_ONCE = 24
_MOST_BYTES_AT_ONCE = 128 << 20
_SPACE = 3
"""How often the snapshot is on the disk, besides the copies that are looked at together."""

_CANNOT = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError, pa.ArrowException)
"""What taking a file apart may raise that is not written as we know them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a test is made with: settings, the catalog that is told, where copies go, who hears how far it is.

    Of `codes` only such damages are tried as are to raise one of them; none stand for all.
    """

    settings: Settings
    catalog: Catalog
    scratch: Path
    progress: Progress
    codes: frozenset[str] = frozenset()


def selftest(originals: Sequence[Original], missing: Sequence[str], means: Means) -> SelfTest:
    """Test the controls on each snapshot, one after the other, and record what came of it.

    Raises `SourceError` where a file cannot be read, `LandproofError` without room for the copies.
    """
    started_at, snapshots, controls = utc_now(), list[TestedSnapshot](), list[ControlTest]()
    with Engine(1) as engine:
        for original in originals:
            tested, found = _test(original, means, engine)
            snapshots.append(tested)
            controls += found
    result = SelfTest(
        test_id=new_scan_id(),
        run_by=who(),
        tool_version=tool_version(),
        started_at=started_at,
        finished_at=utc_now(),
        snapshots=tuple(snapshots),
        controls=tuple(controls),
        missing=tuple(missing),
    )
    record_controls(means.catalog, _records(result))
    return result


def _test(original: Original, means: Means, engine: Engine) -> tuple[TestedSnapshot, list[ControlTest]]:
    tested = TestedSnapshot(snapshot=original.id, kind=original.kind, files=len(original.files), bytes=original.bytes)
    target = target_of(original, means.settings, means.catalog)
    means.progress.zone(str(original.id))
    with scratch_folder(means.scratch, _SPACE * original.bytes + _MOST_BYTES_AT_ONCE) as folder:
        bench = Bench(means.settings, target, engine, folder)
        reason = copy_whole(original, target, bench.whole_root)
        if reason is None:
            whole = _specimen(original, bench.whole_root, means.settings.limits())
            usual = _undamaged(bench, whole)
            reason = _why_not_good(usual)
        if reason is None:
            try:
                return tested, list(_tests(bench, whole, usual, _damages(whole, means.codes), means.progress))
            except NotApplicableError as error:
                reason = str(error)
        return replace(tested, reason=reason), []


def _damages(whole: Specimen, codes: frozenset[str]) -> Sequence[Damage]:
    try:
        return [one for one in damages_for(whole) if not codes or codes.intersection(one.expected)]
    except _CANNOT as error:
        raise NotApplicableError(f"{whole.data} cannot be taken apart: {type(error).__name__}") from error


def _specimen(original: Original, root: Path, limits: Limits) -> Specimen:
    first, *rest = original.data
    landed_at = max((f.report.file.modified_at for f in original.files if f.report.file.modified_at), default=None)
    return Specimen(
        snapshot=original.id,
        root=root,
        folder=original.contents.folder.strip("/"),
        kind=first.report.kind,
        data=first.report.file.path,
        facts=first.report.content.facts,
        others=tuple(file.report.file.path for file in rest),
        manifest=original.manifest,
        limits=limits,
        landed_at=landed_at or datetime.now(UTC),
        now=utc_now(),
    )


def _undamaged(bench: Bench, whole: Specimen) -> Seen:
    """Look at an undamaged copy: what is told of that says nothing of a damage."""
    case = bench.case(0)
    bench.build(whole, case)
    seen = bench.look(whole, [case])[case.zone]
    bench.clear([case])
    return seen


def _why_not_good(usual: Seen) -> str | None:
    if usual.verdicts == [Verdict.GOOD]:
        return None
    verdict = usual.verdicts[0].value if usual.verdicts else "of no snapshot"
    return f"the undamaged copy is {verdict}, expected good: {', '.join(usual.codes) or 'nothing was found'}"


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A damage that is to be tried, at its place, and since when; without a case it cannot be done."""

    damage: Damage
    started_at: datetime
    change: Change | None = None
    case: Case | None = None
    reason: str | None = None


def _tests(
    bench: Bench, whole: Specimen, usual: Seen, damages: Sequence[Damage], progress: Progress
) -> Iterator[ControlTest]:
    progress.planned(len(damages), 0)
    number = 0
    while number < len(damages):
        attempts: list[_Attempt] = []
        size = 0
        while number < len(damages) and len(attempts) < _MOST_AT_ONCE and size < _MOST_BYTES_AT_ONCE:
            attempts.append(_attempt(bench, whole, damages[number], number + 1, usual))
            change = attempts[-1].change
            size += sum(map(len, change.write.values())) if change else 0
            number += 1
        yield from _looked(bench, whole, attempts)
        progress.read(len(attempts), 0)


def _attempt(bench: Bench, whole: Specimen, damage: Damage, number: int, usual: Seen) -> _Attempt:
    began = utc_now()
    if already := set(damage.expected) & set(usual.codes):
        reason = f"the undamaged copy shows it already: {', '.join(sorted(already))}"
        return _Attempt(damage, began, reason=reason)
    try:
        change = damage.change(whole)
    except NotApplicableError as error:
        return _Attempt(damage, began, reason=str(error))
    except _CANNOT as error:
        return _Attempt(damage, began, reason=f"the copy could not be damaged so: {type(error).__name__}")
    return _Attempt(damage, began, change, bench.case(number, change))


def _looked(bench: Bench, whole: Specimen, attempts: Sequence[_Attempt]) -> Iterator[ControlTest]:
    """Make the copies of some attempts, have them looked at together, and say what came of each."""
    cases = {attempt.damage.name: attempt.case for attempt in attempts if attempt.case}
    late = [a.case for a in attempts if a.case and a.damage.when is When.LATER]
    try:
        for case in cases.values():
            bench.build(whole, case)
        if late:
            bench.look(whole, late)
        for case in cases.values():
            bench.damage(whole, case, is_late=case in late)
        seen = bench.look(whole, list(cases.values()))
        judged = bench.judge(whole, [a.case for a in attempts if a.case and a.damage.is_judged])
    finally:
        bench.clear(cases.values())
    for attempt in attempts:
        yield _ended(whole, attempt, judged if attempt.damage.is_judged else seen)


def _ended(whole: Specimen, attempt: _Attempt, seen: Mapping[str, Seen]) -> ControlTest:
    state, reason, found = ControlState.NOT_TESTED, attempt.reason, tuple[str, ...]()
    if attempt.case:
        told = seen[attempt.case.zone]
        state, reason, found = *_outcome(attempt.damage, told), told.codes
    return ControlTest(
        snapshot=whole.snapshot,
        damage=attempt.damage.name,
        path=attempt.change.path if attempt.change else None,
        expected=attempt.damage.expected,
        found=found,
        state=state,
        reason=reason,
        started_at=attempt.started_at,
        finished_at=utc_now(),
    )


def _outcome(damage: Damage, told: Seen) -> tuple[ControlState, str | None]:
    """Tell whether the control fired: one of the codes came, and no snapshot on which it takes effect counts as good.

    What belongs to no snapshot, such as a manifest that cannot be read beside the folders, takes effect on none.
    """
    if not any(one.code in damage.expected for one in told.findings):
        return ControlState.SILENT, "none of the expected codes was found"
    hits = [one for one in told.of_good if one.code in damage.expected]
    if any(hit.level is Level.ERROR and hit.effect is not Effect.NONE for hit in hits):
        return ControlState.SILENT, "the code was found, but the damaged copy counts as good"
    return ControlState.FIRED, None


def _records(result: SelfTest) -> list[ControlRecord]:
    """Return what is recorded: the tests that could be made."""
    return [
        ControlRecord(
            test_id=result.test_id,
            snapshot=str(one.snapshot),
            damage=one.damage,
            path=one.path,
            expected=" or ".join(one.expected),
            found=", ".join(one.found),
            passed=one.state is ControlState.FIRED,
            started_at=one.started_at,
            finished_at=one.finished_at,
            run_by=result.run_by,
            tool_version=result.tool_version,
        )
        for one in result.controls
        if one.state is not ControlState.NOT_TESTED
    ]
