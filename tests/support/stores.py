"""Places to put files before a backend looks at them, one per kind of store; not the backends."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from support.proxy import Request, is_listing, is_read
from support.servers import RCLONE_STALE_SECONDS, S3Server

from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location


class Store(Protocol):
    """A place of its own on a real server, empty at first, that tests fill past the backend."""

    name: str
    """Destination and kind of credentials, as in `azure-sas`."""
    secrets: Sequence[str]
    """Texts that may appear nowhere."""

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a folder below the root, with credentials that may read it, more options on top."""

    def put(self, path: str, data: bytes) -> None:
        """Store one file; one that is there is replaced, with another time or version."""

    def put_many(self, paths: Iterable[str]) -> None:
        """Store many files of one byte."""

    def delete(self, path: str) -> None:
        """Delete one file."""

    def missing(self) -> Location:
        """Return a place whose bucket, container or folder does not exist, with right credentials."""

    def denied(self) -> Location | None:
        """Return this place with wrong credentials; None where the server checks none."""


class HttpStore(Store, Protocol):
    """A store whose server speaks HTTP, so that a faulty proxy can stand before it."""

    url: str
    """The server, as in http://127.0.0.1:1234."""

    def put(self, path: str, data: bytes, *, encoding: str = "") -> None:
        """Store one file as `Store.put`, said to be of a Content-Encoding where the server keeps such."""

    def through(self, url: str, **options: object) -> Location:
        """Return this place as reached through a proxy at `url`."""

    def is_listing(self, request: Request) -> bool:
        """Tell whether a request asks for a page of a listing."""

    def is_read(self, request: Request) -> bool:
        """Tell whether a request asks for an object's bytes."""


class LocalStore:
    """A local folder."""

    name = "local"
    secrets: Sequence[str] = ()

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir(parents=True, exist_ok=True)

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a folder below the root."""
        return parse_location(str(self.root / path), options)

    def put(self, path: str, data: bytes) -> None:
        """Write one file, with a time that differs from any before."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        existed = target.exists()
        target.write_bytes(data)
        if existed:
            later = time.time() + 5
            os.utime(target, (later, later))

    def put_many(self, paths: Iterable[str]) -> None:
        """Write many small files."""
        for path in paths:
            self.put(path, b"x")

    def delete(self, path: str) -> None:
        """Delete one file."""
        (self.root / path).unlink()

    def missing(self) -> Location:
        """Return a place that does not exist."""
        return self.location("no-such-folder")

    def denied(self) -> Location | None:
        """Return a folder that may not be looked into; None where root runs the tests, who may look into any."""
        if os.geteuid() == 0:
            return None
        closed = self.root / "closed"
        closed.mkdir(mode=0)
        return self.location("closed")


class RcloneFolder(LocalStore):
    """A local folder that rclone serves, which may show for a moment what was there before."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        time.sleep(RCLONE_STALE_SECONDS)

    def put(self, path: str, data: bytes) -> None:
        """Write one file, and wait until the server must show it."""
        super().put(path, data)
        time.sleep(RCLONE_STALE_SECONDS)

    def put_many(self, paths: Iterable[str]) -> None:
        """Write many small files, and wait until the server must show them."""
        for path in paths:
            super().put(path, b"x")
        time.sleep(RCLONE_STALE_SECONDS)

    def delete(self, path: str) -> None:
        """Delete one file, and wait until the server must not show it."""
        super().delete(path)
        time.sleep(RCLONE_STALE_SECONDS)


class S3Store:
    """One bucket of a server that does not check signatures of our puts, or whose buckets are folders we can reach."""

    is_listing = staticmethod(is_listing)
    is_read = staticmethod(is_read)

    def __init__(self, server: S3Server, bucket: str, folder: Path | None = None) -> None:
        self.name = "s3-rclone" if folder else "s3-moto"
        self.secrets = (server.secret,)  # the key's id is who asked, which is told
        self.url = server.url
        self.server = server
        self.bucket = bucket
        self.files = RcloneFolder(folder / bucket) if folder else None
        if self.files is None:
            self._send("PUT", "", b"")

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a prefix in the bucket."""
        return parse_location(f"s3://{self.bucket}/{path}", self.server.options(**options))

    def put(self, path: str, data: bytes, *, encoding: str = "", **headers: str) -> None:
        """Store one object, where asked for with a Content-Encoding and other headers."""
        if self.files:
            self.files.put(path, data)
        else:
            self._send(
                "PUT", f"/{quote(path)}", data, {**headers, "Content_Encoding": encoding} if encoding else headers
            )

    def put_many(self, paths: Iterable[str]) -> None:
        """Store many small objects."""
        if self.files:
            self.files.put_many(paths)
            return
        for path in paths:
            self.put(path, b"x")

    def delete(self, path: str) -> None:
        """Delete one object."""
        if self.files:
            self.files.delete(path)
        else:
            self._send("DELETE", f"/{quote(path)}", b"")

    def missing(self) -> Location:
        """Return a place whose bucket does not exist."""
        return parse_location("s3://no-such-bucket", self.server.options())

    def denied(self) -> Location | None:
        """Return the bucket with a wrong secret, where the server checks it."""
        return self.location(secret="an-entirely-wrong-secret") if self.files else None

    def through(self, url: str, **options: object) -> Location:
        """Return the bucket as reached through a proxy."""
        return self.location(endpoint_url=url, **options)

    def _send(self, method: str, target: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        credentials = f"AWS4-HMAC-SHA256 Credential={self.server.key}/20260101/us-east-1/s3/aws4_request"
        with closing(http.client.HTTPConnection(urlsplit(self.server.url).netloc)) as connection:
            fields = {"Authorization": credentials, **{k.replace("_", "-"): v for k, v in (headers or {}).items()}}
            connection.request(method, f"/{self.bucket}{target}", body, fields)
            answer = connection.getresponse()
            text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {target}: status {answer.status}: {text[:300]!r}")


def list_paths(location: Location) -> list[str]:
    """Return the sorted paths of all files at a place; runs in a worker process, too."""
    backend = open_backend(location)
    try:
        return sorted(file.path for page in backend.list() for file in page)
    finally:
        backend.close()
