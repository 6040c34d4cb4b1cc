"""Plants damage in sound files and prints how much of it each tool notices; neither plants nor looks itself.

`python -m bench.detection [--count N] [--seed S] [--workers N]`. Ends with status 1 where landproof misses what a
checksum covers, misses anything in a file that it has seen before, or counts other bytes as unchecked than there are.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from bench.detection.samples import samples
from bench.detection.tools import Answer, tools_of, unchecked_bytes
from bench.detection.trial import Row, Tally, run

_VERSIONS = ("landproof", "duckdb", "polars", "pyarrow", "isal")


def main() -> int:
    """Run the trial, print its tables and what should not have been missed; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="plants of each kind of damage, for each group of files")
    parser.add_argument("--seed", type=int, default=20261101)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = list(_miscounted(chosen.seed, Path(folder)))
        tally = run(chosen.count, chosen.seed, chosen.workers, Path(folder))
    sys.stdout.write(f"seed {chosen.seed}; " + ", ".join(f"{name} {version(name)}" for name in _VERSIONS) + "\n")
    sys.stdout.write("\n".join(_table(tally)) + "\n")
    for line in (*wrong, *tally.missed):
        sys.stdout.write(f"MISSED {line}\n")
    return 1 if wrong or tally.missed else 0


def _miscounted(seed: int, folder: Path) -> Iterator[str]:
    """Compare the bytes that our report calls unchecked with those that no checksum covers by construction."""
    for sample in samples(seed):
        path = folder / sample.name
        path.write_bytes(sample.data)
        ours, expected = unchecked_bytes(path), len(sample.data) - sample.covered_bytes
        if ours != expected:
            yield f"{sample.name}: {ours} bytes are reported as unchecked, {expected} are"


def _table(tally: Tally) -> Iterator[str]:
    """Write one markdown table a group: percent noticed, and after a stroke percent of silently other data."""
    group = None
    for (name, damage), row in sorted(tally.rows.items()):
        tools = tools_of(Path("x.json.gz" if name == "NDJSON.gz" else "x.parquet"))
        if name != group:
            group = name
            yield f"\n{name}\n"
            yield f"| damage | plants | {' | '.join(tools)} |"
            yield f"|---|---:|{'---:|' * len(tools)}"
        yield f"| {damage} | {row.plants} | {' | '.join(_cell(row, tool) for tool in tools)} |"
        if row.harmless:
            yield f"| ({row.harmless} of these change no value: bits of deflate that mean nothing) |"


def _cell(row: Row, tool: str) -> str:
    said = row.said[tool]
    noticed = sum(count for answer, count in said.items() if answer.is_notice)
    text = _percent(noticed, row.plants)
    if said[Answer.OTHER]:
        text += f" / {_percent(said[Answer.OTHER], row.plants)}"
    fell = said[Answer.CRASHED] + said[Answer.HUNG]
    return f"{text} ({fell} fell)" if fell else text


def _percent(part: int, whole: int) -> str:
    """Round so that 0 means none and 100 all."""
    share = 100 * part / whole
    return f"{share:.0f}" if share in (0, 100) else f"{min(max(share, 0.1), 99.9):.1f}"


if __name__ == "__main__":
    sys.exit(main())
