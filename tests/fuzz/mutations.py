"""Ways to damage valid input, as hypothesis strategies, so that what fails is shrunk; knows no parser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from support.thrift_trees import BINARY, BOOLEAN_FALSE, LIST, SET, STRUCT, Tree, read_tree, write_tree

Change = tuple[str, int, int, bytes]

_TOKENS = (
    *(b"\0", b"\x80", b"\xff" * 4, b"\xff" * 9 + b"\x01", b"\x7f" * 8, b"\xed\xa0\x80", b"\xc0\x80", b"\xe2\x80\xa8"),
    *(b"\xef\xbb\xbf", b"-1", b"0", b"9" * 40, b"1e999", b'"', b"'", b"{", b"}", b"[", b"]", b"\\u", b"\n", b"\r\n"),
    *(b"/", b"..", b"%", b"%00", b":", b"@", b"*", b"?", b"#", b"<", b">", b"&#0;", b";", b"="),
    *(
        "\u0663".encode(),
        "\u00b2".encode(),
        "\u0130".encode(),
        "\u2028".encode(),
        b"[" * 3000,
        b'{"a":' * 1500,
        b"(" * 1500,
    ),
)
_KINDS = ("flip", "set", "cut", "drop", "repeat", "insert", "splice")
_INTEGERS = (-(1 << 63), -(1 << 31) - 1, -1, 0, 1, 2, 127, 1 << 15, (1 << 31) - 1, 1 << 31, 1 << 40, (1 << 63) - 1)
_MOST_BYTES = 1 << 16


def mutated(seeds: Sequence[bytes], tokens: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """One of the seeds with up to six changes, sometimes bytes of no meaning at all."""
    words = st.sampled_from((*tokens, *_TOKENS)) | st.binary(min_size=1, max_size=9)
    change = st.tuples(st.sampled_from(_KINDS), st.integers(0, 1 << 16), st.integers(0, 255), words)
    damaged = st.tuples(st.sampled_from(seeds), st.lists(change, max_size=6), st.sampled_from(seeds))
    return damaged.map(lambda drawn: _changed(*drawn)) | st.binary(max_size=200)


def _changed(seed: bytes, changes: Sequence[Change], other: bytes) -> bytes:
    data = bytearray(seed)
    for kind, place, number, word in changes:
        at = place % (len(data) + 1)
        if kind == "insert" or not data:
            data[at:at] = word
        elif kind == "flip":
            data[at % len(data)] ^= 1 << number % 8
        elif kind == "set":
            data[at : at + len(word)] = word
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + 1 + number]
        elif kind == "repeat":
            data[at:at] = data[at : at + 1 + number % 32] * (1 + number)
        else:
            start = place * 7 % (len(other) + 1)
            data[at : at + number] = other[start : start + 2 * number]
    return bytes(data[:_MOST_BYTES])


def refooted(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A Parquet file whose footer is well formed and says something else in up to four places."""
    edit = st.tuples(st.integers(0, 1 << 20), st.sampled_from(_INTEGERS), st.sampled_from(("set", "drop", "double")))
    drawn = st.tuples(st.sampled_from(seeds), st.lists(edit, min_size=1, max_size=4))
    return drawn.map(lambda both: _refooted(*both))


def _refooted(data: bytes, edits: Sequence[tuple[int, int, str]]) -> bytes:
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    tree = read_tree(data[start:-8])
    for place, number, kind in edits:
        spots = list(_spots(tree))
        spots[place % len(spots)](number, kind)
    try:
        footer = write_tree(tree)
    except (AssertionError, ValueError):
        return data
    return data[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _spots(tree: Tree) -> list[Callable[[int, str], None]]:
    """Return what changes each field and each list of a tree."""
    found: list[Callable[[int, str], None]] = []
    for number, (wire, value) in tree.items():
        found.append(_field_changer(tree, number))
        if wire == STRUCT:
            found += _spots(value)
        elif wire in (LIST, SET):
            found.append(_list_changer(value[1]))
            for each in value[1] if value[0] == STRUCT else ():
                found += _spots(each)
    return found


def _field_changer(tree: Tree, number: int) -> Callable[[int, str], None]:
    def change(value: int, kind: str) -> None:
        if number not in tree:
            return
        wire, old = tree[number]
        if kind == "drop":
            del tree[number]
        elif wire == BINARY:
            tree[number][1] = old * 2 if kind == "double" else b"\xff" * (value % 9)
        elif wire > BOOLEAN_FALSE and isinstance(old, int):
            tree[number][1] = old + 1 if kind == "double" else value

    return change


def _list_changer(items: list[Any]) -> Callable[[int, str], None]:
    def change(value: int, kind: str) -> None:
        if kind == "double":
            items.extend(items[:5])
        elif kind == "drop" and items:
            items.pop(value % len(items))
        else:
            items.reverse()

    return change
