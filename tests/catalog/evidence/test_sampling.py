"""A sample is drawn by seed and name alone."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.evidence.sampling import By, draw, name_of
from verifier.errors import UsageError

STATUSES = ("on_time", "missing", "arrived_late")


def population(count: int) -> list[dict[str, Any]]:
    """Rows with the columns that count."""
    return [
        {
            "zone": f"zone{number % 2}",
            "dataset_id": f"{number % 5:024x}",
            "due_at": f"2026-{1 + number // 28 % 12:02}-{1 + number % 28:02}T01:00:00Z",
            "status": STATUSES[number % 7 % 3],
        }
        for number in range(count)
    ]


def names(rows: list[dict[str, Any]], seed: str, count: int, by: By | None = None) -> list[str]:
    return [one.name for part in draw(rows, seed, count, by) for one in part.drawn]


@given(st.integers(0, 300), st.integers(1, 40), st.sampled_from([None, *By]), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(count: int, taken: int, by: By | None, dice: random.Random) -> None:
    rows = population(count)
    mixed = list(rows)
    dice.shuffle(mixed)
    assert names(rows, "a seed", taken, by) == names(mixed, "a seed", taken, by)


def test_the_rows_of_the_smallest_digests_are_taken() -> None:
    rows = population(280)
    digests = {name_of(r): hashlib.sha256(b"2026 Q4\n" + name_of(r).encode()).hexdigest() for r in rows}
    assert names(rows, "2026 Q4", 12) == sorted(digests, key=digests.__getitem__)[:12]


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    rows = population(280)
    assert names(rows, "seed", 40)[:15] == names(rows, "seed", 15)


def test_more_rows_elsewhere_push_rows_out_and_change_no_draw() -> None:
    few, many = population(100), population(280)
    drawn = {one.name: one.draw for one in draw(many, "seed", 280)[0].drawn}
    assert all(drawn[one.name] == one.draw for one in draw(few, "seed", 50)[0].drawn)


def test_other_seeds_draw_other_rows() -> None:
    rows = population(280)
    assert len({tuple(names(rows, f"seed {number}", 10)) for number in range(20)}) == 20


@pytest.mark.parametrize("by", list(By))
def test_each_part_gives_as_many_or_all_it_has(by: By) -> None:
    rows = population(61)
    parts = draw(rows, "seed", 20, by)
    assert sum(part.rows for part in parts) == 61
    assert [len(part.drawn) for part in parts] == [min(20, part.rows) for part in parts]
    assert [part.name for part in parts] == sorted(part.name for part in parts)
    assert len(parts) > 1


@pytest.mark.parametrize("seed", ["", "two\nlines", "a\0b"])
def test_a_seed_that_no_shell_gives_on_is_refused(seed: str) -> None:
    with pytest.raises(UsageError, match="--seed"):
        draw(population(3), seed, 1)
