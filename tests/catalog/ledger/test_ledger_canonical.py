"""Canonical JSON: held against an independent implementation of RFC 8785."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from catalog.ledger.canonical import canonical

_KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_any_plain_value_has_the_bytes_of_rfc_8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(_VALUES)
def test_the_standard_library_makes_the_same_bytes(value):
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == plain.encode()


@pytest.mark.parametrize("value", [0.5, 2**53, -(2**53), {"ü": 1}, "\ud800", {"a": [1.0]}, {1: 2}, b"a", object()])
def test_what_has_no_single_spelling_is_refused(value):
    with pytest.raises(ValueError, match="expected"):
        canonical(value)
