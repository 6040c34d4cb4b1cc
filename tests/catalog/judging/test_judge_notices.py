"""What turned since the last night: opened, changed, over; and what stays silent."""

from __future__ import annotations

from typing import Any, ClassVar

from support.noticing import AT, condition, notice

from catalog.judging.notice_values import Condition, Conditions, Ending, Notice, Turn
from catalog.judging.notices import turns

OVER = Ending("it is over", AT)


def turned(known: list[Notice], *conditions: Condition, **ended: Ending) -> list[tuple[str, str, bool]]:
    """Return code, state and quietness of each turn."""
    now = Conditions({c.about: c for c in conditions}, ended)
    return [_of(turn) for turn in turns({n.about: n for n in known}, now, "run-3", AT)]


def _of(turn: Turn) -> tuple[str, str, bool]:
    return turn.notice.code, turn.notice.state.value, turn.is_quiet


def test_what_is_new_is_opened_with_all_that_is_known_of_it() -> None:
    (turn,) = turns({}, Conditions({"slot": condition()}), "run-3", AT)
    assert (turn.notice.notice_id, turn.notice.about, turn.notice.message) == (
        "run-3.00000", "slot", "slot is schedule.missing"
    )  # fmt: skip
    assert (turn.notice.happened_at, turn.notice.noticed_at, turn.is_quiet) == (AT, AT, False)


def test_what_stands_is_silent() -> None:
    assert turned([notice()], condition()) == []


def test_what_is_neither_open_nor_over_stays_as_it_is() -> None:
    assert turned([notice()]) == []


def test_what_is_over_is_resolved_and_nothing_that_was_not_open_is() -> None:
    assert turned([notice()], slot=OVER) == [("schedule.missing", "resolved", False)]
    assert turned([], slot=OVER) == []
    assert turned([notice(is_open=False)], slot=OVER) == []


def test_what_ends_quietly_is_recorded_and_told_to_nobody() -> None:
    assert turned([notice()], slot=Ending("it is waived", AT, is_quiet=True)) == [
        ("schedule.missing", "resolved", True)
    ]


def test_what_was_over_and_is_so_again_is_opened_again() -> None:
    assert turned([notice(is_open=False)], condition()) == [("schedule.missing", "open", False)]


def test_another_code_or_level_of_the_same_is_told() -> None:
    known = [notice(code="gzip.corrupt")]
    assert turned(known, condition(code="file.vanished")) == [("file.vanished", "open", False)]
    assert turned([notice(code="schedule.ends-soon")], condition(code="schedule.ended")) == [
        ("schedule.ended", "open", False)
    ]


class TestWhatPasses:
    """A late export is told, and over."""

    late: ClassVar[dict[str, Any]] = {"code": "schedule.late", "passes": True}

    def test_is_one_notice_and_not_open_any_more(self) -> None:
        assert turned([], condition(**self.late)) == [
            ("schedule.late", "open", False), ("schedule.late", "resolved", True)
        ]  # fmt: skip

    def test_is_told_after_it_was_missing(self) -> None:
        assert [t[:2] for t in turned([notice()], condition(**self.late))] == [
            ("schedule.late", "open"), ("schedule.late", "resolved")
        ]  # fmt: skip

    def test_is_not_told_again(self) -> None:
        assert turned([notice(code="schedule.late", is_open=False)], condition(**self.late)) == []


class TestWhatWasAccepted:
    """What is accepted of a thing takes nothing away from the rest of it."""

    rest: ClassVar[dict[str, Any]] = {"code": "snapshot.shrunk", "accepted": frozenset({"gzip.corrupt"})}

    def test_leaves_the_rest_without_a_word(self) -> None:
        assert turned([notice(code="gzip.corrupt")], condition(**self.rest)) == [("snapshot.shrunk", "open", True)]

    def test_does_not_quiet_what_is_worse(self) -> None:
        known = [notice(code="snapshot.shrunk")]
        worse = condition(code="gzip.corrupt", accepted=frozenset({"snapshot.shrunk"}))
        assert turned(known, worse) == [("gzip.corrupt", "open", False)]

    def test_does_not_quiet_what_was_not_accepted(self) -> None:
        known = [notice(code="json.invalid-line")]
        assert turned(known, condition(**{**self.rest, "code": "file.vanished"})) == [("file.vanished", "open", False)]
