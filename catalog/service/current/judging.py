"""Judges what is recorded, here where that takes no time, else apart; how, and what comes of it, is known below.

Years of exports take seconds of a processor and much memory to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.answers import Document, check_document
from catalog.judging.values import Period
from catalog.metrics.facts import gather_facts
from catalog.metrics_values import Facts
from catalog.questions import judgements
from catalog.questions.inquiry import Inquiry
from catalog.schedule import shift
from catalog.service.current.apart import apart
from catalog.service.current.exposure import Recoveries, recoveries
from catalog.service.responses.problems import Problem
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.store.queries import SnapshotFilter
from catalog.store.snapshot_pages import page_snapshots
from catalog.workflow import Question, check
from verifier.errors import CatalogError, LandproofError

JUDGED_PERIOD = timedelta(days=60)
MOST_SECONDS = 120.0
"""How long one question may take."""
_MOST_STANDING_SECONDS = 600.0
"""How long that may take which everybody is answered from."""
_MOST_SNAPSHOTS_HERE = 1500
"""How many can be judged in a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is judged, as it travels: settings, the file of a copy, as known when, as of when, by which question."""

    settings: Settings
    file: Path
    known_at: datetime | None
    at: datetime
    kind: str
    question: object = None

    @property
    def inquiry(self) -> Inquiry:
        """The same as a question, by a connection of one's own."""
        return Inquiry(self.settings, Catalog(self.file).as_known_at(self.known_at), asked_at=self.at)


def judge(inquiry: Inquiry) -> Document:
    """Return the document of `check` for the last 60 days. Raises `LandproofError`; records nothing."""
    document: Document = _standing(inquiry, "document of all")
    return document


def gather(inquiry: Inquiry) -> Facts:
    """Return the facts that metrics are made of. Raises `LandproofError`."""
    facts: Facts = _standing(inquiry, "facts")
    return facts


def recover(inquiry: Inquiry) -> Recoveries:
    """Return how far each dataset can be restored. Raises `LandproofError`."""
    found: Recoveries = _standing(inquiry, "recoveries")
    return found


def judged(inquiry: Inquiry, kind: str, question: object, snapshots: int) -> Document:
    """Return the document of a kind of judgement, `check`, `rpo` or `retention`, that looks at so many snapshots.

    Raises what the judgement does, and `Problem` where it takes too long.
    """
    if snapshots <= _MOST_SNAPSHOTS_HERE:
        document: Document = _KINDS[kind](inquiry, question)
        return document
    try:
        document = apart(_answer, _matter(inquiry, kind, question), MOST_SECONDS)
    except TimeoutError as error:
        hint = f"ask for less, or with: landproof {kind}"
        raise Problem(400, f"{kind}: takes longer than {MOST_SECONDS:g} s to judge", hint) from error
    except LandproofError as error:
        error.message = error.message.replace(str(inquiry.catalog.file), str(inquiry.catalog.path))
        raise
    return document


def count_snapshots(inquiry: Inquiry, zone: str | None = None, dataset_id: str | None = None) -> int:
    """Return how many snapshots are recorded, of all datasets or of some."""
    ids = (dataset_id,) if dataset_id else ()
    return page_snapshots(inquiry.catalog, SnapshotFilter(zone=zone, dataset_ids=ids, limit=0))[1]


def _standing(inquiry: Inquiry, kind: str) -> Any:
    if count_snapshots(inquiry) <= _MOST_SNAPSHOTS_HERE:
        return _KINDS[kind](inquiry, None)
    try:
        return apart(_answer, _matter(inquiry, kind), _MOST_STANDING_SECONDS)
    except TimeoutError as error:
        hint = "judge it with: landproof check"
        raise CatalogError(
            f"what is recorded takes longer than {_MOST_STANDING_SECONDS:g} s to judge", hint=hint
        ) from error


def _matter(inquiry: Inquiry, kind: str, question: object = None) -> Matter:
    catalog = inquiry.catalog
    return Matter(inquiry.settings, catalog.file, catalog.known_at, inquiry.now, kind, question)


def _answer(matter: Matter) -> Any:
    return _KINDS[matter.kind](matter.inquiry, matter.question)


def _judge(asked: Inquiry, _: object) -> Document:
    question = Question(Period(shift(asked.now, -JUDGED_PERIOD), asked.now))
    return check_document(check(asked.settings, asked.catalog, question))


_KINDS: Mapping[str, Callable[[Inquiry, Any], Any]] = {
    "document of all": _judge,
    "facts": lambda asked, _: gather_facts(asked.settings, asked.catalog, asked.now),
    "recoveries": lambda asked, _: recoveries(asked.settings, asked.catalog, asked.now),
    "check": lambda asked, question: judgements.check(asked, question)[1],
    "rpo": lambda asked, question: judgements.rpo(asked, question)[1],
    "retention": lambda asked, question: judgements.retention(asked, question)[1],
}
"""Here they judge the inquiry itself: a file can be open in one way only in one process. Apart, one like it."""
