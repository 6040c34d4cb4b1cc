"""Names on an SFTP server, which are bytes, as text and back; not where they lead."""

from __future__ import annotations

from verifier.backends.urls import printable


def on_server(path: str) -> bytes:
    """Return a path as the server is asked for it."""
    return path.encode("utf-8", "surrogateescape")


def shown_name(name: bytes) -> str:
    """Return a name as listed: UTF-8, other bytes as `\\xNN`, which cannot be read under that name."""
    return printable(name.decode("utf-8", "surrogateescape"))
