"""Jobs as a client of the service sees them, and a zone that takes its time; asserts nothing."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from support.zones import ALPHA, Zone, daily, days_before

from fixtures.content import TIME, gz, json_part

Document = dict[str, Any]
OVER = ("succeeded", "failed", "cancelled", "interrupted")


def slow_zone(folder: Path, files: int, name: str = "zone") -> Zone:
    """Return a zone with daily exports of ten files, all of which are the same bytes, which take a while to read."""
    zone = Zone(folder, name)
    some = random.Random(1)
    line = '{"id": %d, "text": "%032x"}'
    blob = gz("\n".join(line % (n, some.getrandbits(128)) for n in range(40_000)).encode() + b"\n")
    first = zone.put("first", blob)
    for time_ in days_before(TIME, max(files // 10, 1)):
        target = zone.root / ALPHA / f"exportTime={time_}"
        target.mkdir(parents=True)
        for number in range(min(files, 10)):
            os.link(first, target / json_part(number))
    first.unlink()
    zone.settings(daily())
    return zone


def ask(client: httpx.Client, command: str, **options: object) -> Document:
    """Ask for a job, which must be taken."""
    answer = client.post("/api/v1/jobs", json={"command": command} | options)
    assert answer.status_code == 202, answer.text
    job: Document = answer.json()
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    return job


def get(client: httpx.Client, job: Mapping[str, Any]) -> Document:
    """Ask how far a job is."""
    found: Document = client.get(f"/api/v1/jobs/{job['id']}").raise_for_status().json()
    return found


def ended(client: httpx.Client, job: Mapping[str, Any], seconds: float = 90) -> Document:
    """Wait until a job is over."""
    return when(client, job, OVER, seconds)


def when(client: httpx.Client, job: Mapping[str, Any], states: tuple[str, ...], seconds: float = 60) -> Document:
    """Wait until a job is in one of these states."""
    end = time.monotonic() + seconds
    while (found := get(client, job))["state"] not in states:
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def reading(client: httpx.Client, job: Mapping[str, Any], seconds: float = 60) -> Document:
    """Wait until a job has read some files."""
    end = time.monotonic() + seconds
    while not (found := get(client, job))["progress"]["read_files"]:
        assert found["state"] not in OVER, found
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def events_of(text: str) -> list[tuple[str, str, Document]]:
    """Return the events of a stream: name, id, data."""
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
        told = {name: value for name, _, value in lines}
        if "data" in told:
            found.append((told["event"], told["id"], json.loads(told["data"])))
    return found
