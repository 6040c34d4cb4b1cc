"""The ledger of a catalog: whatever is recorded is told in it, and whatever is changed afterwards is named."""

from __future__ import annotations

import json
import random
import shutil
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from catalog.ledger.merkle import leaf_hash, root_of
from catalog.ledger.notes import new_signer, parse_checkpoint, parse_note
from catalog.ledger_verify import Trust, verify_ledger
from catalog.sealing import Occasion, Sealing, seal
from catalog.segments.names import SegmentKind
from catalog.segments.shelf import open_shelf
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.ingest import ingest
from catalog.store.journal import record
from catalog.store.ledger import Telling
from catalog.store.rebuild import rebuild
from verifier.backends.urls import parse_location

START = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 100_000
PORTION = 2_000


def slots(at: datetime, count: int, first: int = 0) -> Entry:
    due_at = at.replace(tzinfo=None)
    rows = [
        {"zone": "z", "dataset_id": f"{n:024x}", "due_at": due_at, "after": "on_time", "happened_at": due_at}
        for n in range(first, first + count)
    ]
    return Entry(
        kind=SegmentKind.CHECK,
        id=f"check{at:%Y%m%d%H%M}",
        zone="",
        written_at=at,
        tool_version="1",
        rows={"slot": rows},
    )


def sealed(catalog: Catalog, at: datetime, sealing: Sealing | None = None) -> None:
    assert seal(catalog, sealing or Sealing(), Occasion(at=at, entry_id=f"seal{at:%Y%m%d%H%M}", tool_version="1"))


def flaws(catalog: Catalog, trust: Trust | None = None) -> list[str]:
    return [flaw.message for flaw in verify_ledger(catalog, trust or Trust()).flaws]


def tamper(catalog: Catalog, *statements: str) -> None:
    with duckdb.connect(str(catalog.path)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="module")
def long_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with a ledger of 100,000 entries, a checkpoint after every tenth of them."""
    catalog = Catalog(tmp_path_factory.mktemp("long") / "landproof.duckdb")
    for n in range(MANY // PORTION):
        at = START + timedelta(hours=n)
        record(catalog, slots(at, PORTION))
        if n % 5 == 4:
            sealed(catalog, at + timedelta(minutes=1))
    return catalog.path


@pytest.fixture
def damaged(long_ledger: Path, tmp_path: Path) -> Catalog:
    return Catalog(Path(shutil.copy(long_ledger, tmp_path / "landproof.duckdb")))


def test_a_long_ledger_that_nobody_touched_verifies(long_ledger: Path) -> None:
    found = verify_ledger(Catalog(long_ledger), Trust())
    assert (found.entries, found.facts, found.checkpoints) == (MANY, MANY, 10)
    assert (found.flaws, found.doubts) == ([], [])


def alter(place: int) -> tuple[list[str], str]:
    what = f"UPDATE ledger_entry SET body = replace(body, 'on_time', 'missing') WHERE sequence = {place}"
    return [what], f"entry {place} was altered"


def alter_with_its_hash(place: int) -> tuple[list[str], str]:
    again = "UPDATE ledger_entry SET leaf = unhex(sha256('\\x00'::BLOB || encode(body)))"
    return [*alter(place)[0], again], f"entry {place}: slot"


def drop(place: int) -> tuple[list[str], str]:
    return [f"DELETE FROM ledger_entry WHERE sequence = {place}"], f"entry {place} is missing"


def swap(place: int) -> tuple[list[str], str]:
    other = (place + 777) % MANY
    case = f"CASE sequence WHEN {place} THEN {other} ELSE {place} END"
    statement = f"UPDATE ledger_entry SET sequence = {case} WHERE sequence IN ({place}, {other})"
    return [statement], f"entry {place} stands in another place"


def repeat(place: int) -> tuple[list[str], str]:
    return [f"INSERT INTO ledger_entry FROM ledger_entry WHERE sequence = {place}"], f"entry {place} is there more"


def truncate(place: int) -> tuple[list[str], str]:
    last = MANY - 1
    what = f"entry {last} is missing" if place == last else f"the entries {place} to {last} are missing"
    return [f"DELETE FROM ledger_entry WHERE sequence >= {place}"], what


@pytest.mark.parametrize("how", [alter, alter_with_its_hash, drop, swap, repeat, truncate])
@pytest.mark.parametrize("time", ["once", "again"])
def test_whatever_is_done_to_an_entry_anywhere_is_named(damaged: Catalog, how, time: str) -> None:
    statements, expected = how(random.SystemRandom().randrange(1, MANY))
    tamper(damaged, *statements)
    found = flaws(damaged)
    assert any(message.startswith(expected) for message in found), found[:5]


def test_an_entry_dropped_with_all_after_it_renumbered_is_told_by_root_and_by_fact(damaged: Catalog) -> None:
    with duckdb.connect(str(damaged.path)) as connection:
        rows = connection.execute(
            "SELECT sequence, body FROM ledger_entry WHERE sequence >= 99990 ORDER BY 1"
        ).fetchall()
        connection.execute("DELETE FROM ledger_entry WHERE sequence = 99999")
        for (sequence, _), (_, body) in pairwise(rows):
            told = json.loads(body) | {"sequence": sequence}
            text = json.dumps(told, sort_keys=True, separators=(",", ":"))
            leaf = leaf_hash(text.encode())
            about = [told["about"], text, leaf, sequence]
            connection.execute("UPDATE ledger_entry SET about = ?, body = ?, leaf = ? WHERE sequence = ?", about)
        connection.execute("DELETE FROM ledger_head WHERE size = 100000")
        connection.execute("UPDATE checkpoint SET size = 99999 WHERE size = 100000")
    found = flaws(damaged)
    assert any("and no entry tells of it" in message for message in found), found[:5]
    assert any("entry 99999 is missing" in message for message in found), found[:5]


def test_a_row_altered_added_or_removed_in_the_catalog_is_named(damaged: Catalog) -> None:
    tamper(
        damaged,
        "UPDATE slot_transition SET after = 'missing' WHERE dataset_id LIKE '%7cf' AND due_at = '2026-01-02 00:00:00'",
        "DELETE FROM slot_transition WHERE dataset_id LIKE '%001' AND due_at = '2026-01-01 03:00:00'",
        """INSERT INTO slot_transition BY NAME SELECT * REPLACE ('forged' AS dataset_id) FROM slot_transition
           WHERE dataset_id LIKE '%002' AND due_at = '2026-01-01 03:00:00'""",
    )
    found = flaws(damaged)
    assert len(found) == 3
    assert any("is recorded otherwise than it tells: after" in message for message in found)
    assert any("which is not recorded" in message for message in found)
    assert any("slot z/forged@2026-01-01T03:00:00Z" in m and "no entry tells of it" in m for m in found)


@pytest.fixture
def shelved(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "landproof.duckdb", segments=parse_location(str(tmp_path / "segments")))


def test_rows_and_entries_come_together_or_not_at_all(shelved: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    record(shelved, slots(START, 3))
    monkeypatch.setattr("catalog.store.ledger.who", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        record(shelved, slots(START + timedelta(hours=1), 3))
    with shelved.read() as connection:
        assert connection.execute("SELECT count(*) FROM slot_transition").fetchall() == [(3,)]
        assert connection.execute("SELECT count(*) FROM ledger_entry").fetchall() == [(3,)]


def test_the_same_entry_again_is_told_once(shelved: Catalog) -> None:
    for _ in range(3):
        record(shelved, slots(START, 3))
    assert verify_ledger(shelved, Trust()).entries == 3


def test_an_entry_altered_with_its_hash_and_its_fact_is_named_by_its_segment(shelved: Catalog) -> None:
    record(shelved, slots(START, 50))
    sealed(shelved, START + timedelta(minutes=1))
    tamper(
        shelved,
        "UPDATE slot_transition SET after = 'waiting' WHERE dataset_id LIKE '%011'",
        "UPDATE ledger_entry SET body = replace(body, 'on_time', 'waiting') WHERE about LIKE '%011@%'",
        "UPDATE ledger_entry SET leaf = unhex(sha256('\\x00'::BLOB || encode(body)))",
    )
    found = flaws(shelved)
    assert "entry 17 is not what was recorded: its segment has another" in found
    assert any("of other entries than those that are there" in message for message in found)


def test_a_catalog_made_again_of_its_segments_goes_on_with_its_ledger(shelved: Catalog) -> None:
    record(shelved, slots(START, 5))
    signer = new_signer("one")
    sealed(shelved, START + timedelta(minutes=1), Sealing(signer=signer))
    before = verify_ledger(shelved, Trust(keys=[signer.verifier]))
    record(shelved, slots(START + timedelta(hours=1), 5))  # in no checkpoint
    shelved.path.unlink()
    assert shelved.segments is not None
    rebuild(shelved, open_shelf(shelved.segments), Telling(START + timedelta(hours=2), "1"))
    after = verify_ledger(shelved, Trust(keys=[signer.verifier]))
    assert (after.origin, after.flaws) == (before.origin, [])
    assert (before.entries, after.entries) == (6, 11)
    assert after.newest == before.newest


def test_of_the_ledgers_of_two_machines_a_catalog_made_again_goes_on_with_neither(
    shelved: Catalog, tmp_path: Path
) -> None:
    assert shelved.segments is not None
    for hour, catalog in enumerate((shelved, Catalog(tmp_path / "other.duckdb", segments=shelved.segments))):
        record(catalog, slots(START + timedelta(hours=hour), 5, first=hour * 10))
        sealed(catalog, START + timedelta(hours=hour, minutes=1))
    theirs = {verify_ledger(Catalog(tmp_path / name), Trust()).origin for name in ("landproof.duckdb", "other.duckdb")}
    shelved.path.unlink()
    rebuild(shelved, open_shelf(shelved.segments), Telling(START + timedelta(hours=2), "1"))
    found = verify_ledger(shelved, Trust())
    assert (found.flaws, found.entries, set(found.others)) == ([], 10, theirs)
    assert found.origin not in theirs


def test_what_another_machine_recorded_is_told_when_it_is_taken_in(shelved: Catalog, tmp_path: Path) -> None:
    record(shelved, slots(START, 5))
    sealed(shelved, START + timedelta(minutes=1))
    assert shelved.segments is not None
    other = Catalog(tmp_path / "other.duckdb", segments=shelved.segments)
    record(other, slots(START + timedelta(hours=1), 4, first=10))
    ingest(other, open_shelf(shelved.segments), Telling(START + timedelta(hours=2), "1"))
    mine, own = verify_ledger(shelved, Trust()), verify_ledger(other, Trust())
    assert own.flaws == []
    assert own.others == (mine.origin,)
    assert own.entries == 9


def test_a_catalog_of_before_the_ledger_is_told_in_full_by_its_next_record(shelved: Catalog) -> None:
    record(shelved, slots(START, 5))
    tamper(shelved, "DELETE FROM ledger_entry", "DELETE FROM own_ledger", "DELETE FROM ledger_head")
    record(shelved, slots(START + timedelta(hours=1), 2))
    found = verify_ledger(shelved, Trust())
    assert (found.entries, found.flaws) == (7, [])


def test_a_catalog_of_before_the_ledger_is_told_in_full_by_a_checkpoint_alone(shelved: Catalog) -> None:
    record(shelved, slots(START, 5))
    tamper(shelved, "DELETE FROM ledger_entry", "DELETE FROM own_ledger", "DELETE FROM ledger_head")
    sealed(shelved, START + timedelta(hours=1))
    found = verify_ledger(shelved, Trust())
    assert (found.entries, found.flaws) == (5, [])


def test_a_catalog_in_which_nothing_is_recorded_has_no_ledger(shelved: Catalog) -> None:
    with shelved.write():
        """It is made, and empty."""
    assert seal(shelved, Sealing(), Occasion(at=START, entry_id="a", tool_version="1")) is None
    assert verify_ledger(shelved, Trust()).origin is None


class TestOutside:
    """Checkpoints that also stand where nobody can change them."""

    @pytest.fixture
    def place(self, tmp_path: Path):
        return parse_location(str(tmp_path / "outside"))

    @pytest.fixture
    def twice(self, shelved: Catalog, place) -> Catalog:
        for hour in (0, 1):
            record(shelved, slots(START + timedelta(hours=hour), 5))
            sealed(shelved, START + timedelta(hours=hour, minutes=1), Sealing(outside=place))
        return shelved

    def test_each_stands_there_and_is_never_overwritten(self, twice: Catalog, place, tmp_path: Path) -> None:
        files = sorted((tmp_path / "outside").rglob("*.checkpoint"))
        checkpoints = [parse_checkpoint(parse_note(file.read_text()).text) for file in files]
        assert [one.size for one in checkpoints] == [5, 10]
        before = [file.read_bytes() for file in files]
        sealed(twice, START + timedelta(hours=9), Sealing(outside=place))
        assert [file.read_bytes() for file in sorted((tmp_path / "outside").rglob("*.checkpoint"))] == before
        with twice.read() as connection:
            leaves = connection.execute("SELECT body FROM ledger_entry ORDER BY sequence").fetchall()
        assert root_of(leaf_hash(body.encode()) for (body,) in leaves) == checkpoints[-1].root

    def test_a_catalog_that_was_cut_back_with_its_checkpoints_is_noticed(self, twice: Catalog, place) -> None:
        tamper(
            twice,
            "DELETE FROM ledger_entry WHERE sequence >= 5",
            "DELETE FROM ledger_head WHERE size > 5",
            "DELETE FROM checkpoint WHERE size > 5",
            "DELETE FROM slot_transition WHERE due_at > '2026-01-01 00:30:00'",
        )
        assert flaws(twice) == []
        assert flaws(twice, Trust(outside=place)) == ["the entries 5 to 9 are missing"]

    def test_a_catalog_written_anew_is_noticed(self, twice: Catalog, place) -> None:
        assert verify_ledger(twice, Trust(outside=place)).flaws == []
        twice.path.unlink()
        anew = Catalog(twice.path)
        record(anew, slots(START, 5))
        sealed(anew, START + timedelta(hours=3), Sealing(outside=place))
        found = flaws(anew, Trust(outside=place))
        assert len(found) == 1
        assert "checkpoints outside are of a ledger of 10 entries that this catalog does not have" in found[0]

    def test_a_place_that_cannot_be_reached_is_told_and_gets_it_later(self, shelved: Catalog, tmp_path: Path) -> None:
        (tmp_path / "outside").write_text("a file is in the way")
        place = parse_location(str(tmp_path / "outside"))
        record(shelved, slots(START, 5))
        made = seal(shelved, Sealing(outside=place), Occasion(at=START, entry_id="a", tool_version="1"))
        assert made is not None
        assert made.trouble is not None
        (tmp_path / "outside").unlink()
        made = seal(shelved, Sealing(outside=place), Occasion(at=START, entry_id="b", tool_version="1"))
        assert made is not None
        assert made.trouble is None
        assert len(list((tmp_path / "outside").rglob("*.checkpoint"))) == 1


class TestSignatures:
    """Who signed, and whose key is believed."""

    def test_a_signature_by_another_key_of_the_same_name_is_a_mismatch(self, shelved: Catalog) -> None:
        record(shelved, slots(START, 5))
        sealed(shelved, START, Sealing(signer=new_signer("one")))
        tamper(shelved, "UPDATE checkpoint SET note = replace(note, 'time 2026-01-01', 'time 2026-01-02')")
        assert any("the signature by one is wrong" in message for message in flaws(shelved))

    def test_a_key_that_only_the_catalog_tells_of_is_in_doubt(self, shelved: Catalog) -> None:
        record(shelved, slots(START, 5))
        signer = new_signer("one")
        sealed(shelved, START, Sealing(signer=signer))
        assert any("only the catalog itself" in doubt for doubt in verify_ledger(shelved, Trust()).doubts)
        assert verify_ledger(shelved, Trust(keys=[signer.verifier])).doubts == []

    def test_what_an_old_key_signed_stays_verified_and_an_unsigned_end_is_in_doubt(self, shelved: Catalog) -> None:
        old, new = new_signer("old"), new_signer("new")
        for hour, signer in enumerate((old, new, None)):
            record(shelved, slots(START + timedelta(hours=hour), 5))
            sealed(shelved, START + timedelta(hours=hour), Sealing(signer=signer))
        found = verify_ledger(shelved, Trust(keys=[old.verifier, new.verifier]))
        assert (found.flaws, found.signed, found.checkpoints) == ([], 2, 3)
        assert found.newest_signer is None
        assert any("is unsigned, and others before it are not" in doubt for doubt in found.doubts)
