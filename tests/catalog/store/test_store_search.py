"""A search finds by parts of ids, by whole names and by digests, in catalogs of any age."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.recording import begin_scan, record_schedules, record_snapshots

from catalog.store.database import Catalog
from catalog.store.promises import ScheduleRecord
from catalog.store.search import Search, find_all

IDS = [
    f"{zone}/{dataset}/2026110{day}0100"
    for zone, dataset in (("cja", "AbA"), ("cja", "b"), ("z1", "b"))
    for day in (1, 2)
]


@pytest.fixture
def filled(catalog: Catalog, samples: ModuleType) -> Catalog:
    """Two zones with three datasets of two days; one is called part."""
    for zone in ("cja", "z1"):
        begin_scan(catalog, samples.start(f"scan-{zone}", zone=zone))
        here = [one.split("/") for one in IDS if one.startswith(zone)]
        changes = [samples.change(time, files=2, zone=zone, dataset_id=dataset) for _, dataset, time in here]
        record_snapshots(catalog, f"scan-{zone}", changes, samples.NOW)
    called = ScheduleRecord(zone="cja", dataset_id="b", name="part", schedule="none")
    record_schedules(catalog, [called], samples.NOW)
    return catalog


def found(catalog: Catalog, text: str, **more: Any) -> list[str]:
    search = Search(text=text, **more)
    return [str(one.report.id) for one in find_all(catalog, search).snapshots.items]


@pytest.mark.parametrize(
    "text",
    [
        "cja",
        "a/a",
        "ABA/2026110101",
        "b/20261102",
        "/b/",
        "02",
        "1",
        "z1/b/202611010100",
        "b/2026110201000",
        "/b/x",
        "a//",
    ],
)
def test_snapshots_are_found_by_any_part_of_their_id_in_any_case_newest_first(filled: Catalog, text: str) -> None:
    fitting = [one for one in IDS if text.lower() in one.lower()]
    newest_first = sorted(fitting, key=lambda one: one.split("/")[2], reverse=True)
    assert found(filled, text) == newest_first
    pages = [found(filled, text, limit=2, offset=n) for n in range(0, 6, 2)]
    assert [one for page in pages for one in page] == newest_first
    assert find_all(filled, Search(text=text, limit=1)).snapshots.more == max(len(fitting) - 1, 0)


def test_a_whole_name_or_id_is_not_looked_for_in_the_middle_of_paths(filled: Catalog) -> None:
    files = {text: len(find_all(filled, Search(text=text)).files.items) for text in ("par", "part", "part-")}
    assert files == {"par": 12, "part": 0, "part-": 12}
    (dataset,) = find_all(filled, Search(text="part")).datasets.items
    assert dataset.name == "part"


@pytest.mark.parametrize("head", ["NULL", "TRY_CAST('0x' || sha256[1:8] AS UINTEGER)"])
def test_a_file_is_found_by_its_digest_whether_the_number_of_it_was_put_in_or_not(filled: Catalog, head: str) -> None:
    with filled.write() as connection:
        connection.execute(f"UPDATE file_revision SET sha256_head = {head}")
        rows = connection.execute("SELECT sha256, path FROM file_revisions WHERE zone = 'z1' ORDER BY path").fetchall()
    for sha256, path in rows:
        for text in (sha256, sha256[:8].upper(), sha256[:9]):
            items = find_all(filled, Search(text=text)).files.items
            told = [(file.snapshot.zone, file.file.known.report.file.path) for file in items]
            assert told == [("cja", path), ("z1", path)]  # where the same bytes are
        assert [f.snapshot.zone for f in find_all(filled, Search(text=sha256, zone="z1")).files.items] == ["z1"]


def test_an_older_catalog_is_given_the_numbers_of_its_digests(tmp_path: Path, samples: ModuleType) -> None:
    before = Catalog(tmp_path / "c.duckdb")
    begin_scan(before, samples.start())
    record_snapshots(before, "scan-1", [samples.change("202611010100")], samples.NOW)
    steps = (Path(__file__).parents[3] / "catalog/store/migrations/0008_views.sql").read_text(encoding="utf-8")
    alterations = [step for step in steps.split(";") if step.lstrip().startswith(("ALTER", "--")) and "ALTER" in step]
    with before.write() as connection:
        connection.execute("ALTER TABLE file_revision DROP COLUMN sha256_head")
        connection.execute(";".join(step[step.index("ALTER") :] for step in alterations))
        rows = connection.execute("SELECT sha256, sha256_head FROM file_revision").fetchall()
    assert len(rows) == 3
    assert [head for _, head in rows] == [int(sha256[:8], 16) for sha256, _ in rows]
