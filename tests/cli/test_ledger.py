"""landproof ledger … and keys …: what stands behind the evidence, and who signs it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest
from support.landproof import Answer, landproof
from support.zones import ALPHA, BETA, Zone, daily

from catalog.ledger.notes import parse_checkpoint, parse_note, parse_verifier


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A zone with a night over two datasets."""
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, 'name = "Web events"'))
    zone.exports(3)
    zone.export(BETA)
    zone.run("nightly")
    return zone


def home(zone: Zone) -> Path:
    return zone.config.parent


def verified(zone: Zone, *words: str):
    answer = zone.run("ledger", "verify", *words)
    return answer.status, answer.document


def told(zone: Zone, *words: str) -> Answer:
    """Run a command for people."""
    return landproof(*words, "--config", zone.config)


def with_a_place_outside(folder: Path) -> Zone:
    zone = Zone(folder)
    text = zone.settings(daily(ALPHA)).read_text()
    zone.config.write_text(text.replace("[zones", 'checkpoints = "outside"\n[zones', 1))
    return zone


def tamper(zone: Zone, statement: str) -> None:
    with duckdb.connect(str(home(zone) / "landproof.duckdb")) as connection:
        connection.execute(statement)


def test_without_a_key_everything_works_and_is_called_unsigned(zone: Zone) -> None:
    status, document = verified(zone)
    assert (status, document["mismatches"], document["doubts"]) == (0, [], [])
    assert document["entries"] == document["facts_compared"] > 4
    assert document["newest_checkpoint"]["signed_by"] is None
    assert "UNSIGNED" in told(zone, "ledger", "verify").out


def test_each_command_that_records_ends_with_a_checkpoint_over_all_of_it(zone: Zone) -> None:
    said = ("waive", "Web events", "--from", "2026-09-01", "--to", "2026-09-02", "--reason", "none")
    for words in (("scan", "--reverify", "all"), ("check",), said):
        zone.run(*words)
        _, document = verified(zone)
        assert document["newest_checkpoint"]["size"] == document["entries"], words


def test_a_key_signs_what_comes_after_it_and_rotating_it_loses_nothing(zone: Zone) -> None:
    first = zone.run("keys", "new", "--name", "first").document["keys"][0]
    _, document = verified(zone)
    assert document["newest_checkpoint"]["signed_by"]["fingerprint"] == first["fingerprint"]
    zone.run("scan", "--reverify", "all")
    zone.run("keys", "rotate", "--name", "second")
    zone.run("scan", "--reverify", "all")
    status, document = verified(zone)
    assert (status, document["mismatches"], document["doubts"]) == (0, [], [])
    assert document["newest_checkpoint"]["signed_by"]["name"] == "second"
    assert document["signed_checkpoints"] == document["checkpoints"] - 1
    states = {one["name"]: one["state"] for one in zone.run("keys", "list").document["keys"]}
    assert states == {"first": "retired", "second": "active"}


def test_the_old_key_signs_that_the_new_one_follows(zone: Zone) -> None:
    zone.run("keys", "new", "--name", "first")
    zone.run("keys", "rotate", "--name", "second")
    _, document = verified(zone)
    assert document["newest_checkpoint"]["signed_by"]["name"] == "first"
    rows = zone.run("sql", "SELECT body FROM ledger_entry WHERE kind = 'key' ORDER BY sequence").document
    told = [json.loads(body)["facts"] for (body,) in rows["rows"]]
    assert [(one["name"], one["follows"] and one["follows"].split("+")[0]) for one in told] == [
        ("first", None),
        ("second", "first"),
    ]


def test_a_second_new_key_is_refused_and_where_none_is_none_is_rotated(zone: Zone) -> None:
    assert zone.run("keys", "rotate").status == 64
    zone.run("keys", "new")
    again = zone.run("keys", "new")
    assert again.status == 64
    assert "in use already" in again.error["message"]


def test_a_key_lost_with_its_folder_leaves_what_it_signed_in_doubt_not_wrong(zone: Zone) -> None:
    public = zone.run("keys", "new").document["keys"][0]["verifier"]
    shutil.rmtree(home(zone) / "landproof.keys")
    zone.run("scan", "--reverify", "all")
    status, document = verified(zone)
    assert (status, document["mismatches"]) == (1, [])
    assert any("unsigned, and others before it are not" in doubt for doubt in document["doubts"])
    status, document = verified(zone, "--key", public)
    assert document["mismatches"] == []


def test_a_key_of_the_environment_signs_and_shows_itself_nowhere(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    made = told(zone, "keys", "new", "--name", "ci")
    secret = (home(zone) / "landproof.keys" / "ci.key").read_text().strip()
    assert secret not in made.out + made.err
    shutil.rmtree(home(zone) / "landproof.keys")
    monkeypatch.setenv("LANDPROOF_CATALOG__SIGNING_KEY", secret)
    answer = zone.run("scan", "--reverify", "all")
    assert (answer.status, answer.err) == (0, "")
    _, document = verified(zone)
    assert document["newest_checkpoint"]["signed_by"]["name"] == "ci"
    monkeypatch.setenv("LANDPROOF_CATALOG__SIGNING_KEY", secret[:-4])
    broken = zone.run("ledger", "verify")
    assert broken.status == 64
    assert secret[-30:-4] not in broken.out + broken.err
    for file in home(zone).rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_key_that_others_may_read_signs_nothing_and_the_scan_says_so(zone: Zone) -> None:
    zone.run("keys", "new", "--name", "open")
    (home(zone) / "landproof.keys" / "open.key").chmod(0o644)
    answer = told(zone, "scan", "--reverify", "all")
    assert answer.status == 3
    assert "others may read it" in answer.err
    assert "chmod 600" in answer.err


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "UPDATE snapshot_revision SET verdict = 'corrupt' WHERE rowid = 0",
            "is recorded otherwise than it tells: verdict",
        ),
        ("UPDATE file_revision SET sha256 = repeat('0', 64) WHERE rowid = 1", "otherwise than it tells: files_root"),
        ("DELETE FROM scan_end", "tells of scan"),
        ("DELETE FROM ledger_entry WHERE sequence = 3", "entry 3 is missing"),
        ("UPDATE scan SET run_by = 'somebody@else'", "otherwise than it tells: run_by"),
    ],
)
def test_what_was_changed_by_hand_is_named_by_verify_and_by_the_night(
    zone: Zone, statement: str, expected: str
) -> None:
    tamper(zone, statement)
    answer = told(zone, "ledger", "verify")
    assert answer.status == 2
    assert expected in answer.out
    night = zone.run("nightly").document
    assert "ledger.broken" in {found["code"] for found in night["check"]["findings"]}


def test_checkpoints_stand_outside_and_an_older_copy_of_the_catalog_is_noticed(tmp_path: Path) -> None:
    zone = with_a_place_outside(tmp_path)
    zone.exports(2)
    zone.run("scan")
    older = shutil.copy(home(zone) / "landproof.duckdb", tmp_path / "older.duckdb")
    zone.run("scan", "--reverify", "all")
    notes = sorted((home(zone) / "outside").rglob("*.checkpoint"))
    sizes = [parse_checkpoint(parse_note(file.read_text()).text).size for file in notes]
    _, document = verified(zone)
    assert sizes[-1] == document["entries"]
    assert document["checkpoints_outside"] == len(notes) == 2
    shutil.copy(older, home(zone) / "landproof.duckdb")
    status, document = verified(zone)
    assert status == 2
    assert f"the entries {sizes[0]} to {sizes[1] - 1} are missing" in {m["message"] for m in document["mismatches"]}
    zone.run("catalog", "ingest")
    assert verified(zone)[0] == 0


def test_a_place_outside_that_cannot_be_written_is_said_and_has_its_status(tmp_path: Path) -> None:
    zone = with_a_place_outside(tmp_path)
    zone.exports(1)
    (home(zone) / "outside").write_text("in the way")
    answer = told(zone, "scan")
    assert answer.status == 3
    assert "checkpoint of the ledger" in answer.err
    assert zone.run("ledger", "verify").status == 3
    (home(zone) / "outside").unlink()
    made = zone.run("ledger", "checkpoint")
    assert made.status == 0
    assert verified(zone)[0] == 0


def test_a_checkpoint_is_printed_as_it_is_kept(zone: Zone) -> None:
    key = parse_verifier(zone.run("keys", "new").document["keys"][0]["verifier"])
    document = zone.run("ledger", "checkpoint").document
    note = parse_note(document["checkpoint"]["note"])
    assert note.signed_by([key]) == key
    assert document["checkpoint"]["size"] == parse_checkpoint(note.text).size


def test_where_there_is_no_catalog_there_is_nothing_to_verify(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA))
    assert zone.run("ledger", "verify").status == 4
    assert zone.run("ledger", "checkpoint").document["checkpoint"] is None
    assert "no keys" in told(zone, "keys", "list").out
