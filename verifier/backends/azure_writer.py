"""New blobs below one root, whole or not at all and never over another; not where their bytes come from."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator

from verifier.backends.azure_client import Ask, Connection
from verifier.backends.retry import tried_again
from verifier.backends.urls import join, shown
from verifier.errors import ExistsError, NetworkError, NotFoundError

BLOCK_BYTES = 8 << 20
BLOCK_SECONDS = 120.0
"""How long the store may take to say what became of a block."""

_MIB = 1 << 20
_MOST_BLOCKS = 50_000  # Azure's limit for one blob


class AzureWriter:
    """A prefix of one container that takes new blobs."""

    def __init__(self, url: str, root: str, connection: Connection) -> None:
        self._url = url
        self._root = root
        self._connection = connection

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> None:
        """Store a new blob of `size` bytes with its MD5: a small one in one request, else in blocks committed last.

        Blocks that are never committed are seen by no reader, and Azure drops them after a week. Raises `ExistsError`
        when there is a blob already, `NetworkError` when the whole write may be tried again.
        """
        name, where = f"{self._root}{path}", f"{join(self._url, shown(path))}: writing"
        self._refuse_existing(name, where)  # before anything is read for it; the store itself is asked to refuse, too
        block_bytes = block_bytes_of(size)
        blocks = _blocks(pieces, block_bytes, size, where)
        if size > block_bytes:
            self._write_blocks(name, blocks, where)
            return
        data = b"".join(blocks)
        headers = {"If-None-Match": "*", "x-ms-blob-type": "BlockBlob", "Content-MD5": _md5(data)}
        self._send(Ask(method="PUT", name=name, headers=headers, body=data), where)

    def close(self) -> None:
        """Give back the connections."""
        self._connection.close()

    def _write_blocks(self, name: str, blocks: Iterator[bytes], where: str) -> None:
        whole, listed = hashlib.md5(usedforsecurity=False), []
        for number, data in enumerate(blocks):
            identity = b64encode(f"{number:06}".encode()).decode()
            query, headers = {"comp": "block", "blockid": identity}, {"Content-MD5": _md5(data)}
            self._send(Ask(method="PUT", name=name, query=query, headers=headers, body=data), where)
            whole.update(data)
            listed.append(f"<Latest>{identity}</Latest>")
        digest = b64encode(whole.digest()).decode()
        headers = {"If-None-Match": "*", "x-ms-blob-content-md5": digest, "Content-Type": "application/xml"}
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{"".join(listed)}</BlockList>'.encode()
        self._send(Ask(method="PUT", name=name, query={"comp": "blocklist"}, headers=headers, body=body), where)

    def _refuse_existing(self, name: str, where: str) -> None:
        try:
            self._send(Ask(method="HEAD", name=name), where)
        except NotFoundError:
            return
        raise ExistsError(f"{where}: there is a blob already")

    def _send(self, ask: Ask, where: str) -> None:
        def attempt() -> None:
            self._connection.send(ask, where, BLOCK_SECONDS).body.close()

        tried_again(attempt)


def block_bytes_of(size: int) -> int:
    """Return how large the blocks of a blob are, so that there are no more than Azure takes."""
    least = -(-size // _MOST_BLOCKS)
    return BLOCK_BYTES if least <= BLOCK_BYTES else -(-least // _MIB) * _MIB


def _blocks(pieces: Iterable[bytes], block_bytes: int, size: int, where: str) -> Iterator[bytes]:
    """Yield all bytes in blocks of one size, the last one smaller; raises `NetworkError` unless they are `size`."""
    gathered, given = bytearray(), 0
    for piece in pieces:
        gathered += piece
        given += len(piece)
        while len(gathered) >= block_bytes:
            yield bytes(gathered[:block_bytes])
            del gathered[:block_bytes]
    if given != size:
        raise NetworkError(f"{where}: expected {size} bytes, got {given}; nothing was stored")
    if gathered:
        yield bytes(gathered)


def _md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
