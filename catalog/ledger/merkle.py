"""Merkle trees (RFC 6962; RFC 9162, section 2.1): roots and proofs; `evidence.verify` tells whether a proof holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Peaks:
    """How far a tree has grown: its size, and the hashes of its complete subtrees, the largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaves: Iterable[bytes]) -> Peaks:
        """Return the tree with more leaves, given by their hashes."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            grown, at = leaf, size
            while at & 1:  # a complete subtree of this height stands to the left
                grown, at = node_hash(hashes.pop(), grown), at >> 1
            hashes.append(grown)
            size += 1
        return Peaks(size, tuple(hashes))

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        if not self.hashes:
            return EMPTY
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves, given by their hashes, in order."""
    return Peaks().append(leaves).root


class Tree:
    """All leaves of a tree, for its roots at any size and for proofs; 64 bytes of memory a leaf."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Take the hashes of leaves, in order."""
        self._levels: list[bytearray] = [bytearray()]
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Add a leaf, given by its hash."""
        self._levels[0] += leaf
        level, index = 0, self.size - 1
        while index & 1:
            pair = self._levels[level][(index - 1) * HASH_BYTES :]
            if level + 1 == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level + 1] += node_hash(bytes(pair[:HASH_BYTES]), bytes(pair[HASH_BYTES:]))
            level, index = level + 1, index >> 1

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self._levels[0]) // HASH_BYTES

    def root(self, size: int | None = None) -> bytes:
        """Return the root of its first `size` leaves, of all unless given. Raises ValueError where it has fewer."""
        return self._range(0, self._checked(size))

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the audit path of a leaf in the tree of the first `size` leaves, from the leaf up.

        Raises ValueError where there is no such leaf.
        """
        end = self._checked(size)
        if not 0 <= index < end:
            raise ValueError(f"expected a leaf below {end}, got {index}")
        path, start = list[bytes](), 0
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return path[::-1]

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """Return the proof that the first `old` leaves are those of the tree of the first `new`.

        Raises ValueError where either is not there, or the old tree is larger.
        """
        end = self._checked(new)
        if not 0 <= old <= end:
            raise ValueError(f"expected a size up to {end}, got {old}")
        return [] if old in (0, end) else self._consistency(old, 0, end, is_whole=True)

    def _consistency(self, old: int, start: int, end: int, *, is_whole: bool) -> list[bytes]:
        size = end - start
        if old == size:
            return [] if is_whole else [self._range(start, end)]
        middle = _split(size)
        if old <= middle:
            return [
                *self._consistency(old, start, start + middle, is_whole=is_whole),
                self._range(start + middle, end),
            ]
        right = self._consistency(old - middle, start + middle, end, is_whole=False)
        return [*right, self._range(start, start + middle)]

    def _checked(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ValueError(f"expected a size up to {self.size}, got {size}")
        return size

    def _range(self, start: int, end: int) -> bytes:
        """Return the root over the leaves from `start` to before `end`; complete subtrees are looked up."""
        size = end - start
        if size == 0:
            return EMPTY
        if size & (size - 1) == 0:
            level = size.bit_length() - 1
            at = (start >> level) * HASH_BYTES
            return bytes(self._levels[level][at : at + HASH_BYTES])
        middle = start + _split(size)
        return node_hash(self._range(start, middle), self._range(middle, end))


def _split(size: int) -> int:
    """Return the largest power of two below a size."""
    return 1 << ((size - 1).bit_length() - 1)
