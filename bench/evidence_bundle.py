"""Measure `audit bundle` against DuckDB writing the same rows as JSON: seconds, processor time and peak memory.

Run it as `python -m bench.evidence_bundle [--datasets N] [--days N] [--files N] [--runs N]`. Without sizes it is 200
datasets, 30 days and 20 files an export. Each run is a process of its own, in turn. The peer judges nothing, proves
nothing and packs nothing: it is what writing the rows costs at least.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from bench.catalog_builder import FIRST, URL, ZONE, Plan, build
from bench.harness import Ratio, report
from catalog.sealing import Occasion, Sealing, seal
from catalog.store import ledger
from catalog.store.database import Catalog
from catalog.store.ledger import Telling
from catalog.store.ledger_facts import recorded_moments

_COMMAND = str(Path(sys.executable).parent / "landproof")
_PEER = """
import duckdb, sys
catalog, folder = sys.argv[1:]
connection = duckdb.connect(catalog, read_only=True, config={"threads": "2", "memory_limit": "1GB"})
for view in ("snapshots", "files", "findings", "scans"):
    connection.execute(f"COPY (FROM {view} ORDER BY ALL) TO '{folder}/{view}.jsonl' (FORMAT json)")
"""


@dataclass(slots=True)
class Measured:
    """What the runs of one command took: seconds, processor seconds, and the most memory in bytes."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peak: list[int] = field(default_factory=list)

    def run(self, words: list[str]) -> None:
        """Run a command once in a process of its own."""
        began = perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{words[0]}: exit status {process.returncode}")
        self.seconds.append(perf_counter() - began)
        self.processor.append(used.ru_utime + used.ru_stime)
        self.peak.append(used.ru_maxrss * 1024)


def main() -> int:
    """Build a catalog with its ledger, bundle it so many times, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("datasets", 200), ("days", 30), ("files", 20), ("runs", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    plan = Plan(datasets=asked.datasets, days=asked.days, files=asked.files)
    with tempfile.TemporaryDirectory(prefix="landproof-evidence-") as name:
        folder = Path(name)
        config = prepared(folder, plan)
        ours, peer = Measured(), Measured()
        for run in range(asked.runs + 1):
            out = folder / f"{run}.zip"
            ours.run(words(config, out, plan))
            made = folder / str(run)
            made.mkdir()
            peer.run([sys.executable, "-c", _PEER, str(folder / "landproof.duckdb"), str(made)])
        tell(ours, peer, out.stat().st_size)
    return 0


def prepared(folder: Path, plan: Plan) -> Path:
    """Build a catalog, tell all of it in its ledger, and return settings that promise its exports."""
    file = folder / "landproof.duckdb"
    build(file, plan)
    catalog = Catalog(file)
    at = FIRST + timedelta(days=plan.days + 1)
    with catalog.write() as connection:
        connection.execute("SET memory_limit = '2GB'")
        ledger.append(connection, recorded_moments(connection), Telling(at, "bench"))
    seal(catalog, Sealing(signer=None, outside=None), Occasion(at=at, entry_id="bench", tool_version="bench"))
    tables = [
        f'[[datasets]]\nzone = "{ZONE}"\nid = "{plan.dataset_id(n)}"\n'
        f'every = "24h"\nstarts_at = "{FIRST.isoformat()}"\ngrace = "6h"\n'
        for n in range(plan.datasets)
    ]
    config = folder / "landproof.toml"
    config.write_text(f'[zones.{ZONE}]\nurl = "{URL}"\n' + "".join(tables), encoding="utf-8")
    return config


def words(config: Path, out: Path, plan: Plan) -> list[str]:
    """Return the command that bundles all of it."""
    last = FIRST + timedelta(days=plan.days)
    period = ["--from", FIRST.isoformat(), "--to", last.isoformat()]
    return [_COMMAND, "audit", "bundle", *period, "--config", str(config), "--out", str(out)]


def tell(ours: Measured, peer: Measured, size: int) -> None:
    """Print the ratios, and the memory beside them; the first run of each is left out."""
    report(
        [
            Ratio(name=f"bundle, {what}", peer_name="DuckDB, JSON", aim=None, ours=tuple(one[1:]), peer=tuple(two[1:]))
            for what, one, two in (
                ("seconds", ours.seconds, peer.seconds),
                ("processor seconds", ours.processor, peer.processor),
            )
        ]
    )
    peaks = [statistics.median(one.peak[1:]) / 1e6 for one in (ours, peer)]
    sys.stdout.write(
        f"\npeak memory {peaks[0]:.0f} MB, the peer's {peaks[1]:.0f} MB; a bundle of {size / 1e6:.0f} MB\n"
    )


if __name__ == "__main__":
    sys.exit(main())
