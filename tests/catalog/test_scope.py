"""What a scope selects, what the catalog keeps of it, and how a folder narrows it."""

from __future__ import annotations

import pytest

from catalog.scope import Scope, covers, narrowed
from fixtures.content import moment
from verifier.layout import DEFAULT_TEMPLATE, compile_layout

ID = "64e0a1fa0000000000000001"
OTHER = "64e0be7a0000000000000002"
TIME = "202609200100"
LAYOUT = compile_layout(DEFAULT_TEMPLATE)


@pytest.mark.parametrize(
    ("scope", "selected"),
    [
        (Scope(), True),
        (Scope(datasets=frozenset({ID})), True),
        (Scope(datasets=frozenset({OTHER})), False),
        (Scope(datasets=frozenset()), False),
        (Scope(start=moment(TIME), end=moment(TIME)), True),
        (Scope(start=moment("202609200101")), False),
        (Scope(end=moment("202609200059")), False),
        (Scope(keys=frozenset({(ID, TIME)})), True),
        (Scope(keys=frozenset({(ID, "20260920010000")})), False),
        (Scope(datasets=frozenset({OTHER}), keys=frozenset({(ID, TIME)})), False),
    ],
)
def test_a_snapshot_is_selected_by_everything_that_was_asked_for(scope: Scope, selected: bool) -> None:
    assert scope.selects((ID, TIME)) is selected


def test_only_a_whole_look_at_a_dataset_covers_it() -> None:
    both = Scope(datasets=frozenset({ID, OTHER})).text
    assert covers(Scope().text, ID)
    assert covers(both, ID)
    assert covers(both, OTHER)
    assert not covers(both, "64e0")
    assert not covers(Scope(datasets=frozenset({ID}), start=moment(TIME)).text, ID)
    assert not covers(Scope(keys=frozenset({(ID, TIME)})).text, ID)
    assert not covers(Scope(is_partial=True).text, ID)
    assert not covers(Scope(datasets=frozenset()).text, ID)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", Scope()),
        (ID, Scope(datasets=frozenset({ID}))),
        (f"exports/{ID}", Scope(datasets=frozenset({ID}))),
        (f"{ID}/exportTime={TIME}", Scope(keys=frozenset({(ID, TIME)}))),
        (f"{ID}/exportTime={TIME}/deeper", Scope(keys=frozenset({(ID, TIME)}), is_partial=True)),
        ("exports", Scope(is_partial=True)),
        (f"{ID}/exportTime=yesterday", Scope(is_partial=True)),
    ],
)
def test_a_folder_narrows_to_the_dataset_or_snapshot_it_is(prefix: str, expected: Scope) -> None:
    assert narrowed(Scope(), LAYOUT, prefix) == expected


def test_a_folder_and_what_was_asked_for_both_hold() -> None:
    asked = Scope(datasets=frozenset({OTHER}), start=moment(TIME))
    dataset = narrowed(asked, LAYOUT, ID)
    snapshot = narrowed(asked, LAYOUT, f"{ID}/exportTime={TIME}")
    assert not dataset.selects((ID, TIME))
    assert not dataset.selects((OTHER, TIME))
    assert not snapshot.selects((ID, TIME))
    assert snapshot.start == moment(TIME)
