"""A scan by a Dask cluster: the same document as by this machine, whatever dies, and no secret leaves it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dask_cluster import DaskCluster, dask_cluster
from support.destinations import DESTINATIONS, Servers, zone_settings
from support.landproof import Answer, Document, findings_of, finished, landproof, started
from support.processes import Killer, readers_of, until

from fixtures import pgp_messages as messages
from fixtures.content import flipped, gz, lines, parquet

DATASET = "64e0c0ffee0123456789abcd"
FOLDER = "exportTime=202609220100"
SNAPSHOTS = {
    "exportTime=202609190100": {"part-00000.json.gz": gz(lines()), "part-00001.parquet": parquet()},
    "exportTime=202609200100": {"part-00000.json.gz": gz(lines())[:-9], "part-00001.parquet": parquet()},
    "exportTime=202609210100": {"part-00000.parquet": flipped(parquet(), 100), "part-00001.json": lines()},
    FOLDER: {"part-00000.json.gz": gz(lines())},
}
SLOW_BYTES = 2 << 30
VERSION = "9.9.9"

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="watches processes in /proc")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster whose workers know the credentials of a store and the passphrase of a key."""
    known = {
        "STORE_KEY": "LANDPROOFTESTKEY",
        "STORE_SECRET": "landproof-test-secret",
        "PGP_PASSPHRASE": messages.PASSPHRASE,
    }
    with dask_cluster(tmp_path_factory.mktemp("cluster"), environment=known) as running:
        yield running


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A zone of good and bad snapshots, and one file in it, sparse, that takes a while to hash."""
    root = tmp_path / "exports"
    for folder, files in SNAPSHOTS.items():
        (root / DATASET / folder).mkdir(parents=True)
        for name, data in files.items():
            (root / DATASET / folder / name).write_bytes(data)
    settings = tmp_path / "landproof.toml"
    settings.write_text('[zones.exports]\nurl = "exports"\n')
    with slow_file(settings).open("wb") as file:
        file.truncate(SLOW_BYTES)
    return settings


def slow_file(settings: Path) -> Path:
    return settings.parent / "exports" / DATASET / FOLDER / "slow.csv"


def comparable(answer: Answer) -> Document:
    """Return a document without what a scan's own moment put into it."""
    document = answer.document
    for field in ("scan_id", "started_at", "finished_at"):
        del document[field]
    return document


def scan(settings: Path, name: str, *words: object) -> list[object]:
    catalog = settings.parent / f"{name}.duckdb"
    return ["scan", "--config", settings, "--catalog", catalog, "--settle-minutes", 0, "--json", *words]


def by(cluster: DaskCluster) -> list[object]:
    return ["--engine", "dask", "--scheduler", cluster.address]


def test_a_worker_killed_in_the_middle_of_a_scan_changes_nothing_in_its_document(zone: Path, tmp_path: Path) -> None:
    with dask_cluster(tmp_path) as cluster, Killer(slow_file(zone), times=1) as killer:
        seen = finished(started(*scan(zone, "cluster", *by(cluster))), seconds=120)
        assert killer.killed in ([cluster.pid("worker-0")], [cluster.pid("worker-1")])
    alone = landproof(*scan(zone, "alone", "--workers", 0))
    assert (seen.status, "distributed" in seen.err, "Traceback" in seen.err) == (alone.status, False, False)
    assert comparable(seen) == comparable(alone)


def test_a_file_that_kills_its_worker_again_and_again_is_unreadable_and_the_scan_goes_on(
    zone: Path, tmp_path: Path
) -> None:
    intolerant = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with dask_cluster(tmp_path, 3, intolerant) as cluster, Killer(slow_file(zone), times=2) as killer:
        seen = finished(started(*scan(zone, "cluster", *by(cluster))), seconds=120)
    assert len(killer.killed) == 2
    assert seen.status == 3
    assert seen.only("file.unreadable")["path"].endswith("slow.csv")
    assert list(seen.verdicts.values()) == ["good", "corrupt", "corrupt", "unknown"]


def test_a_scheduler_lost_in_the_middle_of_a_scan_is_no_look_and_what_was_finished_is_recorded(
    zone: Path, tmp_path: Path
) -> None:
    def kill_scheduler() -> None:
        if until(lambda: readers_of(slow_file(zone)), seconds=100):
            time.sleep(1.5)  # what came before it is on its way, and it takes longer
            cluster.kill("scheduler")

    with dask_cluster(tmp_path) as cluster:
        killing = threading.Thread(target=kill_scheduler)
        killing.start()
        seen = finished(started(*scan(zone, "cluster", *by(cluster))), seconds=120)
        killing.join()
    assert (seen.status, "Traceback" in seen.err) == (3, False)
    lost = [found for found in findings_of(seen.document) if found["code"] == "file.unreadable"]
    assert {found["message"] for found in lost} == {"could not be read: the connection to the scheduler was lost"}
    assert slow_file(zone).name in str(lost)
    again = landproof(*scan(zone, "cluster", "--workers", 0))
    assert (again.status, "file.unreadable" in again.codes) == (2, False)
    assert again.counts["bytes_read"] >= SLOW_BYTES
    assert again.counts["files_unchanged"] >= len(SNAPSHOTS["exportTime=202609190100"])


def test_a_scheduler_that_does_not_answer_is_said_and_nothing_is_recorded(zone: Path) -> None:
    seen = landproof(*scan(zone, "none", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"))
    assert seen.status == 3
    assert "tcp://127.0.0.1:1 does not answer" in seen.error["message"]
    assert "--engine local" in seen.error["hint"]


def test_workers_of_another_version_are_refused(zone: Path, tmp_path: Path) -> None:
    other = tmp_path / "site" / f"landproof-{VERSION}.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: landproof\nVersion: {VERSION}\n")
    with dask_cluster(tmp_path, 1, {"PYTHONPATH": str(other.parent)}) as cluster:
        seen = landproof(*scan(zone, "none", *by(cluster)))
    assert seen.status == 64
    assert f"has landproof {VERSION}" in seen.error["message"]


def test_a_cluster_without_workers_is_said(zone: Path, tmp_path: Path) -> None:
    with dask_cluster(tmp_path, 0) as cluster:
        seen = landproof(*scan(zone, "none", *by(cluster)))
    assert (seen.status, "has no workers" in seen.error["message"]) == (3, True)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--engine", "dask"], "--scheduler"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--engine dask"),
        (["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--workers", 2], "--workers"),
        (["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--max-requests-per-second", 2], "rates"),
        (["--engine", "dask", "--scheduler", "no such thing"], "no such thing"),
    ],
)
def test_options_that_do_not_go_together_are_refused(zone: Path, words: list[object], text: str) -> None:
    seen = landproof(*scan(zone, "none", *words))
    assert (seen.status, text in seen.error["message"]) == (64, True)


def test_without_dask_it_is_said_how_to_come_by_it(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    seen = landproof(*scan(zone, "none", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"))
    assert (seen.status, "landproof[dask]" in seen.error["hint"]) == (64, True)


class TestSecrets:
    """Those of a store, which the settings refer to."""

    @pytest.fixture
    def settings(self, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (row,) = [row for row in DESTINATIONS if row.name == "s3-rclone"]
        store = row.new_store(servers)
        store.put(f"{DATASET}/{FOLDER}/part-00000.json.gz", gz(lines()))
        text = zone_settings(store.location())
        options = store.location().options
        for name, secret in (("STORE_KEY", str(options["key"])), ("STORE_SECRET", str(options["secret"]))):
            monkeypatch.setenv(name, secret)
            text = text.replace(f'"{secret}"', f'"${{{name}}}"')
        path = tmp_path / "landproof.toml"
        path.write_text(f"[zones.exports]\n{text}\n")
        return path

    def test_they_are_found_by_the_workers(self, settings: Path, cluster: DaskCluster) -> None:
        seen = landproof(*scan(settings, "cluster", *by(cluster)))
        assert (seen.status, list(seen.verdicts.values())) == (0, ["good"])

    def test_a_worker_without_them_says_which_it_lacks_and_no_bytes_are_called_bad(
        self, settings: Path, cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ONLY_HERE", "landproof-test-secret")
        settings.write_text(settings.read_text().replace("STORE_SECRET", "ONLY_HERE"))
        seen = landproof(*scan(settings, "cluster", *by(cluster)))
        assert (seen.status, list(seen.verdicts.values())) == (3, ["unknown"])
        assert "environment variable ONLY_HERE is not set" in seen.only("file.unreadable")["message"]
        assert "landproof-test-secret" not in seen.out + seen.err

    def test_a_literal_one_is_refused(self, settings: Path, cluster: DaskCluster) -> None:
        settings.write_text(settings.read_text().replace("${STORE_SECRET}", "landproof-test-secret"))
        seen = landproof(*scan(settings, "cluster", *by(cluster)))
        assert seen.status == 64
        assert "zones.exports.options.secret: a literal secret does not travel" in seen.err
        assert "landproof-test-secret" not in seen.out + seen.err


class TestKeysOfPgp:
    """Those that decrypt exports, and the passphrase that unlocks them."""

    @pytest.fixture
    def settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "exports" / DATASET / FOLDER
        folder.mkdir(parents=True)
        (folder / "part-00000.json.gz.pgp").write_bytes(messages.FOR_LOCKED)
        (tmp_path / "key").write_text(messages.LOCKED_KEY)
        monkeypatch.setenv("PGP_PASSPHRASE", messages.PASSPHRASE)
        path = tmp_path / "landproof.toml"
        path.write_text(
            '[zones.exports]\nurl = "exports"\n[pgp]\nkeys = ["file:key"]\npassphrase = "${PGP_PASSPHRASE}"\n'
        )
        return path

    def test_they_are_found_by_the_workers(self, settings: Path, cluster: DaskCluster) -> None:
        seen = landproof(*scan(settings, "cluster", *by(cluster)))
        assert (seen.status, list(seen.verdicts.values())) == (0, ["good"])

    def test_a_worker_without_them_says_which_it_lacks(
        self, settings: Path, cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ONLY_HERE", messages.PASSPHRASE)
        settings.write_text(settings.read_text().replace("PGP_PASSPHRASE", "ONLY_HERE"))
        seen = landproof(*scan(settings, "cluster", *by(cluster)))
        assert (seen.status, list(seen.verdicts.values())) == (3, ["unknown"])
        assert "environment variable ONLY_HERE is not set" in seen.only("file.unreadable")["message"]
