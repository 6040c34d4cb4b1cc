"""Measure a scan that finds nothing new against the listing alone: what it costs to know that nothing has changed.

Run it as `python -m bench.rescan [--files N] [--per-snapshot N] [--runs N] [local] [s3]`. Both are timed in this
process, start-up aside, in turn and on the same store: a local folder, and `rclone serve s3` over it, which keeps what
it knows of folders, as a real store does. The scan is the whole command: list, look into the catalog, print a document.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

from bench.harness import Ratio, report
from bench.zones import build_zone
from catalog.cli.scanning import Terms, perform
from catalog.cli.session import Session, print_document
from catalog.exit_status import Judgement
from catalog.settings.loading import Settings, load_settings
from catalog.store.database import Catalog
from catalog.targets import find_targets
from tests.support.servers import rclone_binary, running
from verifier.backends.registry import open_backend
from verifier.model import Depth

AIM = 1.3
KEY, SECRET = "LANDPROOFBENCHKEY", "landproof-bench-secret"


@dataclass(slots=True)
class Place:
    """A zone to be listed and scanned, and the processor seconds that either took."""

    name: str
    settings: Settings
    catalog: Catalog
    files: int
    listing: list[float] = field(default_factory=list)
    scanning: list[float] = field(default_factory=list)

    def list(self) -> None:
        """List it once, to the end."""
        (target,) = find_targets([], self.settings, {})
        began = process_time()
        backend = open_backend(target.location)
        count = sum(len(page) for page in backend.list())
        backend.close()
        self.listing.append(process_time() - began)
        expect(self.name, "files", self.files, count)

    def scan(self) -> None:
        """Scan it as the command does, its document included."""
        began = process_time()
        session = Session(self.settings, self.catalog, wants_json=True)
        targets = find_targets([], self.settings, {})
        terms = Terms(depth=Depth.LIST, settle_minutes=0)
        document = perform(session, targets, terms, Judgement(self.settings))
        with redirect_stdout(_Nowhere()):
            print_document(document)
        self.scanning.append(process_time() - began)
        expect(self.name, "unchanged files", self.files, document["counts"]["files_unchanged"])


class _Nowhere(io.TextIOBase):
    """Takes text as a file does, encoded, and forgets it."""

    def write(self, text: str) -> int:
        return len(text.encode("utf-8"))


def main() -> int:
    """Build the zone, compare in each place, print one table and what the processor did; 0 when the aim holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="local or s3; default: both")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--per-snapshot", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    ratios: list[Ratio] = []
    with tempfile.TemporaryDirectory(prefix="landproof-bench-") as name:
        scratch = Path(name)
        build_zone(scratch / "root" / "bucket", asked.files, asked.per_snapshot)
        if "local" in (asked.names or ["local"]):
            place = local(scratch, asked.files)
            ratios.append(measured(place, asked.runs))
        if "s3" in (asked.names or ["s3"]):
            command = [rclone_binary(), "serve", "s3", str(scratch / "root"), "--auth-key", f"{KEY},{SECRET}"]
            command += ["--addr", "127.0.0.1:0", "--config", os.devnull, "--dir-cache-time", "1h"]
            with running(command, scratch / "rclone.log", r"http://127\.0\.0\.1:(\d+)") as port:
                ratios.append(measured(s3(scratch, port, asked.files), asked.runs))
        shutil.rmtree(scratch / "root")
    report(ratios)
    return 0 if all(ratio.holds for ratio in ratios) else 1


def local(scratch: Path, files: int) -> Place:
    """The zone as a folder."""
    return _place("a local folder", scratch, f'url = "{scratch / "root" / "bucket"}"', files)


def s3(scratch: Path, port: str, files: int) -> Place:
    """The zone as a bucket."""
    options = f'endpoint_url = "http://127.0.0.1:{port}"\nkey = "{KEY}"\nsecret = "{SECRET}"\n'
    return _place("rclone serve s3", scratch, f'url = "s3://bucket"\n[zones.zone.options]\n{options}', files)


def _place(name: str, scratch: Path, zone: str, files: int) -> Place:
    settings = scratch / f"{name.rsplit(' ', 1)[-1]}.toml"
    settings.write_text(f"[zones.zone]\n{zone}\n", encoding="utf-8")
    return Place(name, load_settings(settings, {}), Catalog(settings.with_suffix(".duckdb")), files)


def measured(place: Place, runs: int) -> Ratio:
    """Scan and list in turn, after a first scan that records everything, which is not measured."""
    began = perf_counter()
    with redirect_stdout(_Nowhere()):
        first(place)
    place.list()
    place.listing.clear()
    sys.stdout.write(f"{place.name}: first scan {perf_counter() - began:.1f} s\n")
    ours, peer = [], []
    for _ in range(runs):
        ours.append(_seconds(place.scan))
        peer.append(_seconds(place.list))
    cpu = sorted(place.scanning)[runs // 2] / sorted(place.listing)[runs // 2]
    sys.stdout.write(f"{place.name}: of processor time in this process {cpu:.2f} times the listing's\n")
    name = f"rescan of {place.files} unchanged files, {place.name}"
    return Ratio(name=name, peer_name="listing alone", aim=AIM, ours=tuple(ours), peer=tuple(peer))


def first(place: Place) -> None:
    """Record everything once."""
    session = Session(place.settings, place.catalog, wants_json=True)
    targets = find_targets([], place.settings, {})
    perform(session, targets, Terms(depth=Depth.LIST, settle_minutes=0), Judgement(place.settings))


def expect(name: str, what: str, wanted: int, got: int) -> None:
    """Refuse a measurement of something else."""
    if wanted != got:
        raise AssertionError(f"{name}: expected {wanted} {what}, got {got}")


def _seconds(work: Callable[[], None]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
