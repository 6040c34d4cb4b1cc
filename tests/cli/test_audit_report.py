"""landproof audit report: the same from the catalog and from a bundle of it, and what it does not do."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.landproof import COMMAND, landproof
from support.zones import ALPHA, BETA, Zone, daily, digits

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = (datetime.now(UTC) - timedelta(hours=12)).replace(minute=0, second=0, microsecond=0) - 6 * DAY
NAME = 'Web <events> & "more" 注文'


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def due(number: float) -> datetime:
    return FIRST + number * DAY


def export(zone: Zone, *numbers: int, dataset: str = ALPHA, late: timedelta = timedelta(minutes=7)) -> list[str]:
    return [zone.export(dataset, digits(due(n)), files=2, landed=due(n) + late) for n in numbers]


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Two datasets of seven slots: the first full is before the period; one export missing, one late, one corrupt."""
    zone = Zone(tmp_path_factory.mktemp("evidence"))
    policies = (f"name = '{NAME}'", 'recovery_point = "30h"', 'retain = "4d"', 'verify_every = "3d"')
    zone.settings(daily(ALPHA, *policies, starts_at=text(FIRST)), daily(BETA, starts_at=text(FIRST)))
    export(zone, 0, 1, 2, 4)
    export(zone, 3, late=5 * HOUR)
    broken = export(zone, 6)[0]
    export(zone, *range(7), dataset=BETA)
    zone.flip(broken)
    zone.scan()
    assert zone.run("check").status == 2
    assert zone.run("waive", BETA, "--from", text(due(1)), "--to", text(due(2)), "--reason", "a test").status == 0
    assert zone.run("drill", ALPHA, "--as-of", text(due(2) + HOUR)).status == 0
    return zone


PERIOD = ("--from", text(due(0.5)), "--to", text(due(6.25)))


def report(zone: Zone, *words: object) -> dict[str, Any]:
    answer = landproof("audit", "report", *words, "--json", "--config", zone.config)
    assert (answer.status, answer.err) == (0, "")
    return answer.document


@pytest.fixture(scope="module")
def document(zone: Zone) -> dict[str, Any]:
    """The report of the period, from the catalog."""
    return report(zone, *PERIOD)


@pytest.fixture(scope="module")
def bundle(zone: Zone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the period."""
    bundle = tmp_path_factory.mktemp("bundle") / "evidence.zip"
    assert landproof("audit", "bundle", *PERIOD, "--out", bundle, "--config", zone.config).status == 0
    return bundle


def figures(document: dict[str, Any]) -> dict[str, int | None]:
    return {f["key"]: f["value"] for f in document["figures"]}


def test_a_report_of_the_catalog_and_one_of_its_bundle_are_the_same(document: dict[str, Any], bundle: Path) -> None:
    told = landproof("audit", "report", "--bundle", bundle, "--format", "json")
    assert (told.status, told.document) == (0, document)
    json.loads(told.out, parse_float=lambda number: pytest.fail(f"a fraction: {number}"))
    found = figures(document)
    assert [found[f"slots.{s}"] for s in ("total", "proved", "missing", "arrived_late")] == [12, 9, 1, 1]
    assert found["snapshots.corrupt"] == 1
    kinds = {(e["kind"], e["state"]) for e in document["exceptions"]}
    assert kinds == {("missing", "open"), ("corrupt", "open"), ("late", "closed")}
    assert [d["kind"] for d in document["decisions"]] == ["waiver"]
    assert {d["name"] for d in document["datasets"]} == {NAME, None}


def test_a_drill_of_today_is_in_a_report_up_to_today(zone: Zone) -> None:
    document = report(zone, "--from", text(due(0.5)), "--to", text(due(8)))
    (drill,) = document["restore_tests"]
    assert (drill["kind"], drill["passed"], drill["name"]) == ("drill", True, NAME)
    assert drill["took_ms"] == figures(document)["drills.slowest_ms"] >= 0
    assert document["about"]["judged_at"] < document["about"]["period_to"]


def test_recovery_points_are_those_of_rpo_though_the_chain_began_before_the_period(
    zone: Zone, document: dict[str, Any]
) -> None:
    (own,) = [d["recovery"] for d in document["datasets"] if d["recovery"]]
    told = zone.run("rpo", ALPHA, *PERIOD).document
    assert [own[f"{s}_ms"] for s in ("met", "missed", "unknown")] == [
        round(1000 * told[f"{s}_seconds"]) for s in ("met", "missed", "unknown")
    ]
    assert own["met_ms"] > 0 < own["missed_ms"]
    stretches = [(s["from"], s["to"], s["state"], s["why"] and s["why"]["cause"]) for s in told["stretches"]]
    assert [(s["starts_at"], s["ends_at"], s["state"], s["cause"]) for s in own["stretches"]] == stretches
    assert (own["worst_from"], own["worst_to"]) == (told["worst"]["from"], told["worst"]["to"])


def test_retention_is_that_of_the_command_as_of_the_same_moment(zone: Zone, document: dict[str, Any]) -> None:
    (own,) = [d["retention"] for d in document["datasets"] if d["retention"]]
    at = document["about"]["judged_at"]
    told = zone.run("retention", "--dataset", ALPHA, "--at", at).document
    keys = ("needed", "held", "superseded", "expired")
    assert [own[key] for key in keys] == [told["counts"][key] for key in keys]
    assert len(own["gone_early"]) == told["counts"]["gone_early"]
    assert own["needed"] > 0


def test_a_bundle_that_was_changed_gives_no_report(bundle: Path, tmp_path: Path) -> None:
    changed, out = tmp_path / "evidence.zip", tmp_path / "report.html"
    data = bytearray(bundle.read_bytes())
    at = data.index(b'"verdict":"corrupt"')
    data[at : at + 19] = b'"verdict":"unknown"'
    changed.write_bytes(data)
    answer = landproof("audit", "report", "--bundle", changed, "--out", out)
    assert (answer.status, answer.out, out.exists()) == (2, "", False)
    assert "does not verify: there is no report of it" in answer.err


@pytest.mark.parametrize(("name", "start"), [("r.html", b"<!DOCTYPE html>"), ("r.pdf", b"%PDF-"), ("r.json", b"{")])
def test_a_file_is_written_in_the_format_its_name_says_and_never_over_another(
    bundle: Path, tmp_path: Path, name: str, start: bytes
) -> None:
    out = tmp_path / name
    answer = landproof("audit", "report", "--bundle", bundle, "--out", out)
    assert (answer.status, answer.out) == (0, "")
    data = out.read_bytes()
    assert data.startswith(start)
    again = landproof("audit", "report", "--bundle", bundle, "--out", out)
    assert again.status == 64
    assert "is there already, and nothing is overwritten" in again.err
    assert out.read_bytes() == data
    assert list(tmp_path.iterdir()) == [out]


def test_a_pipe_gets_the_page_a_table_or_a_pdf(bundle: Path) -> None:
    page = landproof("audit", "report", "--bundle", bundle)
    assert page.out.startswith("<!DOCTYPE html>")
    assert "Web &lt;events&gt; &amp; &#34;more&#34; 注文" in page.out
    table = landproof("audit", "report", "--bundle", bundle, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(table.out.removeprefix("\ufeff"), newline="")))
    assert {r["item"]: r["value"] for r in rows}["slots.total"] == "12"
    words = [COMMAND, "audit", "report", "--bundle", str(bundle), "--format", "pdf"]
    done = subprocess.run(words, capture_output=True, check=True, timeout=60)
    assert done.stdout.startswith(b"%PDF-")
    assert done.stdout.rstrip().endswith(b"%%EOF")


def test_a_document_goes_beside_the_file_where_both_are_asked_for(zone: Zone, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    document = report(zone, *PERIOD, "--dataset", NAME, "--out", out)
    assert out.read_bytes().startswith(b"<!DOCTYPE html>")
    assert [d["dataset_id"] for d in document["datasets"]] == [ALPHA]
    assert document["about"]["datasets"] == [f"zone/{ALPHA}"]


def test_what_was_known_before_the_first_scan_is_nothing_and_said_so(zone: Zone) -> None:
    known_at = text(due(1))
    document = report(zone, *PERIOD, "--as-known-at", known_at)
    found = figures(document)
    assert document["about"]["known_at"] == document["about"]["judged_at"] == known_at
    assert (found["snapshots.total"], found["slots.proved"], found["ledger.entries"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "2026-01-01"), "expected both --from and --to"),
        (("--from", "2999-01-01", "--to", "2999-02-01"), "in the future"),
        ((*PERIOD, "--format", "docx"), "--format: expected one of html, pdf, json, csv, got 'docx'"),
        ((*PERIOD, "--dataset", "nobody"), "no dataset nobody"),
        ((*PERIOD, "--zone", "nowhere"), "no zone named nowhere"),
        ((*PERIOD, "--bundle", "b.zip"), "--bundle says itself"),
        ((*PERIOD, "--json", "--format", "html"), "name a file for one with --out"),
        ((*PERIOD, "--out", "/nowhere/at/all/r.html"), "cannot be written"),
    ],
)
def test_what_makes_no_sense_is_refused(zone: Zone, words: tuple[str, ...], message: str) -> None:
    answer = landproof("audit", "report", *words, "--config", zone.config)
    assert answer.status == 64
    assert message in answer.err


def test_without_a_catalog_or_a_bundle_there_is_nothing_to_report_on(tmp_path: Path) -> None:
    missing = landproof("audit", "report", *PERIOD, "--catalog", tmp_path / "none.duckdb")
    assert (missing.status, "does not exist" in missing.err) == (4, True)
    unread = landproof("audit", "report", "--bundle", tmp_path / "none.zip")
    assert (unread.status, "cannot be read" in unread.err) == (3, True)
    (tmp_path / "empty.zip").write_bytes(b"")
    assert landproof("audit", "report", "--bundle", tmp_path / "empty.zip").status in (2, 3)


def test_a_state_that_was_altered_before_the_period_contradicts_its_entry(zone: Zone, tmp_path: Path) -> None:
    catalog, bundle = tmp_path / "altered.duckdb", tmp_path / "evidence.zip"
    shutil.copyfile(zone.catalog, catalog)
    with duckdb.connect(str(catalog)) as connection:
        connection.execute(
            """UPDATE snapshot_revision SET rows = 1_000_000 WHERE snapshot_key =
               (SELECT min(snapshot_key) FROM snapshot WHERE dataset_id = ? AND export_time = ?)""",
            [ALPHA, digits(due(0))],
        )
    words = (*PERIOD, "--out", bundle, "--config", zone.config, "--catalog", catalog)
    assert landproof("audit", "bundle", *words).status == 0
    answer = landproof("audit", "report", "--bundle", bundle)
    assert answer.status == 2
    assert re.search(r"data/recovery\.jsonl line \d+: '?rows'? is not what entry \d+ says", answer.err)
