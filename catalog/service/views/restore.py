"""The document of the page that plans a restore: dataset, moment, chain, files, texts to copy; not how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from catalog.answers import Document, moment
from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Chain, ChainState
from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_moment
from catalog.restores.answers import restore_plan_document
from catalog.restores.plan import Known, PlannedFile, RestorePlan, Wish, gather, is_restored
from catalog.service.views.restore_chain import chain_object
from catalog.service.views.restore_days import calendar_object, parse_month
from catalog.service.views.restore_texts import commands_object, texts_object
from catalog.settings.values import nearest
from catalog.store.drills import last_drills
from catalog.store.known import known_zones
from catalog.store.neighbours import files_there
from catalog.store.queries import dataset_names
from catalog.store.restores import bytes_per_second
from verifier.errors import UnknownError, UsageError
from verifier.model import Depth

MOST_FILES = 200
"""A plan of more files is not written out here, and only the first of them are listed."""

_FIRST_FILES = 40
_MOST_SNAPSHOTS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreQuestion:
    """What is to be restored, as asked; empty where it is still to be chosen. `month` is the one that is shown."""

    dataset: str = ""
    as_of: str = ""
    depth: Depth = Depth.FULL
    accepts_gaps: bool = False
    month: str = ""


def restore_view(inquiry: Inquiry, asked: RestoreQuestion) -> Document:
    """Return `landproof/restore/1`; what cannot be answered is told in its `trouble`, beside what can be chosen."""
    names = inquiry.names
    recorded = dataset_names(inquiry.catalog)
    choices = {(z, i): names.get((z, i)) or name for z, i, name in recorded}
    choices |= {place: name for place, name in names.items() if place not in choices}
    document: Document = {
        "schema": "landproof/restore/1",
        "at": moment(inquiry.now),
        "asked": {
            "dataset": asked.dataset,
            "as_of": asked.as_of,
            "depth": asked.depth.value,
            "accept_gaps": asked.accepts_gaps,
        },
        "trouble": None,
        "datasets": [{"zone": z, "dataset_id": i, "name": choices[z, i]} for z, i in sorted(choices)],
        "dataset": None,
        "plan": None,
    }
    if not asked.dataset:
        return inquiry.dated(document)
    try:
        planned = _planned(inquiry, asked, choices)
    except UsageError as error:
        meant = _meant(asked.dataset, choices, is_unknown=isinstance(error, UnknownError))
        return inquiry.dated(document | {"trouble": {"message": error.message, "hint": error.hint, "choices": meant}})
    return inquiry.dated(document | planned)


def _meant(text: str, choices: Mapping[tuple[str, str], str | None], *, is_unknown: bool) -> list[str]:
    """Return the datasets, as ZONE/ID, that a text may mean: all that go by it, or else the nearest."""
    named = sorted(f"{z}/{i}" for (z, i), name in choices.items() if text in (i, name))
    if len(named) > 1:
        return named
    by_text = {word: f"{z}/{i}" for (z, i), name in choices.items() for word in (f"{z}/{i}", i, name) if word}
    return [by_text[nearest(text, by_text)]] if is_unknown and by_text else []


def _planned(inquiry: Inquiry, asked: RestoreQuestion, choices: dict[tuple[str, str], str | None]) -> Document:
    """All that is known once dataset and moment are. Raises `UsageError` for what cannot be read, or nobody knows."""
    now = inquiry.now
    text = asked.as_of or None
    as_of = parse_moment(text, inquiry.spell("as_of"), is_end=True) if text else now
    zone, dataset_id = inquiry.known_dataset(asked.dataset)
    wish = Wish(zone=zone, dataset_id=dataset_id, as_of=as_of, depth=asked.depth, accepts_gaps=asked.accepts_gaps)
    known = gather(inquiry.settings, inquiry.catalog, wish, now)
    chain = judge_chain(known.question, known.attempts, known.slots)
    plan = _plan(inquiry, wish, known, chain)
    told = restore_plan_document(plan)
    snapshots, lost = told.pop("snapshots"), told.pop("lost")
    files = told.pop("files")
    del told["schema"]
    reached = chain.recovers_to
    behind = None if reached is None else max((min(as_of, now) - reached).total_seconds(), 0.0)
    counts = {"snapshots": len(snapshots), "files": chain.files, "lost": len(lost)}
    return {
        "dataset": _dataset(inquiry, known, (zone, dataset_id), choices.get((zone, dataset_id))),
        "plan": told | {"counts": counts, "is_future": as_of.date() > now.date(), "behind_seconds": behind},
        "chain": chain_object(chain),
        "snapshots": snapshots[-_MOST_SNAPSHOTS:],
        "snapshots_more": max(len(snapshots) - _MOST_SNAPSHOTS, 0),
        "lost": lost[:_MOST_SNAPSHOTS],
        "files": files,
        "files_more": max(chain.files - len(files), 0) if _is_long(chain) else 0,
        "files_unknown": 0 if _is_long(chain) else max(chain.files - len(files), 0),
        "other_depths": _other_depths(known, chain),
        "calendar": calendar_object(known, parse_month(asked.month), as_of, now),
        "texts": texts_object(plan, is_whole=not _is_long(chain)),
        "commands": commands_object(plan, inquiry.catalog.known_at),
    }


def _dataset(inquiry: Inquiry, known: Known, place: tuple[str, str], name: str | None) -> Document:
    """What is known of the dataset itself, and when a restore of it was last tried."""
    drills = last_drills(inquiry.catalog, inquiry.now).get(place)
    return {
        "zone": place[0],
        "dataset_id": place[1],
        "name": name,
        "has_schedule": known.schedule is not None,
        "exports": len(known.attempts),
        "first_export_at": moment(known.attempts[0].export_at) if known.attempts else None,
        "last_export_at": moment(known.attempts[-1].export_at) if known.attempts else None,
        "drill_passed_at": moment(drills.passed_at) if drills else None,
        "drill_not_passed_at": moment(drills.not_passed_at) if drills else None,
    }


def _is_long(chain: Chain) -> bool:
    return chain.files > MOST_FILES


def _plan(inquiry: Inquiry, wish: Wish, known: Known, chain: Chain) -> RestorePlan:
    """Return the plan of a chain; of a long one with its first files only, which take longest to find."""
    rate = bytes_per_second(inquiry.catalog, wish.zone) if chain.members else None
    return RestorePlan(
        wish=wish,
        mode=known.question.mode,
        chain=chain,
        files=tuple(_files(inquiry, chain)),
        estimated_seconds=None if rate is None else chain.bytes / rate,
    )


def _files(inquiry: Inquiry, chain: Chain) -> Iterator[PlannedFile]:
    """Yield the files to be restored in the order of the chain, the first of them where there are very many."""
    places, count, is_long = [], 0, _is_long(chain)
    for member in chain.members:
        if is_long and count >= _FIRST_FILES:
            break
        places.append(member.source.id)
        count += member.source.files
    urls, files = known_zones(inquiry.catalog), files_there(inquiry.catalog, places)
    reports = ((place, report) for place in places for report in files.get(place, ()))
    listed = [(place, report) for place, report in reports if is_restored(report)]
    for place, report in listed[:_FIRST_FILES] if is_long else listed:
        yield PlannedFile(place, urls[place.zone], report.file, report.content.sha256, report.kind)


def _other_depths(known: Known, chain: Chain) -> list[Document]:
    """Where a restore ends early, what it would come to by snapshots that were looked at less hard."""
    if chain.state is ChainState.COMPLETE:
        return []
    found = []
    for depth in Depth:
        if known.question.depth.covers(depth) and depth is not known.question.depth:
            other = judge_chain(replace(known.question, depth=depth), known.attempts, known.slots)
            if (other.state, other.recovers_to) != (chain.state, chain.recovers_to):
                found.append(
                    {"depth": depth.value, "state": other.state.value, "recovers_to": moment(other.recovers_to)}
                )
    return found
