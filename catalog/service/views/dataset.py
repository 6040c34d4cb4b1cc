"""The document of the Dataset page: what is promised, what came, how a restore stands; draws nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.answers import Document, moment
from catalog.judging.values import Look
from catalog.questions.inquiry import Inquiry
from catalog.questions.judgements import RpoQuestion, rpo
from catalog.questions.naming import unknown
from catalog.schedule import EARLY, shift
from catalog.scope import covers
from catalog.service.drawing.days import TONES, day_words
from catalog.service.views.dataset_parts import (
    chain_object,
    findings_of,
    objective_object,
    promise_object,
    said_object,
    schema_changes,
)
from catalog.service.views.dataset_slots import Export, Facts, exports_of, year_bounds, year_days
from catalog.settings.values import nearest
from catalog.store.known import known_zones, looks
from catalog.store.queries import dataset_names
from catalog.store.said import pauses
from catalog.store.series import DatasetPlace, Landed, columns_by_digest, landed, years_of

PAGE = 20
_BEFORE = timedelta(days=45)
"""So far before a year its exports are read, too, so that a change of columns at New Year is seen."""
_MEASURED = (30, 90)
_FIRST_YEAR, _LAST_YEAR = 1, 9998


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetQuestion:
    """Which year of a dataset, which page of its exports, and whether its recovery points are to be measured."""

    year: int | None = None
    page: int = 1
    measures: bool = False


def dataset(inquiry: Inquiry, place: DatasetPlace, judged: Document | None, asked: DatasetQuestion) -> Document:
    """Return the document of one dataset; `judged` is that of `check` for 60 days, None where it is not known.

    Raises `UnknownError` for a dataset that is neither in the settings nor recorded.
    """
    name = _known_name(inquiry, place)
    settings, now = inquiry.settings.dataset(*place), inquiry.now
    entry = next((d for d in judged["datasets"] if (d["zone"], d["dataset_id"]) == place), None) if judged else None
    years = years_of(inquiry.catalog, place)
    year = min(max(asked.year or now.year, _FIRST_YEAR), _LAST_YEAR)
    facts = _facts(inquiry, place, year)
    exports = exports_of(facts, year)
    return {
        "schema": "landproof/dataset/1",
        "as_known_at": moment(inquiry.catalog.known_at),
        "at": moment(now),
        "zone": place[0],
        "dataset_id": place[1],
        "name": name,
        "state": entry["status"] if entry else "not watched",
        "url": known_zones(inquiry.catalog).get(place[0]),
        "looked_at": moment(facts.look.started_at) if facts.look else None,
        "promise": promise_object(settings, inquiry.settings.zones.get(place[0])),
        "year": year,
        "years": sorted({*years, year, *([now.year] if settings else [])}),
        "calendar": _calendar(exports, place, year),
        "series": _series(exports, year, now),
        "schema_changes": schema_changes(
            facts.landed, columns_by_digest(inquiry.catalog, [one.columns for one in facts.landed if one.columns]), year
        ),
        "chain": chain_object(inquiry, place, has_exports=bool(years)),
        "objective": objective_object(settings),
        "recovery": [_measured(inquiry, place, days) for days in _MEASURED]
        if asked.measures and settings and settings.recovery_point and years
        else None,
        "findings": findings_of(entry),
        **_page([one for one in facts.landed if one.export_at.year == year], place, asked.page),
        **said_object(inquiry, place),
    }


def _known_name(inquiry: Inquiry, place: DatasetPlace) -> str | None:
    names: dict[DatasetPlace, str | None] = {}
    for zone, dataset_id, name in dataset_names(inquiry.catalog) if inquiry.catalog.exists else []:
        names[zone, dataset_id] = name
    for configured, name in inquiry.names.items():
        names[configured] = name or names.get(configured)
    if place not in names:
        known = ["/".join(one) for one in names]
        raise unknown(inquiry, f"dataset {'/'.join(place)}", nearest("/".join(place), known) if known else None)
    return names[place]


def _facts(inquiry: Inquiry, place: DatasetPlace, year: int) -> Facts:
    first, last = year_bounds(year)
    found = landed(inquiry.catalog, place, shift(first, -_BEFORE), shift(last, EARLY))
    return Facts(
        place=place,
        settings=inquiry.settings.dataset(*place),
        landed=found,
        pauses=pauses(inquiry.catalog).get(place, ()),
        look=next((Look(r.started_at) for r in looks(inquiry.catalog, place[0]) if covers(r.scope, place[1])), None),
        now=inquiry.now,
    )


def _calendar(exports: list[Export], place: DatasetPlace, year: int) -> Document:
    """The days of a year on which anything was due or came, each with its worst export."""
    days = [d for d in day_words(((e.at, e.word) for e in exports), *year_days(year)) if d.slots]
    worst: dict[tuple[str, str], str] = {}
    for one in exports:
        if one.export_time:
            worst.setdefault((one.at.date().isoformat(), one.word), f"{place[0]}/{place[1]}/{one.export_time}")
    counts = Counter(one.word for one in exports)
    return {
        "counts": {word: counts[word] for word in TONES if counts[word]},
        "days": [
            {
                "date": day.day.isoformat(),
                "word": day.word,
                "worst": day.worst,
                "slots": day.slots,
                "snapshot": worst.get((day.day.isoformat(), day.word)),
            }
            for day in days
        ],
    }


def _series(exports: list[Export], year: int, now: datetime) -> Document:
    """Rows and bytes of each export in order; null where nothing landed."""
    first, last = year_bounds(year)
    shown = [one for one in exports if one.word != "waiting"]
    begins = max(first, min((one.at for one in shown), default=first))
    return {
        "from": moment(begins),
        "to": moment(max(min(last, now), begins)),
        "points": [
            {
                "at": moment(one.at),
                "word": one.word,
                "rows": one.landed.rows if one.landed else None,
                "bytes": one.landed.bytes if one.landed else None,
            }
            for one in shown
        ],
    }


def _page(of_year: list[Landed], place: DatasetPlace, page: int) -> Document:
    """One page of the exports of a year, the newest first, and how many come after it."""
    shown = of_year[::-1][(page - 1) * PAGE : page * PAGE]
    return {
        "snapshots": [_snapshot(place, one) for one in shown],
        "page": page,
        "more": max(len(of_year) - page * PAGE, 0),
    }


def _snapshot(place: DatasetPlace, one: Landed) -> Document:
    """One export, in the fields of a snapshot everywhere, but for those that take looking at its files."""
    return {
        "id": f"{place[0]}/{place[1]}/{one.export_time}",
        "export_time": moment(one.export_at),
        "verdict": one.verdict.value,
        "presence": one.presence.value,
        "depth": one.depth.value,
        "checked": one.checked,
        "files": one.files,
        "rows": one.rows,
        "bytes": one.bytes,
        "landed_at": moment(one.landed_at),
    }


def _measured(inquiry: Inquiry, place: DatasetPlace, days: int) -> Document:
    """The recovery points of the last days, without their stretches."""
    since = moment(shift(inquiry.now, -timedelta(days=days)))
    _, document = rpo(inquiry, RpoQuestion(dataset="/".join(place), start=since))
    left_out = ("schema", "as_known_at", "zone", "dataset_id", "name", "mode", "stretches")
    return {"days": days} | {name: value for name, value in document.items() if name not in left_out}
