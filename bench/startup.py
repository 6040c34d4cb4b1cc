"""Times start-up on its own: the version, a look-up and the help, beside a bare interpreter; absolute, in seconds."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

LIMITS = {"landproof --version": 0.3, "landproof snapshots": 0.8, "landproof show": 0.8, "landproof --help": 2.0}


def main() -> None:
    """Build a small catalog and time each command as a whole process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        program, catalog = Path(sys.executable).with_name("landproof"), ["--catalog", f"{folder}/c.duckdb"]
        name = "part-00000-tid-1-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9-1-1-c000.json"
        file = Path(folder, "zone/64e0c0ffee0123456789abcd/exportTime=202609200100", name)
        file.parent.mkdir(parents=True)
        file.write_text('{"_id":"1"}\n')
        scan = ["scan", f"{folder}/zone", "--workers", "0", "--settle-minutes", "0", *catalog]
        subprocess.run([program, *scan], capture_output=True, check=False)
        snapshot = "zone/64e0c0ffee0123456789abcd/202609200100"
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "landproof --version": [program, "--version"],
            "landproof snapshots": [program, "snapshots", *catalog],
            "landproof show": [program, "show", snapshot, *catalog],
            "landproof --help": [program, "--help"],
        }
        sys.stdout.write("| command | median s | least s | at most s |\n|---|---:|---:|---:|\n")
        for what, command in commands.items():
            times = sorted(_seconds(command) for _ in range(runs + 1))[:-1]
            limit = LIMITS.get(what, "")
            sys.stdout.write(f"| {what} | {statistics.median(times):.3f} | {times[0]:.3f} | {limit} |\n")


def _seconds(command: Sequence[str | Path]) -> float:
    started = perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return perf_counter() - started


if __name__ == "__main__":
    main()
