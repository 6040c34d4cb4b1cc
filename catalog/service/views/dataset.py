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
from catalog.service.views.dataset_slots import Export, Facts, Span, exports_of, span_of
from catalog.settings.values import nearest
from catalog.store.known import known_zones, looks
from catalog.store.queries import dataset_names
from catalog.store.said import pauses
from catalog.store.series import DatasetPlace, Landed, columns_by_digest, landed, years_of

PAGE = 20
_BEFORE = timedelta(days=45)
"""So far before a span its exports are read, too, so that a change of columns at its beginning is seen."""
_MEASURED = (30, 90)
_FIRST_YEAR, _LAST_YEAR = 1, 9998


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetQuestion:
    """Which calendar year of a dataset, the last twelve months if none, and which page of its exports of that.

    With `measures`, its recovery points are to be measured, too.
    """

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
    year = None if asked.year is None else min(max(asked.year, _FIRST_YEAR), _LAST_YEAR)
    span = span_of(year, now.date())
    facts = _facts(inquiry, place, span)
    exports = exports_of(facts, span)
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
        "years": sorted({*years, *([year] if year else []), *([now.year] if settings else [])}),
        "calendar": _calendar(exports, place, span),
        "series": _series(exports, span, now),
        "schema_changes": schema_changes(
            facts.landed, columns_by_digest(inquiry.catalog, [one.columns for one in facts.landed if one.columns]), span
        ),
        "chain": chain_object(inquiry, place, has_exports=bool(years)),
        "objective": objective_object(settings),
        "recovery": [_measured(inquiry, place, days) for days in _MEASURED]
        if asked.measures and settings and settings.recovery_point and years
        else None,
        "findings": findings_of(entry),
        **_page([one for one in facts.landed if span.covers(one.export_at)], place, asked.page),
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


def _facts(inquiry: Inquiry, place: DatasetPlace, span: Span) -> Facts:
    found = landed(inquiry.catalog, place, shift(span.begins, -_BEFORE), shift(span.ends, EARLY))
    return Facts(
        place=place,
        settings=inquiry.settings.dataset(*place),
        landed=found,
        pauses=pauses(inquiry.catalog).get(place, ()),
        look=next((Look(r.started_at) for r in looks(inquiry.catalog, place[0]) if covers(r.scope, place[1])), None),
        now=inquiry.now,
    )


def _calendar(exports: list[Export], place: DatasetPlace, span: Span) -> Document:
    """The days of a span on which anything was due or came, each with its worst export."""
    days = [d for d in day_words(((e.at, e.word) for e in exports), span.first, span.last) if d.slots]
    worst: dict[tuple[str, str], str] = {}
    for one in exports:
        if one.export_time:
            worst.setdefault((one.at.date().isoformat(), one.word), f"{place[0]}/{place[1]}/{one.export_time}")
    counts = Counter(one.word for one in exports)
    return {
        "from": span.first.isoformat(),
        "to": span.last.isoformat(),
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


def _series(exports: list[Export], span: Span, now: datetime) -> Document:
    """Rows and bytes of each export in order; null where nothing landed."""
    shown = [one for one in exports if one.word != "waiting"]
    begins = max(span.begins, min((one.at for one in shown), default=span.begins))
    return {
        "from": moment(begins),
        "to": moment(max(min(span.ends, now), begins)),
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


def _page(of_span: list[Landed], place: DatasetPlace, page: int) -> Document:
    """One page of the exports of a span, the newest first, and how many come after it."""
    shown = of_span[::-1][(page - 1) * PAGE : page * PAGE]
    return {
        "snapshots": [_snapshot(place, one) for one in shown],
        "page": page,
        "more": max(len(of_span) - page * PAGE, 0),
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
