"""Writes a sound Parquet file of any size that takes hardly any room on the disk; its only column is all zeros."""

from __future__ import annotations

import zlib
from pathlib import Path

from support.thrift_trees import BINARY, I32, I64, LIST, STRUCT, Tree, write_tree

_BYTE_ARRAY, _REQUIRED, _RLE = 6, 0, 3
_PIECE = bytes(1 << 20)


def write_sparse_parquet(path: Path, groups: int, value_bytes: int) -> None:
    """Write so many row groups of one row each, whose only value is so many zero bytes, with page checksums."""
    length = value_bytes.to_bytes(4, "little")
    header = _page_header(len(length) + value_bytes, _crc(length, value_bytes))
    size = len(header) + len(length) + value_bytes
    with path.open("wb") as file:
        file.write(b"PAR1")
        for number in range(groups):
            file.seek(4 + number * size)
            file.write(header + length)
        file.seek(4 + groups * size)
        footer = write_tree(_footer(groups, size))
        file.write(footer + len(footer).to_bytes(4, "little") + b"PAR1")


def _crc(length: bytes, zeros: int) -> int:
    crc = zlib.crc32(length)
    while zeros:
        piece = min(zeros, len(_PIECE))
        crc = zlib.crc32(memoryview(_PIECE)[:piece], crc)
        zeros -= piece
    return crc - (1 << 32) if crc >> 31 else crc


def _page_header(size: int, crc: int) -> bytes:
    data: Tree = {1: [I32, 1], 2: [I32, 0], 3: [I32, _RLE], 4: [I32, _RLE]}
    return write_tree({1: [I32, 0], 2: [I32, size], 3: [I32, size], 4: [I32, crc], 5: [STRUCT, data]})


def _footer(groups: int, size: int) -> Tree:
    root: Tree = {4: [BINARY, b"schema"], 5: [I32, 1]}
    leaf: Tree = {1: [I32, _BYTE_ARRAY], 3: [I32, _REQUIRED], 4: [BINARY, b"body"]}
    return {
        1: [I32, 1],
        2: [LIST, [STRUCT, [root, leaf]]],
        3: [I64, groups],
        4: [LIST, [STRUCT, [_group(4 + number * size, size) for number in range(groups)]]],
    }


def _group(offset: int, size: int) -> Tree:
    meta: Tree = {
        1: [I32, _BYTE_ARRAY],
        2: [LIST, [I32, [0, _RLE]]],
        3: [LIST, [BINARY, [b"body"]]],
        4: [I32, 0],
        5: [I64, 1],
        6: [I64, size],
        7: [I64, size],
        9: [I64, offset],
    }
    chunk: Tree = {2: [I64, offset], 3: [STRUCT, meta]}
    return {1: [LIST, [STRUCT, [chunk]]], 2: [I64, size], 3: [I64, 1]}
