"""Our S3 backend behind a proxy that injects faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from support.proxy import Proxy, Rule, faulty_proxy
from support.stores import S3Store

from verifier.backends.registry import open_backend
from verifier.backends.s3 import S3Backend
from verifier.backends.urls import parse_location
from verifier.model import StoredFile


@contextmanager
def behind(store: S3Store, *rules: Rule, **options: object) -> Iterator[tuple[S3Backend, Proxy]]:
    """Open a bucket through a proxy with these rules and options."""
    with faulty_proxy(store.server.url, *rules) as proxy:
        place = parse_location(f"s3://{store.bucket}", store.server.options(endpoint_url=proxy.url, **options))
        backend = open_backend(place)
        assert isinstance(backend, S3Backend)
        with closing(backend):
            yield backend, proxy


def paths(backend: S3Backend) -> list[str]:
    """List all paths in the order in which they come."""
    return [file.path for page in backend.list() for file in page]


def only(backend: S3Backend) -> StoredFile:
    """Return the one file that is listed."""
    (file,) = [file for page in backend.list() for file in page]
    return file
