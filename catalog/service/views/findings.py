"""The documents of the Findings page: what was found, counted and listed; not how one finding went over time."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog import answers
from catalog.answers import Document, moment
from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_period
from catalog.service.responses.hints import hinted
from catalog.service.views.finding import finding_id
from catalog.settings.values import nearest
from catalog.store.codec import storable
from catalog.store.finding_search import (
    After,
    FindingFilter,
    FindingGroup,
    FoundFinding,
    Grouping,
    Page,
    find_findings,
)
from catalog.store.findings_beside import Beside, findings_beside
from catalog.store.queries import dataset_names
from verifier.errors import UnknownError, UsageError
from verifier.findings import REGISTER, Level

_WORRYING = (Level.ERROR, Level.WARN)
COVERED = (
    "every finding of every snapshot, its files included, in all recorded states",
    "beside it the findings of zones, and how many files belong to no snapshot, by the newest complete looks",
    "not here: slots that are missing or late, and what was noticed of schedules, runs and copies; see the overview",
)
"""What the page is about and what it is not, in the words that it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsQuestion:
    """Which findings, as asked. Without `levels` errors and warnings, or all of the codes that are asked for."""

    codes: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    family: str | None = None
    zone: str | None = None
    dataset: str | None = None
    start: str | None = None
    end: str | None = None
    accepted: bool | None = None
    only_open: bool = True
    group: Grouping = Grouping.CODE
    text: str | None = None
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class _Known:
    """What rows are told with: when now is, and what datasets are called."""

    now: datetime
    names: Mapping[tuple[str, str], str | None]


def findings(inquiry: Inquiry, asked: FindingsQuestion) -> Document:
    """Return the document of the Findings page. Raises `UsageError` for what cannot be read, and for unknown codes."""
    wanted = _filter(inquiry, asked)
    page = Page(by=asked.group, limit=asked.limit, after=_after(asked.cursor))
    found = find_findings(inquiry.catalog, wanted, page)
    recorded = {(zone, dataset_id): name for zone, dataset_id, name in dataset_names(inquiry.catalog)}
    known = _Known(inquiry.now, recorded | {place: name for place, name in inquiry.names.items() if name})
    listed = [_found(one, known) for one in found.findings]
    groups = [_group(one, asked.group, known) for one in found.groups]
    codes = {one["code"] for one in (*listed, *groups) if one.get("code")} | set(asked.codes)
    document = {
        "schema": "landproof/findings/1",
        "at": moment(known.now),
        "asked": _echo(asked, wanted),
        "counts": _counts(found.total),
        "group": asked.group.value,
        "groups": groups,
        "groups_more": found.groups_more,
        "findings": hinted(listed),
        "next": _cursor(found.next),
        "codes": {code: about(inquiry, code) for code in sorted(codes) if code in REGISTER},
        "covered": list(COVERED),
        "beside": _beside(findings_beside(inquiry.catalog, wanted.zone)),
    }
    return inquiry.dated(document)


def about(inquiry: Inquiry, code: str) -> Document:
    """Return what the register says of a code, with the level that the settings give it."""
    row = REGISTER[code]
    return {
        "code": code,
        "family": row.family,
        "level": inquiry.settings.levels.get(code, row.level).value,
        "level_of_register": row.level.value,
        "effect": row.effect.value,
        "meaning": row.meaning,
        "advice": row.advice,
    }


def families() -> list[str]:
    """Return the families of codes, in the order of the register."""
    return list(dict.fromkeys(row.family for row in REGISTER.values()))


def _filter(inquiry: Inquiry, asked: FindingsQuestion) -> FindingFilter:
    for code in asked.codes:
        if code not in REGISTER:
            near = nearest(code, REGISTER)
            raise UnknownError(f"no finding code {code[:100]!r}", hint=f"the nearest known is {near}")
    of_family = [code for code, row in REGISTER.items() if row.family == asked.family]
    if asked.family and not of_family:
        raise UnknownError(f"no family of findings {asked.family[:100]!r}", hint=f"known are {', '.join(families())}")
    codes = [code for code in asked.codes if not of_family or code in of_family] if asked.codes else of_family
    start, end = parse_period(asked.start, asked.end, (inquiry.spell("from"), inquiry.spell("to")))
    zone, dataset_id = asked.zone, None
    if asked.dataset:
        of_zone, dataset_id = inquiry.find_dataset(asked.dataset, [zone] if zone else [])
        zone = zone or of_zone
    return FindingFilter(
        codes=codes or (("",) if asked.codes else ()),
        levels=_levels(asked),
        zone=zone,
        dataset_id=dataset_id,
        from_at=start,
        to_at=end,
        accepted=asked.accepted,
        only_open=asked.only_open,
        text=asked.text,
    )


def _levels(asked: FindingsQuestion) -> tuple[Level, ...]:
    """Return the levels that are asked for; none for any."""
    if asked.levels:
        return () if "any" in asked.levels else tuple(Level(one) for one in dict.fromkeys(asked.levels))
    return () if asked.codes else _WORRYING


def _echo(asked: FindingsQuestion, wanted: FindingFilter) -> Document:
    return {
        "code": list(asked.codes),
        "level": [level.value for level in wanted.levels or Level],
        "family": asked.family,
        "zone": wanted.zone,
        "dataset_id": wanted.dataset_id,
        "from": moment(wanted.from_at),
        "to": moment(wanted.to_at),
        "accepted": asked.accepted,
        "state": "open" if asked.only_open else "all",
        "text": asked.text,
    }


def _counts(group: FindingGroup) -> Document:
    return {
        "findings": group.findings,
        "snapshots": group.snapshots,
        "errors": group.errors,
        "warnings": group.warnings,
        "infos": group.infos,
        "accepted": group.accepted,
        "open": group.open,
        "first_seen_at": moment(group.first_seen_at),
        "last_seen_at": moment(group.last_seen_at),
    }


def _group(group: FindingGroup, by: Grouping, known: _Known) -> Document:
    if by is Grouping.CODE:
        return {"code": group.key[0]} | _counts(group)
    if by is Grouping.DAY:
        return {"day": group.key[0]} | _counts(group)
    if by is Grouping.ZONE:
        return {"zone": group.key[0]} | _counts(group)
    zone, dataset_id = group.key
    return {"zone": zone, "dataset_id": dataset_id, "name": known.names.get((zone, dataset_id))} | _counts(group)


def _found(one: FoundFinding, known: _Known) -> Document:
    snapshot = one.snapshot
    return answers.finding_object(one.finding) | {
        "id": finding_id(snapshot, one.finding),
        "snapshot_id": str(snapshot),
        "zone": snapshot.zone,
        "dataset_id": snapshot.dataset_id,
        "name": known.names.get((snapshot.zone, snapshot.dataset_id)),
        "export_at": moment(snapshot.export_at),
        "presence": one.presence,
        "effect": one.finding.effect.value,
        "alike": one.alike,
        "state": "open" if one.is_open else "gone",
        "first_seen_at": moment(one.first_seen_at),
        "last_seen_at": moment(one.last_seen_at),
        "gone_at": moment(one.gone_at),
    }


def _beside(beside: Beside) -> Document:
    told = [
        answers.finding_object(one.finding)
        | {"zone": one.zone, "scan_id": one.scan_id, "recorded_at": moment(one.recorded_at)}
        for one in beside.zones
    ]
    return {"zones": hinted(told), "strays": [{"zone": zone, "files": n} for zone, n in beside.strays.items()]}


def _cursor(after: After | None) -> str | None:
    if after is None:
        return None
    plain = json.dumps([after.export_at.isoformat(), *after[1:]], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _after(text: str | None) -> After | None:
    """Read a cursor. Raises `UsageError` for one that no answer gave."""
    if text is None:
        return None
    try:
        plain = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        at, *rest = json.loads(plain)
        if len(rest) == len(After._fields) - 1 and all(isinstance(one, str) for one in rest):
            begun = datetime.fromisoformat(at)
            if begun.tzinfo is None:
                return After(begun, *(storable(one) for one in rest))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        """Told below as any other."""
    raise UsageError("cursor: expected one that an answer gave as next, got another", hint="begin without it")
