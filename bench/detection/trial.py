"""Lets every tool look at every plant and tallies the answers; prints nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from bench.detection.damage import Plant, plants
from bench.detection.pool import Looker
from bench.detection.samples import samples
from bench.detection.tools import OURS, SEEN, Answer, tools_of

Answers = dict[str, Answer]


@dataclass(slots=True)
class Row:
    """What every tool said of the plants of one row of the table.

    `harmless` counts those in covered bytes after which every value is what it was: gzip's CRC is of what a stream
    expands to, and some of its bits mean nothing.
    """

    said: dict[str, Counter[Answer]] = field(default_factory=lambda: defaultdict(Counter))
    harmless: int = 0
    plants: int = 0


@dataclass(slots=True)
class Tally:
    """The rows by group and damage; `missed` names the plants that we had to notice and did not."""

    rows: dict[tuple[str, str], Row] = field(default_factory=lambda: defaultdict(Row))
    missed: list[str] = field(default_factory=list)

    def add(self, plant: Plant, answers: Answers) -> None:
        """Count what the tools said of one plant."""
        row = self.rows[plant.row]
        row.plants += 1
        for tool, answer in answers.items():
            row.said[tool][answer] += 1
        where = f"{plant.sample.name}, {plant.row[1]}, from byte {plant.first}"
        if not answers[SEEN].is_notice:
            self.missed.append(f"{SEEN}: {where}")
        if plant.must and not answers[OURS].is_notice:
            is_same = answers["pyarrow" if plant.sample.is_parquet else "gzip -t"] is Answer.SAME
            if plant.sample.is_of_stored_bytes or not is_same:
                self.missed.append(f"{OURS}: {where}")
            else:
                row.harmless += 1


def run(count: int, seed: int, workers: int, folder: Path) -> Tally:
    """Look at `count` plants of every kind for every group of samples, in `workers` processes.

    Raises UnsoundError when a tool finds fault with a sound file.
    """
    groups = groupby(sorted(samples(seed), key=lambda sample: sample.group), key=lambda sample: sample.group)
    work = [plant for _, group in groups for plant in plants(list(group), count, seed)]
    tally = Tally()
    with ThreadPoolExecutor(workers) as threads:
        shares = [threads.submit(_look_at, work[first::workers], folder / str(first)) for first in range(workers)]
        for number, share in enumerate(shares):
            for plant, answers in zip(work[number::workers], share.result(), strict=True):
                tally.add(plant, answers)
    return tally


def _look_at(work: Sequence[Plant], folder: Path) -> list[Answers]:
    with Looker() as looker:
        return list(_answers(work, looker, folder))


def _answers(work: Sequence[Plant], looker: Looker, folder: Path) -> Iterator[Answers]:
    for number, plant in enumerate(work):
        sound = folder / "sound" / plant.sample.name
        if not sound.exists():
            sound.parent.mkdir(parents=True, exist_ok=True)
            sound.write_bytes(plant.sample.data)
        # A name of its own: some tools keep what they have read of a path.
        path = folder / f"{number}-{plant.sample.name}"
        path.write_bytes(plant.data)
        yield {tool: looker.look(tool, path, sound) for tool in tools_of(sound)}
        path.unlink()
