"""Shows bytes that are read by ranges to pyarrow as the file it wants to see; judges nothing."""

from __future__ import annotations

import io

from verifier.errors import SourceError
from verifier.formats.parquet_pages import Read


class Face(io.RawIOBase):
    """Ranges of `size` bytes as a file; keeps the store's error, which pyarrow may turn into another."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size
        self._position = 0
        self._error: SourceError | None = None

    def reraise(self) -> None:
        """Raise the store's error, if there was one."""
        if self._error:
            raise self._error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        start = min(self._position, self._size)
        end = self._size if size < 0 else min(self._size, start + size)
        try:
            data = self._read(start, end)
        except SourceError as error:
            self._error = error
            raise
        self._position = end
        return data
