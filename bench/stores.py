"""Measure listing and small reads on every destination: our backends against the plainest loop over the store's SDK.

Run it as `python -m bench.stores [--objects N] [--reads N] [--runs N] [NAME...]`. Both sides keep their connection, so
that neither start-up nor login is timed. What a store's own server cannot do here is skipped and said so.
"""

from __future__ import annotations

import argparse
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import boto3
import paramiko
from azure.storage.blob import ContainerClient
from botocore.config import Config
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage as google_storage
from support.destinations import DESTINATIONS, Servers

from bench.harness import Ratio, compare, report
from verifier.backends.base import Backend, Location
from verifier.backends.registry import open_backend
from verifier.model import StoredFile

PER_FOLDER = 40
SMALL = b"PAR1" + bytes(range(256)) * 16 + b"PAR1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The plainest loop over an SDK: how many objects it lists, and an object's bytes."""

    name: str
    count: Callable[[], int]
    read: Callable[[str], bytes]


@contextmanager
def with_boto3(store: Any) -> Iterator[Peer]:
    """List and read by boto3."""
    server = store.server
    client = boto3.client(
        "s3",
        endpoint_url=server.url,
        aws_access_key_id=server.key,
        aws_secret_access_key=server.secret,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )
    pages = client.get_paginator("list_objects_v2")
    yield Peer(
        name="boto3",
        count=lambda: sum(len(page["Contents"]) for page in pages.paginate(Bucket=store.bucket)),
        read=lambda path: client.get_object(Bucket=store.bucket, Key=path)["Body"].read(),
    )
    client.close()


@contextmanager
def with_azure(store: Any) -> Iterator[Peer]:
    """List and read by azure-storage-blob."""
    with ContainerClient(store.server.endpoint, store.container, credential=store.server.key) as client:
        yield Peer(
            name="azure-storage-blob",
            count=lambda: sum(1 for _ in client.list_blobs()),
            read=lambda path: client.download_blob(path).readall(),
        )


@contextmanager
def with_google(store: Any) -> Iterator[Peer]:
    """List and read by google-cloud-storage."""
    options = {"api_endpoint": store.server.raw_url}
    with closing(google_storage.Client("bench", AnonymousCredentials(), client_options=options)) as client:
        bucket = client.bucket(store.bucket)
        yield Peer(
            name="google-cloud-storage",
            count=lambda: sum(1 for _ in client.list_blobs(bucket)),
            read=lambda path: bucket.blob(path).download_as_bytes(),
        )


@contextmanager
def with_paramiko(store: Any) -> Iterator[Peer]:
    """List folder by folder and read by paramiko."""
    server = store.server
    root = f"{server.prefix}/{store.folder}"
    with closing(paramiko.Transport(("127.0.0.1", server.port))) as transport:
        transport.connect(username=server.user, pkey=paramiko.Ed25519Key.from_private_key_file(str(server.key)))
        client = paramiko.SFTPClient.from_transport(transport)
        assert client

        def count(folder: str = root) -> int:
            entries = client.listdir_attr(folder)
            folders = [f"{folder}/{entry.filename}" for entry in entries if stat.S_ISDIR(entry.st_mode or 0)]
            return len(entries) - len(folders) + sum(map(count, folders))

        def read(path: str) -> bytes:
            with client.open(f"{root}/{path}", "rb") as opened:
                return opened.read()

        yield Peer(name="paramiko", count=count, read=read)


PEERS = {
    "s3-rclone": with_boto3,
    "azure-account-key": with_azure,
    "gcs-anonymous": with_google,
    "sftp-key": with_paramiko,
}


def main() -> int:
    """Compare destination by destination, print one table and what was skipped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PEERS)}; default: all")
    parser.add_argument("--objects", type=int, default=5000, help="how many are listed")
    parser.add_argument("--reads", type=int, default=500, help="how many small files are read, one after the other")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    ratios = list[Ratio]()
    with tempfile.TemporaryDirectory(prefix="landproof-bench-") as scratch, Servers(Path(scratch)) as servers:
        for name in asked.names or PEERS:
            try:
                ratios += measure(name, servers, asked)
            except FileNotFoundError as error:
                sys.stdout.write(f"skipped: {name}: {error}\n")
    report(ratios)
    return 0


def measure(name: str, servers: Servers, asked: argparse.Namespace) -> list[Ratio]:
    """Fill a place on a server and compare both on it. Raises FileNotFoundError where the server is not installed."""
    (row,) = [row for row in DESTINATIONS if row.name == name]
    store: Any = row.new_store(servers)
    small = [f"0-small/{number:05}" for number in range(asked.reads)]
    for path in small:
        store.put(path, SMALL)
    store.put_many(landing_zone(asked.objects - asked.reads))
    with PEERS[name](store) as peer, closing(open_backend(place_of(store))) as backend:
        files = [file for page in backend.list("0-small") for file in page]
        return [
            compare(
                f"{row.place}: list {asked.objects} objects",
                lambda: check(sum(map(len, backend.list())), asked.objects),
                lambda: check(peer.count(), asked.objects),
                runs=asked.runs,
                peer_name=peer.name,
                aim=None,
            ),
            compare(
                f"{row.place}: {asked.reads} small reads",
                lambda: check([read(backend, file) for file in files], [SMALL] * len(small)),
                lambda: check([peer.read(path) for path in small], [SMALL] * len(small)),
                runs=asked.runs,
                peer_name=peer.name,
                aim=None,
            ),
        ]


def place_of(store: Any) -> Location:
    """Return where our backend finds the place; Google's without the gate in front, which is slower than the server."""
    raw_url = getattr(store.server, "raw_url", None)
    place: Location = store.location(endpoint_url=raw_url) if raw_url else store.location()
    return place


def landing_zone(count: int) -> Iterator[str]:
    """Yield paths in the shape of a landing zone: datasets, export times, part files."""
    for number in range(count):
        folder, part = divmod(number, PER_FOLDER)
        dataset = f"64e0c0ffee01234567{folder % 20:06x}"
        yield f"{dataset}/exportTime=2026{folder // 20:08}/part-{part:05}-tid-1-c000.gz.parquet"


def read(backend: Backend, file: StoredFile) -> bytes:
    """Read a listed file whole."""
    with closing(backend.open(file)) as source:
        return source.read_range(0, file.size)


def check(found: object, expected: object) -> None:
    """Stop unless both did the whole work."""
    if found != expected:
        raise AssertionError("a listing or a read is not what was put there")


if __name__ == "__main__":
    sys.exit(main())
