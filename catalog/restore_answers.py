"""The document of `restore plan`; all others are in `catalog.answers`."""

from __future__ import annotations

from catalog.answers import Document, moment
from catalog.judge_chain_values import Gap, Member
from catalog.restore_plan import PlannedFile, RestorePlan


def restore_plan_document(plan: RestorePlan) -> Document:
    """The document of `restore plan`: the chain, what is missing from it, what is lost behind a gap, its files."""
    chain, wish = plan.chain, plan.wish
    return {
        "schema": "landproof/restore-plan/1",
        "zone": wish.zone,
        "dataset_id": wish.dataset_id,
        "as_of": moment(wish.as_of),
        "state": chain.state.value,
        "recovers_to": moment(chain.recovers_to),
        "mode": plan.mode.value,
        "depth": wish.depth.value,
        "accepts_gaps": wish.accepts_gaps,
        "snapshots": [_member(m) for m in chain.members],
        "gaps": [_gap(g) for g in chain.gaps],
        "pending": [_gap(g) for g in chain.pending],
        "lost": [_member(m) for m in chain.lost],
        "doubts": [{"kind": d.kind.value, "snapshot": d.snapshot and str(d.snapshot)} for d in chain.doubts],
        "files": [_file(f) for f in plan.files],
        "bytes": chain.bytes,
        "rows": chain.rows,
        "estimated_seconds": None if plan.estimated_seconds is None else round(plan.estimated_seconds, 1),
        "expires_at": moment(chain.expires_at),
    }


def _member(member: Member) -> Document:
    """One snapshot of a chain, as it is at the place it is read from."""
    source = member.source
    return {
        "id": str(member.id),
        "role": member.role.value,
        "verdict": source.verdict.value,
        "depth": source.depth.value,
        "checked": source.checked,
        "files": source.files,
        "bytes": source.bytes,
        "rows": source.rows,
        "expires_at": moment(member.expires_at),
        "places": [str(p.id) for p in member.places],
        "duplicates": [str(a.here.id) for a in member.duplicates],
    }


def _file(file: PlannedFile) -> Document:
    return {"url": file.url, "size": file.size, "sha256": file.sha256, "kind": file.kind.value}


def _gap(gap: Gap) -> Document:
    return {
        "due_at": moment(gap.due_at),
        "status": gap.status and gap.status.value,
        "reason": gap.reason.value,
        "snapshot": gap.snapshot and str(gap.snapshot),
        "verdict": gap.verdict and gap.verdict.value,
    }
