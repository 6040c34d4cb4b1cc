"""Merkle trees: the vectors of RFC 6962's reference, and every proof of every small tree."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.evidence.verify import is_beginning, is_included
from catalog.ledger.merkle import (
    EMPTY,
    Peaks,
    Tree,
    leaf_hash,
    root_of,
)

# The leaves and roots by which implementations of Certificate Transparency are tested.
_LEAVES = [
    bytes.fromhex(t)
    for t in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _tree(size):
    return Tree(leaf_hash(str(n).encode()) for n in range(size))


def _by_definition(leaves):
    """RFC 6962, section 2.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + _by_definition(leaves[:k]) + _by_definition(leaves[k:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_the_known_roots_come_out(size):
    leaves = [leaf_hash(data) for data in _LEAVES[:size]]
    assert Tree(leaves).root().hex() == root_of(leaves).hex() == _ROOTS[size]


@given(st.integers(0, 130), st.lists(st.integers(1, 40), max_size=5))
def test_growing_in_portions_is_the_tree_by_definition(first, portions):
    leaves = [leaf_hash(str(n).encode()) for n in range(first + sum(portions))]
    peaks, at = Peaks().append(leaves[:first]), first
    for portion in portions:
        peaks = peaks.append(leaves[at : at + portion])
        at += portion
    assert peaks.size == at
    assert peaks.root == _by_definition(leaves) == Tree(leaves).root()


def test_every_leaf_of_every_small_tree_is_proved_and_no_other():
    for size in range(1, 34):
        tree = _tree(size)
        for index in range(size):
            proof, leaf = tree.inclusion_proof(index), leaf_hash(str(index).encode())
            assert is_included(leaf, index, size, proof, tree.root())
            assert not is_included(leaf_hash(b"x"), index, size, proof, tree.root())
            assert not is_included(leaf, index, size, [*proof, EMPTY], tree.root())
            assert all(
                not is_included(leaf, other, size, proof, tree.root()) for other in range(size) if other != index
            )
            for dropped in range(len(proof)):
                assert not is_included(leaf, index, size, proof[:dropped] + proof[dropped + 1 :], tree.root())


def test_every_old_size_of_every_small_tree_is_proved_and_no_other_root():
    for new in range(34):
        tree = _tree(new)
        for old in range(new + 1):
            proof = tree.consistency_proof(old)
            assert is_beginning(old, tree.root(old), new, tree.root(), proof)
            if old:
                assert not is_beginning(old, leaf_hash(b"x"), new, tree.root(), proof)
                assert not is_beginning(old, tree.root(old), new, leaf_hash(b"x"), proof) or old == new == 0
            assert not is_beginning(old, tree.root(old), new, tree.root(), [*proof, EMPTY])
            assert new == old or not is_beginning(old + 1, tree.root(old), new, tree.root(), proof) or old == 0


@given(st.integers(1, 300), st.data())
def test_proofs_at_an_earlier_size_are_those_of_that_tree(size, data):
    tree, then = _tree(size), data.draw(st.integers(1, size))
    index, old = data.draw(st.integers(0, then - 1)), data.draw(st.integers(0, then))
    assert tree.root(then) == _tree(then).root()
    assert tree.inclusion_proof(index, then) == _tree(then).inclusion_proof(index)
    assert tree.consistency_proof(old, then) == _tree(then).consistency_proof(old)


@pytest.mark.parametrize("ask", [lambda t: t.root(4), lambda t: t.inclusion_proof(3), lambda t: t.consistency_proof(4)])
def test_what_the_tree_does_not_have_is_refused(ask):
    with pytest.raises(ValueError, match="expected"):
        ask(_tree(3))
