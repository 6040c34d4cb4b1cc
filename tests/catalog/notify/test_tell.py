"""Notices recorded, sent and completed: nothing twice, nothing lost, each channel what it asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.receivers import Hook, webhook
from support.telling import DUE, Teller

from catalog.notify.channels import Patience, sender
from catalog.segments.names import SegmentKind
from catalog.store.entries import Entry
from catalog.store.journal import record
from catalog.store.notices import DeliveryState

DAY = timedelta(days=1)
MISSING = "Web events: export due {} 01:00 is missing"


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as running:
        yield running


def teller(folder: Path, *channels: str) -> Teller:
    """A teller with channels, each a table of its own."""
    folder.mkdir(exist_ok=True)
    return Teller(folder, "\n".join(channels))


def channel(name: str, *urls: str, **more: str) -> str:
    lines = [f"{key} = {value}" for key, value in more.items()]
    listed = ", ".join(f'"{url}"' for url in urls)
    return "\n".join((f'[[notify.channels]]\nname = "{name}"\nurls = [{listed}]', *lines))


def states(outcomes: Any) -> dict[str, str]:
    return {one.channel: one.state.value for one in outcomes}


def test_a_notice_is_recorded_before_it_is_sent_and_completed_after(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()))
    seen: list[list[tuple[str, ...]]] = []

    def send(_: str, __: object) -> None:
        seen.append(watch.steps())

    watch.night({"web": "missing"}, send=send)
    assert seen == [[("team", "due"), ("team", "sending")]]
    assert watch.steps() == [("team", "due"), ("team", "sending"), ("team", "sent")]


def test_what_was_sent_is_never_sent_again(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()))
    for _ in range(3):
        watch.night({"web": "missing"})
    assert hook.titles() == ["landproof: 1 error"]


def test_what_came_late_is_told_once_however_often_it_is_seen(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()))
    for _ in range(3):
        watch.night({"web": "late"})
    assert hook.titles() == ["landproof: 1 warning"]


def test_all_of_a_night_is_one_message(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()))
    watch.night({"web": "missing", "profiles": "missing", "orders": "late"})
    assert hook.titles() == ["landproof: 2 errors, 1 warning"]


def test_what_a_channel_that_was_down_missed_is_told_with_the_new(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()))
    hook.status = 503
    failed = watch.night({"web": "missing"})
    assert failed.troubles == ("channel team: 1 notice not told: the service answered 503",)
    watch.night({"web": "missing", "profiles": "missing"})
    hook.status = 200
    watch.night({"web": "missing", "profiles": "missing"})
    watch.night({"web": "missing", "profiles": "missing"})
    assert hook.titles() == ["landproof: 2 errors"]
    assert hook.bodies()[0].count("held back since") == 2


def test_what_was_over_before_it_could_be_told_is_told_once(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()))
    hook.status = 503
    watch.night({"web": "missing"})
    watch.night({"web": "good"})
    hook.status = 200
    watch.night({"web": "good"})
    assert hook.titles() == ["landproof: 1 good again"]
    assert "that it was not could not be told" in hook.bodies()[0]


def test_one_url_of_a_channel_that_fails_repeats_nothing_to_the_others(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url("one"), hook.url("two")))
    hook.down = {"two"}
    assert states(watch.night({"web": "missing"}).outcomes) == {"team": "sent", "team-2": "failed"}
    hook.down = set()
    assert states(watch.night({"web": "missing"}).outcomes) == {"team-2": "sent"}
    assert (len(hook.titles("one")), len(hook.titles("two"))) == (1, 1)


def test_nobody_waits_for_a_channel_that_is_not_there_any_more(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()), channel("old", hook.url("old")))
    hook.down = {"old"}
    watch.night({"web": "missing"})
    watch.channels(channel("team", hook.url()))
    assert watch.night({"web": "missing"}).outcomes == ()
    assert watch.steps()[-1] == ("old", "dropped")
    watch.channels(channel("team", hook.url()), channel("old", hook.url("old")))
    hook.down = set()
    assert watch.night({"web": "missing"}).outcomes == ()


class TestWhoHearsWhat:
    """Levels, datasets and hours."""

    def test_a_level_that_is_too_low_is_not_told(self, tmp_path: Path, hook: Hook) -> None:
        watch = teller(tmp_path, channel("pager", hook.url(), level='"error"'))
        watch.night({"web": "late"})
        assert (hook.taken, watch.steps()) == ([], [])

    def test_what_is_no_longer_as_bad_is_told_where_it_was(self, tmp_path: Path, hook: Hook) -> None:
        watch = teller(tmp_path, channel("pager", hook.url(), level='"error"'))
        watch.night({"web": "missing"})
        watch.night({"web": "late"})
        watch.night({"web": "late"})
        assert hook.titles() == ["landproof: 1 error", "landproof: 1 warning"]

    def test_good_again_goes_where_it_was_told_and_nowhere_else(self, tmp_path: Path, hook: Hook) -> None:
        watch = teller(tmp_path, channel("team", hook.url()), channel("web", hook.url("web"), datasets='["Web*"]'))
        watch.night({"profiles": "missing"})
        watch.night({"profiles": "good"})
        assert hook.titles() == ["landproof: 1 error", "landproof: 1 good again"]
        assert hook.titles("web") == []

    @pytest.mark.parametrize(
        ("pattern", "is_told"),
        [
            ("Web events", True),
            ("web*", False),
            ("cja/*", True),
            ("*01", True),
            ("other/*", False),
            ("64e0????*", True),
        ],
    )
    def test_patterns_are_of_name_id_or_both(self, tmp_path: Path, hook: Hook, pattern: str, is_told: bool) -> None:
        watch = teller(tmp_path, channel("team", hook.url(), datasets=f'["{pattern}"]'))
        watch.night({"web": "missing"})
        assert bool(hook.taken) is is_told

    def test_what_is_about_a_whole_zone_is_for_everybody(self, tmp_path: Path, hook: Hook) -> None:
        watch = teller(tmp_path, channel("team", hook.url(), datasets='["nothing"]'))
        watch.night({}, unread=True)
        assert hook.titles() == ["landproof: 1 error"]

    def test_out_of_hours_it_waits_until_they_come(self, tmp_path: Path, hook: Hook) -> None:
        watch = teller(tmp_path, channel("day", hook.url(), hours='"07:00-19:00"'))
        (held,) = watch.night({"web": "missing"}, after=timedelta(hours=3)).outcomes
        assert (held.state, held.trouble) == (DeliveryState.DUE, "outside of its hours, 07:00-19:00")
        watch.night({"web": "missing"})
        assert hook.titles() == ["landproof: 1 error"]


class TestReminders:
    """What still stands is told again as asked."""

    def test_come_when_the_time_has_passed_though_a_night_was_early(self, tmp_path: Path, hook: Hook) -> None:
        watch = teller(tmp_path, channel("team", hook.url(), repeat_every='"2d"'))
        for after in (DAY, DAY, DAY - timedelta(minutes=20), DAY, DAY):
            watch.night({"web": "missing"}, after=after)
        assert hook.titles() == ["landproof: 1 error", "landproof: 1 still open", "landproof: 1 still open"]

    def test_end_when_it_is_good_again(self, tmp_path: Path, hook: Hook) -> None:
        watch = teller(tmp_path, channel("team", hook.url(), repeat_every='"1d"'))
        for how in ("missing", "missing", "good", "good"):
            watch.night({"web": how})
        assert hook.titles() == ["landproof: 1 error", "landproof: 1 still open", "landproof: 1 good again"]

    def test_are_not_piled_up_while_the_channel_is_down(self, tmp_path: Path, hook: Hook) -> None:
        watch = teller(tmp_path, channel("team", hook.url(), repeat_every='"1d"'))
        watch.night({"web": "missing"})
        hook.status = 500
        for _ in range(3):
            watch.night({"web": "missing"})
        hook.status = 200
        watch.night({"web": "missing"})
        assert hook.titles() == ["landproof: 1 error", "landproof: 1 still open"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from support.telling import Teller
folder, sends = Path(sys.argv[1]), int(sys.argv[2])
watch = Teller(folder)
def send(url, message):
    global sends
    sends -= 1
    if sends < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return watch.send(url, message)
watch.night({"web": "missing", "profiles": "missing"}, send=send)
"""


@pytest.mark.parametrize("sent_before", [0, 1])
def test_a_run_killed_while_it_sends_loses_nothing_and_says_what_may_be_told_twice(
    tmp_path: Path, hook: Hook, sent_before: int
) -> None:
    watch = teller(tmp_path, channel("one", hook.url("one")), channel("two", hook.url("two")))
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), str(sent_before)], env=here)
    assert done.returncode == -signal.SIGKILL
    assert (len(hook.titles("one")), len(hook.titles("two"))) == (sent_before, 0)
    later = Teller(tmp_path, night=1)
    later.night({"web": "missing", "profiles": "missing"})
    later.night({"web": "missing", "profiles": "missing"})
    assert hook.titles("one") == hook.titles("two") == ["landproof: 2 errors"]
    doubtful = hook.bodies("one" if sent_before == 0 else "two")[0]
    assert doubtful.count("(may have been told before)") == 2
    assert watch.steps()[-1][1] == "sent"


def test_what_a_killed_run_left_in_a_segment_is_not_told_after_what_came_later(tmp_path: Path, hook: Hook) -> None:
    watch, copy = teller(tmp_path / "one", channel("team", hook.url())), teller(tmp_path / "two")
    copy.channels(channel("team", hook.url()))
    hook.status = 500
    copy.night({"web": "missing"})
    hook.status = 200
    watch.at, watch.number = watch.at + DAY, 1
    watch.night({"web": "missing"})
    left = {of: copy.rows(of) for of in ("notice", "delivery")}
    late = Entry(
        kind=SegmentKind.NOTICE, id="run-0", zone="", tool_version="0.1.0", written_at=watch.at,
        rows={"notice": left["notice"], "delivery": left["delivery"][:1]},
    )  # fmt: skip
    record(watch.catalog, late)
    watch.night({"web": "missing"})
    assert hook.titles() == ["landproof: 1 error"]
    assert watch.steps()[-1] == ("team", "dropped")


def test_apprise_is_not_imported_before_it_is_used() -> None:
    code = "import sys, catalog.notify.tell; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_what_got_no_answer_is_sent_again_and_says_that_it_may_be_told_twice(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()))
    hook.slow = 0.6
    watch.night({"web": "missing"}, send=sender(Patience(seconds=0.2, retries=0)))
    while not hook.taken:
        time.sleep(0.02)
    hook.slow = 0
    watch.night({"web": "missing"})
    assert hook.titles() == ["landproof: 1 error"] * 2
    assert ["may have been told before" in body for body in hook.bodies()] == [False, True]


def test_nothing_secret_is_in_what_is_recorded_or_answered(tmp_path: Path, hook: Hook) -> None:
    watch = teller(tmp_path, channel("team", hook.url()), channel("bad", "nobody-knows://t0k3n-s3cr3t"))
    hook.status = 500
    told = watch.night({"web": "missing"})
    recorded = b"".join(file.read_bytes() for file in tmp_path.rglob("*.duckdb*"))
    assert b"answered 500" in recorded
    assert b"t0k3n" not in recorded
    assert "t0k3n" not in f"{told!r} {told.troubles}"
    assert told.troubles == (
        "channel team: 1 notice not told: the service answered 500",
        "channel bad: 1 notice not told: the URL is none that Apprise knows, or lacks something",
    )


def test_a_notice_is_stamped_with_when_it_was_due_to_turn(tmp_path: Path, hook: Hook) -> None:
    (noticed,) = teller(tmp_path, channel("team", hook.url())).night({"web": "missing"}).noticed
    assert (noticed.happened_at, noticed.noticed_at > noticed.happened_at) == (DUE + timedelta(hours=3), True)
