"""Run a restore: accept gaps on record, bring every file to its place, prove it, record it; plans nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from catalog.copies.lanes import Patience, carried
from catalog.judging.chain_values import Chain, ChainState
from catalog.progress import Progress
from catalog.restores.answers import restore_run_document
from catalog.restores.fetch import Fetched, Fetcher
from catalog.restores.order import RestoreOrder
from catalog.restores.sums import sums_of
from catalog.restores.target import RestoreTarget, TargetLook
from catalog.restores.values import RestoreResult
from catalog.store.database import Catalog
from catalog.store.restores import Acceptance, AcceptedGap, RestoreRecord, RestoreState, record_restores
from verifier.errors import CatalogError, SourceError
from verifier.zone_model import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTerms:
    """What every step of a restore needs: `workers` files are on their way at once, `by` is who asked for it."""

    restore_id: str
    catalog: Catalog
    progress: Progress
    clock: Callable[[], datetime]
    tool_version: str
    workers: int
    by: str
    reason: str | None = None


def must_be_refused(chain: Chain, *, accepts_gaps: bool) -> bool:
    """Tell whether a chain may not be restored: a broken one never, one with gaps only where these are accepted."""
    return chain.state is ChainState.BROKEN or (chain.state is ChainState.GAP and not accepts_gaps)


def acceptance_of(chain: Chain, by: str, at: datetime, reason: str | None) -> Acceptance | None:
    """Return that all gaps of a chain that goes on behind them were accepted, by whom and when; None without any."""
    gaps = tuple(
        AcceptedGap(g.due_at, g.reason.value, None if g.snapshot is None else str(g.snapshot)) for g in chain.gaps
    )
    return Acceptance(gaps=gaps, by=by, at=at, reason=reason) if gaps else None


@dataclass(slots=True)
class Restoring:
    """One restore of a chain that need not be refused; `run` it once. Interrupted, it goes on where it was."""

    order: RestoreOrder
    terms: RestoreTerms
    _started_at: datetime = field(init=False)
    _fetched: list[Fetched] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._started_at = self.terms.clock()

    def run(self) -> RestoreResult:
        """Restore. Raises `SourceError` where the target cannot be looked at.

        Accepted gaps are recorded before anything is copied, or CatalogError is raised; an interrupt is recorded, too.
        How it ended is for `record`.
        """
        target = RestoreTarget(self.order)
        look = target.look()
        if look.conflict is not None:
            return self._result(RestoreState.INCOMPLETE, look)
        acceptance = acceptance_of(self.order.plan.chain, self.terms.by, self.terms.clock(), self.terms.reason)
        if acceptance is not None:
            self._record(RestoreState.RUNNING, acceptance)
        try:
            self._fetch(look)
            return self._finish(target, look, acceptance)
        except BaseException:
            with suppress(CatalogError):  # why it ended matters more
                self._record(RestoreState.INTERRUPTED)
            raise

    def record(self, result: RestoreResult) -> None:
        """Record how it ended. Raises CatalogError; what was restored is there all the same."""
        self._record(result.state)

    def _fetch(self, look: TargetLook) -> None:
        order, workers, progress = self.order, self.terms.workers, self.terms.progress
        patience = {s.zone: Patience(workers) for file in order.files for s in file.sources}
        progress.zone(f"to {order.target.url}")
        progress.planned(len(order.files), order.bytes)
        with closing(carried(order.files, lambda: Fetcher(order, look.there, patience), workers)) as done:
            for wanted, fetched in done:
                self._fetched.append(fetched)
                progress.read(1, wanted.size)
        self._fetched.sort(key=lambda fetched: fetched.wanted.path)

    def _finish(self, target: RestoreTarget, look: TargetLook, acceptance: Acceptance | None) -> RestoreResult:
        """Write what proves the restore, once all of it is there."""
        result = self._result(RestoreState.INCOMPLETE, look, acceptance)
        if not all(fetched.is_there for fetched in self._fetched):
            return result
        whole = replace(result, state=RestoreState.COMPLETE)
        digests = {f.wanted.path: f.sha256 for f in self._fetched if f.sha256 is not None}
        manifest = json.dumps(restore_run_document(whole), indent=1).encode() + b"\n"
        try:
            found = target.finish(digests, sums_of(digests), manifest)
        except SourceError as error:
            trouble = Trouble(kind=error.kind, message=error.message, hint=error.hint)
            return replace(result, troubles=(trouble,))
        return whole if found is None else replace(result, conflict=found)

    def _result(self, state: RestoreState, look: TargetLook, acceptance: Acceptance | None = None) -> RestoreResult:
        return RestoreResult(
            restore_id=self.terms.restore_id,
            order=self.order,
            state=state,
            started_at=self._started_at,
            finished_at=self.terms.clock(),
            tool_version=self.terms.tool_version,
            files=tuple(self._fetched),
            acceptance=acceptance,
            conflict=look.conflict,
            others=look.others,
        )

    def _record(self, state: RestoreState, acceptance: Acceptance | None = None) -> None:
        order, plan = self.order, self.order.plan
        sent = [f for f in self._fetched if f.was_sent]
        record = RestoreRecord(
            restore_id=self.terms.restore_id,
            zone=plan.wish.zone,
            dataset_id=plan.wish.dataset_id,
            as_of=plan.wish.as_of,
            recovers_to=plan.chain.recovers_to,
            depth=plan.wish.depth.value,
            target_url=order.target.url,
            state=state,
            snapshots=len(plan.chain.members),
            files=len(order.files),
            bytes=order.bytes,
            files_copied=len(sent),
            bytes_copied=sum(f.wanted.size for f in sent),
            started_at=self._started_at,
            finished_at=None if state is RestoreState.RUNNING else self.terms.clock(),
            tool_version=self.terms.tool_version,
            acceptance=acceptance,
            run_by=self.terms.by,
        )
        record_restores(self.terms.catalog, [record])
