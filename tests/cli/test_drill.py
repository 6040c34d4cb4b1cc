"""landproof drill: a restore that is tried, counted and recorded, and what stands in its way."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from support.landproof import Answer, Document, finished, landproof, started
from support.processes import until
from support.proxy import Rule, faulty_proxy, is_read, refused
from support.servers import moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone, daily, days_before, utc

from fixtures import pgp_messages
from fixtures.content import events, gz, json_part, lines, parquet, part, table

TIMES = days_before("202609200100", 3)
FIRST = "2026-09-18T01:00:00Z"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A daily dataset of three exports in JSON, scanned; its schedule has ended."""
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, 'name = "Web events"', 'ends_at = "2026-09-20T02:00:00Z"', starts_at=FIRST))
    zone.exports(3, files=2)
    zone.scan("--settle-minutes", 0)
    return zone


def drill(zone: Zone, *words: object, dataset: str = ALPHA) -> Answer:
    """Drill with the scratch folder of the test, of which nothing may be left."""
    scratch = zone.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    answer = zone.run("drill", dataset, "--workers", 0, "--scratch", scratch, *words)
    assert list(scratch.iterdir()) == []
    return answer


def states(document: Document) -> list[str]:
    return [s["state"] for s in document["snapshots"]]


def recorded(zone: Zone) -> list[Document]:
    told = zone.run("sql", "SELECT * FROM drill ORDER BY finished_at").document
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


class TestAGoodChain:
    """Everything comes, and is what was recorded."""

    def test_passes_and_is_measured_and_recorded(self, zone: Zone) -> None:
        answer = drill(zone, dataset="Web events")
        document = answer.document
        assert (answer.status, document["schema"], document["state"]) == (0, "landproof/drill/1", "passed")
        assert (document["zone"], document["dataset_id"], document["message"]) == ("zone", ALPHA, None)
        assert document["recovers_to"] == "2026-09-20T01:00:00Z"
        data = sum(path.stat().st_size for path in zone.root.rglob("*.json.gz"))
        assert (document["files"], document["bytes"], document["rows"], document["rows_loaded"]) == (6, data, 30, 30)
        for one, export in zip(document["snapshots"], TIMES, strict=True):
            assert (one["id"], one["places"]) == (f"zone/{ALPHA}/{export}", [f"zone/{ALPHA}/{export}"])
            assert (one["state"], one["files"], one["rows"], one["rows_loaded"]) == ("passed", 2, 10, 10)
            assert one["seconds"] >= one["load_seconds"] > 0
        assert document["seconds"] >= document["load_seconds"] + document["fetch_seconds"] > 0
        (row,) = recorded(zone)
        for name in ("drill_id", "state", "rows", "rows_loaded", "files", "bytes", "recovers_to"):
            assert row[name] == document[name]
        assert row["snapshots"] == 3

    def test_of_parquet_and_json_side_by_side_is_counted_together(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        rows = events(1, 40)
        plain = lines(rows)
        zone.export(files={part(0): parquet(table(rows)), json_part(1): gz(plain), "part-00002.json": plain})
        zone.scan("--settle-minutes", 0)
        document = drill(zone).document
        assert (document["state"], document["rows_loaded"], document["files"]) == ("passed", 120, 3)

    def test_to_an_earlier_moment_takes_what_was_there_then(self, zone: Zone) -> None:
        document = drill(zone, "--as-of", "2026-09-19").document
        assert (document["state"], states(document)) == ("passed", ["passed"] * 2)

    def test_whose_files_were_only_touched_passes(self, zone: Zone) -> None:
        os.utime(zone.file(f"{ALPHA}/exportTime={TIMES[1]}"))
        assert drill(zone).status == 0

    def test_without_rows_passes(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files={json_part(): gz(b"")})
        zone.export(BETA, files={part(): parquet(table([]))})
        zone.scan("--settle-minutes", 0)
        assert [drill(zone, dataset=d).document["rows_loaded"] for d in (ALPHA, BETA)] == [0, 0]
        assert [row["state"] for row in recorded(zone)] == ["passed", "passed"]

    def test_of_which_the_rows_are_not_known_passes_and_says_so(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files=2)
        zone.scan("--settle-minutes", 0, "--depth", "list")
        answer = drill(zone, "--depth", "list")
        (one,) = answer.document["snapshots"]
        assert (answer.status, one["state"], one["rows"], one["rows_loaded"]) == (0, "passed", None, 10)
        assert "was not recorded" in one["message"]
        assert answer.document["rows"] is None

    def test_in_words(self, zone: Zone, scratch: Path) -> None:
        told = landproof("drill", ALPHA, "--config", zone.config, "--scratch", scratch, "--workers", 2)
        assert (told.status, told.err) == (0, "")
        assert f"passed: a restore of zone/{ALPHA} to 2026-09-20 01:00Z works\n3 snapshots, 6 files" in told.out
        assert "30 of 30 rows" in told.out
        assert list(scratch.iterdir()) == []


class TestWhatDoesNotPass:
    """A restore that would not have worked."""

    def test_a_catalog_that_lies_about_rows(self, zone: Zone) -> None:
        with duckdb.connect(str(zone.catalog)) as connection:
            connection.execute("UPDATE snapshot_revision SET rows = 11 WHERE snapshot_key = 2")
        answer = drill(zone)
        document = answer.document
        assert (answer.status, document["state"], states(document)) == (2, "failed", ["passed", "failed", "passed"])
        assert "expected 11, got 10" in document["snapshots"][1]["message"]
        assert recorded(zone)[0]["message"] == document["snapshots"][1]["message"]

    @pytest.mark.parametrize("touched", [False, True])
    def test_a_file_damaged_after_it_was_verified(self, zone: Zone, touched: bool) -> None:
        folder = f"{ALPHA}/exportTime={TIMES[1]}"
        zone.flip(folder, 1)
        if touched:
            os.utime(zone.file(folder, 1))
        answer = drill(zone)
        one = answer.document["snapshots"][1]
        assert (answer.status, answer.document["state"], one["state"]) == (2, "failed", "failed")
        assert f"could not fetch {folder}/{json_part(1)}: the bytes that were read are not those" in one["message"]
        assert (one["files"], one["rows_loaded"]) == (1, None)

    @pytest.mark.parametrize("how", ["gone", "cut"])
    def test_a_file_that_is_gone_or_shorter_since(self, zone: Zone, how: str) -> None:
        path = zone.file(f"{ALPHA}/exportTime={TIMES[0]}")
        path.unlink() if how == "gone" else path.write_bytes(path.read_bytes()[:-9])
        answer = drill(zone)
        assert (answer.status, states(answer.document)) == (2, ["failed", "passed", "passed"])

    def test_a_file_that_was_found_good_and_that_duckdb_refuses(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        secret = b"a-value-that-nobody-may-see"
        refused_by_duckdb = gz(b'{"a": "' + secret + b'\\ud800"}\n')
        zone.export(files={json_part(0): refused_by_duckdb, json_part(1): gz(b'{"a": 1}\n')})
        assert zone.scan("--settle-minutes", 0).verdicts == {"202609200100": "good"}
        answer = drill(zone)
        (one,) = answer.document["snapshots"]
        assert (answer.status, one["state"]) == (2, "failed")
        assert one["message"].startswith("DuckDB refuses")
        assert json_part(0) in one["message"]
        assert "though it was found good" in one["message"]
        for text in (answer.out, answer.err, str(recorded(zone))):
            assert secret.decode() not in text

    def test_files_that_duckdb_puts_into_no_common_table(self, tmp_path: Path) -> None:
        import pyarrow as pa

        zone = Zone(tmp_path)
        files = {part(0): parquet(pa.table({"a": [1, 2]})), part(1): parquet(pa.table({"a": [{"x": 1}]}))}
        zone.export(files=files)
        zone.scan("--settle-minutes", 0)
        (one,) = drill(zone).document["snapshots"]
        assert (one["state"], "into one table" in one["message"]) == ("failed", True)

    def test_a_gap_unless_it_is_accepted(self, zone: Zone) -> None:
        zone.remove(f"{ALPHA}/exportTime={TIMES[1]}")
        zone.scan("--accept-vanished")
        answer = drill(zone)
        document = answer.document
        assert (answer.status, document["state"], states(document)) == (2, "failed", ["passed"])
        assert "recovers to 2026-09-18T01:00:00Z only" in document["message"]
        assert [g["due_at"] for g in document["gaps"]] == ["2026-09-19T01:00:00Z"]
        accepted = drill(zone, "--accept-gaps")
        assert (accepted.status, states(accepted.document)) == (0, ["passed", "passed"])
        assert [(r["state"], r["accepts_gaps"]) for r in recorded(zone)] == [("failed", False), ("passed", True)]
        told = landproof("drill", ALPHA, "--config", zone.config, "--accept-gaps", "--workers", 0)
        assert "1 gap accepted: what was exported there is not in it" in told.out

    def test_no_chain_at_all(self, zone: Zone) -> None:
        answer = drill(zone, "--as-of", "2026-09-01")
        document = answer.document
        assert (answer.status, document["state"], document["snapshots"]) == (2, "failed", [])
        assert "nothing to drill: no usable full export" in document["message"]


class TestWhatCannotBeFoundOut:
    """Nobody says passed, and nobody says failed."""

    def test_an_encrypted_export_that_was_verified_with_a_key(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files={f"{json_part()}.pgp": pgp_messages.ROWS})
        (tmp_path / "key").write_text(pgp_messages.KEY)
        zone.settings('[pgp]\nkeys = ["file:key"]\n')
        assert zone.scan("--settle-minutes", 0).verdicts == {"202609200100": "good"}
        answer = drill(zone)
        (one,) = answer.document["snapshots"]
        assert (answer.status, answer.document["state"], one["state"]) == (3, "unknown", "unknown")
        assert "is encrypted" in one["message"]

    def test_an_encrypted_export_that_nobody_could_look_into(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files={f"{json_part()}.pgp": pgp_messages.ROWS})
        zone.scan("--settle-minutes", 0)
        answer = drill(zone)
        assert (answer.status, answer.document["state"], answer.document["snapshots"]) == (3, "unknown", [])
        assert "cannot be drilled" in answer.document["message"]

    def test_a_scratch_folder_with_too_little_room_is_told_before_anything_is_fetched(
        self, zone: Zone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = shutil.disk_usage(zone.folder)._replace(free=100)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
        answer = drill(zone)
        assert (answer.status, "too little room" in answer.error["message"]) == (3, True)
        assert "--scratch DIR" in answer.error["hint"]
        assert recorded(zone) == []

    def test_wrong_words_are_64_and_no_catalog_is_4(self, zone: Zone) -> None:
        (zone.folder / "a*b").mkdir()
        assert zone.run("drill", ALPHA, "--scratch", zone.folder / "a*b").status == 64
        assert [drill(zone, dataset=d).status for d in (BETA, f"zone/{BETA}", "Nothing")] == [64, 64, 64]
        assert drill(zone, "--as-of", "yesterday").status == 64
        assert zone.run("drill", ALPHA, "--scratch", zone.folder / "none").status == 64
        assert landproof("drill", f"zone/{ALPHA}", "--catalog", zone.folder / "none.duckdb").status == 4


class TestABucket:
    """The same from an S3 server, and when that does not answer."""

    @pytest.fixture
    def proxied(self, tmp_path: Path) -> Iterator[tuple[Zone, list[Rule]]]:
        """A scanned bucket behind a proxy, and the rules of that."""
        files = Zone(tmp_path / "files", "exports")
        files.exports(2, files=3)
        zone = Zone(tmp_path, "exports")
        with moto_s3(tmp_path) as server, faulty_proxy(server.url) as proxy:
            store = S3Store(server, "landing")
            for path in sorted(p for p in files.root.rglob("*") if p.is_file()):
                store.put(f"exports/{path.relative_to(files.root)}", path.read_bytes())
            zone.config.write_text(
                '[zones.exports]\nurl = "s3://landing/exports"\n[zones.exports.options]\n'
                f'endpoint_url = "{proxy.url}"\nkey = "testing-key"\nsecret = "testing-secret"\nregion = "us-east-1"\n'
                f'[catalog]\npath = "{zone.catalog}"\n'
            )
            zone.scan("--settle-minutes", 0)
            yield zone, proxy.rules

    def test_is_drilled_and_unknown_where_it_refuses(self, proxied: tuple[Zone, list[Rule]]) -> None:
        zone, rules = proxied
        good = drill(zone, "--workers", 2)
        assert (good.status, good.document["rows_loaded"], good.document["files"]) == (0, 30, 6)
        rules.append(Rule(is_read, refused(403, "<Error><Code>AccessDenied</Code></Error>")))
        blind = drill(zone)
        assert (blind.status, blind.document["state"], states(blind.document)) == (3, "unknown", ["unknown"] * 2)
        assert "could not fetch" in blind.document["snapshots"][0]["message"]


class TestEndings:
    """What is left when a drill is not left to itself."""

    @pytest.mark.parametrize("moment", ["fetching", "loading"])
    def test_an_interrupted_one_is_130_and_leaves_no_scratch(self, tmp_path: Path, scratch: Path, moment: str) -> None:
        zone = Zone(tmp_path)
        row = b'{"a": "' + os.urandom(500).hex().encode() + b'", "b": [1, 2, 3]}\n'
        zone.export(files={json_part(n): gz(row * 80_000) for n in range(2)})
        zone.scan("--settle-minutes", 0, "--depth", "list")
        words = ["--catalog", zone.catalog, "--scratch", scratch, "--depth", "list", "--workers", 2]
        process = started("drill", ALPHA, *words)
        suffix = ".duckdb" if moment == "loading" else ".gz"
        came = until(lambda: any(name.endswith(suffix) for *_, names in os.walk(scratch) for name in names))
        modes = [folder.stat().st_mode & 0o777 for folder in scratch.iterdir()]
        time.sleep(0.1 if moment == "loading" else 0)
        os.kill(process.pid, signal.SIGTERM)
        answer = finished(process)
        assert (came, modes) == (True, [0o700])
        assert (answer.status, "interrupted" in answer.err, "Traceback" in answer.err) == (130, True, False)
        assert list(scratch.iterdir()) == []
        assert recorded(zone) == []


class TestAnOverdueDrill:
    """`drill_every` of a dataset and `check`."""

    CODE = "dataset.drill-overdue"

    def test_is_told_until_one_passed_and_as_of_the_moment_asked_about(self, zone: Zone) -> None:
        zone.settings(daily(ALPHA, 'drill_every = "10d"', "enabled = false"))
        found = zone.run("check").only(self.CODE)
        assert (found["level"], found["expected"]) == ("warn", "every 10d")
        assert "none ever did" in found["message"]
        assert drill(zone, "--as-of", "2026-09-01").status == 2
        assert "one did not" in zone.run("check").only(self.CODE)["message"]
        assert drill(zone).status == 0
        assert self.CODE not in zone.run("check").codes
        before = utc(recorded(zone)[-1]["finished_at"]) - timedelta(seconds=1)
        assert self.CODE in zone.run("check", "--at", before.isoformat()).codes
