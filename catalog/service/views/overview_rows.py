"""One row for each dataset: its state, its newest exports, how far back a restore would fall, its days; looks up none.

Pure: what was judged, what is recorded and the settings come in, documents go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.answers import Document, moment
from catalog.service.current.exposure import Recoveries
from catalog.service.drawing.days import NOTHING, TONES, day_words, runs, slot_word
from catalog.settings.loading import DatasetSettings
from catalog.store.pulse import NewestGood
from catalog.store.series import DatasetPlace

DAYS = 60
STATES = ("failing", "unknown", "degraded", "ok", "not watched")
"""The states of datasets, the worst first. What the settings do not have, nobody expects anything of."""
TROUBLED = ("bad", "unsure", "warn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What rows are made of. `recoveries` is None where it is not known yet how far datasets can be restored."""

    at: datetime
    judged: Document
    configured: Mapping[DatasetPlace, DatasetSettings]
    recorded: Mapping[DatasetPlace, NewestGood]
    recoveries: Recoveries | None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest export that something can be said of: its word, the slot, and since when it has been like that.

    `in_a_row` counts the slots in a row, this one included, with the same word.
    """

    word: str
    slot: Document
    since: str
    in_a_row: int


def rows_of(known: Known) -> list[Document]:
    """Return a row for each dataset that is judged or recorded, by zone and name."""
    judged = {(one["zone"], one["dataset_id"]): one for one in known.judged["datasets"]}
    names = {one["dataset_id"]: one["name"] for one in judged.values()}
    rows = [_row(place, judged.get(place), known) for place in sorted({*judged, *known.recorded})]
    for row in rows:  # a copy has the name of what it is one of
        row["name"] = row["name"] or names.get(row["dataset_id"])
    return sorted(rows, key=lambda row: (row["zone"], (row["name"] or row["dataset_id"]).casefold(), row["dataset_id"]))


def head_of(slots: Iterable[Document], *, is_encrypted: bool) -> Head | None:
    """Return the newest slot that something can be said of; what is waited for, waived or arriving is passed over."""
    found: list[tuple[str, Document]] = []
    for slot in sorted(slots, key=lambda one: one["due_at"], reverse=True):
        word = slot_word(slot, is_encrypted=is_encrypted)
        if word in (NOTHING, "waiting", "arriving", "waived"):
            continue
        if found and word != found[0][0]:
            break
        found.append((word, slot))
    return Head(found[0][0], found[0][1], found[-1][1]["due_at"], len(found)) if found else None


def _row(place: DatasetPlace, judged: Document | None, known: Known) -> Document:
    settings, recorded = known.configured.get(place), known.recorded.get(place)
    is_encrypted = settings is not None and settings.encrypted
    slots = judged["slots"] if judged else []
    head = head_of(slots, is_encrypted=is_encrypted)
    name = judged and judged["name"]
    return {
        "zone": place[0],
        "dataset_id": place[1],
        "name": name or (recorded.name if recorded else None),
        "state": judged["status"] if judged else "not watched",
        "newest": head and head.word,
        "newest_since": head and head.since,
        "newest_in_a_row": head and head.in_a_row,
        "newest_snapshot": head and head.slot["snapshot"],
        "newest_code": head and _code(head.slot),
        "older": _older(slots, is_encrypted=is_encrypted),
        "snapshots": recorded.snapshots if recorded else 0,
        "newest_at": recorded and moment(recorded.newest_at),
        "newest_good": recorded and recorded.snapshot,
        "newest_good_at": recorded and moment(recorded.export_at),
        "recovery": _recovery(place, settings, known),
        "troubled_days": _troubled(slots, is_encrypted=is_encrypted),
        "days": _days(slots, known.at, is_encrypted=is_encrypted) if slots else [],
    }


def _recovery(place: DatasetPlace, settings: DatasetSettings | None, known: Known) -> Document:
    """How old what can be restored now is; `is_over` tells that this is more than is allowed."""
    objective = settings.recovery_point if settings else None
    is_known = known.recoveries is not None and place in known.recoveries
    recovers_to = known.recoveries[place] if known.recoveries is not None and is_known else None
    exposure = None if recovers_to is None else known.at - recovers_to
    is_over = objective is not None and is_known and (exposure is None or exposure > objective)
    return {
        "is_known": is_known,
        "recovers_to": moment(recovers_to),
        "exposure_seconds": None if exposure is None else max(int(exposure.total_seconds()), 0),
        "objective_seconds": None if objective is None else int(objective.total_seconds()),
        "is_over": is_over,
    }


def _code(slot: Document) -> str | None:
    """The code of the first error of a slot that nobody accepted."""
    return next((f["code"] for f in slot["findings"] if f["level"] == "error" and not f["accepted"]), None)


def _older(slots: Iterable[Document], *, is_encrypted: bool) -> Document | None:
    """The newest bad slot of all."""
    for slot in reversed(list(slots)):
        word = slot_word(slot, is_encrypted=is_encrypted)
        if TONES[word] == "bad":
            return {"word": word, "due_at": slot["due_at"], "snapshot": slot["snapshot"]}
    return None


def _troubled(slots: Iterable[Document], *, is_encrypted: bool) -> int:
    words = [slot_word(slot, is_encrypted=is_encrypted) for slot in slots]
    return sum(TONES[word] in TROUBLED for word in words)


def _days(slots: Iterable[Document], at: datetime, *, is_encrypted: bool) -> list[Document]:
    last = at.date()
    found = ((datetime.fromisoformat(s["due_at"]), slot_word(s, is_encrypted=is_encrypted)) for s in slots)
    days = day_words(found, last - timedelta(days=DAYS - 1), last)
    return [
        {"from": run.first.isoformat(), "to": run.last.isoformat(), "days": run.days, "word": run.word}
        for run in runs(days)
    ]
