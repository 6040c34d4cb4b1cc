"""The shapes that the contract promises of documents, on one zone with something of everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.landproof import Document, findings_of
from support.zones import ALPHA, BETA, Zone, daily

ZONE = {"zone", "url", "complete", "error", "findings", "endpoint", "identity", "requests"}
SCAN = {
    "schema",
    "scan_id",
    "tool_version",
    "depth",
    "started_at",
    "finished_at",
    "zones",
    "counts",
    "snapshots",
    "strays",
}
SNAPSHOT = {
    "id", "zone", "dataset_id", "export_time", "verdict", "depth", "checked", "files", "bytes", "rows", "landed_at",
    "settled", "manifest", "findings",
}  # fmt: skip
COUNTS = {
    "datasets", "snapshots", "files", "bytes", "rows", "files_read", "files_unchanged", "bytes_read",
    "error", "warn", "info",
}  # fmt: skip
FINDING = {"code", "level", "path", "message", "expected", "actual", "count", "where"}
SLOT = {"due_at", "status", "snapshot", "verdict", "findings"}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    zone = Zone(tmp_path_factory.mktemp("answers"))
    zone.settings(daily(ALPHA, 'name = "Web"'), f'[zones.away]\nurl = "{zone.folder}/away"\n')
    zone.exports(3)
    zone.flip(zone.export(BETA, files=2, manifest_in="snapshot"))
    zone.put("stray.txt", b"x")
    night = zone.run("nightly").document
    return {"scan": night["scan"], "check": night["check"], "snapshots": zone.run("snapshots").document}


def test_the_scan_document_has_everything_promised(documents: dict[str, Document]) -> None:
    scan = documents["scan"]
    assert set(scan) >= SCAN
    assert set(scan["counts"]) >= COUNTS
    assert all(set(s) >= SNAPSHOT for s in scan["snapshots"])
    assert all(set(f) >= FINDING for f in findings_of(scan))
    assert [set(z) for z in scan["zones"]] == [ZONE] * 2
    assert set(scan["zones"][1]["error"]) == {"kind", "message", "hint"}


def test_counts_are_those_of_what_is_listed(documents: dict[str, Document]) -> None:
    scan, counts = documents["scan"], documents["scan"]["counts"]
    levels = [f["level"] for f in findings_of(scan)]
    assert {level: levels.count(level) for level in ("error", "warn", "info")} == {
        level: counts[level] for level in ("error", "warn", "info")
    }
    for field in ("files", "bytes"):
        assert counts[field] == sum(s[field] for s in scan["snapshots"])
    assert counts["rows"] == sum(s["rows"] or 0 for s in scan["snapshots"])
    assert (counts["datasets"], counts["snapshots"], counts["files_read"]) == (2, 4, 6)


def test_moments_are_utc_with_z_and_paths_start_at_the_zone(documents: dict[str, Document]) -> None:
    scan = documents["scan"]
    moments = [scan["started_at"], scan["finished_at"], *(s["landed_at"] for s in scan["snapshots"])]
    assert all(moment.endswith("Z") for moment in moments)
    assert all(not f["path"].startswith("/") for f in findings_of(scan["snapshots"]) if f["path"])


def test_the_check_document_has_everything_promised(documents: dict[str, Document]) -> None:
    check = documents["check"]
    assert set(check) >= {"schema", "at", "counts", "datasets", "findings"}
    statuses = ["on_time", "arrived_late", "waiting", "missing", "unknown", "paused", "not_due"]
    assert list(check["counts"]) == statuses
    (dataset,) = check["datasets"]
    assert set(dataset) >= {"zone", "dataset_id", "name", "status", "slots", "findings"}
    assert all(set(slot) >= SLOT for slot in dataset["slots"])
    assert sum(check["counts"].values()) == len(dataset["slots"])


def test_a_look_up_gives_the_same_snapshots(documents: dict[str, Document]) -> None:
    looked_up = {s["id"]: s for s in documents["snapshots"]["snapshots"]}
    assert all(looked_up[s["id"]] | s == looked_up[s["id"]] for s in documents["scan"]["snapshots"])


def test_no_place_on_disk_is_told_but_the_zones_url(documents: dict[str, Document], tmp_path: Path) -> None:
    base = str(tmp_path.parent)
    assert base not in str(documents["scan"]["snapshots"])
