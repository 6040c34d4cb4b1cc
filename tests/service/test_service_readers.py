"""The real service under many readers while real scans record: no error, nothing lost, nobody kept out."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support.landproof import finished, started
from support.processes import until

READERS, NIGHTS, DATASETS = 24, 3, 4
ADDRESSES = ("/api/v1/datasets", "/api/v1/snapshots", "/api/v1/overview", "/api/v1/scans", "/readyz", "/metrics")


def dataset_id(number: int) -> str:
    return f"64e0c0ffee01234567{number:06x}"


def land(folder: Path, night: int) -> None:
    for number in range(DATASETS):
        there = folder / f"zone/{dataset_id(number)}/exportTime=202611{night + 1:02}0100"
        there.mkdir(parents=True)
        name = "part-00000-tid-1-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9-1-1-c000.json"
        (there / name).write_text('{"_id":"1"}\n')


def scan(folder: Path) -> None:
    words = ("--workers", "0", "--settle-minutes", "0", "--fail-on", "error")
    answer = finished(started("scan", *words, cwd=folder))
    assert answer.status == 0, answer.err


@pytest.fixture
def place(tmp_path: Path) -> Path:
    tables = "".join(
        f'[[datasets]]\nzone = "z"\nid = "{dataset_id(n)}"\nevery = "24h"\nstarts_at = 2026-11-01T01:00:00Z\n'
        for n in range(DATASETS)
    )
    (tmp_path / "landproof.toml").write_text(f'[zones.z]\nurl = "zone"\n{tables}')
    land(tmp_path, 0)
    scan(tmp_path)
    return tmp_path


@pytest.fixture
def url(place: Path) -> Iterator[str]:
    process = started("serve", "--port", "0", "--json", cwd=place)
    try:
        assert process.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            line = process.stdout.readline().decode()
            assert line, "the service ended"
            text += line
        yield str(json.loads(text)["url"])
        process.send_signal(signal.SIGTERM)
        assert finished(process).status == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_many_readers_see_every_scan_and_no_error_while_scans_record(place: Path, url: str) -> None:
    ended = threading.Event()

    def read(number: int) -> list[int]:
        seen = []
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            while not ended.is_set():
                address = ADDRESSES[(number + len(seen)) % len(ADDRESSES)]
                answer = client.get(address)
                assert answer.status_code == 200, f"{address}: {answer.text}"
                seen.append(answer.status_code)
        return seen

    def shown() -> int:
        document = httpx.get(f"{url}/api/v1/snapshots", timeout=60, trust_env=False).json()
        return len(document["snapshots"])

    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(read, number) for number in range(READERS)]
        try:
            for night in range(1, NIGHTS):
                land(place, night)
                scan(place)
            assert until(lambda: shown() == NIGHTS * DATASETS, 60)
        finally:
            ended.set()
        assert all(one.result() for one in reading)
    check = finished(started("catalog", "verify", cwd=place))
    assert check.status == 0, check.out + check.err


def test_a_service_that_is_killed_leaves_copies_that_the_next_removes(place: Path) -> None:
    process = started("serve", "--port", "0", "--json", cwd=place)
    assert until(lambda: list(place.glob("landproof-scratch-*/*.duckdb")))
    process.kill()
    process.communicate()
    (left,) = place.glob("landproof-scratch-*")
    again = started("serve", "--port", "0", "--json", cwd=place)
    try:
        assert until(lambda: not left.exists())
        scan(place)
    finally:
        again.send_signal(signal.SIGTERM)
        answer = finished(again)
    assert answer.status == 0, answer.err
    assert list(place.glob("landproof-scratch-*")) == []
