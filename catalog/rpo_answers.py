"""The document of `rpo`: how long a complete chain was young enough, when it was not, and because of which export."""

from __future__ import annotations

from datetime import datetime, timedelta

from catalog.answers import Document, moment
from catalog.judging.rpo_values import Cause, State, Stretch, Why, Worst
from catalog.rpo import Rpo

_MICROSECOND = timedelta(microseconds=1)
_MILLION = 1_000_000


def rpo_document(rpo: Rpo, asked_to: datetime) -> Document:
    """The document of `rpo`; `asked_to` is the end that was asked for, which may be later than the one judged."""
    wish, judgement = rpo.wish, rpo.judgement
    total = wish.until - wish.since
    return {
        "schema": "landproof/rpo/1",
        "zone": wish.zone,
        "dataset_id": wish.dataset_id,
        "name": rpo.name,
        "mode": rpo.mode.value,
        "from": moment(wish.since),
        "to": moment(wish.until),
        "cut_to_now": asked_to > wish.until,
        "objective_seconds": exact_seconds(wish.objective),
        "met_share": judgement.length(State.MET) / total,
        "seconds": exact_seconds(total),
        "met_seconds": exact_seconds(judgement.length(State.MET)),
        "missed_seconds": exact_seconds(judgement.length(State.MISSED)),
        "unknown_seconds": exact_seconds(judgement.length(State.UNKNOWN)),
        "worst": None if judgement.worst is None else _worst(judgement.worst),
        "stretches": [_stretch(s) for s in judgement.stretches],
    }


def exact_seconds(length: timedelta) -> int | float:
    """Return a length in seconds: whole where it is, else with its microseconds."""
    whole, rest = divmod(length // _MICROSECOND, _MILLION)
    return whole + rest / _MILLION if rest else whole


def _worst(worst: Worst) -> Document:
    return {
        "exposure_seconds": None if worst.is_total else exact_seconds(worst.ends_at - worst.starts_at),
        "from": moment(worst.starts_at),
        "to": moment(worst.ends_at),
        "why": _why(worst.why),
    }


def _stretch(stretch: Stretch) -> Document:
    exposure = stretch.exposure
    return {
        "from": moment(stretch.starts_at),
        "to": moment(stretch.ends_at),
        "state": stretch.state.value,
        "seconds": exact_seconds(stretch.ends_at - stretch.starts_at),
        "recovers_to": moment(stretch.recovers_to),
        "exposure_seconds": None if exposure is None else exact_seconds(exposure),
        "why": _why(stretch.why),
    }


def _why(why: Why | None) -> Document | None:
    if why is None:
        return None
    return {
        "cause": why.cause.value,
        "due_at": moment(why.due_at),
        "snapshot": why.snapshot and str(why.snapshot),
        "landed_at": moment(why.landed_at),
        "message": _message(why),
    }


def _message(why: Why) -> str:
    due, landed = f"export due {moment(why.due_at)}", moment(why.landed_at)
    match why.cause:
        case Cause.MISSING:
            return f"{due} is missing"
        case Cause.WAITING:
            return f"{due} landed only {landed}" if landed else f"{due} had not landed"
        case Cause.BAD:
            return f"{due} was not good"
        case Cause.GONE:
            return f"{due} was gone again"
        case Cause.PAUSED:
            return f"{due} was waived, and did not come"
        case Cause.UNKNOWN:
            return f"nobody has looked since the {due}"
        case Cause.UNVERIFIED:
            return f"nobody knows whether the {due} was there and good"
        case Cause.UNSEEN:
            return "nobody had looked yet"
        case Cause.NO_SCHEDULE:
            return "no schedule tells which exports should have come"
        case Cause.NONE_DUE:
            return "no later export was due"
