"""landproof datasets, snapshots, show, history and sql: questions to a catalog."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.landproof import landproof
from support.zones import ALPHA, BETA, Zone, daily, some_json

from fixtures.content import TIME, json_part, moment

LOOKUPS = (["datasets"], ["snapshots"], ["show", f"zone/{ALPHA}/{TIME}"], ["history", "x"], ["sql", "SELECT 1"])


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Three good exports of one dataset, of the other a good one and a newer corrupt one that was good once."""
    zone = Zone(tmp_path_factory.mktemp("lookups"))
    zone.settings(daily(ALPHA, 'name = "Web events"'))
    zone.exports(3)
    zone.export(BETA, "202609190100")
    folder = zone.export(BETA)
    zone.scan()
    zone.put(f"{folder}/{json_part()}", some_json(9), moment("202609210100"))
    zone.scan()
    return zone


def test_datasets_tell_their_newest_and_newest_good(zone: Zone) -> None:
    found = {d["dataset_id"]: d for d in zone.run("datasets").document["datasets"]}
    assert (found[ALPHA]["name"], found[ALPHA]["snapshots"]) == ("Web events", 3)
    assert (found[BETA]["newest_at"], found[BETA]["newest_good_at"]) == ("2026-09-20T01:00:00Z", "2026-09-19T01:00:00Z")
    assert zone.run("datasets", "--zone", "elsewhere").document["datasets"] == []


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([], 5),
        (["--dataset", "Web events"], 3),
        (["--dataset", f"zone/{BETA}"], 2),
        (["--zone", "zone", "--verdict", "corrupt"], 1),
        (["--zone", "elsewhere"], 0),
        (["--from", "2026-09-20"], 2),
        (["--to", "2026-09-18"], 1),
        (["--latest"], 2),
        (["--latest-good"], 2),
        (["--latest-good", "--dataset", BETA], 1),
        (["--limit", 2], 2),
        (["--dataset", "64e0000000000000000000ff"], 0),
    ],
)
def test_snapshots_are_filtered(zone: Zone, words: list[object], count: int) -> None:
    answer = zone.run("snapshots", *words)
    assert (answer.status, len(answer.document["snapshots"])) == (0, count)


def test_a_snapshot_is_the_same_object_in_every_document(zone: Zone) -> None:
    scanned = {s["id"]: s for s in zone.scan().document["snapshots"]}
    for listed in zone.run("snapshots").document["snapshots"]:
        assert listed | scanned[listed["id"]] == listed


def test_show_goes_by_the_verdict_and_tells_every_file(zone: Zone) -> None:
    good, bad = (zone.run("show", f"zone/{dataset}/{TIME}") for dataset in (ALPHA, BETA))
    assert (good.status, bad.status) == (0, 2)
    (file,) = bad.document["files"]
    assert file["sha256"] != file["reference_sha256"]
    assert file["path"] == f"{BETA}/exportTime={TIME}/{json_part()}"
    told = landproof("show", f"zone/{BETA}/{TIME}", "--config", zone.config)
    assert told.status == 2
    assert "corrupt at depth full, checked 1 of 1 files" in told.out
    assert "file.changed" in told.out


@pytest.mark.parametrize("subject", [f"zone/{BETA}/{TIME}", f"{BETA}/exportTime={TIME}/{json_part()}"])
def test_history_tells_each_state_oldest_first(zone: Zone, subject: str) -> None:
    revisions = zone.run("history", subject).document["revisions"]
    assert len(revisions) == 2
    assert revisions[0]["recorded_at"] < revisions[1]["recorded_at"]
    assert landproof("history", subject, "--config", zone.config).out.count("\n") == 5


@pytest.mark.parametrize(
    "words",
    [
        ["show", f"zone/{ALPHA}/202001010000"],
        ["show", ALPHA],
        ["show", "zone/x/y/z"],
        ["history", f"zone/{ALPHA}/202001010000"],
        ["history", "no/such/path"],
        ["history", ""],
        ["snapshots", "--verdict", "fine"],
        ["snapshots", "--limit", "0"],
        ["snapshots", "--dataset"],
        ["sql", "DELETE FROM scan"],
        ["sql", "SELECT * FROM nothing"],
        ["sql", "SELECT 1; SELECT 2"],
        ["sql", "SELECT * FROM read_csv('/etc/passwd')"],
        ["sql", ""],
    ],
)
def test_what_is_not_there_or_not_a_question_is_wrong_usage(zone: Zone, words: list[str]) -> None:
    refused = zone.run(words[0], *words[1:])
    assert (refused.status, refused.out, refused.error["exit_status"]) == (64, "", 64)
    assert refused.error["hint"]


def test_sql_answers_in_json_whatever_the_types(zone: Zone) -> None:
    query = """SELECT 'nan'::DOUBLE AS a, [TIMESTAMP '2026-09-20 01:00:00'] AS b,
               MAP {DATE '2026-09-20': 1.5::DECIMAL(3,1)} AS c,
               '😀'::VARCHAR AS d, NULL AS e,
               170141183460469231731687303715884105727::HUGEINT AS f, '\\x00'::BLOB AS g"""
    answer = zone.run("sql", query)
    (row,) = answer.document["rows"]
    assert answer.document["columns"] == list("abcdefg")
    assert row[:6] == ["nan", ["2026-09-20T01:00:00Z"], {"2026-09-20": "1.5"}, "😀", None, 2**127 - 1]


def test_sql_tells_a_person_the_rows(zone: Zone) -> None:
    told = landproof(
        "sql", "SELECT verdict, count(*) AS n FROM snapshots GROUP BY ALL ORDER BY n", "--config", zone.config
    )
    assert [line.split() for line in told.out.splitlines()] == [["verdict", "n"], ["corrupt", "1"], ["good", "4"]]


@pytest.mark.parametrize("words", LOOKUPS)
def test_without_a_catalog_a_look_up_is_4_and_makes_none(tmp_path: Path, words: list[str]) -> None:
    refused = landproof(*words, "--catalog", tmp_path / "none.duckdb", "--json")
    assert (refused.status, "does not exist" in refused.error["message"]) == (4, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [*LOOKUPS, ["scan"], ["doctor"]])
def test_what_is_no_catalog_is_4_and_stays_as_it_is(zone: Zone, tmp_path: Path, words: list[str]) -> None:
    damaged, folder = tmp_path / "damaged.duckdb", tmp_path / "folder.duckdb"
    damaged.write_bytes(b"not a catalog" * 1000)
    folder.mkdir()
    place = [zone.root] if words == ["scan"] else []
    for catalog in (damaged, folder):
        refused = landproof(*words, *place, "--catalog", catalog, "--json")
        assert refused.status == 4
        assert "Traceback" not in refused.err
    assert damaged.read_bytes() == b"not a catalog" * 1000


def test_a_cut_catalog_is_4(zone: Zone, tmp_path: Path) -> None:
    whole = zone.catalog.read_bytes()
    for size in (len(whole) // 3, 4096, 100):
        cut = tmp_path / f"{size}.duckdb"
        cut.write_bytes(whole[:size])
        assert landproof("snapshots", "--catalog", cut, "--json").status == 4
