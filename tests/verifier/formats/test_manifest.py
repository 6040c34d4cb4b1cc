"""Manifests: what a sound one says, what is found in every other one, and that no bytes make the reader raise."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.snapshots import MANIFEST, RUN, manifest_bytes

from verifier.formats.manifest import Entry, Manifest, parse_manifest
from verifier.model import Finding

ENTRY = {"sinkPath": "/exports", "name": "part-0.parquet", "size": 7}
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
safe_names = texts.filter(lambda t: not t.startswith(("/", "\\")) and ".." not in t)


def parse(**fields: object) -> tuple[Manifest | None, tuple[Finding, ...]]:
    return parse_manifest(manifest_bytes([ENTRY], **fields), MANIFEST)


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [f.code for f in found]


def of_entries(*results: object) -> tuple[Manifest, tuple[Finding, ...]]:
    manifest, found = parse(exportResults=list(results))
    assert manifest is not None
    return manifest, found


def test_a_sound_manifest_says_what_it_says() -> None:
    assert parse() == (
        Manifest(RUN, datetime(2026, 11, 1, 1, tzinfo=UTC), (Entry("/exports", "part-0.parquet", 7),)),
        (),
    )


@given(
    st.lists(st.tuples(safe_names, safe_names, st.integers(0, 1 << 62)), max_size=6, unique_by=lambda e: e[1]),
    st.integers(-62135510400, 253402214400).map(lambda s: datetime.fromtimestamp(s, UTC)),
)
def test_every_valid_manifest_is_taken_whole(entries: list[tuple[str, str, int]], scheduled: datetime) -> None:
    results = [{"sinkPath": sink, "name": name, "size": size, "more": 1} for sink, name, size in entries]
    manifest, found = parse(exportResults=results, scheduledTime=scheduled.isoformat(), more={"x": []})
    assert found == ()
    assert manifest == Manifest(RUN, scheduled, tuple(Entry(*e) for e in entries))


@given(st.binary(max_size=200) | jsons.map(lambda v: json.dumps(v).encode()))
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"9" * 5000)
@example(b'{"flowRunId":NaN}')
@example(b'{"flowRunId":"\\ud800"}')
def test_no_bytes_make_it_raise_and_none_but_a_manifest_pass(data: bytes) -> None:
    manifest, found = parse_manifest(data, MANIFEST)
    assert manifest is None
    assert "manifest.invalid" in codes(found)
    assert {f.path for f in found} == {MANIFEST}


@given(jsons, jsons, jsons, st.text(max_size=30))
@example("x", "0001-01-01T00:00:00+14:00", [], "manifest-1.json")
@example("x", "9999-12-31T23:59:59-14:00", [{"sinkPath": "", "name": "\ud800", "size": 10**400}], "")
def test_no_values_of_its_fields_make_it_raise_or_reach_a_store_that_refuses_them(
    run: object, scheduled: object, results: object, path: str
) -> None:
    data = json.dumps({"flowRunId": run, "scheduledTime": scheduled, "exportResults": results}).encode()
    manifest, found = parse_manifest(data, path)
    assert (manifest is None) == (not isinstance(results, list))
    "".join(f"{f.message}{f.expected}{f.actual}" for f in found).encode()
    if manifest:
        f"{manifest.run_id}{[(e.name, e.sink_path) for e in manifest.entries]}".encode()


@given(st.recursive(jsons, lambda inner: st.fixed_dictionaries({"sinkPath": inner, "name": inner, "size": inner})))
def test_an_entry_is_taken_or_found(result: object) -> None:
    manifest, found = of_entries(result, ENTRY)
    assert len(manifest.entries) == (2 if not found else 1)
    assert set(codes(found)) <= {"manifest.invalid", "manifest.unsafe-path", "manifest.duplicate-entry"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"flowRunId": None}, "flowRunId"),
        ({"flowRunId": 7}, "flowRunId"),
        ({"flowRunId": ""}, "flowRunId"),
        ({"flowRunId": f"{RUN}\x1b[2J"}, "flowRunId"),
        ({"scheduledTime": None}, "scheduledTime"),
        ({"scheduledTime": 1761958800}, "scheduledTime"),
        ({"scheduledTime": "2026-11-01T01:00:00"}, "scheduledTime"),
        ({"scheduledTime": "yesterday"}, "scheduledTime"),
        ({"scheduledTime": "0001-01-01T00:00:00+14:00"}, "scheduledTime"),
        ({"exportResults": None}, "exportResults"),
        ({"exportResults": {}}, "exportResults"),
        ({"exportResults": [[]]}, "entry 0"),
        ({"exportResults": [ENTRY, {**ENTRY, "size": "7"}]}, "entry 1"),
        ({"exportResults": [{**ENTRY, "size": 7.0}]}, "entry 0"),
        ({"exportResults": [{**ENTRY, "size": -1}]}, "entry 0"),
        ({"exportResults": [{**ENTRY, "size": True}]}, "entry 0"),
        ({"exportResults": [{**ENTRY, "name": ""}]}, "entry 0"),
        ({"exportResults": [{"name": "x", "size": 1}]}, "entry 0"),
    ],
)
def test_a_field_that_is_missing_or_of_the_wrong_type_is_invalid(change: dict[str, object], says: str) -> None:
    _, found = parse(**change)
    assert codes(found) == ["manifest.invalid"]
    assert says in found[0].message


@pytest.mark.parametrize(
    "change",
    [
        {"scheduledTime": "2026-11-01T02:00:00+01:00"},
        {"scheduledTime": "2026-11-01T01:00:00.000+0000"},
        {"exportResults": []},
        {"exportResults": [{**ENTRY, "size": 0}]},
        {"exportResults": [{**ENTRY, "sinkPath": ""}]},
        {"flowRunId": RUN.upper()},
    ],
)
def test_what_comes_near_to_invalid_is_not(change: dict[str, object]) -> None:
    assert codes(parse(**change)[1]) == []


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_json_does_not_have_make_it_no_json(literal: bytes) -> None:
    manifest, found = parse_manifest(manifest_bytes([ENTRY]).replace(b": 7", b": " + literal), MANIFEST)
    assert (manifest, codes(found)) == (None, ["manifest.invalid"])


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../x"},
        {"name": "a/../../x"},
        {"name": "..\\x"},
        {"name": "/etc/passwd"},
        {"name": "\\\\host\\x"},
        {"name": "a\x00b"},
        {"name": "a\nb"},
        {"name": "a\x9bb"},
        {"name": "\udc00"},
        {"sinkPath": "/exports/../.."},
        {"sinkPath": "a\x7fb"},
    ],
)
def test_an_unsafe_entry_is_found_and_not_followed(change: dict[str, object]) -> None:
    manifest, found = of_entries({**ENTRY, **change}, {**ENTRY, "name": "good.parquet"})
    assert codes(found) == ["manifest.unsafe-path"]
    assert [e.name for e in manifest.entries] == ["good.parquet"]


@pytest.mark.parametrize("change", [{"name": "a..b"}, {"name": "...json"}, {"name": "a/b"}, {"sinkPath": "/a.b/..c"}])
def test_names_that_only_look_unsafe_are_followed(change: dict[str, object]) -> None:
    manifest, found = of_entries({**ENTRY, **change})
    assert (len(manifest.entries), found) == (1, ())


def test_a_file_listed_twice_is_a_duplicate_entry_also_with_a_slash_more() -> None:
    manifest, found = of_entries(ENTRY, ENTRY, {**ENTRY, "sinkPath": "/exports/"}, {**ENTRY, "sinkPath": "/other"})
    assert [(f.code, f.actual) for f in found] == [("manifest.duplicate-entry", "3")]
    assert len(manifest.entries) == 3


def test_a_run_id_that_is_not_the_one_in_the_name_is_found_and_another_name_is_odd() -> None:
    assert codes(parse(flowRunId="1bd904d1-3ace-41bb-93d2-02c8f1768c2a")[1]) == ["manifest.run-id-mismatch"]
    assert codes(parse_manifest(manifest_bytes([ENTRY]), "a/manifest-1.json")[1]) == ["layout.odd-file-name"]


@pytest.mark.parametrize("result", [1, {**ENTRY, "name": "../x"}])
def test_a_manifest_of_nothing_but_wrong_entries_stays_small(result: object) -> None:
    manifest, found = of_entries(*[result] * 50_000)
    assert manifest.entries == ()
    assert (len(found), sum(f.count for f in found)) == (20, 50_000)


def test_a_manifest_is_whole_unless_entries_made_no_sense() -> None:
    assert of_entries(ENTRY)[0].is_whole
    assert not of_entries(ENTRY, 1)[0].is_whole
