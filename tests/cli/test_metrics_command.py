"""`landproof metrics` over the demo's catalog: printed, as a document, to a file, and served until told to end."""

from __future__ import annotations

import re
import signal
import stat
import subprocess
import threading
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.landproof import landproof, started

from catalog.exit_status import ExitStatus
from catalog.metrics.facts import gather_facts
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog
from catalog.workflow import utc_now


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo on which the watch ran once; only asked, never changed."""
    folder = tmp_path_factory.mktemp("metrics") / "demo"
    assert landproof("demo", folder).status == ExitStatus.OK
    return folder / "landproof.toml"


def samples(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Return values by metric and by the values of its labels but those of the dataset's id."""
    return {
        family.name: {tuple(v for k, v in sorted(s.labels.items()) if k != "dataset"): s.value for s in family.samples}
        for family in text_string_to_metric_families(text)
    }


def test_the_demo_s_troubles_are_in_its_metrics(demo: Path) -> None:
    answer = landproof("metrics", "--config", demo)
    assert answer.status == ExitStatus.OK
    seen = samples(answer.out)
    statuses = {labels[:2]: value for labels, value in seen["landproof_dataset_status"].items() if value}
    assert statuses == {
        ("Web events", "failing"): 1,
        ("Orders", "failing"): 1,
        ("Customer profiles", "degraded"): 1,
        ("Call centre", "failing"): 1,
    }
    assert seen["landproof_dataset_slots"]["Orders", "missing", "demo"] == 1
    assert seen["landproof_dataset_snapshots"]["Web events", "corrupt", "demo"] == 1
    assert set(seen["landproof_dataset_never_read_files"].values()) == {0}
    assert seen["landproof_night_expected_interval_seconds"] == {(): 86400}
    assert len(seen["landproof_dataset_newest_good_timestamp_seconds"]) == 4


def test_metrics_agree_with_what_check_says(demo: Path) -> None:
    document = landproof("check", "--config", demo, "--json").document
    seen = samples(landproof("metrics", "--config", demo).out)
    for dataset in document["datasets"]:
        found = [*dataset["findings"], *(f for s in dataset["slots"] for f in s["findings"])]
        for level in ("error", "warn", "info"):
            counted = sum(f["level"] == level and not f["accepted"] for f in found)
            labels = (level, dataset["name"], "demo")
            assert seen["landproof_dataset_findings"][labels] == counted


def test_the_document_says_the_same(demo: Path) -> None:
    document = landproof("metrics", "--config", demo, "--json").document
    text = landproof("metrics", "--config", demo).out
    assert [m["name"] for m in document["metrics"]][1:] == list(samples(text))[1:]


def test_a_file_is_there_for_another_user_to_read(demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "landproof.prom"
    answer = landproof("metrics", "--config", demo, "--file", path)
    assert (answer.status, answer.out, answer.err) == (ExitStatus.OK, "", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert "landproof_build_info" in samples(path.read_text())
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_catalog_there_are_no_metrics_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "landproof.prom"
    path.write_text("before")
    answer = landproof("metrics", "--catalog", tmp_path / "none.duckdb", "--file", path)
    assert answer.status == ExitStatus.CATALOG
    assert path.read_text() == "before"


@pytest.mark.parametrize(
    "words", [["--file", "x.prom", "--listen", ":0"], ["--file", "x.prom", "--json"], ["--listen", "nowhere"]]
)
def test_what_does_not_go_together_is_wrong_usage(demo: Path, words: list[str]) -> None:
    assert landproof("metrics", "--config", demo, *words).status == ExitStatus.USAGE


def test_encrypted_and_ended_datasets_have_no_age_that_is_allowed(demo: Path, tmp_path: Path) -> None:
    text = demo.read_text(encoding="utf-8").replace('name = "Orders"', 'name = "Orders"\nencrypted = true')
    text = text.replace('name = "Web events"', 'name = "Web events"\nends_at = "2020-01-01T00:00:00Z"', 1)
    text = text.replace('name = "Call centre"', 'name = "Call centre"\nrecovery_point = "36h"\nverify_every = "7d"')
    other = tmp_path / "landproof.toml"
    other.write_text(re.sub(r"^starts_at = .*$", 'starts_at = "2019-01-01T00:00:00Z"', text, flags=re.MULTILINE))
    facts = gather_facts(load_settings(other, {}), Catalog(demo.with_name("landproof.duckdb")), utc_now())
    hours = {k.name: a.age.total_seconds() / 3600 if a.age else None for k, a in facts.allowed.items()}
    assert hours == {"Web events": None, "Orders": None, "Customer profiles": 48, "Call centre": 36}
    assert [a.unread.days for a in facts.allowed.values() if a.unread] == [7]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(demo: Path, number: signal.Signals) -> None:
    process = started("metrics", "--config", demo, "--listen", ":0")
    try:
        url = _where(process)
        assert url.startswith("http://127.0.0.1:")
        assert "landproof_build_info" in httpx.get(url, trust_env=False, timeout=30).text
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, b"", b"")
    finally:
        process.kill()
        process.communicate()


def test_a_catalog_that_is_being_written_is_503_and_served_again_afterwards(demo: Path) -> None:
    process = started("metrics", "--config", demo, "--listen", ":0")
    try:
        url = _where(process)
        with Catalog(demo.with_name("landproof.duckdb")).write():
            locked = httpx.get(url, trust_env=False, timeout=30)
        assert locked.status_code == 503
        assert "locked" in locked.text
        assert httpx.get(url, trust_env=False, timeout=30).status_code == 200
    finally:
        process.kill()
        process.communicate()


def _where(process: subprocess.Popen[bytes]) -> str:
    """Return the URL that a started command says it serves."""
    alarm = threading.Timer(30, process.kill)
    alarm.start()
    assert process.stderr
    line = process.stderr.readline().decode()
    alarm.cancel()
    told = re.search(r"metrics at (\S+)", line)
    assert told, line
    return told[1]
