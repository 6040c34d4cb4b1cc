"""Hands out a stored file's bytes: any range, to several threads, and all of them once to the hash; judges nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import IO, Protocol

from verifier.errors import SourceError, WorkerError
from verifier.formats.ahead import helper
from verifier.formats.base import MIB, Source

PIECE = 2 * MIB
_IN_MEMORY = 64 * MIB
_WINDOWS = 2


class Stored(Protocol):
    """A file whose ranges can be read in any order, at no cost, from any thread."""

    size: int

    def read_range(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`; raises SourceError where the store fails."""


class _Local:
    """A source that can be read again and again; one thread at a time."""

    def __init__(self, source: Source) -> None:
        self.size = source.size
        self._source = source
        self._lock = Lock()

    def read_range(self, start: int, end: int) -> bytes:
        with self._lock:
            return self._source.read_range(start, end)


class _Memory:
    def __init__(self, data: bytearray) -> None:
        self.size = len(data)
        self._data = memoryview(data)

    def read_range(self, start: int, end: int) -> bytes:
        return bytes(self._data[start:end])


class _Spooled:
    def __init__(self, file: IO[bytes], size: int, path: str) -> None:
        self.size = size
        self._descriptor = file.fileno()
        self._path = path

    def read_range(self, start: int, end: int) -> bytes:
        try:
            data = os.pread(self._descriptor, end - start, start)
        except OSError as error:
            raise WorkerError(f"{self._path}: its temporary copy cannot be read: {error.strerror}") from error
        if len(data) != end - start:
            raise WorkerError(f"{self._path}: expected {end - start} bytes of its temporary copy, got {len(data)}")
        return data


@contextmanager
def stored(source: Source) -> Iterator[Stored]:
    """Give random access to a source while fetching each byte once: small files into memory, others to a private file.

    Raises SourceError when the source fails or does not deliver the bytes it listed.
    """
    if source.is_local:
        yield _Local(source)
    elif source.size <= _IN_MEMORY:
        data = bytearray()
        for piece in source.stream():
            data += piece
        _check(source, len(data))
        yield _Memory(data)
    else:
        with _scratch(source) as file:
            size = sum(_write(file, piece, source) for piece in source.stream())
            _check(source, size)
            yield _Spooled(file, size, source.path)


def _scratch(source: Source) -> IO[bytes]:
    """Open a file without a name, which nobody else can open and which is gone with this process, however it ends."""
    folder = tempfile.gettempdir()
    try:
        free = shutil.disk_usage(folder).free
        if free < source.size:
            raise _no_room(source, f"got {free} free")
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise _no_room(source, error.strerror or "none could be made") from error


def _write(file: IO[bytes], piece: bytes, source: Source) -> int:
    left = memoryview(piece)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        raise _no_room(source, error.strerror or "it could not be written") from error
    return len(piece)


def _no_room(source: Source, what: str) -> WorkerError:
    folder = tempfile.gettempdir()
    message = f"{source.path}: expected room for {source.size} bytes in a temporary file in {folder}, {what}"
    return WorkerError(message, hint="let TMPDIR name a folder with room for the largest file times the workers")


def _check(source: Source, size: int) -> None:
    if size != source.size:
        raise SourceError(f"{source.path}: expected {source.size} bytes, got {size}")


class Scanner:
    """Reads a file front to back once, hashing a large one on a thread of its own, and hands out ranges on the way.

    A range behind the last windows is read again and not hashed again, so that the order of asking does not matter.
    """

    def __init__(self, file: Stored) -> None:
        self.file = file
        self._digest = hashlib.sha256()
        self._windows: deque[tuple[int, bytes]] = deque(maxlen=_WINDOWS)
        self._position = 0
        self._hashing: deque[Future[None]] = deque()
        self._helper = helper(file.size, "sha256")

    def __enter__(self) -> Scanner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._helper.shutdown(cancel_futures=True)

    def pieces(self, start: int, end: int) -> Iterator[memoryview]:
        """Yield the bytes from `start` up to `end` in order, in pieces of at most 2 MiB."""
        while start < end:
            while self._position <= start and self._position < self.file.size:
                self._advance()
            piece = self._piece(start, end)
            start += len(piece)
            yield piece

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`, or up to the end of the file where that comes first."""
        end = min(end, self.file.size)
        if self._windows:
            first, window = self._windows[-1]
            if first <= start and end <= first + len(window):
                return window[start - first : end - first]
        return b"".join(self.pieces(start, end))

    def sha256(self) -> str:
        """Read what is left and return the hash of the whole file in hex."""
        while self._position < self.file.size:
            self._advance()
        for hashed in self._hashing:
            hashed.result()
        return self._digest.hexdigest()

    def _piece(self, start: int, end: int) -> memoryview:
        for first, window in self._windows:
            if first <= start < first + len(window):
                return memoryview(window)[start - first : end - first]
        return memoryview(self.file.read_range(start, min(end, start + PIECE)))

    def _advance(self) -> None:
        window = self.file.read_range(self._position, min(self.file.size, self._position + PIECE))
        if len(self._hashing) >= _WINDOWS:
            self._hashing.popleft().result()
        self._hashing.append(self._helper.submit(self._digest.update, window))
        self._windows.append((self._position, window))
        self._position += len(window)
