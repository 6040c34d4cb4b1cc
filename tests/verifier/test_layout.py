"""Templates, export times and Adobe's file names; every string has a place and none raises."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verifier.errors import UsageError
from verifier.layout import (
    NAME_MACROS,
    Place,
    PlaceKind,
    compile_layout,
    is_dataset_id,
    is_marker,
    kind_by_name,
    parse_export_time,
    parse_manifest_name,
    parse_part_name,
    snapshot_folder,
)
from verifier.model import FileKind

DATASET = "64e0c0ffee0123456789abcd"
UUID = "0b8c5520-9999-4cff-bdf5-1f32c8c47cb9"
ADOBE_PART = f"part-00003-tid-6351713407229798623-{UUID}-102387-1-c000.gz.parquet"

moments = st.integers(
    int(datetime(1000, 1, 1, tzinfo=UTC).timestamp()), int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
segments = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=12)
templates = st.sampled_from(
    [
        "{DATASET_ID}/{EXPORT_TIME}",
        "%DATASET_ID%/%EXPORT_TIME%",
        "exports/{DATASET_ID}/{EXPORT_TIME}",
        "{DESTINATION}/{DATASET_ID}_{DATETIME(YYYYMMdd_HHmmss)}",
        "{ORGANIZATION_NAME}_{SANDBOX_NAME}/{DATASET_NAME}/{EXPORT_TIME}",
        "%DESTINATION%_%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%",
    ]
)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("202611010100", datetime(2026, 11, 1, 1, 0, tzinfo=UTC)),
        ("20231023043525", datetime(2023, 10, 23, 4, 35, 25, tzinfo=UTC)),
        ("202402290000", datetime(2024, 2, 29, tzinfo=UTC)),
        ("202602290000", None),
        ("202613010000", None),
        ("202611012400", None),
        ("20261101010060", None),
        ("20261101010061", None),
        ("000001010000", None),
        ("2026110101", None),
        ("2026110101000", None),
        ("202611010100000", None),
        ("2026-11-01T01", None),
        ("٢٠٢٦١١٠١٠١٠٠", None),
        (" 20261101010", None),
        ("+20261101010", None),
        ("202611010100\n", None),
        ("", None),
    ],
)
def test_an_export_time_is_12_or_14_digits_of_a_real_moment(digits: str, expected: datetime | None) -> None:
    assert parse_export_time(digits) == expected


@given(moments)
def test_every_moment_written_as_an_export_time_is_read_back(moment: datetime) -> None:
    assert parse_export_time(f"{moment:%Y%m%d%H%M%S}") == moment
    assert parse_export_time(f"{moment:%Y%m%d%H%M}") == moment.replace(second=0)


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{12}|[0-9]{14}", fullmatch=True))
def test_no_text_makes_an_export_time_raise(text: str) -> None:
    moment = parse_export_time(text)
    assert moment is None or text == f"{moment:%Y%m%d%H%M%S}".rjust(14, "0")[: len(text)]


@given(segments, moments, st.lists(segments, max_size=3), segments, st.booleans())
def test_the_default_template_begins_at_any_depth(
    dataset: str, moment: datetime, above: list[str], name: str, seconds: bool
) -> None:
    digits = f"{moment:%Y%m%d%H%M%S}" if seconds else f"{moment:%Y%m%d%H%M}"
    above = [f"-{segment}" for segment in above]
    folder = "/".join((*above, dataset, f"exportTime={digits}"))
    if any(segment.startswith("exportTime=") for segment in (*above, dataset)):
        return
    expected = Place(PlaceKind.SNAPSHOT, dataset, digits, folder, name)
    assert compile_layout().place(f"{folder}/{name}") == expected


@given(templates, moments, segments)
def test_a_path_written_by_a_template_is_read_back(template: str, moment: datetime, name: str) -> None:
    layout = compile_layout(template)
    written = {macro: f"a {macro.lower()}" for macro in NAME_MACROS} | {"DATASET_ID": DATASET}
    folder = template.replace("%", "")
    folder = folder.replace("DATETIME(YYYYMMdd_HHmmss)", f"{moment:%Y%m%d_%H%M%S}")
    folder = folder.replace("EXPORT_TIME", f"exportTime={moment:%Y%m%d%H%M%S}")
    for macro in sorted(written, key=len, reverse=True):
        folder = folder.replace(f"{{{macro}}}", written[macro])
        if "%" in template:
            folder = folder.replace(macro, written[macro])
    folder = folder.replace("{", "").replace("}", "")
    place = layout.place(f"{folder}/{name}")
    dataset = written["DATASET_NAME"] if "DATASET_NAME" in template else DATASET
    assert place == Place(PlaceKind.SNAPSHOT, dataset, f"{moment:%Y%m%d%H%M%S}", folder, name)


@given(templates, st.text(max_size=80) | st.lists(segments | st.just(f"exportTime={'2' * 12}")).map("/".join))
@example("{DATASET_ID}/{EXPORT_TIME}", "//")
@example("{DATASET_ID}/{EXPORT_TIME}", "a/exportTime=/\n")
def test_every_path_has_a_place(template: str, path: str) -> None:
    place = compile_layout(template, above="some/where").place(path)
    assert (place.kind is PlaceKind.OUTSIDE) == (place == Place(PlaceKind.OUTSIDE))
    if place.kind is PlaceKind.SNAPSHOT:
        assert parse_export_time(place.export_time) is not None


@given(st.text(max_size=60))
def test_any_template_compiles_or_is_refused_as_wrong_usage(template: str) -> None:
    with suppress(UsageError):
        compile_layout(template).place("a/b/c")


@pytest.mark.parametrize("template", ["{DATASET_ID}", "", "exports", "{DATASETID}/{EXPORT_TIME}", "%EXPORTTIME%/x"])
def test_a_template_that_cannot_tell_exports_apart_is_wrong_usage(template: str) -> None:
    with pytest.raises(UsageError):
        compile_layout(template)


def test_only_a_template_with_a_dataset_macro_tells_datasets_apart() -> None:
    assert compile_layout().tells_datasets
    assert compile_layout("{DATASET_NAME}/{EXPORT_TIME}").tells_datasets
    assert not compile_layout("{DESTINATION}/{EXPORT_TIME}").tells_datasets


@pytest.mark.parametrize(
    ("above", "path", "folder"),
    [
        (f"exports/{DATASET}", "exportTime=202611010100/part-0.parquet", "exportTime=202611010100"),
        (f"exports/{DATASET}/exportTime=202611010100", "part-0.parquet", ""),
        (DATASET, "exportTime=202611010100/part-0.parquet", "exportTime=202611010100"),
    ],
)
def test_a_root_inside_a_dataset_or_snapshot_is_understood(above: str, path: str, folder: str) -> None:
    place = compile_layout(above=above).place(path)
    assert place == Place(PlaceKind.SNAPSHOT, DATASET, "202611010100", folder, "part-0.parquet")


def test_a_folder_that_only_looks_like_an_export_time_is_a_bad_one() -> None:
    place = compile_layout().place(f"{DATASET}/exportTime=2026-11-01/part-0.parquet")
    assert (place.kind, place.folder) == (PlaceKind.BAD_EXPORT_TIME, f"{DATASET}/exportTime=2026-11-01")
    assert compile_layout().place(f"{DATASET}/exporttime=202611010100/x").kind is PlaceKind.OUTSIDE


@pytest.mark.parametrize("near", [f"Part{ADOBE_PART[4:]}", ADOBE_PART.replace("tid-", ""), "part-0.parquet"])
def test_a_part_name_is_adobes_grammar_or_none(near: str) -> None:
    part = parse_part_name(ADOBE_PART)
    assert part is not None
    assert (part.part, part.tid, part.uuid) == (3, "6351713407229798623", UUID)
    assert (part.task, part.attempt, part.chunk) == (102387, 1, 0)
    assert parse_part_name(ADOBE_PART.replace("tid-", "tid--")) is not None
    assert parse_part_name(near) is None


@given(st.text() | st.from_regex(r"part-\d{4,40}-tid-.*") | st.just(ADOBE_PART.replace("00003", "9" * 5000)))
def test_no_name_makes_the_grammars_raise(name: str) -> None:
    parse_part_name(name)
    parse_manifest_name(name)
    kind_by_name(name)
    is_dataset_id(name)


def test_a_manifest_name_carries_its_run() -> None:
    name = f"manifest-d0420d72-756c-4159-9e7f-7d3e2f8b501e-{UUID}.json"
    assert parse_manifest_name(name) == UUID
    assert parse_manifest_name(f"{name}.gpg") == UUID
    assert parse_manifest_name("manifest-1.json") is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (ADOBE_PART, FileKind.PARQUET),
        ("a/B.PARQUET", FileKind.PARQUET),
        ("part-0.json.gz", FileKind.JSON_GZIP),
        ("part-0.json", FileKind.JSON),
        ("part-0.json.gz.gpg", FileKind.JSON_GZIP),
        ("manifest-1.json", FileKind.MANIFEST),
        ("manifest-1.json.pgp", FileKind.MANIFEST),
        ("part-0.csv", FileKind.UNKNOWN),
        ("parquet", FileKind.UNKNOWN),
        ("_SUCCESS", FileKind.MARKER),
        ("_started_123", FileKind.MARKER),
        ("_committed_123", FileKind.MARKER),
        ("_temporary/0/part-0.parquet", FileKind.MARKER),
        (".part-0.parquet.crc", FileKind.MARKER),
        ("exportTime=202611010100_$folder$", FileKind.MARKER),
        ("_$azuretmpfolder$", FileKind.MARKER),
        ("SUCCESS", FileKind.UNKNOWN),
        ("a_temporary/part-0.parquet", FileKind.PARQUET),
    ],
)
def test_a_name_tells_a_kind(path: str, kind: FileKind) -> None:
    assert kind_by_name(path) is kind
    assert is_marker(path) == (kind is FileKind.MARKER)


@pytest.mark.parametrize("text", [DATASET.upper(), DATASET])
def test_a_dataset_id_is_24_hex_digits(text: str) -> None:
    assert is_dataset_id(text)
    assert not is_dataset_id(text[:-1])
    assert not is_dataset_id(f"{text[:-1]}g")
    assert not is_dataset_id(f"{text}\n")


@pytest.mark.parametrize(
    ("template", "folder"),
    [
        ("{DATASET_ID}/{EXPORT_TIME}", "64e0c0ffee0123456789abcd/exportTime=202609200130"),
        ("/%DATASET_ID%/%EXPORT_TIME%/", "64e0c0ffee0123456789abcd/exportTime=202609200130"),
        ("all/{DATETIME(YYYY-MM-dd_HH.mm)}/x-{DATASET_ID}", "all/2026-09-20_01.30/x-64e0c0ffee0123456789abcd"),
        ("{DATASET_ID}_%DATETIME%", "64e0c0ffee0123456789abcd_20260920_013000"),
        ("{DATASET_ID}/{DATETIME(YYYYMMdd-HHmm)}", "64e0c0ffee0123456789abcd/20260920-0130"),
    ],
)
def test_a_template_gives_a_snapshot_its_folder(template: str, folder: str) -> None:
    assert snapshot_folder(template, "64e0c0ffee0123456789abcd", "202609200130") == folder
    place = compile_layout(template).place(f"{folder}/part")
    assert (place.dataset_id, place.folder, place.rest) == ("64e0c0ffee0123456789abcd", folder, "part")


def test_what_only_adobe_can_fill_in_is_refused() -> None:
    with pytest.raises(UsageError, match="holds SANDBOX_NAME"):
        snapshot_folder("{SANDBOX_NAME}/{DATASET_ID}/{EXPORT_TIME}", "64e0c0ffee0123456789abcd", "202609200130")
