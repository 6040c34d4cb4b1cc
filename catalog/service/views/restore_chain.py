"""A chain in few lines: exports and gaps in a row that are the same to it are one; judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from catalog.answers import Document, moment
from catalog.judging.chain_values import Chain, Gap, Member, Role
from verifier.model import Verdict

_MOST_LINKS = 100


@dataclass(frozen=True, slots=True)
class _One:
    """One export or gap, by the moment that puts it in order."""

    at: datetime
    kind: str
    member: Member | None = None
    gap: Gap | None = None

    @property
    def same(self) -> tuple[str, str, bool]:
        if self.gap is None:
            return self.kind, "", False
        # What nobody could look into stays apart from what is known to be bad.
        return self.kind, self.gap.reason.value, self.gap.verdict is Verdict.UNVERIFIABLE


def chain_object(chain: Chain) -> Document:
    """Return the links of a chain, in order of time, with its gaps in place; the first where there are very many."""
    links: list[list[_One]] = []
    for one in sorted(_all(chain), key=lambda one: one.at):
        if links and links[-1][0].same == one.same and one.kind != "full":
            links[-1].append(one)
        else:
            links.append([one])
    return {"links": [_link(link) for link in links[:_MOST_LINKS]], "more": max(len(links) - _MOST_LINKS, 0)}


def _all(chain: Chain) -> Iterator[_One]:
    for member in chain.members:
        yield _One(member.attempt.at, "full" if member.role is Role.FULL else "increment", member=member)
    for member in chain.lost:
        yield _One(member.attempt.at, "lost", member=member)
    for gap in chain.gaps:
        yield _One(gap.due_at, "gap", gap=gap)
    for gap in chain.pending:
        yield _One(gap.due_at, "pending", gap=gap)


def _link(link: list[_One]) -> Document:
    members = [one.member for one in link if one.member is not None]
    rows = [m.source.rows for m in members]
    first, last = link[0], link[-1]
    gap = first.gap
    snapshots = [str(m.id) for m in members] or [str(o.gap.snapshot) for o in link if o.gap and o.gap.snapshot]
    return {
        "kind": first.kind,
        "count": len(link),
        "first_at": moment(first.at),
        "last_at": moment(last.at),
        "reason": gap and gap.reason.value,
        "verdict": gap.verdict.value if gap is not None and gap.verdict is not None else None,
        "snapshot": snapshots[0] if snapshots else None,
        "last_snapshot": snapshots[-1] if len(snapshots) > 1 else None,
        "files": sum(m.source.files for m in members),
        "bytes": sum(m.source.bytes for m in members),
        "rows": None if None in rows or not members else sum(r for r in rows if r is not None),
        "elsewhere": sum(m.source.id != m.id for m in members),
    }
