"""What copies lead to: from any side, over any number of them, and whether good bytes went all the way."""

from __future__ import annotations

import pytest

from catalog.store.places import links_of, reached


def both_ways(*pairs: tuple[str, str, bool]) -> dict[str, bool]:
    """Return what is reached from a; a copy tells both of its sides."""
    return reached("a", links_of([*pairs, *((other, one, good) for one, other, good in pairs)]))


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([], {}),
        ([("a", "b", True)], {"b": True}),
        ([("b", "a", False)], {"b": False}),
        ([("a", "b", True), ("b", "c", True)], {"b": True, "c": True}),
        ([("a", "b", True), ("b", "c", False)], {"b": True, "c": False}),
        ([("a", "b", False), ("b", "c", True)], {"b": False, "c": False}),
        ([("b", "a", True), ("b", "c", True)], {"b": True, "c": True}),
        ([("a", "b", False), ("a", "b", True)], {"b": True}),
        ([("a", "b", False), ("b", "d", True), ("a", "c", True), ("c", "d", True)], {"b": True, "c": True, "d": True}),
        ([("x", "y", True)], {}),
    ],
)
def test_places_are_joined_by_copies(pairs: list[tuple[str, str, bool]], found: dict[str, bool]) -> None:
    assert both_ways(*pairs) == found


def test_a_side_that_was_bad_when_it_was_copied_vouches_for_nothing_behind_it() -> None:
    links = links_of([("a", "b", True), ("b", "a", True), ("b", "c", False), ("c", "b", True)])
    assert reached("a", links) == {"b": True, "c": False}
    assert reached("c", links) == {"b": True, "a": True}
