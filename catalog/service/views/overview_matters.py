"""What needs a person, what hurts most first, and what to do about it; what belongs together is one matter.

Pure: what was judged and the rows of datasets come in, documents go out. A matter has all that it is about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from shlex import quote

from catalog.answers import Document, moment
from catalog.service.drawing.days import TONES
from catalog.service.views.overview_zones import zone_matters
from catalog.settings.loading import DatasetSettings
from catalog.store.pulse import OpenNotice, ZoneLook
from catalog.store.series import DatasetPlace
from catalog.words import plural
from verifier.findings import REGISTER

_FEW = 4
"""More of one kind are one matter."""
_BAD_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "vanished": "has vanished",
    "corrupt": "is corrupt",
    "incomplete": "is incomplete",
    "could not look": "could not be read",
}
_USUAL_CODE = "schedule.missing"
RANKS = ("export", "expiring", "ledger", "zone", "exposure", "error", "older", "late", "overdue", "other")
"""The kinds of matters, what hurts most first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What matters are made of."""

    at: datetime
    judged: Document
    rows: Sequence[Document]
    configured: Mapping[DatasetPlace, DatasetSettings]
    looks: Mapping[str, ZoneLook]
    notices: Sequence[OpenNotice] = field(default=())


def matters_of(told: Told) -> list[Document]:
    """Return the matters, errors before warnings, then by what hurts most."""
    found = [
        *_exports(told),
        *zone_matters(told.judged, told.rows, told.looks),
        *_exposed(told.rows),
        *_older(told.rows),
        *_late(told.rows),
        *_by_code(told),
        *(_noticed(one) for one in told.notices),
    ]
    return sorted(found, key=lambda one: (RANKS.index(one["kind"]), one["since"] or "", one["title"]))


def item(row: Document, detail: str, since: str | None = None, snapshot: str | None = None) -> Document:
    """Return one of the datasets that a matter is about, and what about it."""
    named = {name: row[name] for name in ("zone", "dataset_id", "name")}
    return named | {"detail": detail, "since": since, "snapshot": snapshot}


def matter(kind: str, code: str, title: str, items: Iterable[Document], **more: object) -> Document:
    """Return a matter; level and advice are those of the code in the register unless given."""
    listed, row = list(items), REGISTER[code]
    since = min((one["since"] for one in listed if one["since"]), default=None)
    usual = {"level": row.level.value, "since": since, "advice": row.advice, "command": None, "job": None}
    return {"kind": kind, "code": code, "title": title, "count": len(listed), "items": listed} | usual | more


def _exports(told: Told) -> Iterator[Document]:
    """Newest exports that are bad: a whole flow that stopped as one, then zones, then one by one."""
    bad = {(row["zone"], row["dataset_id"]): row for row in told.rows if row["newest"] in _BAD_WORDS}
    for found in told.judged["findings"]:
        if found["code"] == "schedule.stopped-together" and not found["accepted"]:
            zone, flow = found["where"]["zone"], found["where"]["flow"]
            of_flow = [p for p in bad if p[0] == zone and p in told.configured and told.configured[p].flow == flow]
            rows = [bad.pop(place) for place in of_flow if bad[place]["newest"] == "missing"]
            title = f"Flow {flow} in zone {zone} stopped: nothing came for any of its {plural(len(rows), 'dataset')}"
            if rows:
                yield matter("export", found["code"], title, map(_detail, rows), level="error")
    yield from _stopped_zones(told.rows, bad)
    for word, says in _BAD_WORDS.items():
        rows = [row for row in bad.values() if row["newest"] == word]
        if len(rows) > _FEW:
            title = f"The newest export of {plural(len(rows), 'dataset')} {says}"
            yield matter("export", rows[0]["newest_code"] or _USUAL_CODE, title, map(_detail, rows))
        else:
            for row in rows:
                count = row["newest_in_a_row"]
                newest = "the newest export" if count == 1 else f"each of the newest {count} exports"
                title = f"{row['name'] or row['dataset_id']}: {newest} {says}"
                yield matter("export", row["newest_code"] or _USUAL_CODE, title, [_detail(row)])


def _stopped_zones(rows: Sequence[Document], bad: dict[DatasetPlace, Document]) -> Iterator[Document]:
    """All datasets of a zone that miss their newest export are one matter, and leave `bad`."""
    by_zone: dict[str, list[Document]] = defaultdict(list)
    for row in rows:
        if row["newest"] is not None:
            by_zone[row["zone"]].append(row)
    for zone, of_zone in by_zone.items():
        if len(of_zone) > 2 and all(row["newest"] == "missing" for row in of_zone):
            gone = [bad.pop(place) for row in of_zone if (place := (row["zone"], row["dataset_id"])) in bad]
            if gone:
                newest = f"the newest export of all {plural(len(gone), 'dataset')} is missing"
                title = f"Nothing came to zone {zone}: {newest}"
                yield matter("export", "schedule.missing", title, map(_detail, gone))


def _detail(row: Document) -> Document:
    count = row["newest_in_a_row"]
    detail = row["newest"] if count == 1 else f"{row['newest']}, {count} in a row"
    return item(row, detail, row["newest_since"], row["newest_snapshot"])


def _exposed(rows: Sequence[Document]) -> Iterator[Document]:
    over = [row for row in rows if row["recovery"]["is_over"]]
    if over:
        over.sort(key=lambda row: (row["recovery"]["recovers_to"] or "", row["zone"], row["dataset_id"]))
        whose = "its" if len(over) == 1 else "their"
        title = f"{plural(len(over), 'dataset')} cannot be restored to within {whose} objective"
        listed = [
            item(row, "nothing can be restored" if row["recovery"]["recovers_to"] is None else "restorable to")
            | {"since": row["recovery"]["recovers_to"]}
            for row in over
        ]
        advice = "see in the chain which export it ends before: have that exported again, or verify it in full"
        yield matter("exposure", _USUAL_CODE, title, listed, advice=advice) | {"code": None}


def _older(rows: Sequence[Document]) -> Iterator[Document]:
    """Datasets that failed before their newest export, which is fine."""
    old = [row for row in rows if row["state"] == "failing" and row["newest"] not in _BAD_WORDS and row["older"]]
    if old:
        title = f"{plural(len(old), 'dataset')} lack an older export, though the newest is there"
        title = title if len(old) > 1 else "1 dataset lacks an older export, though the newest is there"
        listed = [item(row, row["older"]["word"], row["older"]["due_at"], row["older"]["snapshot"]) for row in old]
        advice = "have it exported again where a restore needs it, or accept or waive it with the reason"
        yield matter("older", _USUAL_CODE, title, listed, level="warn", advice=advice) | {"code": None}


def _late(rows: Sequence[Document]) -> Iterator[Document]:
    """Newest exports that came late, and those that nobody can look into though they should."""
    late = [row for row in rows if row["newest"] == "late"]
    if late:
        title = f"{plural(len(late), 'newest export')} came late"
        yield matter("late", "schedule.late", title, map(_detail, late))
    opaque = [row for row in rows if row["newest"] == "unverifiable"]
    if opaque:
        title = f"{plural(len(opaque), 'newest export')} cannot be verified"
        yield matter("other", "file.encrypted", title, map(_detail, opaque), level="warn") | {"code": None}


def _by_code(told: Told) -> Iterator[Document]:
    """What is found of datasets beside their slots, and warnings about their newest export: one matter a code."""
    found: dict[str, list[tuple[Document, Document, str | None]]] = defaultdict(list)
    rows = {(row["zone"], row["dataset_id"]): row for row in told.rows}
    for dataset in told.judged["datasets"]:
        row = rows[dataset["zone"], dataset["dataset_id"]]
        newest = [s for s in dataset["slots"] if s["snapshot"] and s["snapshot"] == row["newest_snapshot"]]
        slots = newest[-1]["findings"] if newest and TONES[row["newest"]] != "bad" else []
        for one in (*dataset["findings"], *slots):
            is_told = one["level"] != "info" and not one["accepted"]
            if is_told and one["code"] not in _TOLD_OTHERWISE:
                found[one["code"]].append((row, one, row["newest_snapshot"] if one in slots else None))
    for code, those in found.items():
        level = "error" if any(one["level"] == "error" for _, one, _ in those) else "warn"
        kind = "error" if level == "error" else "overdue" if code in _OVERDUE else "other"
        listed = [item(row, one["message"], None, snapshot) for row, one, snapshot in those]
        row, meaning = those[0][0], REGISTER[code].meaning
        about = plural(len(those), "dataset") if len(those) > 1 else row["name"] or row["dataset_id"]
        more = {"level": level, "command": _command(code, row), "job": _job(code, row)}
        yield matter(kind, code, f"{about}: {meaning}", listed, **more)


_TOLD_OTHERWISE = ("schedule.late", "schedule.missing", "schedule.unknown", "zone.expiring")
_OVERDUE = ("dataset.drill-overdue", "dataset.verification-overdue", "copy.too-few")


def _command(code: str, row: Document) -> str | None:
    dataset = quote(f"{row['zone']}/{row['dataset_id']}")
    return {
        "dataset.drill-overdue": f"landproof drill {dataset}",
        "dataset.verification-overdue": f"landproof scan {quote(row['zone'])} --reverify budget:50GiB",
        "copy.too-few": f"landproof copy {dataset}/latest-good --to ZONE",
    }.get(code)


def _job(code: str, row: Document) -> Document | None:
    """The job that an operator may start for it at once."""
    if code == "dataset.drill-overdue":
        return {"command": "drill", "fields": {"dataset": f"{row['zone']}/{row['dataset_id']}"}}
    if code == "dataset.verification-overdue":
        return {"command": "scan", "fields": {"zone": row["zone"], "reverify": "budget:50GiB"}}
    return None


def _noticed(one: OpenNotice) -> Document:
    kind = "ledger" if one.code.startswith("ledger.") else "error" if one.level == "error" else "other"
    about = {"zone": one.zone, "dataset_id": one.dataset_id, "name": None, "detail": one.message}
    listed = [about | {"since": moment(one.happened_at), "snapshot": None}] if one.dataset_id else []
    title = f"{one.message[:1].upper()}{one.message[1:]}"
    command = "landproof ledger verify" if kind == "ledger" else None
    return matter(kind, one.code, title, listed, level=one.level, since=moment(one.happened_at), command=command)
