"""Try a restore in a scratch database, count its rows against what is recorded, record what came of it; plans none.

The chain is gone through snapshot by snapshot, small ones fetched together, and each is deleted once it was counted, so
that the scratch folder need not hold everything. Exports hold personal data: it is private, and is gone in the end.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from catalog.caller import who
from catalog.drills.fetch import Fetched, Fetcher, Miss
from catalog.drills.values import DrilledSnapshot, DrillResult, DrillRun, DrillState
from catalog.judging.chain_values import Chain, ChainState, Member
from catalog.restores.plan import RestorePlan, Wish, plan_restore
from catalog.schedule import format_moment
from catalog.scratch_folder import scratch_folder
from catalog.store.drills import DrillRecord, record_drills
from catalog.store.scratch import Loaded, Loader
from verifier.classify import HEAD_BYTES, Sniffed, sniff
from verifier.model import Depth, Verdict

SPACE = 4
"""How many times the size of the largest snapshot is to be free: for its files, and for the tables made of them."""

_ENCRYPTED_PARQUET = b"PARE"


def drill(wish: Wish, run: DrillRun) -> DrillResult:
    """Try the restore of a dataset to a moment, and record it.

    Raises `UsageError` for a dataset nobody knows, `LandproofError` where the scratch folder has too little room.
    """
    started_at = run.clock()
    plan = plan_restore(run.settings, run.catalog, wish, started_at)
    snapshots = _snapshots(plan, run) if plan.chain.members else []
    state, message = _outcome(plan, snapshots)
    result = DrillResult(
        drill_id=run.drill_id,
        plan=plan,
        state=state,
        message=message,
        snapshots=tuple(snapshots),
        started_at=started_at,
        finished_at=run.clock(),
    )
    record_drills(run.catalog, [_record(result, run)])
    return result


def _snapshots(plan: RestorePlan, run: DrillRun) -> list[DrilledSnapshot]:
    fetcher = Fetcher(plan.chain.members, run)
    run.progress.zone(f"{plan.wish.zone}/{plan.wish.dataset_id}")
    run.progress.planned(fetcher.files, fetcher.bytes)
    drilled = []
    needed = fetcher.at_once + (SPACE - 1) * fetcher.largest
    with (
        scratch_folder(run.scratch, needed) as scratch,
        closing(Loader(scratch, run.settings.limits().line_bytes)) as loader,
    ):
        for batch in fetcher.batches():
            for fetched in fetcher.fetch(batch, scratch):
                drilled.append(_drilled(fetched, loader))
                shutil.rmtree(fetched.folder)
    return drilled


def _drilled(fetched: Fetched, loader: Loader) -> DrilledSnapshot:
    """Load and count what was fetched of one snapshot, unless not all of it came."""
    began = time.monotonic()
    state, message, rows = _could_not_fetch(fetched)
    if message is None:
        state, message, rows = _load(fetched, loader)
    return DrilledSnapshot(
        member=fetched.member,
        state=state,
        message=message,
        places=tuple(fetched.places),
        files=len(fetched.files),
        bytes=fetched.bytes,
        rows_loaded=rows,
        fetch_seconds=fetched.seconds,
        load_seconds=time.monotonic() - began,
    )


_End = tuple[DrillState, str | None, int | None]


def _could_not_fetch(fetched: Fetched) -> _End:
    """Return why not all files came; without a message all did. One that nobody could look for may be there."""
    missing = fetched.missing
    if not missing:
        return DrillState.PASSED, None, None
    lost = [misses for misses in missing if all(miss.is_lost for miss in misses)]
    state, told = (DrillState.FAILED if lost else DrillState.UNKNOWN), (lost or missing)[0]
    others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return state, f"could not fetch {told[0].path}{others}: {_reasons(told)}", None


def _load(fetched: Fetched, loader: Loader) -> _End:
    files = [file for _, file in sorted(fetched.files.items())]
    encrypted = next((file for file in files if _is_encrypted(fetched.folder.parent / file.name)), None)
    if encrypted is not None:
        return DrillState.UNKNOWN, f"{encrypted.known_as} is encrypted: it cannot be drilled", None
    loaded = loader.load(files)
    state, problem = _judged(fetched.member, loaded)
    notes = [problem] if problem else []
    for misses in list(fetched.misses.values())[:1]:
        count = len(fetched.misses)
        which = f"{misses[0].path}{f' and {count - 1} more' if count > 1 else ''}"
        notes.append(f"taken from another place: {which}: {_reasons(misses)}")
    return state, "; ".join(notes) or None, loaded.rows


def _judged(member: Member, loaded: Loaded) -> tuple[DrillState, str | None]:
    recorded = member.source.rows
    if loaded.trouble is not None:
        return DrillState.UNKNOWN, f"could not be loaded: {loaded.trouble}"
    if loaded.refusal is not None:
        was_found_good = "" if member.source.depth is Depth.LIST else ", though it was found good"
        return DrillState.FAILED, f"{loaded.refusal}{was_found_good}"
    if recorded is None:
        return DrillState.PASSED, "how many rows it has was not recorded: they were counted, and compared with nothing"
    if recorded != loaded.rows:
        return DrillState.FAILED, f"other rows than recorded: expected {recorded}, got {loaded.rows}"
    return DrillState.PASSED, None


def _is_encrypted(path: Path) -> bool:
    """A file that was opened with a key to be verified is in the catalog as any other."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return sniff(head) is Sniffed.PGP or head.startswith(_ENCRYPTED_PARQUET)


def _reasons(misses: Sequence[Miss]) -> str:
    return "; ".join(dict.fromkeys(miss.message for miss in misses))


def _outcome(plan: RestorePlan, snapshots: Sequence[DrilledSnapshot]) -> tuple[DrillState, str | None]:
    """Say what it all comes to: a restore that ends before a gap, or whose base is missing, would not have worked."""
    chain, states = plan.chain, {s.state for s in snapshots}
    message = _shortfall(chain, plan.wish)
    if not chain.members and any(gap.verdict is Verdict.UNVERIFIABLE for gap in chain.gaps):
        return DrillState.UNKNOWN, f"{message}; one is encrypted, or unsupported, and cannot be drilled"
    if DrillState.FAILED in states or message is not None:
        return DrillState.FAILED, message
    return (DrillState.UNKNOWN if DrillState.UNKNOWN in states else DrillState.PASSED), None


def _shortfall(chain: Chain, wish: Wish) -> str | None:
    if not chain.members or chain.recovers_to is None:
        reason = f": the last is {chain.gaps[0].reason.value}" if chain.gaps else ""
        return f"nothing to drill: no usable full export at or before {format_moment(wish.as_of)}{reason}"
    if chain.state is ChainState.COMPLETE or wish.accepts_gaps:
        return None
    gap = chain.gaps[0]
    return (
        f"the restore ends before a gap: the export due {format_moment(gap.due_at)} is {gap.reason.value},"
        f" so that it recovers to {format_moment(chain.recovers_to)} only"
    )


def _record(result: DrillResult, run: DrillRun) -> DrillRecord:
    wish = result.plan.wish
    return DrillRecord(
        drill_id=result.drill_id,
        zone=wish.zone,
        dataset_id=wish.dataset_id,
        as_of=wish.as_of,
        recovers_to=result.plan.chain.recovers_to,
        depth=wish.depth.value,
        accepts_gaps=wish.accepts_gaps,
        state=result.state.value,
        message=result.message or next((s.message for s in result.snapshots if s.state is result.state), None),
        snapshots=len(result.snapshots),
        files=result.files,
        bytes=result.bytes,
        rows=result.plan.chain.rows,
        rows_loaded=result.rows_loaded,
        fetch_seconds=result.fetch_seconds,
        load_seconds=result.load_seconds,
        started_at=result.started_at,
        finished_at=result.finished_at,
        tool_version=run.tool_version,
        run_by=who(),
    )
