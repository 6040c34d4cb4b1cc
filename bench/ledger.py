"""Measure what the ledger costs a scan: the share of its time that telling and sealing take.

Run it as `python -m bench.ledger [--files N] [--per-snapshot N] [--rows N]`. Each depth scans the same zone of small
NDJSON files, which is near the worst there is: little to read, much to record. The peer is the rest of the same scan,
in the same process, so that what else the machine does falls on both alike. The ledger is then verified.
"""

from __future__ import annotations

import argparse
import gzip
import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from time import perf_counter
from typing import ParamSpec, TypeVar

from bench.zones import build_zone
from catalog.cli.scanning import Terms, perform
from catalog.cli.session import Session
from catalog.exit_status import Judgement
from catalog.ledger_verify import Trust, verify_ledger
from catalog.questions.closing import seal_now
from catalog.settings.loading import load_settings
from catalog.store import journal
from catalog.store.database import Catalog
from catalog.targets import find_targets
from verifier.model import Depth

AIM = 0.05
P = ParamSpec("P")
R = TypeVar("R")


class Share:
    """How long some work took within other work."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seconds = 0.0

    def of(self, work: Callable[P, R]) -> Callable[P, R]:
        """Return the same work, timed."""

        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            began = perf_counter()
            try:
                return work(*args, **kwargs)
            finally:
                self.seconds += perf_counter() - began

        return timed


def main() -> int:
    """Scan at each depth, print a row for each; 0 when every share is within the aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=8_000)
    parser.add_argument("--rows", type=int, default=2_000, help="in each file, of some 30 bytes")
    parser.add_argument("--per-snapshot", type=int, default=4)
    asked = parser.parse_args()
    shares = []
    sys.stdout.write("| scan | seconds | of which the ledger | share | aim | holds |\n|---|---:|---:|---:|---:|---|\n")
    with tempfile.TemporaryDirectory(prefix="landproof-bench-") as name:
        scratch = Path(name)
        build_zone(scratch / "zone", asked.files, asked.per_snapshot)
        grow(scratch / "zone", asked.rows)
        for depth in (Depth.FULL, Depth.STRUCTURE, Depth.LIST):
            shares.append(measured(scratch, depth))
            catalog = Catalog(scratch / f"{depth.value}.duckdb")
            verified(catalog)
        shutil.rmtree(scratch / "zone")
    return 0 if all(share <= AIM for share in shares) else 1


def grow(zone: Path, rows: int) -> None:
    """Give every file so many rows, no two files alike."""
    for number, file in enumerate(sorted(zone.rglob("*.json.gz"))):
        lines = (b'{"_id":"%d-%d","n":%d}\n' % (number, row, row * number % 977) for row in range(rows))
        file.write_bytes(gzip.compress(b"".join(lines), 1, mtime=0))


def measured(scratch: Path, depth: Depth) -> float:
    """Scan everything once; return the ledger's share."""
    settings_file = scratch / f"{depth.value}.toml"
    place = f'[catalog]\npath = "{depth.value}.duckdb"\n[zones.zone]\nurl = "{scratch / "zone"}"\n'
    settings_file.write_text(place, encoding="utf-8")
    settings = load_settings(settings_file, {})
    session = Session(settings, Catalog(settings.catalog_path), wants_json=True)
    share, began = Share(), perf_counter()
    with timed_append(share), redirect_stdout(io.StringIO()):
        perform(session, find_targets([], settings, {}), Terms(depth=depth, settle_minutes=0), Judgement(settings))
        share.of(seal_now)(session)
    whole = perf_counter() - began
    part = share.seconds / whole
    holds = "yes" if part <= AIM else "no"
    sys.stdout.write(f"| depth {depth.value} | {whole:.1f} | {share.seconds:.2f} | {part:.3f} | {AIM} | {holds} |\n")
    return part


def verified(catalog: Catalog) -> None:
    """Verify the ledger and say how long that took."""
    began = perf_counter()
    found = verify_ledger(catalog, Trust())
    sys.stdout.write(f"{found.entries} entries verified in {perf_counter() - began:.1f} s\n")


@contextmanager
def timed_append(share: Share):
    """Time every appending to the ledger while the body runs."""
    before = journal.ledger.append
    journal.ledger.append = share.of(before)
    try:
        yield
    finally:
        journal.ledger.append = before


if __name__ == "__main__":
    sys.exit(main())
