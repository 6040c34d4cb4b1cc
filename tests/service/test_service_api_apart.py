"""Judging in a process of its own: the same document, the same errors, by the same copy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.landproof import Document
from support.zones import ALPHA, Zone, daily

from catalog.questions import judgements
from catalog.questions.inquiry import Inquiry
from catalog.questions.judgements import CheckQuestion, RetentionQuestion, RpoQuestion
from catalog.service.current.judging import count_snapshots, judged
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog
from verifier.errors import CatalogError, UnknownError, UsageError

_MANY = 10**6
_NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def inquiry(tmp_path_factory: pytest.TempPathFactory) -> Inquiry:
    zone = Zone(tmp_path_factory.mktemp("apart"))
    zone.settings(daily(ALPHA, 'name = "Web events"', 'mode = "full"'))
    zone.exports(5)
    zone.scan()
    return Inquiry(load_settings(zone.config, {}), Catalog(zone.catalog), asked_at=_NOW)


def _here(inquiry: Inquiry, task: str, question: object) -> Document:
    made: Document = getattr(judgements, task)(inquiry, question)[1]
    return made


def _told(ask: Callable[[], Document]) -> object:
    """Return a document, or what was wrong with the question: before a moment nothing may be known."""
    try:
        return ask()
    except UsageError as error:
        return type(error), error.message, error.hint


@pytest.mark.parametrize(
    ("task", "question"),
    [
        ("check", CheckQuestion()),
        ("check", CheckQuestion(zones=["zone"], at="2026-09-19T12:00:00Z", start="2026-09-17")),
        ("rpo", RpoQuestion(dataset="Web events", objective="36h", start="2026-09-17")),
        ("retention", RetentionQuestion(policy="keep-daily=2")),
    ],
)
@pytest.mark.parametrize("known_at", [None, datetime(2026, 1, 1, tzinfo=UTC)])
def test_what_is_judged_apart_is_what_is_judged_here(
    inquiry: Inquiry, task: str, question: object, known_at: datetime | None
) -> None:
    asked = Inquiry(inquiry.settings, inquiry.catalog.as_known_at(known_at), asked_at=None if known_at else _NOW)
    expected = _told(lambda: _here(asked, task, question))
    assert _told(lambda: judged(asked, task, question, _MANY)) == expected
    assert _told(lambda: judged(asked, task, question, 1)) == expected


def test_what_cannot_be_judged_is_told_as_it_is_here(inquiry: Inquiry) -> None:
    with pytest.raises(UnknownError, match="no dataset nothing") as raised:
        judged(inquiry, "rpo", RpoQuestion(dataset="nothing"), _MANY)
    assert str(inquiry.catalog.path) in raised.value.message
    assert raised.value.hint


def test_a_process_that_fails_is_no_verdict(inquiry: Inquiry, tmp_path: Path) -> None:
    (tmp_path / "landproof.duckdb").write_bytes(b"not a catalog" * 1000)
    broken = Inquiry(inquiry.settings, Catalog(tmp_path / "landproof.duckdb"), asked_at=_NOW)
    with pytest.raises(CatalogError):
        judged(broken, "check", CheckQuestion(), _MANY)
    with pytest.raises(CatalogError, match="could not be judged: the process that does it ended with status 1"):
        judged(inquiry, "nothing", CheckQuestion(), _MANY)


def test_snapshots_are_counted_by_place(inquiry: Inquiry) -> None:
    assert count_snapshots(inquiry) == count_snapshots(inquiry, "zone") == count_snapshots(inquiry, "zone", ALPHA) == 5
    assert count_snapshots(inquiry, "elsewhere") == 0
