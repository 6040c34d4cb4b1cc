"""A month of nights over a real zone with planted events and outages: exactly the notices and messages it should."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.nights import Watcher
from support.receivers import Hook, webhook
from support.zones import Zone, digits

from fixtures.content import json_part

WEB, PROFILES, ORDERS = "64e0a1fa0000000000000001", "64e0be7a0000000000000002", "64e0c0de0000000000000003"
AWAY = "part-away"
OUTAGE = (8, 9)
NIGHTS = 30
Lines = dict[int, dict[str, list[str]]]
_ZONE = re.compile(r"file://[^:]+")
CORRUPT = "Profiles: export of 2026-09-05 01:00 is corrupt: a gzip stream fails its CRC, its length or its decoding"
VANISHED = "Web events: export of 2026-09-10 01:00 has vanished: a file that was recorded is gone"
UNREAD = "zone zone: the zone cannot be read: file://ZONE: no such file or directory"
STOPPED = "zone zone: all 3 datasets of flow daily in zone zone stopped: nothing came since 2026-09-20T01:00:00Z"


def missing(name: str, day: int, remark: str = "") -> str:
    return f"{name}: export due 2026-09-{day:02} 01:00 is missing{remark}"


def all_missing(day: int, remark: str = "") -> list[str]:
    return [missing(name, day, remark) for name in ("Orders", "Profiles", "Web events")]


def both(*lines: str) -> dict[str, list[str]]:
    """What both channels are told."""
    return {"team": list(lines), "pager": list(lines)}


def held(day: int) -> str:
    return f" (held back since 2026-09-{day:02} 06:00)"


LATE = "Orders: export due 2026-09-13 01:00 arrived late, 2026-09-13 21:00"
OPEN = """
SELECT code, count(*) FROM (
    FROM notices QUALIFY row_number() OVER (PARTITION BY about ORDER BY noticed_at DESC, notice_id DESC) = 1)
WHERE state = 'open' GROUP BY ALL ORDER BY ALL
"""
EXPECTED: Lines = {
    3: both("1 error", missing("Web events", 3)),
    4: both("1 warning", "Web events: export due 2026-09-03 01:00 arrived late, 2026-09-03 09:00"),
    5: both("1 error", CORRUPT),
    7: both(
        "1 error", "Profiles: export of 2026-09-07 01:00 is incomplete: the manifest lists a file that is not there"
    ),
    8: both("1 error", UNREAD),
    10: both(
        "1 error, 2 good again",
        missing("Profiles", 9),
        "Profiles: export of 2026-09-07 01:00 is good again",
        "zone zone: the zone can be read again",
    ),
    11: both("1 good again", "Profiles: export due 2026-09-09 01:00 is there, landed 2026-09-09 01:07"),
    12: both("1 error", VANISHED),
    13: {"pager": ["1 error", missing("Orders", 13)]},
    14: {"pager": ["1 warning", LATE]},
    15: {"pager": ["1 error, 1 still open", missing("Web events", 15), f"{CORRUPT} (told 2026-09-05)"]},
    16: {"team": ["1 error, 1 warning", missing("Web events", 15, held(15)), f"{LATE}{held(14)}"]},
    20: {"team": ["3 errors, 1 warning", *all_missing(20), STOPPED], "pager": ["3 errors", *all_missing(20)]},
    21: both("3 errors", *all_missing(21)),
    22: {
        "team": ["1 good again", "zone zone: no longer so: every dataset of a flow stopped at once"],
        "pager": ["1 still open", f"{VANISHED} (told 2026-09-12)"],
    },
    25: {"team": ["1 warning", "Profiles: exports end 2026-10-25T00:00:00Z, in 29 days"]},
    26: {"team": ["1 warning", "Orders: export due 2026-09-26 01:00 arrived late, 2026-09-26 05:00"]},
    28: {"team": ["1 warning", "zone zone: 1 place: a file that is not a marker, not ignored and in no snapshot"]},
    29: {
        "team": ["1 good again", "zone zone: no longer so: a file that is not a marker, not ignored and in no snapshot"]
    },
    30: {"pager": ["3 still open", *all_missing(20, " (told 2026-09-20)")]},
}


def due(day: int) -> datetime:
    """The slot of a day of September; days before the first are those of August."""
    return datetime(2026, 9, 1, 1, tzinfo=UTC) + timedelta(days=day - 1)


def table(dataset: str, name: str, *lines: str) -> str:
    head = f'[[datasets]]\nzone = "zone"\nid = "{dataset}"\nname = "{name}"\nevery = "24h"\nflow = "daily"\n'
    return head + 'starts_at = "2026-08-26T01:00:00Z"\n' + "".join(f"{line}\n" for line in lines)


class Month:
    """The zone, what lands in it by day, and what becomes of it."""

    def __init__(self, folder: Path, hook: Hook) -> None:
        self.zone, self.hook = Zone(folder), hook
        self.zone.settings(
            table(WEB, "Web events"),
            table(PROFILES, "Profiles", 'ends_at = "2026-10-25T00:00:00Z"'),
            table(ORDERS, "Orders"),
            f'[notify]\nname = "team"\nurls = ["{hook.url("team")}"]\n',
            f'[[notify.channels]]\nname = "pager"\nurls = ["{hook.url("pager")}"]\nlevel = "error"\n',
            'repeat_every = "10d"\n',
        )
        self.watcher = Watcher(self.zone.config)
        self.absent = {
            WEB: {-3, 3, 15, 20, 21},
            PROFILES: {7, 9, 20, 21},
            ORDERS: {13, 20, 21, 26},
        }

    def land(self, dataset: str, day: int, after: timedelta = timedelta(minutes=7)) -> str:
        return self.zone.export(dataset, digits(due(day)), landed=due(day) + after)

    def folder(self, dataset: str, day: int) -> str:
        return f"{dataset}/exportTime={digits(due(day))}"

    def exports(self, day: int) -> None:
        """Let the exports of a day land as they should, but those that are planted otherwise."""
        for dataset, days in self.absent.items():
            if day not in days:
                self.land(dataset, day)

    def plant(self, day: int) -> None:
        """What happens to the zone and the channels before the night of a day."""
        planted: dict[int, Callable[[], object]] = {
            4: lambda: self.land(WEB, 3, timedelta(hours=8)),
            5: lambda: self.zone.flip(self.folder(PROFILES, 5), at=-8),
            7: self.land_in_part,
            8: lambda: (self.zone.folder / AWAY).rename(self.zone.root / self.folder(PROFILES, 7) / json_part(1)),
            11: lambda: self.land(PROFILES, 9),
            12: lambda: self.zone.remove(self.folder(WEB, 10)),
            13: lambda: self.hook.down.add("team"),
            14: lambda: self.land(ORDERS, 13, timedelta(hours=20)),
            16: self.hook.down.clear,
            17: lambda: self.say("accept", f"zone/{PROFILES}/{digits(due(5))}", "--code", "gzip.corrupt"),
            18: lambda: self.say("waive", WEB, "--from", "2026-09-15T00:00:00Z", "--to", "2026-09-15T23:00:00Z"),
            26: lambda: self.land(ORDERS, 26, timedelta(hours=4)),
            28: lambda: self.zone.put("notes.txt", b"whose is this?"),
            29: lambda: self.zone.remove("notes.txt"),
        }
        planted.get(day, lambda: None)()

    def say(self, *words: str) -> None:
        """Put something on record, as people do."""
        assert self.zone.run(*words, "--reason", "known").status == 0

    def land_in_part(self) -> None:
        """Let an export land of which the manifest promises one file more."""
        landed = due(7) + timedelta(minutes=7)
        folder = self.zone.export(PROFILES, digits(due(7)), 2, manifest_in="snapshot", landed=landed)
        (self.zone.root / folder / json_part(1)).rename(self.zone.folder / AWAY)

    def run(self) -> Lines:
        """Live through it all; return what every channel was told each night, a line for a thing, with its section."""
        for day in range(-5, 1):
            self.exports(day)
        self.zone.flip(self.folder(ORDERS, -2), at=-8)
        told: Lines = {}
        for day in range(1, NIGHTS + 1):
            self.exports(day)
            self.plant(day)
            already = len(self.hook.taken)
            self.night(day)
            said: dict[str, list[str]] = defaultdict(list)
            for path, document in self.hook.taken[already:]:
                said[path.strip("/")] += [document["title"].removeprefix("landproof: "), *lines(document["message"])]
            if said:
                told[day] = dict(said)
        return told

    def night(self, day: int) -> None:
        """Watch at six; two nights through, the zone is not mounted."""
        away = self.zone.folder / "unmounted"
        if day in OUTAGE:
            self.zone.root.rename(away)
        self.watcher.night(due(day) + timedelta(hours=5))
        if day in OUTAGE:
            away.rename(self.zone.root)


def lines(body: str) -> list[str]:
    """Return what a message says of each thing, without headings, hints and foot."""
    return [_ZONE.sub("file://ZONE", line[2:]) for line in body.splitlines() if line.startswith("- ")]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Month, Lines]]:
    with webhook() as hook:
        month = Month(tmp_path_factory.mktemp("month"), hook)
        yield month, month.run()


def test_exactly_what_was_planted_is_told_and_when(month: tuple[Month, Lines]) -> None:
    assert month[1] == EXPECTED


def test_what_stands_in_the_end_is_recorded_as_open(month: tuple[Month, Lines]) -> None:
    rows = month[0].zone.run("sql", OPEN).document["rows"]
    assert [tuple(row) for row in rows] == [
        ("file.vanished", 1),
        ("gzip.corrupt", 1),  # older than the watch
        ("schedule.ends-soon", 1),
        ("schedule.missing", 7),  # one of them older than the watch
    ]


def test_every_notice_that_was_to_be_told_was_sent_once_and_nothing_is_left_to_tell(month: tuple[Month, Lines]) -> None:
    rows = month[0].zone.run("sql", "SELECT sum(undelivered) FROM notices").document["rows"]
    assert rows == [[0]]


def test_all_of_it_is_in_the_segments_too(month: tuple[Month, Lines]) -> None:
    verified = month[0].zone.run("catalog", "verify")
    assert (verified.status, verified.document["state"]) == (0, "same")


def test_waived_and_accepted_are_closed_without_a_word(month: tuple[Month, Lines]) -> None:
    watched = month[0].watcher.told
    assert [(told.noticed, told.quiet) for told in (watched[16], watched[17])] == [((), 1), ((), 1)]


def test_what_was_so_before_anybody_watched_is_noted_and_not_told(month: tuple[Month, Lines]) -> None:
    first = month[0].watcher.told[0]
    assert (first.noticed, first.quiet, first.outcomes) == ((), 2, ())
