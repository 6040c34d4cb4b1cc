"""A scan, a check, three readers and another machine's segments at once: nobody sees an error, no row is lost.

SECONDS=600 makes it ten minutes in place of half of one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.landproof import landproof
from support.zones import ALPHA, BETA, Zone, daily, some_json

from fixtures.content import json_part

SECONDS = float(os.environ.get("SECONDS", "30"))

# One command again and again, in one process; what it said on stderr and its exit statuses come out at the end.
AGAIN = """
import io, json, sys, time
from contextlib import redirect_stderr, redirect_stdout
from catalog.cli.main import main
until, statuses, said = time.time() + float(sys.argv[1]), {}, ""
while time.time() < until:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        status = main(sys.argv[2:])
    statuses[status] = statuses.get(status, 0) + 1
    said += err.buffer.getvalue().decode()
print(json.dumps([statuses, said]))
"""


def again(zone: Zone, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", AGAIN, str(SECONDS), *map(str, words), "--config", str(zone.config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(process: subprocess.Popen[str]) -> tuple[set[str], str, int]:
    out, err = process.communicate(timeout=SECONDS + 120)
    assert (process.returncode, err) == (0, "")
    statuses, said = json.loads(out)
    return set(statuses), said, sum(statuses.values())


def export_times(count: int) -> Sequence[str]:
    first = datetime(2026, 1, 1, 1, tzinfo=UTC)
    return [(first + timedelta(hours=n)).strftime("%Y%m%d%H%M") for n in range(count)]


def test_nobody_sees_an_error_and_no_row_is_lost(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, 'name = "Web events"', starts_at="2026-09-01T01:00:00Z"))
    elsewhere = Zone(tmp_path / "elsewhere", "other")
    elsewhere.config.write_text(
        f'[catalog]\npath = "other.duckdb"\nsegments = "{tmp_path / "landproof.segments"}"\n'
        f'[zones.other]\nurl = "{elsewhere.root}"\n'
    )
    assert zone.scan().status == 1
    running = {
        "scan": again(zone, "scan", "--workers", 0),
        "check": again(zone, "check"),
        "ingest": again(zone, "catalog", "ingest"),
        "snapshots": again(zone, "snapshots", "--json"),
        "find": again(zone, "find", "exportTime"),
        "datasets": again(zone, "datasets"),
    }
    times, until = iter(export_times(100_000)), time.time() + SECONDS - 8
    put: list[str] = []
    while time.time() < until:
        for one, dataset in ((zone, ALPHA), (elsewhere, BETA)):
            put.append(f"{one.root.name}/{dataset}/{(moment := next(times))}")
            one.export(dataset, moment, {json_part(): some_json()})
        assert landproof("scan", "--config", elsewhere.config, "--workers", 0).status in (0, 1, 2)
        time.sleep(0.5)
    ended = {name: outcome(process) for name, process in running.items()}
    for name, (statuses, said, _) in ended.items():
        assert statuses <= ({"0", "1", "2"} if name in ("scan", "check") else {"0"}), (name, statuses, said)
        assert "locked" not in said, name
    assert min(count for _, _, count in ended.values()) > 2, ended
    assert zone.scan().status in (0, 1, 2)
    assert zone.run("catalog", "ingest").status == 0
    known = [s["id"] for s in zone.run("snapshots", "--limit", 100_000).document["snapshots"]]
    assert sorted(known) == sorted(put)
    assert zone.run("catalog", "verify").document["mismatches"] == []
