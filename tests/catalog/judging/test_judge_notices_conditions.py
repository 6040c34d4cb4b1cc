"""What of all that a night saw people should know of: one bad thing once, nothing that nobody looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.judging import CORRUPT_PAGE, DATASET, DAY, DUE, HOUR, OVER, PROMISE, arrival, judge
from support.noticing import notice

from catalog.judging.conditions import Night, Noted, conditions
from catalog.judging.notice_values import Conditions, Notice
from catalog.judging.values import Arrival, Lifetime, Pause
from catalog.judging.zones import judge_flows, judge_zone
from verifier.model import Accepted, Depth, Finding, Presence, SnapshotReport, Verdict, finding
from verifier.zone_model import Stray, Trouble, ZoneReport

AT = DUE + 5 * HOUR
GOOD_ZONE = ZoneReport(zone="cja", url="s3://exports", complete=True)
UNREAD_ZONE = ZoneReport(
    zone="cja", url="s3://exports", complete=False, error=Trouble(kind="denied", message="access denied"),
    findings=(finding("zone.unreachable", "access denied"),),
)  # fmt: skip
SLOT, SNAPSHOT = f"slot cja/{DATASET} 2026-09-19T01:00:00Z", f"snapshot cja/{DATASET}/20260919010000"
EXPIRING = f"expiring cja/{DATASET}/20260919010000"
SAID = Accepted(by="ann@host", at=AT, reason="known")


def report(one: Arrival, **more: Any) -> SnapshotReport:
    """The report behind an arrival."""
    own: dict[str, Any] = {
        "verdict": one.verdict, "landed_at": one.landed_at, "data_files": one.data_files, "presence": one.presence,
        "findings": one.findings,
    }  # fmt: skip
    known = {"depth": Depth.FULL, "checked": 1, "files": 1, "bytes": 1, "rows": 1, "settled_at": AT}
    return SnapshotReport(id=one.id, **{**known, **own, **more})


def night(*arrivals: Arrival, look: datetime | None = AT, promise: Any = PROMISE, **more: Any) -> Night:
    """What a night saw of the dataset."""
    own: dict[str, Any] = {
        "at": AT,
        "datasets": [judge(*arrivals, at=AT, look=look, promise=promise)],
        "findings": [],
        "zones": [GOOD_ZONE],
        "strays": [],
        "snapshots": [report(a) for a in arrivals],
        "looked_at": AT,
        "configured": frozenset({"cja"}),
        "since": DUE - DAY,
    }
    return Night(**{**own, **more})


def standing(*notices: Notice) -> dict[str, Notice]:
    return {one.about: one for one in notices}


def opened(found: Conditions) -> dict[str, str]:
    return {about: one.code for about, one in found.open.items()}


def ended(found: Conditions) -> dict[str, bool]:
    """Return what is over, and whether quietly."""
    return {about: one.is_quiet for about, one in found.ended.items()}


def corrupt(**more: Any) -> Arrival:
    return arrival(verdict=Verdict.CORRUPT, findings=(CORRUPT_PAGE,), **more)


class TestSlots:
    """Exports that were due."""

    def test_missing_is_open_since_its_grace_was_over(self) -> None:
        found = conditions(night(), {})
        assert opened(found) == {SLOT: "schedule.missing"}
        assert found.open[SLOT].happened_at == OVER

    def test_late_passes_and_happened_when_it_landed(self) -> None:
        found = conditions(night(arrival(landed_at=OVER + HOUR)), {})
        assert opened(found) == {SLOT: "schedule.late"}
        late = found.open[SLOT]
        assert (late.passes, late.is_quiet, late.happened_at) == (True, False, OVER + HOUR)

    def test_there_after_all_is_over(self) -> None:
        found = conditions(night(arrival()), standing(notice(SLOT)))
        assert (opened(found), ended(found)) == ({}, {SLOT: False})

    def test_nobody_looked_is_neither(self) -> None:
        found = conditions(night(look=None), standing(notice(SLOT)))
        assert (opened(found), ended(found)) == ({}, {})

    def test_waived_is_over_without_a_word_and_opens_nothing(self) -> None:
        waived = judge(at=AT, look=AT, promise=_with_pause())
        assert opened(conditions(night(datasets=[waived]), {})) == {}
        assert ended(conditions(night(datasets=[waived]), standing(notice(SLOT)))) == {SLOT: True}

    def test_of_a_dataset_that_is_not_configured_any_more_is_over_without_a_word(self) -> None:
        assert ended(conditions(night(datasets=[]), standing(notice(SLOT)))) == {SLOT: True}

    def test_outside_of_the_period_stands_as_it_was(self) -> None:
        old = notice(f"slot cja/{DATASET} 2026-07-01T01:00:00Z")
        assert ended(conditions(night(arrival()), standing(old))) == {}


class TestSnapshots:
    """Exports that came, and are not as they should be."""

    def test_a_corrupt_one_is_told_as_the_snapshot_alone(self) -> None:
        found = conditions(night(corrupt()), {})
        assert opened(found) == {SNAPSHOT: "parquet.corrupt-page"}
        assert found.open[SNAPSHOT].happened_at == DUE + HOUR

    def test_one_that_came_late_too_is_noted_without_a_word(self) -> None:
        found = conditions(night(corrupt(landed_at=OVER + HOUR)), standing(notice(SLOT)))
        assert opened(found) == {SNAPSHOT: "parquet.corrupt-page", SLOT: "schedule.late"}
        assert found.open[SLOT].is_quiet

    def test_several_findings_are_one_with_the_worst_code_and_a_count(self) -> None:
        several = (finding("snapshot.shrunk", "small"), finding("manifest.file-missing", "absent"), CORRUPT_PAGE)
        found = conditions(night(arrival(verdict=Verdict.CORRUPT, findings=several)), {})
        assert opened(found) == {SNAPSHOT: "parquet.corrupt-page"}
        assert found.open[SNAPSHOT].message.endswith(", and 2 more")

    def test_mere_remarks_are_not_told(self) -> None:
        assert opened(conditions(night(arrival(findings=(finding("layout.part-gap", "a gap"),))), {})) == {}

    def test_good_again_is_over(self) -> None:
        assert ended(conditions(night(arrival()), standing(notice(SNAPSHOT, "gzip.corrupt")))) == {SNAPSHOT: False}

    def test_accepted_is_over_without_a_word(self) -> None:
        known = arrival(findings=(_accepted(CORRUPT_PAGE),))
        assert opened(conditions(night(known), {})) == {}
        assert ended(conditions(night(known), standing(notice(SNAPSHOT, "gzip.corrupt")))) == {SNAPSHOT: True}

    def test_still_arriving_is_neither(self) -> None:
        coming = arrival(verdict=Verdict.ARRIVING, findings=(CORRUPT_PAGE,))
        found = conditions(night(coming), standing(notice(SNAPSHOT, "gzip.corrupt")))
        assert (opened(found), ended(found)) == ({}, {})

    def test_what_could_not_be_read_is_no_better_and_no_worse(self) -> None:
        blind = arrival(verdict=Verdict.UNKNOWN, findings=(finding("file.unreadable", "reading failed"),))
        assert opened(conditions(night(blind), {})) == {SNAPSHOT: "file.unreadable"}
        found = conditions(night(blind), standing(notice(SNAPSHOT, "gzip.corrupt")))
        assert (opened(found), ended(found)) == ({}, {})

    def test_vanished_is_told_as_the_snapshot_and_not_as_missing(self) -> None:
        gone = arrival(
            verdict=Verdict.INCOMPLETE, presence=Presence.VANISHED, data_files=0,
            findings=(finding("file.vanished", "gone"), finding("snapshot.no-data-files", "none")),
        )  # fmt: skip
        found = conditions(night(gone), standing(notice(SLOT)))
        assert opened(found) == {SNAPSHOT: "file.vanished"}
        assert ended(found) == {SLOT: True}
        assert found.open[SNAPSHOT].happened_at == AT

    def test_expired_is_over_without_a_word_and_its_slot_not_missing(self) -> None:
        expired = arrival(presence=Presence.EXPIRED, data_files=0)
        found = conditions(night(expired), standing(notice(SNAPSHOT, "gzip.corrupt")))
        assert (opened(found), ended(found)) == ({}, {SNAPSHOT: True})


class TestZones:
    """What is about a zone as a whole."""

    def test_one_that_cannot_be_read_is_one_notice_whatever_its_schedules(self) -> None:
        stale = judge_zone("cja", None, DAY, AT)
        found = conditions(night(look=None, zones=[UNREAD_ZONE], findings=stale), {})
        assert opened(found) == {"zone cja unread": "zone.unreachable"}
        assert found.open["zone cja unread"].message == "the zone cannot be read: access denied"

    def test_one_that_is_read_again_is_over_and_what_is_really_missing_told(self) -> None:
        found = conditions(night(), standing(notice("zone cja unread", "zone.unreachable", dataset_id=None)))
        assert (opened(found), ended(found)) == ({SLOT: "schedule.missing"}, {"zone cja unread": False})

    def test_a_listing_that_is_not_believed_ends_nothing(self) -> None:
        suspect = ZoneReport(
            zone="cja", url="s3://exports", complete=True, findings=(finding("zone.mass-vanish", "much is gone"),)
        )
        stray = notice("stray cja layout.stray-file", "layout.stray-file", dataset_id=None)
        found = conditions(night(look=None, zones=[suspect]), standing(stray))
        assert (opened(found), ended(found)) == ({"zone cja zone.mass-vanish": "zone.mass-vanish"}, {})

    def test_stale_without_a_look_is_told(self) -> None:
        stale = judge_zone("cja", None, DAY, AT)
        assert opened(conditions(night(arrival(), zones=[], findings=stale), {})) == {"zone cja unread": "zone.stale"}

    def test_credentials_that_end_are_told_once_whoever_says_so(self) -> None:
        ending = finding("zone.credential-expiring", "the credentials end 2026-09-22T00:00:00Z")
        of_watch = replace(ending, message=f"zone cja: {ending.message}", where={"zone": "cja"})
        zones = [replace(GOOD_ZONE, findings=(ending,))]
        about = {"zone cja zone.credential-expiring": "zone.credential-expiring"}
        assert opened(conditions(night(arrival(), zones=zones, findings=[of_watch]), {})) == about
        assert (
            opened(conditions(night(arrival(), zones=[UNREAD_ZONE], findings=[of_watch]), {})).items() > about.items()
        )

    def test_one_that_is_not_configured_any_more_is_over_without_a_word(self) -> None:
        known = standing(notice("zone old unread", "zone.unreachable", zone="old", dataset_id=None))
        assert ended(conditions(night(arrival()), known)) == {"zone old unread": True}

    def test_many_strays_of_a_kind_are_one_and_errors_are_each_their_own(self) -> None:
        odd, bad = finding("layout.stray-file", "odd"), finding("layout.bad-export-time", "bad")
        strays = [("cja", Stray(path=f"{n}.txt", size=1, findings=(odd,))) for n in range(3)]
        strays += [("cja", Stray(path=f"exportTime={n}/", size=1, findings=(bad,))) for n in range(2)]
        found = conditions(night(arrival(), strays=strays), {})
        assert opened(found) == {
            "stray cja layout.stray-file": "layout.stray-file",
            "stray cja/exportTime=0/ layout.bad-export-time": "layout.bad-export-time",
            "stray cja/exportTime=1/ layout.bad-export-time": "layout.bad-export-time",
        }
        assert found.open["stray cja layout.stray-file"].message.startswith("3 places: ")


class TestDatasets:
    """What is about a dataset or several as a whole."""

    def test_an_end_that_is_near_and_then_past_is_one_thing(self) -> None:
        near = judge(arrival(), at=AT, look=AT, promise=_ending(AT + 5 * DAY))
        past = judge(arrival(), at=AT, look=AT, promise=_ending(AT - HOUR))
        about, ends = f"dataset cja/{DATASET} end", {("cja", DATASET): AT - HOUR}
        assert opened(conditions(night(datasets=[near]), {}))[about] == "schedule.ends-soon"
        found = conditions(night(datasets=[past], ends=ends), {})
        assert (found.open[about].code, found.open[about].happened_at) == ("schedule.ended", AT - HOUR)
        assert ended(conditions(night(arrival()), standing(notice(about, "schedule.ended")))) == {about: False}

    def test_what_is_about_to_be_deleted_is_told_by_snapshot_as_of_when_it_was_time_to_warn(self) -> None:
        lifetime = Lifetime(2 * DAY, DAY + 22 * HOUR)
        doomed = judge(arrival(), at=AT, look=AT, promise=replace(PROMISE, lifetime=lifetime))
        found = conditions(night(arrival(), datasets=[doomed], lifetimes={"cja": lifetime}), {})
        assert opened(found) == {EXPIRING: "zone.expiring"}
        assert found.open[EXPIRING].happened_at == DUE + 3 * HOUR

    @pytest.mark.parametrize(
        ("presence", "length", "is_quiet"),
        [(Presence.PRESENT, 2 * DAY, False), (Presence.PRESENT, 4 * HOUR, True), (Presence.EXPIRED, 2 * DAY, True)],
    )
    def test_what_was_about_to_be_deleted_is_safe_only_while_it_is_there(
        self, presence: Presence, length: timedelta, is_quiet: bool
    ) -> None:
        saved = night(arrival(presence=presence), lifetimes={"cja": Lifetime(length)})
        assert ended(conditions(saved, standing(notice(EXPIRING, "zone.expiring")))) == {EXPIRING: is_quiet}

    def test_a_flow_that_stopped_is_told_and_not_over_while_nobody_can_look(self) -> None:

        promises = [replace(PROMISE, dataset_id=name, flow="daily") for name in ("a", "b")]
        judged = [judge(arrival(DUE - DAY), at=AT, look=AT, since=DUE - DAY, promise=p) for p in promises]
        stopped = judge_flows(judged, promises)
        assert "stopped cja/daily" in opened(conditions(night(findings=stopped), {}))
        known = standing(notice("stopped cja/daily", "schedule.stopped-together", dataset_id=None))
        assert ended(conditions(night(arrival(), zones=[UNREAD_ZONE]), known)) == {}
        assert ended(conditions(night(arrival()), known)) == {"stopped cja/daily": False}

    def test_a_changed_schedule_passes(self) -> None:

        changed = judge(arrival(), at=AT, look=AT, promise=replace(PROMISE, recorded_schedule="every 1h"))
        (one,) = conditions(night(datasets=[changed]), {}).open.values()
        assert (one.code, one.passes) == ("schedule.changed", True)

    def test_other_findings_are_over_only_when_their_subject_was_looked_at(self) -> None:
        failed = Noted(subject="run 1", zone="cja", dataset_id=None, finding=finding("run.failed", "a run failed"))
        assert opened(conditions(night(arrival(), others=[failed]), {})) == {"run 1 run.failed": "run.failed"}
        known = standing(notice("run 1 run.failed", "run.failed", dataset_id=None))
        assert ended(conditions(night(arrival()), known)) == {}
        assert ended(conditions(night(arrival(), looked=frozenset({"run 1"})), known)) == {"run 1 run.failed": False}


class TestTheFirstNight:
    """History is not cried."""

    def test_tells_of_the_newest_slots_only(self) -> None:
        judged = judge(arrival(DUE - DAY, DUE - DAY), at=AT, look=AT, since=DUE - 3 * DAY)
        found = conditions(night(datasets=[judged], newcomers=frozenset({("cja", DATASET)})), {})
        assert [one.is_quiet for _, one in sorted(found.open.items())] == [True, True, False]

    def test_tells_of_the_newest_snapshot_only(self) -> None:
        old = arrival(DUE - DAY, DUE - DAY, Verdict.CORRUPT, findings=(CORRUPT_PAGE,))
        found = conditions(night(old, corrupt(), new_zones=frozenset({"cja"})), {})
        assert [one.is_quiet for about, one in sorted(found.open.items())] == [True, False]

    def test_tells_of_no_old_runs(self) -> None:
        failed = finding("run.failed", "a run failed")
        others = [
            Noted(subject=f"run {n}", zone="cja", dataset_id=None, finding=failed, happened_at=AT - n * DAY)
            for n in (1, 5)
        ]
        told = {since: conditions(night(arrival(), since=since, others=others), {}) for since in (None, AT - DAY)}
        assert [one.is_quiet for _, one in sorted(told[None].open.items())] == [False, True]
        assert [one.is_quiet for one in told[AT - DAY].open.values()] == [False, False]


def _accepted(found: Finding) -> Finding:

    return replace(found, accepted=SAID)


def _with_pause() -> Any:

    return replace(PROMISE, pauses=(Pause(DUE - HOUR, DUE + HOUR, "upgrade"),))


def _ending(ends_at: datetime) -> Any:

    assert PROMISE.schedule
    return replace(PROMISE, schedule=replace(PROMISE.schedule, ends_at=ends_at))
