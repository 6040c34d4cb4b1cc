"""What people are told, compared with golden files to the letter; GOLDEN=write writes them anew."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.noticing import AT, DATASET, NAMES, OTHER, notice

from catalog.notify.message import write
from catalog.store.notices import Pending
from verifier.findings import Level

GOLDEN = Path(__file__).parents[2] / "golden" / "notices"
DAY = timedelta(days=1)


def due(code: str, message: str, **more: Any) -> Pending:
    """Something to tell; how the channel stands to it is told by the marks."""
    marks = {key: more.pop(key) for key in ("is_doubtful", "is_reminder") if key in more}
    return Pending(notice(more.pop("about", message), code, message=message, **more), "team", **marks)


MISSING = due("schedule.missing", "export due 2026-09-20 01:00 is missing")
CORRUPT = due(
    "parquet.corrupt-page",
    "export of 2026-09-19 01:00 is corrupt: a page fails its checksum, its decompression or its decoding, and 3 more",
    dataset_id=OTHER,
)
LATE = due("schedule.late", "export due 2026-09-19 01:00 arrived late, 2026-09-19 09:12")
ENDS = due("schedule.ends-soon", "exports end 2026-10-12T00:00:00Z, in 21 days", dataset_id=OTHER)
UNREAD = due("zone.unreachable", "the zone cannot be read: bucket exports: access denied", dataset_id=None)
BACK = due("zone.unreachable", "the zone can be read again", dataset_id=None, is_open=False)
GOOD = due("gzip.corrupt", "export of 2026-09-18 01:00 is good again", is_open=False)
STILL = due(
    "file.vanished",
    "export of 2026-09-10 01:00 has vanished: a file that was recorded is gone",
    is_reminder=True,
    noticed_at=AT - 10 * DAY,
    run_id="run-0",
)
HELD = due("schedule.missing", "export due 2026-09-19 01:00 is missing", noticed_at=AT - DAY, run_id="run-1")
DOUBT = due(
    "schedule.missing",
    "export due 2026-09-18 01:00 is missing",
    noticed_at=AT - 2 * DAY,
    run_id="run-0",
    is_doubtful=True,
)
CASES = {
    "one-error": [MISSING],
    "one-warning": [LATE],
    "good-again": [GOOD, BACK],
    "everything": [MISSING, CORRUPT, LATE, ENDS, UNREAD, GOOD, STILL],
    "still-open": [STILL],
    "held-back": [MISSING, HELD, DOUBT],
    "over-before-it-was-told": [
        due("schedule.missing", "it is missing", about="slot", noticed_at=AT - DAY, run_id="run-1", notice_id="1"),
        due("schedule.missing", "export due 2026-09-19 01:00 is there", about="slot", is_open=False, notice_id="2"),
    ],
    "many": [
        *(due("schedule.missing", f"export due 2026-09-{day:02} 01:00 is missing") for day in range(1, 28)),
        *(
            due("layout.bad-export-time", f"folder {'x' * 300}{n} has no export time", dataset_id=None)
            for n in range(4)
        ),
        LATE,
        GOOD,
    ],
    "of-a-program-to-come": [due("future.code", "something is not as it should be", zone="", dataset_id=None)],
}


@pytest.mark.parametrize("name", list(CASES))
def test_message_is_as_it_was_agreed(name: str) -> None:
    message = write(CASES[name], NAMES, "run-2")
    text = f"{message.title}\n\n{message.body}\n"
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_golden_message_has_its_case() -> None:
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize(
    ("name", "level"), [("everything", Level.ERROR), ("one-warning", Level.WARN), ("good-again", None)]
)
def test_worst_level_decides_how_loud_it_is(name: str, level: Level | None) -> None:
    assert write(CASES[name], NAMES, "run-2").level is level


def test_however_much_there_is_to_tell_a_body_fits_what_services_take() -> None:
    message = write(CASES["many"], NAMES, "run-2")
    assert len(message.body) < 2000
    assert max(map(len, message.body.splitlines())) <= 300


def test_order_in_which_things_come_changes_nothing() -> None:
    one = write(CASES["everything"], NAMES, "run-2")
    assert write(CASES["everything"][::-1], NAMES, "run-2") == one


def test_of_nothing_there_is_no_message() -> None:
    with pytest.raises(ValueError, match="got nothing"):
        write([], NAMES, "run-2")


def test_dataset_without_a_name_is_told_by_zone_and_id() -> None:
    assert f"cja/{OTHER}: " in write([CORRUPT], NAMES, "run-2").body
    assert DATASET not in write([MISSING], NAMES, "run-2").body
