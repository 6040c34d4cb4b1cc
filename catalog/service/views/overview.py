"""The document of the Overview: what needs a person, how every dataset stands, what that rests on; draws nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from catalog.answers import Document, moment
from catalog.questions.inquiry import Inquiry
from catalog.service.current.exposure import Recoveries
from catalog.service.drawing.days import TONES
from catalog.service.views.overview_matters import Told, matters_of
from catalog.service.views.overview_rows import STATES, Known, rows_of
from catalog.store.pulse import LedgerPulse, ZoneLook, ledger_pulse, newest_good, open_notices, zone_looks
from catalog.words import plural

_NOTICED = ("ledger", "run", "flow", "copy")
"""Families of codes that only the watch tells of; all others are judged anew here."""


class Sort(StrEnum):
    """In which order datasets are listed: by zone they are grouped."""

    ZONE = "zone"
    TROUBLE = "trouble"
    NAME = "name"
    NEWEST = "newest"
    EXPOSURE = "exposure"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewQuestion:
    """Which datasets to list; the matters and counts are always of all."""

    zone: str | None = None
    state: str | None = None
    text: str | None = None
    sort: Sort = Sort.ZONE


@dataclass(frozen=True, slots=True)
class Board:
    """All that the Overview tells whatever is asked for: made once for each state of the catalog."""

    document: Document
    rows: Sequence[Document]


def board_of(inquiry: Inquiry, judged: Document, at: datetime, recoveries: Recoveries | None) -> Board:
    """Return what there is to tell by the document of `check` for 60 days, judged as of `at`."""
    settings, catalog = inquiry.settings, inquiry.catalog
    configured = {(d.zone, d.id): d for d in settings.datasets}
    looks, ledger = zone_looks(catalog), ledger_pulse(catalog)
    known = Known(at=at, judged=judged, configured=configured, recorded=newest_good(catalog), recoveries=recoveries)
    rows = rows_of(known)
    told = Told(at=at, judged=judged, rows=rows, configured=configured, looks=looks,
                notices=open_notices(catalog, _NOTICED))  # fmt: skip
    matters = matters_of(told)
    zones = _zones(list(settings.zones), looks, rows)
    slots = _last_day(judged, at)
    states = Counter(row["state"] for row in rows)
    document = {
        "schema": "landproof/overview/1",
        "as_known_at": moment(catalog.known_at),
        "at": moment(at),
        "says": _says(matters, zones, slots, states),
        "counts": {
            "datasets": len(rows),
            "states": {state: states[state] for state in STATES},
            "slots_last_24h": slots,
            "snapshots": sum(row["snapshots"] for row in rows),
        },
        "zones": zones,
        "newest_scan": _newest_scan(looks),
        "ledger": _ledger(ledger),
        "matters": matters,
    }
    return Board(document, rows)


def overview(board: Board, asked: OverviewQuestion) -> Document:
    """Return the document for one question: that of the board, with the datasets that are asked for."""
    chosen = [row for row in board.rows if _is_asked(row, asked)]
    chosen.sort(key=_SORTS[asked.sort])
    return board.document | {
        "asked": {"zone": asked.zone, "state": asked.state, "text": asked.text, "sort": asked.sort.value},
        "datasets": chosen,
    }


def _is_asked(row: Document, asked: OverviewQuestion) -> bool:
    text = (asked.text or "").casefold()
    named = (row["name"] or "", row["dataset_id"], row["zone"])
    return (
        asked.zone in (None, row["zone"])
        and asked.state in (None, row["state"])
        and any(text in one.casefold() for one in named)
    )


def _by_name(row: Document) -> tuple[Any, ...]:
    return (row["name"] or row["dataset_id"]).casefold(), row["zone"], row["dataset_id"]


def _by_trouble(row: Document) -> tuple[Any, ...]:
    newest = list(TONES).index(row["newest"]) if row["newest"] else len(TONES)
    return STATES.index(row["state"]), newest, -row["troubled_days"], *_by_name(row)


def _by_exposure(row: Document) -> tuple[Any, ...]:
    exposure, objective = row["recovery"]["exposure_seconds"], row["recovery"]["objective_seconds"]
    # What cannot be restored at all comes first, what nobody promised anything of last.
    age = -exposure if exposure is not None else float("-inf") if row["recovery"]["is_known"] else float("inf")
    return not row["recovery"]["is_over"], objective is None, age, *_by_name(row)


_SORTS: Mapping[Sort, Callable[[Document], tuple[Any, ...]]] = {
    Sort.ZONE: lambda row: (row["zone"], *_by_trouble(row)),
    Sort.TROUBLE: _by_trouble,
    Sort.NAME: _by_name,
    Sort.NEWEST: lambda row: (row["newest_good_at"] or "", *_by_name(row)),
    Sort.EXPOSURE: _by_exposure,
}


def _zones(configured: Sequence[str], looks: Mapping[str, ZoneLook], rows: Sequence[Document]) -> list[Document]:
    counts = Counter((row["zone"], row["state"]) for row in rows)
    zones = []
    for zone in sorted({*configured, *looks, *(row["zone"] for row in rows)}):
        look = looks.get(zone)
        zones.append(
            {
                "zone": zone,
                "datasets": sum(number for (of, _), number in counts.items() if of == zone),
                "states": {state: counts[zone, state] for state in STATES},
                "last_complete_at": look and moment(look.complete_at),
                "last_scan": look
                and {
                    "scan_id": look.scan_id,
                    "started_at": moment(look.started_at),
                    "finished_at": moment(look.finished_at),
                    "complete": look.is_complete,
                    "suspect": look.is_suspect,
                },
            }
        )
    return sorted(zones, key=lambda one: one["datasets"] == one["states"]["not watched"])


def _newest_scan(looks: Mapping[str, ZoneLook]) -> Document | None:
    newest = max(looks.values(), key=lambda look: look.finished_at or look.started_at, default=None)
    if newest is None:
        return None
    return {"scan_id": newest.scan_id, "zone": newest.zone, "finished_at": moment(newest.finished_at)}


def _ledger(pulse: LedgerPulse | None) -> Document | None:
    if pulse is None:
        return None
    return {
        "entries": pulse.entries,
        "not_covered": max(pulse.entries - pulse.covered, 0),
        "checkpoint_at": moment(pulse.checkpoint_at),
    }


def _last_day(judged: Document, at: datetime) -> Document:
    """Slots that were due within the last day, by status."""
    since = moment(at - timedelta(hours=24)) or ""
    statuses = Counter(
        slot["status"]
        for dataset in judged["datasets"]
        for slot in dataset["slots"]
        if slot["status"] != "not_due" and slot["due_at"] >= since
    )
    return {status: statuses[status] for status in judged["counts"] if status != "not_due"}


def _says(
    matters: Sequence[Document], zones: Sequence[Document], slots: Document, states: Mapping[str, int]
) -> Document:
    """The one sentence; never that all is well without having looked."""
    looked = [zone for zone in zones if zone["last_complete_at"]]
    oldest = min((zone["last_complete_at"] for zone in looked), default=None)
    rests = {"zones": len(zones), "zones_looked_at": len(looked), "oldest_complete_listing_at": oldest}
    errors = sum(one["level"] == "error" for one in matters)
    judged = sum(number for state, number in states.items() if state != "not watched")
    if not looked:
        says = "unlooked", "Nobody has looked yet: no zone has a complete listing"
    elif errors:
        says = "trouble", f"{plural(errors, 'matter')} {'needs' if errors == 1 else 'need'} a person now"
    elif not judged:
        says = "unwatched", "No dataset is expected: what landed was looked at, what did not cannot be missed"
    elif len(looked) < len(zones):
        says = "unlooked", f"Nobody has looked at {plural(len(zones) - len(looked), 'zone')} yet"
    elif matters:
        says = "warn", f"Nothing needs a person now; {plural(len(matters), 'matter')} can wait until morning"
    else:
        due = sum(slots.values())
        says = "well", f"All is well: {plural(due, 'export')} of the last 24 hours looked after, nothing missing"
    return {"state": says[0], "text": says[1]} | rests
