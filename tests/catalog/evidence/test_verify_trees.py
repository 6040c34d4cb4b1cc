"""The bundle's own trees, proofs and canonical JSON are those of the ledger, and of RFC 8785's reference in Python."""

from __future__ import annotations

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from catalog.evidence import verify
from catalog.ledger.canonical import canonical
from catalog.ledger.merkle import Tree, leaf_hash, node_hash

SIZES = st.integers(0, 70)
TREES = {size: Tree(leaf_hash(b"%d" % n) for n in range(size)) for size in range(71)}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(SIZES)
def test_roots_are_the_ledgers(size: int) -> None:
    assert verify.root_of(verify.leaf(b"%d" % n) for n in range(size)) == TREES[size].root()
    assert verify.node(b"a", b"b") == node_hash(b"a", b"b")


@given(st.integers(1, 70), st.data())
def test_leaves_are_in_the_tree_where_they_are_and_nowhere_else(size: int, data: st.DataObject) -> None:
    tree, index = TREES[size], data.draw(st.integers(0, size - 1))
    proof, leaf = tree.inclusion_proof(index), leaf_hash(b"%d" % index)
    assert verify.is_included(leaf, index, size, proof, tree.root())
    other = data.draw(st.integers(-1, size + 2).filter(lambda place: place != index))
    assert not verify.is_included(leaf, other, size, proof, tree.root())
    assert not verify.is_included(leaf, index, size, [*proof, leaf], tree.root())
    assert not verify.is_included(leaf, index, size, proof[:-1], tree.root()) or not proof
    assert not verify.is_included(leaf_hash(b"x"), index, size, proof, tree.root())


@given(SIZES, SIZES, st.data())
def test_trees_are_beginnings_of_those_that_grew_from_them_alone(one: int, other: int, data: st.DataObject) -> None:
    old, new = sorted((one, other))
    before, after = TREES[old].root(), TREES[new].root()
    proof = TREES[new].consistency_proof(old)
    assert verify.is_beginning(old, before, new, after, proof)
    assert not verify.is_beginning(old, leaf_hash(b"x"), new, after, proof)
    assert not verify.is_beginning(old, before, new, leaf_hash(b"x"), proof) or not old
    assert not verify.is_beginning(old, before, new, after, [*proof, before])
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:place], leaf_hash(proof[place]), *proof[place + 1 :]]
        assert not verify.is_beginning(old, before, new, after, changed)
    assert old == new or not verify.is_beginning(new, after, old, before, proof)


@given(VALUES)
def test_canonical_json_is_the_ledgers_and_the_references(value: object) -> None:
    told = verify.canonical(value)
    assert told == canonical(value) == rfc8785.dumps(value)
    assert verify.json_of(told) == value
