"""How a budget is shared out over runs, whatever the sizes; which files are chosen by it is tried by the command."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.scans.reverify import share_out

sizes = st.lists(st.integers(0, 50), max_size=30)


@given(sizes, st.integers(1, 60))
def test_runs_that_each_take_their_share_come_to_an_end_as_told(sizes: list[int], budget: int) -> None:
    told, left, runs = share_out(sizes, budget)[1], sizes, 0
    while left:
        first, rest = share_out(left, budget)
        assert (1 <= first <= len(left), rest) == (True, told - runs)
        assert sum(left[:first]) <= budget or first == 1
        assert first == len(left) or sum(left[: first + 1]) > budget
        left, runs = left[first:], runs + 1
    assert runs == told


def test_nothing_takes_no_run() -> None:
    assert share_out([], 10) == (0, 0)
