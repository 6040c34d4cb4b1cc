"""What the names in one snapshot say: each finding, and what comes near and must not raise it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.snapshots import DATASET, FOLDER, LANDED, NOW, TIME, grouped, of_code, part, stored

from verifier.expectation import Expectation
from verifier.layout import compile_layout
from verifier.model import Finding
from verifier.parts import judge_names
from verifier.scan import Gathering


def named(*paths: str, **expects: Any) -> list[Finding]:
    group = grouped([stored(path) for path in paths])
    return list(judge_names(group, Expectation(**expects), NOW))


def codes(*paths: str, **expects: Any) -> set[str]:
    return {f.code for f in named(*paths, **expects)}


def test_one_write_of_adobe_says_nothing() -> None:
    assert named(part(0), part(1), part(2)) == []


def test_part_files_of_two_writes_are_a_second_write_and_their_numbers_duplicates() -> None:
    assert codes(part(0), part(1), part(0, tid="7"), part(1, tid="7")) == {
        "layout.second-write",
        "layout.duplicate-part",
    }
    duplicates = of_code(named(part(0), part(1), part(0, tid="7")), "layout.duplicate-part")
    assert [f.message for f in duplicates] == ["part number 0 is in 2 writes"]


def test_a_second_write_of_other_part_numbers_has_no_duplicate() -> None:
    assert codes(part(0), part(1, tid="7")) == {"layout.second-write", "layout.part-gap"}


def of_writes(*writes: tuple[str, tuple[int, ...], int]) -> list[Finding]:
    """Judge part files of several writes: the tid, the part numbers, the minute in which the first landed."""
    files = [
        stored(part(number, tid=tid), landed=LANDED + timedelta(minutes=minute, seconds=number))
        for tid, numbers, minute in writes
        for number in numbers
    ]
    return list(judge_names(grouped(files), Expectation(), NOW))


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ((0, 1, 3), (0, 1, 2, 3), "one with all part numbers of the others"),
        ((0, 1, 2), (0, 1, 2), "with the same part numbers, as after a retry"),
        ((0, 1, 2, 3), (1, 2), "one with all part numbers of the others"),
        ((0, 1), (2, 3), "without a part number in common"),
        ((0, 1), (1, 3), "some part numbers in common"),
    ],
)
def test_two_writes_are_told_apart_alike_whenever_they_landed(
    first: tuple[int, ...], second: tuple[int, ...], said: str
) -> None:
    (found,) = of_code(of_writes(("11", second, 30), ("99", first, 0)), "layout.second-write")
    assert [found] == of_code(of_writes(("11", second, 0), ("99", first, 30)), "layout.second-write")
    assert said in found.message
    assert f"tid 99: {len(first)} parts" in found.message
    gap = "1 of 0 to 3 not there" if first == (0, 1, 3) else "without a gap"
    assert f"tid 99: {len(first)} parts, {gap}" in found.message


def test_of_many_writes_the_first_are_told_and_the_others_counted() -> None:
    found = of_writes(*((str(10 + number), (number,), number) for number in range(7)))
    (second,) = of_code(found, "layout.second-write")
    assert second.message.endswith("; and 3 more")
    assert "of the write with tid 15 " in of_code(found, "layout.part-gap")[-2].message


def test_a_part_from_two_attempts_of_one_write_is_a_duplicate() -> None:
    again = part(0).replace("-0-1-c000", "-9-2-c000")
    (found,) = named(part(0), again, part(1))
    assert found.code == "layout.duplicate-part"
    assert found.message.endswith("from 2 attempts of one write: task 0 attempt 1, task 9 attempt 2")
    assert named(part(0), part(1).replace("-1-1-c000", "-1-4-c000")) == []


def test_a_write_that_was_started_and_not_committed_is_told() -> None:
    tid = "4172098795867639101"
    started, committed = f"{FOLDER}/_started_{tid}", f"{FOLDER}/_committed_{tid}"
    (found,) = of_code(named(part(0), part(1), started), "layout.uncommitted-write")
    assert found.message.startswith("2 part files")
    for near in ([committed], [started, committed], [f"{FOLDER}/_started_1"], [f"{FOLDER}/_SUCCESS"]):
        assert "layout.uncommitted-write" not in codes(part(0), *near)


def test_several_chunks_of_one_part_are_no_duplicate() -> None:
    assert codes(part(0), part(0).replace("-c000", "-c001")) == set()


@pytest.mark.parametrize(("numbers", "absent"), [((0, 2), 1), ((1,), 1), ((0, 1, 9), 7)])
def test_a_gap_in_the_part_numbers_is_told(numbers: tuple[int, ...], absent: int) -> None:
    (found,) = named(*(part(number) for number in numbers))
    assert (found.code, int(found.expected or 0) - int(found.actual or 0)) == ("layout.part-gap", absent)


def test_a_name_that_is_not_adobes_is_odd_and_a_file_that_is_no_data_is_not_asked() -> None:
    found = named(part(0), f"{FOLDER}/export.parquet", f"{FOLDER}/notes.csv")
    assert [(f.code, f.path) for f in found] == [("layout.odd-file-name", f"{FOLDER}/export.parquet")]


def test_markers_and_nested_files_are_told() -> None:
    found = named(part(0), f"{FOLDER}/_SUCCESS", f"{FOLDER}/more/{part(1).rsplit('/', 1)[1]}")
    assert {(f.code, (f.path or "").removeprefix(FOLDER)[:6]) for f in found} == {
        ("layout.marker", "/_SUCC"),
        ("layout.nested-file", "/more/"),
    }


def test_two_formats_in_one_snapshot_are_mixed_and_two_compressions_of_parquet_are_not() -> None:
    assert codes(part(0), part(1, "json.gz")) == {"layout.mixed-formats"}
    assert codes(part(0), part(1, "parquet")) == set()


@pytest.mark.parametrize(
    ("extension", "expects", "wrong"),
    [
        ("gz.parquet", {"format": "parquet", "compressed": True}, False),
        ("gz.parquet", {"format": "json"}, True),
        ("json.gz", {"format": "parquet"}, True),
        ("json.gz", {"format": "json", "compressed": True}, False),
        ("json.gz", {"format": "json", "compressed": False}, False),
        ("json", {"format": "json", "compressed": True}, True),
        ("json", {"format": "json", "compressed": False}, False),
        ("parquet", {"compressed": True}, True),
        ("gz.parquet", {"compressed": False}, True),
        ("snappy.parquet", {"compressed": True}, False),
        ("parquet", {}, False),
    ],
)
def test_a_file_is_not_what_the_settings_promise(extension: str, expects: dict[str, Any], wrong: bool) -> None:
    assert codes(part(0, extension), **expects) == ({"layout.unexpected-format"} if wrong else set())


def of_folder(dataset: str, time: str) -> set[str]:
    path = f"{dataset}/exportTime={time}/{part().rsplit('/', 1)[1]}"
    (group,) = Gathering("zone", compile_layout()).add([[stored(path)]]).groups.values()
    return {f.code for f in judge_names(group, Expectation(), NOW)}


@pytest.mark.parametrize(("ahead", "told"), [(10, False), (11, True), (-5, False)])
def test_an_export_time_more_than_ten_minutes_ahead_is_in_the_future(ahead: int, told: bool) -> None:
    digits = (NOW + timedelta(minutes=ahead)).strftime("%Y%m%d%H%M")
    assert of_folder(DATASET, digits) == ({"layout.future-export-time"} if told else set())


@pytest.mark.parametrize(
    ("dataset", "odd"), [(DATASET, False), (DATASET.upper(), False), (DATASET[:-1], True), ("n", True)]
)
def test_a_dataset_id_that_is_not_24_hex_digits_is_odd(dataset: str, odd: bool) -> None:
    assert of_folder(dataset, TIME) == ({"layout.odd-dataset-id"} if odd else set())
