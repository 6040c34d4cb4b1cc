"""Time a command of ours and a peer's in turn on the same input and print the ratio; not what is timed or its input."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """What one comparison measured: seconds of every run, ours and the peer's, in the order they were taken."""

    name: str
    peer_name: str
    aim: float | None
    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def value(self) -> float:
        """Our median over the peer's: 0.5 is twice as fast."""
        return statistics.median(self.ours) / statistics.median(self.peer)

    @property
    def span(self) -> tuple[float, float]:
        """The least and greatest ratio of two runs taken one after the other."""
        pairs = [ours / peer for ours, peer in zip(self.ours, self.peer, strict=True)]
        return min(pairs), max(pairs)

    @property
    def holds(self) -> bool:
        """True when the ratio is no greater than its aim, or has none."""
        return self.aim is None or self.value <= self.aim


def compare(
    name: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    runs: int,
    peer_name: str,
    aim: float | None,
) -> Ratio:
    """Run ours and the peer's in turn, once each unmeasured and then `runs` times, and return their times.

    In turn, so that what else the machine does falls on both alike. Whatever they raise passes through.
    """
    ours()
    peer()
    our_seconds, peer_seconds = [], []
    for _ in range(runs):
        our_seconds.append(_seconds(ours))
        peer_seconds.append(_seconds(peer))
    return Ratio(name=name, peer_name=peer_name, aim=aim, ours=tuple(our_seconds), peer=tuple(peer_seconds))


def report(ratios: Sequence[Ratio]) -> None:
    """Print one row of a markdown table for every ratio: medians in seconds, their ratio, its span, the aim."""
    lines = [
        "| what | against | ours s | peer s | ratio | min - max | aim | holds |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for ratio in ratios:
        low, high = ratio.span
        aim, holds = ("-", "-") if ratio.aim is None else (f"{ratio.aim:g}", "yes" if ratio.holds else "no")
        lines.append(
            f"| {ratio.name} | {ratio.peer_name} | {statistics.median(ratio.ours):.3f} "
            f"| {statistics.median(ratio.peer):.3f} | {ratio.value:.2f} | {low:.2f} - {high:.2f} "
            f"| {aim} | {holds} |"
        )
    sys.stdout.write("\n".join(lines) + "\n")


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
