"""The documents of `restore plan` and `restore run`; all others are in `catalog.answers`."""

from __future__ import annotations

from catalog.answers import Document, finding_object, moment
from catalog.judging.chain_values import Gap, Member
from catalog.restores.fetch import Fetched, Miss
from catalog.restores.plan import PlannedFile, RestorePlan
from catalog.restores.values import RestoreResult
from catalog.store.restores import Acceptance
from verifier.backends.urls import join


def restore_plan_document(plan: RestorePlan, accepted: Acceptance | None = None) -> Document:
    """The document of `restore plan`: the chain, what is missing from it, what is lost behind a gap, its files.

    `accepted` tells who accepted its gaps, where that was recorded.
    """
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
        "accepted": _acceptance(accepted),
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


def restore_run_document(result: RestoreResult) -> Document:
    """The document of `restore run`, which a whole restore has beside its files, too."""
    plan, order = result.order.plan, result.order
    sent = [f for f in result.files if f.was_sent]
    there = [f for f in result.files if f.is_there]
    return {
        "schema": "landproof/restore-run/1",
        "restore_id": result.restore_id,
        "tool_version": result.tool_version,
        "state": result.state.value,
        "zone": plan.wish.zone,
        "dataset_id": plan.wish.dataset_id,
        "as_of": moment(plan.wish.as_of),
        "recovers_to": moment(plan.chain.recovers_to),
        "to": {"url": order.target.url},
        "started_at": moment(result.started_at),
        "finished_at": moment(result.finished_at),
        "seconds": round((result.finished_at - result.started_at).total_seconds(), 3),
        "accepted": _acceptance(result.acceptance),
        "counts": {
            "snapshots": len(plan.chain.members),
            "files": len(order.files),
            "bytes": order.bytes,
            "copied": len(sent),
            "bytes_copied": sum(f.wanted.size for f in sent),
            "already_there": len(there) - len(sent),
            "failed": len(order.files) - len(there),
            "digested_on_the_way": sum(f.wanted.sha256 is None for f in there),
            "from_another_place": sum(bool(f.misses) for f in there),
        },
        "plan": _without_files(restore_plan_document(plan)),
        "files": [_restored(f, order.target.url) for f in result.files],
        "others": list(result.others),
        "findings": [finding_object(f) for f in result.findings],
        "errors": [
            *({"path": None, "kind": t.kind, "message": t.message, "hint": t.hint} for t in result.troubles),
            *(_miss(f, m) for f in result.files if not f.is_there for m in f.misses),
        ],
        "turned": [_miss(f, m) for f in there for m in f.misses],
    }


def refused_document(plan: RestorePlan, url: str) -> Document:
    """The document of a `restore run` that was refused, since its plan is broken or has gaps; nothing was copied."""
    return {
        "schema": "landproof/restore-run/1",
        "restore_id": None,
        "state": "refused",
        "zone": plan.wish.zone,
        "dataset_id": plan.wish.dataset_id,
        "as_of": moment(plan.wish.as_of),
        "recovers_to": moment(plan.chain.recovers_to),
        "to": {"url": url},
        "plan": _without_files(restore_plan_document(plan)),
        "files": [],
        "findings": [],
        "errors": [],
    }


def _without_files(plan: Document) -> Document:
    return {name: value for name, value in plan.items() if name not in ("schema", "files")}


def _acceptance(accepted: Acceptance | None) -> Document | None:
    if accepted is None:
        return None
    gaps = [{"due_at": moment(g.due_at), "reason": g.gap, "snapshot": g.snapshot} for g in accepted.gaps]
    return {"by": accepted.by, "at": moment(accepted.at), "reason": accepted.reason, "gaps": gaps}


def _restored(fetched: Fetched, target_url: str) -> Document:
    """One file; `digest` tells whether its SHA-256 was recorded before, or computed on its way."""
    wanted = fetched.wanted
    state = "copied" if fetched.was_sent else "already-there" if fetched.is_there else "failed"
    return {
        "path": wanted.path,
        "url": join(target_url, wanted.path),
        "size": wanted.size,
        "sha256": fetched.sha256,
        "digest": "computed" if wanted.sha256 is None else "recorded",
        "source": None if fetched.source is None else fetched.source.url,
        "state": state,
    }


def _miss(fetched: Fetched, miss: Miss) -> Document:
    place = None if miss.source is None else miss.source.url
    trouble = miss.trouble
    return {
        "path": fetched.wanted.path, "url": place, "kind": trouble.kind, "message": trouble.message,
        "hint": trouble.hint,
    }  # fmt: skip
