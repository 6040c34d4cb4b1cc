"""Who is told what, by which key, and for how long at most all of that may take."""

from __future__ import annotations

from pathlib import Path

from support.nights import Ticking
from support.noticing import AT, NAMES, condition, notice

from catalog.judging.notice_values import Conditions, Turn
from catalog.notify.deliver import Journal, Post, deliver
from catalog.notify.plan import endpoints, plan, reminders
from catalog.settings.tables import ChannelTable
from catalog.store.database import Catalog
from catalog.store.notices import DeliveryState, Pending, Told
from verifier.findings import Level


def channel(name: str, *urls: str, **more: object) -> ChannelTable:
    return ChannelTable.model_validate({"name": name, "urls": urls or ("json://127.0.0.1",), **more})


def test_each_url_has_a_key_of_its_own_whatever_channels_are_called() -> None:
    found = endpoints(
        [channel("ops", "json://a", "json://b"), channel("ops-2", "json://c"), channel("ops", "json://d")]
    )
    assert [(one.key, one.url.reveal()) for one in found] == [
        ("ops", "json://a"), ("ops-2", "json://b"), ("ops-2-2", "json://c"), ("ops-3", "json://d")
    ]  # fmt: skip


def test_no_endpoint_shows_its_url() -> None:
    assert "t0k3n" not in repr(endpoints([channel("ops", "json://t0k3n")]))


def test_a_quiet_turn_is_for_nobody_also_where_it_was_told() -> None:
    turned = [Turn(notice(is_open=False), is_quiet=True)]
    assert list(plan(turned, endpoints([channel("ops")]), {"slot": Told(frozenset({"ops"}))}, NAMES)) == []


def test_good_again_goes_to_who_knew_alone() -> None:
    targets = endpoints([channel("knew", level="error"), channel("did-not")])
    over = notice(code="schedule.late", level=Level.WARN, is_open=False)
    assert list(plan([Turn(over)], targets, {"slot": Told(frozenset({"knew"}))}, NAMES)) == [(over, "knew")]


def test_nothing_is_told_again_that_is_not_seen_to_stand_or_has_changed() -> None:
    targets = endpoints([channel("ops", repeat_every="1d")])
    last, told = {"slot": notice()}, {"slot": Told(frozenset({"ops"}), {"ops": AT.replace(day=1)})}
    seen = {"slot": condition()}
    assert list(reminders(last, Conditions(seen), told, targets, AT)) == [(last["slot"], "ops")]
    assert list(reminders(last, Conditions({}), told, targets, AT)) == []
    changed = {"slot": condition(code="gzip.corrupt")}
    assert list(reminders(last, Conditions(changed), told, targets, AT)) == []
    assert list(reminders(last, Conditions(seen), told, endpoints([channel("ops")]), AT)) == []


def test_steps_are_at_rising_moments_though_the_clock_stands_still_or_goes_back(tmp_path: Path) -> None:
    moments = iter((AT, AT, AT.replace(hour=1), AT))
    journal = Journal(Catalog(tmp_path / "landproof.duckdb"), "run-1", "0.1.0", lambda: next(moments))
    seen = [journal.now() for _ in range(4)]
    assert seen == sorted(set(seen))


def test_when_channels_have_taken_too_long_the_rest_is_left_to_the_next_night(tmp_path: Path) -> None:
    journal = Journal(Catalog(tmp_path / "landproof.duckdb"), "run-1", "0.1.0", Ticking(AT))
    post = Post(endpoints([channel("ops")]), NAMES, lambda _, __: None, seconds=-1)
    (outcome,) = deliver(journal, post, [Pending(notice(), "ops")])
    assert (outcome.state, outcome.notices) == (DeliveryState.DUE, 1)
    assert outcome.trouble == "the other channels took too long"
