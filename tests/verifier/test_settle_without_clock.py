"""When a snapshot counts as settled in a store that shows times but no clock to compare them with, such as SFTP."""

from __future__ import annotations

from support.snapshots import FOLDER, LANDED, NOW, Memory, minutes, part, seen, stored

from verifier.model import Verdict


def test_a_time_says_nothing_where_nobody_knows_how_late_it_is_there() -> None:
    memory = Memory(has_clock=False)
    old = seen(stored(part(0), landed=LANDED))
    assert memory.look([old]).verdict is Verdict.ARRIVING
    assert memory.look([old], at=NOW + minutes(29)).verdict is Verdict.ARRIVING
    settled = memory.look([old], at=NOW + minutes(30))
    assert (settled.verdict, settled.settled_at, settled.landed_at) == (Verdict.GOOD, NOW + minutes(30), LANDED)


def test_a_file_written_again_between_two_looks_starts_the_wait_anew() -> None:
    memory = Memory(has_clock=False)
    memory.look([seen(stored(part(0), landed=NOW))])
    again = seen(stored(part(0), landed=NOW + minutes(1)))
    assert memory.look([again], at=NOW + minutes(40)).verdict is Verdict.ARRIVING
    assert memory.look([again], at=NOW + minutes(70)).verdict is Verdict.GOOD


def test_a_marker_that_stays_the_same_does_not_keep_it_open_and_a_new_one_does() -> None:
    memory = Memory(has_clock=False)
    marker = seen(stored(f"{FOLDER}/_SUCCESS", landed=NOW))
    memory.look([seen(part(0))])
    assert memory.look([seen(part(0)), marker], at=NOW + minutes(40)).verdict is Verdict.ARRIVING
    assert memory.look([seen(part(0)), marker], at=NOW + minutes(50)).verdict is Verdict.GOOD
