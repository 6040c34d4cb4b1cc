"""The document of the page of a snapshot: what it is worth, why, and what proves it; not how that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from catalog.answers import Document, moment
from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, ChainQuestion, ChainState, GapReason, Holding, Mode
from catalog.questions import lookups
from catalog.questions.inquiry import Inquiry
from catalog.questions.naming import Shortcut, find_snapshot
from catalog.schedule import Schedule
from catalog.service.responses.hints import hinted
from catalog.service.views.snapshot_proof import proof_object
from catalog.store.history import snapshot_history
from catalog.store.neighbours import Around, Neighbour, around
from catalog.store.queries import RecordedSnapshot
from verifier.errors import UsageError
from verifier.findings import Level
from verifier.model import Depth, FileKind, Presence, SnapshotReport, Verdict

FILES_A_PAGE = 100
_MOST_STATES = 50
PREVIOUS = "previous"
_MANIFEST = "manifest."
_LEVELS = [level.value for level in (Level.ERROR, Level.WARN, Level.INFO)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotQuestion:
    """Which snapshot; what to compare it with; which of its files to list; whether to compute its inclusion proof."""

    snapshot: str
    compare: str | None = None
    name: str = ""
    offset: int = 0
    proof: bool = False


def snapshot_view(inquiry: Inquiry, asked: SnapshotQuestion) -> Document:
    """Return `landproof/snapshot/1`. Raises `UsageError` for snapshots that the catalog does not have."""
    recorded, shown = lookups.show(inquiry, asked.snapshot)
    report = recorded.report
    dataset = inquiry.settings.dataset(report.id.zone, report.id.dataset_id)
    schedule = dataset.schedule() if dataset is not None and dataset.enabled else None
    due_at = schedule.slot_of(report.id.export_at) if schedule is not None else None
    found = around(inquiry.catalog, report.id, recorded.judged_at, due_at)
    states = _states(inquiry, report)
    findings = sorted(hinted(shown["snapshot"]["findings"]), key=lambda f: _LEVELS.index(f["level"]))
    document = {
        "schema": "landproof/snapshot/1",
        "at": moment(inquiry.now),
        "name": (dataset.name if dataset is not None else None) or found.name,
        "folder": found.folder,
        "snapshot": shown["snapshot"] | {"findings": findings},
        "restore": restore_object(report, allow_empty=dataset is None or dataset.allow_empty),
        "slot": None if schedule is None or due_at is None else _slot(schedule, recorded, found),
        "columns": shown["columns"],
        "manifest": _manifest(report, shown["files"], findings),
        "neighbours": {side: [_neighbour(n) for n in getattr(found, side)] for side in ("before", "after")},
        "history": states[-_MOST_STATES:],
        "history_more": max(len(states) - _MOST_STATES, 0),
        "copies": shown["copies"],
        "hold": _hold(found),
        "proof": proof_object(inquiry.catalog, recorded, found, wants_path=asked.proof),
        "compare": asked.compare,
    }
    return inquiry.dated(document | _files(shown["files"], found.folder, asked) | _compared(inquiry, asked, found))


def named_elsewhere(inquiry: Inquiry, zone: str, dataset_id: str, export_time: str) -> str | None:
    """Return the id of the snapshot that a shortcut means, None where the text is no shortcut. Raises `UsageError`."""
    if export_time not in set(Shortcut):
        return None
    return str(find_snapshot(inquiry, f"{zone}/{dataset_id}/{export_time}").report.id)


def restore_object(report: SnapshotReport, *, allow_empty: bool) -> Document:
    """Tell whether a restore takes a snapshot from where it landed, by the rules of chains, and else why not."""
    held = Holding(
        id=report.id,
        verdict=report.verdict,
        depth=report.depth,
        checked=report.checked,
        files=report.files,
        bytes=report.bytes,
        rows=report.rows,
        presence=report.presence,
    )
    at = report.id.export_at
    reasons: dict[Depth, str | None] = {}
    for depth in Depth:
        question = ChainQuestion(mode=Mode.FULL, as_of=at, now=at, depth=depth, allow_empty=allow_empty)
        chain = judge_chain(question, [Attempt(here=held)])
        uncovered = (*chain.gaps, *chain.pending)
        reasons[depth] = None if chain.state is ChainState.COMPLETE else uncovered[0].reason.value
    counting = [depth.value for depth in Depth if reasons[depth] is None]
    reason = reasons[Depth.FULL]
    if reason == GapReason.BAD and report.verdict is Verdict.UNVERIFIABLE:
        reason = "unverifiable"
    if reason == GapReason.BAD and report.verdict is Verdict.UNKNOWN:
        reason = "shallow"
    if reason == GapReason.SHALLOW and report.checked < report.files:
        reason = "partly"
    return {"counts": reason is None, "reason": reason, "depths": counting}


def _slot(schedule: Schedule, recorded: RecordedSnapshot, found: Around) -> Document | None:
    """The slot that an export fills, or tries to: when it was due, and how long after that it had landed."""
    report = recorded.report
    due_at = schedule.slot_of(report.id.export_at)
    if due_at is None:
        return None
    deadline, landed = schedule.deadline(due_at), report.landed_at
    told = found.slot
    return {
        "due_at": moment(due_at),
        "deadline": moment(deadline),
        "landed_at": moment(landed),
        "after_seconds": None if landed is None else (landed - due_at).total_seconds(),
        "late_seconds": None if landed is None else max((landed - deadline).total_seconds(), 0.0),
        "status": told and told.status,
        "filled_by": told and told.snapshot,
        "judged_at": told and moment(told.judged_at),
    }


def _manifest(report: SnapshotReport, files: list[Document], findings: list[Document]) -> Document | None:
    """Its manifest, and how what it promises differs from what is there; null where it has none.

    `agrees` is null where that cannot be told: it is gone, or something about the manifest itself kept us from it.
    """
    paths = [f["path"] for f in files if f["kind"] == FileKind.MANIFEST]
    differing = [f for f in findings if f["code"].startswith(_MANIFEST) or f["path"] in paths]
    if report.manifest is None and not paths and not differing:
        return None
    is_told = report.manifest is not None and report.presence is Presence.PRESENT and report.checked > 0
    return {
        "name": report.manifest,
        "paths": paths,
        "agrees": False if differing else True if is_told else None,
        "findings": differing,
    }


def _neighbour(one: Neighbour) -> Document:
    return {
        "id": str(one.id),
        "export_time": moment(one.id.export_at),
        "verdict": one.verdict.value,
        "depth": one.depth.value,
        "checked": one.checked,
        "files": one.files,
        "bytes": one.bytes,
        "rows": one.rows,
        "presence": one.presence.value,
    }


def _states(inquiry: Inquiry, report: SnapshotReport) -> list[Document]:
    """The recorded states, the oldest first, each with what changed and by which scan."""
    return [
        {
            "scan_id": one.scan_id,
            "recorded_at": moment(one.recorded_at),
            "changed": list(one.changed),
            "verdict": one.report.verdict.value,
            "depth": one.report.depth.value,
            "checked": one.report.checked,
            "files": one.report.files,
            "rows": one.report.rows,
            "bytes": one.report.bytes,
            "presence": one.report.presence.value,
            "files_changed": one.files_changed,
            "files_read": one.files_read,
            "findings": sorted({f.code for f in (*one.report.findings, *one.report.file_findings)}),
        }
        for one in snapshot_history(inquiry.catalog, report.id)
    ]


def _hold(found: Around) -> Document | None:
    hold = found.hold
    return None if hold is None else {"reason": hold.reason, "by": hold.said_by, "at": moment(hold.said_at)}


def _files(files: list[Document], folder: str, asked: SnapshotQuestion) -> Document:
    """One page of the files whose name, below the snapshot's folder, has the text that is asked for."""
    inside = f"{folder}/"
    named = [{"name": f["path"].removeprefix(inside)} | f for f in files]
    wanted = asked.name.casefold()
    matching = [f for f in named if wanted in f["name"].casefold()]
    page = matching[asked.offset :][:FILES_A_PAGE]
    return {
        "files": page,
        "files_known": len(files),
        "files_matching": len(matching),
        "files_offset": asked.offset,
        "files_more": max(len(matching) - asked.offset - len(page), 0),
    }


def _compared(inquiry: Inquiry, asked: SnapshotQuestion, found: Around) -> Document:
    """The document of `diff` to this snapshot from the other one, or why there is none."""
    nothing: dict[str, Any] = {"comparison": None, "comparison_error": None}
    if not asked.compare:
        return nothing
    place, _, _ = asked.snapshot.rpartition("/")
    other = asked.compare
    if other == PREVIOUS:
        if not found.before:
            return nothing | {"comparison_error": "there is no export before this one"}
        other = str(found.before[0].id)
    elif "/" not in other:
        other = f"{place}/{other}"
    try:
        return nothing | {"comparison": lookups.diff(inquiry, other, asked.snapshot)}
    except UsageError as error:
        return nothing | {"comparison_error": error.message}
