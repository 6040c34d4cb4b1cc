"""Makes one DuckDB file like another by bringing over the blocks that differ; knows no tables and opens no database.

Each block of such a file begins with the checksum of its content. So two blocks are told apart by eight bytes each, and
a file of which little has changed is brought up to date in milliseconds, however large it is. A file whose blocks are
not where this expects them is brought over whole; of one that is not DuckDB's the beginning, which tells so.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import sleep

HEADERS_BYTES = 3 * 4096
"""The main header and two headers of the database, of which the newer counts."""
_MAGIC, _MAGIC_AT = b"DUCK", 8
_HEADERS = (4096, 8192)
_HEADER = struct.Struct("<6Q")
"""Of a header of the database: checksum, iteration, first block of metadata, of free blocks, blocks, bytes of each."""
_MOST_BYTES = 16 << 20
"""What is brought over in one go: so long a writer waits."""
_SWEEPS = 4
_BREATH_SECONDS = 0.002
_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF}


@dataclass(frozen=True, slots=True)
class Pair:
    """The descriptors of two files: of the one that is followed and of the one that is made like it."""

    source: int
    target: int


def bring_over(
    pair: Pair, undisturbed: Callable[[], AbstractContextManager[object]], at_last: Callable[[], object]
) -> None:
    """Make the target like the source as it is at one moment while nobody writes to it.

    `undisturbed` keeps writers out for as long as it is entered. It is entered several times where there is much to
    bring over, so that a writer never waits for long; the last time brings what has changed since, and in there
    `at_last` is called. Raises OSError.
    """
    for _ in range(_SWEEPS if _block_bytes(pair.source) else 0):
        at: int | None = 0
        while at is not None:
            with undisturbed():
                if at == 0 and _finish(pair, _MOST_BYTES):
                    at_last()
                    return
                at = _some(pair, at)
            sleep(_BREATH_SECONDS)
    with undisturbed():
        _finish(pair, None)
        at_last()


def _finish(pair: Pair, most_bytes: int | None) -> bool:
    """Bring over all that differs, where that is not too much; tell whether it was done."""
    size = os.fstat(pair.source).st_size if _is_duckdb(pair.source) else HEADERS_BYTES
    differing, room = [], most_bytes
    for offset, length in _differing(pair, 0) if size > HEADERS_BYTES else ():
        if room is not None and (room := room - length) < 0:
            return False
        differing.append((offset, length))
    for offset, length in differing:
        _copy(pair, offset, length)
    size = min(size, os.fstat(pair.source).st_size)
    _copy(pair, 0, min(size, HEADERS_BYTES))
    os.ftruncate(pair.target, size)
    return True


def _some(pair: Pair, at: int) -> int | None:
    """Bring over some blocks that differ from an offset on; return where to go on, None at the end."""
    room = _MOST_BYTES
    for offset, length in _differing(pair, at):
        if room <= 0:
            return offset
        _copy(pair, offset, length)
        room -= length
    return None


def _differing(pair: Pair, at: int) -> Iterator[tuple[int, int]]:
    """Yield offset and length of every block that differs, from an offset on."""
    size = os.fstat(pair.source).st_size
    block = _block_bytes(pair.source)
    for offset in range(max(at, HEADERS_BYTES), size, block or _MOST_BYTES):
        length = min(block or _MOST_BYTES, size - offset)
        theirs = os.pread(pair.source, 8, offset)
        if block is None or theirs != os.pread(pair.target, 8, offset):
            yield offset, length


def _block_bytes(source: int) -> int | None:
    """Return how long the blocks of a file are; None where that cannot be told."""
    head = os.pread(source, HEADERS_BYTES, 0)
    if len(head) < HEADERS_BYTES:
        return None
    newest = max((_HEADER.unpack_from(head, at) for at in _HEADERS), key=lambda header: header[1])
    length = int(newest[5])
    return length if 1 << 14 <= length <= 1 << 18 and length & (length - 1) == 0 else None


def _is_duckdb(source: int) -> bool:
    return os.pread(source, len(_MAGIC), _MAGIC_AT) == _MAGIC


def _copy(pair: Pair, offset: int, length: int) -> None:
    """Bring bytes over, shared with the source where the disk can. A source that got shorter is an OSError."""
    end = offset + length
    while offset < end:
        done = _copied_within(pair, offset, end - offset)
        if done == 0:
            raise OSError(errno.EIO, "the file got shorter while it was copied")
        offset += done


def _copied_within(pair: Pair, offset: int, length: int) -> int:
    try:
        return os.copy_file_range(pair.source, pair.target, length, offset, offset)
    except AttributeError:
        """Not on this system."""
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    return os.pwrite(pair.target, os.pread(pair.source, min(length, 1 << 20), offset), offset)
