"""landproof audit selftest: each control fires on a damaged copy of a real export; one that does not is an error."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from support.landproof import Answer, Document, landproof
from support.servers import moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone, some_json

from catalog.evidence.damages.table import EXPECTED
from fixtures import pgp_messages as messages
from fixtures.content import TIME, events, json_part, parquet, part, table

PARQUET, JSON = f"zone/{ALPHA}/{TIME}", f"zone/{BETA}/{TIME}"
FLAT = pa.table({"_id": [f"a{number}" for number in range(40)], "n": list(range(40))})


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """An export of Parquet and one of NDJSON, each of two files and a manifest, and one that is corrupt."""
    zone = Zone(tmp_path_factory.mktemp("tested"))
    zone.export(ALPHA, TIME, {part(0): parquet(FLAT), part(1): parquet()}, manifest_in="snapshot")
    zone.export(BETA, TIME, 2, manifest_in="dataset")
    zone.export(BETA, "202609210100", {json_part(): some_json()[:-4]})
    zone.settings()
    zone.scan("--settle-minutes", 0)
    return zone


def attempted(zone: Zone, *words: object) -> Answer:
    scratch = zone.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    answer = landproof("audit", "selftest", *words, "--scratch", scratch, "--config", zone.config, "--json")
    assert list(scratch.iterdir()) == []
    return answer


def states(document: Document) -> dict[str, str]:
    """Return what came of each code: the worst of its damages."""
    order = ("fired", "not tested", "silent")
    found: dict[str, str] = {}
    for one in document["controls"]:
        for code in one["expected"]:
            found[code] = max(found.get(code, "fired"), one["state"], key=order.index)
    return found


def held(zone: Zone) -> dict[str, tuple[str, int]]:
    """Return digest and time of every file of the zone."""
    files = sorted(path for path in zone.root.rglob("*") if path.is_file())
    return {str(f): (hashlib.sha256(f.read_bytes()).hexdigest(), f.stat().st_mtime_ns) for f in files}


@pytest.fixture(scope="module")
def before(zone: Zone) -> dict[str, tuple[str, int]]:
    """The zone before any test."""
    return held(zone)


@pytest.fixture(scope="module")
def answer(zone: Zone, before: object) -> Answer:
    """One whole test of the newest good export of each format."""
    assert before
    return attempted(zone)


def test_every_control_fires(answer: Answer) -> None:
    document = answer.document
    assert [one for one in document["controls"] if one["state"] != "fired"] == []
    assert (answer.status, document["counts"]["silent"], document["formats_missing"]) == (0, 0, [])
    assert {code for one in document["controls"] for code in one["expected"]} == EXPECTED
    assert [one["id"] for one in document["snapshots"]] == [PARQUET, JSON]


def test_a_bit_of_each_column_chunk_is_flipped(answer: Answer) -> None:
    flipped = [one["damage"] for one in answer.document["controls"] if "one bit flipped in a page" in one["damage"]]
    assert flipped == [
        f"one bit flipped in a page of column {column}, row group {group}"
        for group in (0, 1)
        for column in ("_id", "n")
    ]


def test_the_originals_are_only_read(zone: Zone, before: object, answer: Answer) -> None:
    assert answer.status == 0
    assert held(zone) == before


def test_it_is_recorded_with_what_had_to_come_and_what_came(zone: Zone, answer: Answer) -> None:
    said = "SELECT snapshot, damage, expected, found, passed, run_by FROM control_test ORDER BY ALL"
    rows = landproof("sql", said, "--config", zone.config, "--json").document["rows"]
    told = [
        [
            o["snapshot"],
            o["damage"],
            " or ".join(o["expected"]),
            ", ".join(o["found"]),
            True,
            answer.document["run_by"],
        ]
        for o in answer.document["controls"]
    ]
    assert rows == sorted(told)


def test_it_is_in_the_next_bundle(zone: Zone, answer: Answer, tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    period = ("--from", "2026-09-01", "--to", "2026-09-30")
    assert landproof("audit", "bundle", *period, "--out", path, "--config", zone.config).status in (0, 1)
    assert landproof("audit", "verify", path).status in (0, 1)
    assert answer.document["test_id"]


def test_no_value_of_a_file_is_told(zone: Zone, answer: Answer) -> None:
    assert not [row["_id"] for row in events() if row["_id"] in answer.out]


def test_a_control_that_stays_silent_is_an_error_and_said_first(zone: Zone) -> None:
    quiet = Zone(zone.folder / "quiet")
    quiet.export(ALPHA, TIME, {part(0): parquet(FLAT)})
    quiet.settings(zone='ignore = ["**/*.stray", "*.stray"]')
    quiet.scan("--settle-minutes", 0)
    answer = attempted(quiet, "--code", "layout.stray-file")
    assert (answer.status, answer.document["counts"]) == (2, {"fired": 0, "silent": 1, "not_tested": 0})
    told = landproof("audit", "selftest", "--code", "layout.stray-file", "--config", quiet.config)
    assert (told.status, told.out.splitlines()[0][:12]) == (2, "NOT NOTICED:")
    said = "SELECT passed FROM control_test"
    assert "true" not in landproof("sql", said, "--config", quiet.config, "--json").out.split('"rows"')[1]


def test_what_cannot_be_applied_is_not_tested_and_not_passed(zone: Zone) -> None:
    lone = Zone(zone.folder / "lone")
    lone.export(ALPHA, TIME, {part(0, "parquet"): parquet(FLAT, compression="none", write_page_checksum=False)})
    lone.settings()
    lone.scan("--settle-minutes", 0)
    codes = ("manifest.changed", "file.vanished", "parquet.corrupt-page", "file.empty")
    answer = attempted(lone, *(word for code in codes for word in ("--code", code)))
    assert states(answer.document) == {
        "manifest.changed": "not tested",
        "file.vanished": "not tested",
        "parquet.corrupt-page": "not tested",
        "parquet.row-count-mismatch": "fired",
        "file.empty": "fired",
    }
    reasons = {one["reason"] for one in answer.document["controls"] if one["state"] == "not tested"}
    assert len(reasons) == 3
    assert answer.status == 0
    assert answer.document["counts"]["not_tested"] == sum(
        1 for one in answer.document["controls"] if one["state"] == "not tested"
    )


@pytest.mark.parametrize("has_key", [True, False])
def test_a_snapshot_that_is_encrypted_is_said_not_to_be_tested(zone: Zone, *, has_key: bool) -> None:
    sealed = Zone(zone.folder / f"sealed-{has_key}")
    sealed.put(f"{ALPHA}/exportTime={TIME}/{json_part()}.pgp", messages.ROWS)
    (sealed.folder / "key").write_text(messages.KEY)
    sealed.settings('[pgp]\nkeys = ["file:key"]\n' if has_key else "")
    assert sealed.scan("--settle-minutes", 0).verdicts == {TIME: "good" if has_key else "unverifiable"}
    answer = attempted(sealed, f"zone/{ALPHA}/{TIME}")
    (one,) = answer.document["snapshots"]
    assert (answer.status, one["state"], answer.document["controls"]) == (3, "not tested", [])
    assert ("encrypted" if has_key else "no data file with rows") in one["reason"]
    assert attempted(sealed).status == 64


def test_an_export_that_is_not_good_cannot_test_anything(zone: Zone) -> None:
    answer = attempted(zone, f"zone/{BETA}/202609210100", "--code", "file.empty")
    (one,) = answer.document["snapshots"]
    assert (answer.status, one["state"]) == (3, "not tested")


def test_an_original_that_changed_since_is_not_tested(zone: Zone) -> None:
    other = Zone(zone.folder / "other")
    folder = other.export(ALPHA, TIME, 1)
    other.settings()
    other.scan("--settle-minutes", 0)
    other.flip(folder)
    answer = attempted(other, "--code", "file.empty")
    assert (answer.status, answer.document["snapshots"][0]["state"]) == (3, "not tested")
    other.file(folder).write_bytes(some_json(9))
    assert attempted(other, "--code", "file.empty").status == 3


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zone]:
    """The same exports in a bucket, with a template of its own."""
    zone = Zone(tmp_path_factory.mktemp("bucket"))
    with moto_s3(zone.folder) as server:
        store = S3Store(server, "landing")
        local = Zone(zone.folder, "local")
        folder = local.export(ALPHA, TIME, {part(0): parquet(FLAT), part(1): parquet(table(events(2)))})
        for path in sorted((local.root / folder).iterdir()):
            store.put(f"exports/in/{ALPHA}/{TIME}/{path.name}", path.read_bytes())
        zone.config.write_text(
            f'[catalog]\npath = "landproof.duckdb"\n[zones.zone]\nurl = "s3://landing/exports"\n'
            f'template = "in/{{DATASET_ID}}/{{DATETIME(YYYYMMddHHmm)}}"\n'
            f"[zones.zone.options]\n"
            f'endpoint_url = "{server.url}"\nkey = "testing-key"\nsecret = "testing-secret"\nregion = "us-east-1"\n'
        )
        zone.run("scan", "--settle-minutes", 0, "--workers", 0)
        yield zone


def test_an_export_in_a_bucket_is_copied_and_tested_here(bucket: Zone) -> None:
    codes = ("file.changed", "file.vanished", "parquet.truncated", "schedule.missing", "layout.future-export-time")
    answer = attempted(bucket, "--dataset", ALPHA, *(word for code in codes for word in ("--code", code)))
    assert (answer.status, answer.document["counts"]["silent"]) == (0, 0)
    assert {code: states(answer.document)[code] for code in codes} == dict.fromkeys(codes, "fired")


@pytest.mark.parametrize("words", [["--code", "file.unreadable"], ["--code", "no.such"], [PARQUET, "--dataset", ALPHA]])
def test_what_cannot_be_asked_for_is_wrong_usage(zone: Zone, words: list[str]) -> None:
    assert attempted(zone, *words).status == 64


def test_a_scratch_folder_of_another_user_is_not_needed(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = zone.folder / "here"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    answer = landproof("audit", "selftest", "--code", "file.empty", PARQUET, "--config", zone.config)
    assert (answer.status, list(folder.iterdir())) == (0, [])
    assert "1 controls fired, 0 did not" in answer.out


def test_a_catalog_without_good_snapshots_is_told(tmp_path: Path) -> None:
    empty = Zone(tmp_path)
    empty.export(ALPHA, TIME, {json_part(): b""})
    empty.settings()
    empty.scan("--settle-minutes", 0)
    assert attempted(empty).status == 64
