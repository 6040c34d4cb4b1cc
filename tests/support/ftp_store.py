"""Folders on an FTP server of rclone, and a server with a folder that cannot be listed; not the backend."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.servers import RCLONE_FRESH, rclone_binary, running
from support.stores import RcloneFolder

from verifier.backends.base import Location
from verifier.backends.urls import parse_location

USER, PASSWORD = "landproof", "landproof-test-password"


@dataclass(frozen=True, slots=True)
class FtpServer:
    """A running server: where it listens, the login that it takes, and what it serves."""

    port: int
    root: Path
    user: str = USER
    password: str = field(default=PASSWORD, repr=False)

    def place(self, path: str = "", **options: object) -> Location:
        """Return a folder as a place."""
        url = f"ftp://{self.user}@127.0.0.1:{self.port}/{path}"
        return parse_location(url, {"password": self.password, "timeout": 5, **options})


@contextmanager
def rclone_ftp(folder: Path, *, remote: str = "", settings: str = "") -> Iterator[FtpServer]:
    """Serve a new folder below `folder`, or a remote of rclone's settings, in which `{root}` is that folder."""
    root, config = folder / "files", folder / "rclone.conf"
    root.mkdir(parents=True)
    config.write_text(settings.format(root=root), encoding="utf-8")
    port = _free_port()  # asked for any, it takes 2121
    command = [rclone_binary(), "serve", "ftp", remote or str(root), "--addr", f"127.0.0.1:{port}", "-v"]
    command += ["--user", USER, "--pass", PASSWORD, "--config", str(config), *RCLONE_FRESH]
    command += ["--low-level-retries", "1", "--retries", "1"]
    with running(command, folder / "rclone.log", r"FTP Server listening on (\d+)") as found:
        yield FtpServer(int(found), root)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class FtpStore:
    """A folder of its own on a server."""

    name = "fsspec-ftp"

    def __init__(self, server: FtpServer, folder: str) -> None:
        self.server = server
        self.folder = folder
        self.files = RcloneFolder(server.root / folder)

    @property
    def secrets(self) -> Sequence[str]:
        """Texts that may appear nowhere."""
        return [self.server.password]

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a folder below the root."""
        return self.server.place(f"{self.folder}/{path}".rstrip("/"), **options)

    def put(self, path: str, data: bytes) -> None:
        """Write one file, with a time that differs from any before."""
        self.files.put(path, data)

    def put_many(self, paths: Iterable[str]) -> None:
        """Write many small files."""
        self.files.put_many(paths)

    def delete(self, path: str) -> None:
        """Delete one file."""
        self.files.delete(path)

    def missing(self) -> Location:
        """Return a folder that does not exist."""
        return self.server.place("no-such-folder")

    def denied(self) -> Location:
        """Return this place with a wrong password."""
        return self.location(password="an-entirely-wrong-password")
