"""Plants one damage at a random place of a sound file; who notices it is not its business."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.detection.samples import Sample, Span

_BLOCKS: Final = (16, 64, 256, 512, 1024)
_TRIES: Final = 1000
_LEAST_HEAD: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A damaged copy of a sample. `must` tells that what is damaged is covered by a checksum, or cut away."""

    sample: Sample
    kind: str
    must: bool
    data: bytes
    first: int

    @property
    def row(self) -> tuple[str, str]:
        """The row of the table it counts in."""
        places = {"cut": "cut", "moved": "whole pages or members swapped"}
        where = "in covered bytes" if self.must else "in bytes no checksum covers"
        return self.sample.group, places.get(self.kind) or f"{self.kind}, {where}"


def plants(group: Sequence[Sample], count: int, seed: int) -> Iterator[Plant]:
    """Yield `count` plants of every kind over the samples of one group in turn, the same ones for the same seed."""
    for kind, plant in _KINDS.items():
        dice = random.Random(f"{seed} {group[0].group} {kind}")
        for number in range(count):
            sample = group[number % len(group)]
            data = plant(sample, dice)
            if data is not None:
                yield _judged(sample, kind, data)


def _judged(sample: Sample, kind: str, data: bytes) -> Plant:
    kind = kind.split(":")[0]
    if len(data) < len(sample.data):
        return Plant(sample=sample, kind=kind, must=True, data=data, first=len(data))
    changed = [at for at, (old, new) in enumerate(zip(sample.data, data, strict=True)) if old != new]
    must = kind != "moved" and any(at in span for span in sample.covered for at in changed)
    return Plant(sample=sample, kind=kind, must=must, data=data, first=changed[0])


def _flip_covered(sample: Sample, dice: random.Random) -> bytes | None:
    if not sample.covered:
        return None
    (span,) = dice.choices(sample.covered, weights=list(map(len, sample.covered)))
    return _flipped(sample.data, dice.randrange(span.start, span.end), dice)


def _flip_uncovered(sample: Sample, dice: random.Random) -> bytes | None:
    places = list(uncovered(sample))
    (span,) = dice.choices(places, weights=list(map(len, places)))
    return _flipped(sample.data, dice.randrange(span.start, span.end), dice)


def uncovered(sample: Sample) -> Iterator[Span]:
    """Yield what lies between the covered bytes."""
    at = 0
    for span in sorted(sample.covered, key=lambda span: span.start):
        if at < span.start:
            yield Span(at, span.start)
        at = span.end
    if at < len(sample.data):
        yield Span(at, len(sample.data))


def _flipped(data: bytes, at: int, dice: random.Random) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _cut(sample: Sample, dice: random.Random) -> bytes:
    return sample.data[: dice.randrange(_LEAST_HEAD, len(sample.data))]


def _zeroed(sample: Sample, dice: random.Random) -> bytes | None:
    for _ in range(_TRIES):
        size = dice.choice(_BLOCKS)
        at = dice.randrange(len(sample.data) - size)
        if any(sample.data[at : at + size]):
            return sample.data[:at] + bytes(size) + sample.data[at + size :]
    return None


def _blocks_swapped(sample: Sample, dice: random.Random) -> bytes | None:
    """Exchange two aligned blocks, as a disk or a cache does that answers with the wrong one."""
    for _ in range(_TRIES):
        size = dice.choice(_BLOCKS)
        first, second = sorted(dice.sample(range(len(sample.data) // size), 2))
        one, other = Span(first * size, (first + 1) * size), Span(second * size, (second + 1) * size)
        if (swapped := _exchanged(sample.data, one, other)) != sample.data:
            return swapped
    return None


def _moved(sample: Sample, dice: random.Random) -> bytes | None:
    """Exchange two pages of a column chunk, or two members, whole: every checksum still fits."""
    runs = [run for run in sample.movable if len(run) > 1]
    for _ in range(_TRIES if runs else 0):
        one, other = sorted(dice.sample(dice.choice(runs), 2), key=lambda span: span.start)
        if (swapped := _exchanged(sample.data, one, other)) != sample.data:
            return swapped
    return None


def _exchanged(data: bytes, one: Span, other: Span) -> bytes:
    left, right = data[one.start : one.end], data[other.start : other.end]
    return data[: one.start] + right + data[one.end : other.start] + left + data[other.end :]


_KINDS: Mapping[str, Callable[[Sample, random.Random], bytes | None]] = {
    "bit flipped:covered": _flip_covered,
    "bit flipped:uncovered": _flip_uncovered,
    "cut": _cut,
    "block zeroed": _zeroed,
    "blocks swapped": _blocks_swapped,
    "moved": _moved,
}
